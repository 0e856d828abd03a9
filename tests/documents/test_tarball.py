"""Tar archives are read as folders, with the limits of zip archives."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest

from rag.documents.formats.archives import Tarball
from rag.documents.load import find_files, read_document
from rag.errors import UnreadableDocument
from rag.settings import Reading

BRIDGE = "双礁大桥于2023年底通车。"


def pack(path: Path, mode: str, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, f"w:{mode}") as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", ""), ("a.tar.gz", "gz"), ("a.tgz", "gz"), ("a.tar.bz2", "bz2"), ("a.tar.xz", "xz"), ("a.TXZ", "xz")],
)  # fmt: skip
def test_files_have_names_behind_the_archive(tmp_path: Path, name: str, mode: str) -> None:
    pack(
        tmp_path / name,
        mode,
        {"./桥/大桥.txt": BRIDGE.encode(), "b.md": "# 潮汐\n\n并网。".encode(), ".h": b""},
    )
    found = find_files([tmp_path])
    assert [(file.name, file.problem) for file in found] == [
        (f"{name}/b.md", ""),
        (f"{name}/桥/大桥.txt", ""),
    ]
    assert read_document(found[1].path, found[1].name, Reading()).text == BRIDGE


def test_what_is_not_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (
            ("l.txt", tarfile.SYMTYPE),
            ("p.txt", tarfile.FIFOTYPE),
            ("h.txt", tarfile.LNKTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("../up.txt", "/abs.txt", "in.zip", "in.tar.gz", "good.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"abc\n"))
    found = {file.name.partition("/")[2]: file.problem for file in find_files([tmp_path])}
    assert found.pop("good.txt") == ""
    for name in ("l.txt", "p.txt", "h.txt"):
        assert "no regular file" in found.pop(name)
    assert all(problem for problem in found.values()) and len(found) == 4


def test_names_in_gb18030(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT, encoding="gb18030"
    ) as archive:
        info = tarfile.TarInfo("年报.txt")
        info.size = len(BRIDGE.encode())
        archive.addfile(info, io.BytesIO(BRIDGE.encode()))
    (found,) = find_files([tmp_path])
    assert found.name == "a.tar/年报.txt"


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
def test_bombs_are_not_unpacked(tmp_path: Path, mode: str) -> None:
    path = pack(tmp_path / f"a.tar.{mode}", mode, {"x.txt": b"0" * 60_000_000})
    (found,) = find_files([path])
    assert "the limit is" in found.problem
    small = pack(tmp_path / f"b.tar.{mode}", mode, {"x.txt": b"0" * 30_000})
    (found,) = find_files([small], Reading(max_unpacked_bytes=20_000))
    assert "raise reading.max_unpacked_bytes" in found.problem
    (found,) = find_files([small], Reading(max_file_bytes=999))
    assert "30,000 bytes, the limit is 999" in found.problem
    many = pack(tmp_path / f"c.tar.{mode}", mode, {f"{i}.txt": b"" for i in range(20_001)})
    (found,) = find_files([many])
    assert "more than 20,000 files" in found.problem


def test_damaged_archives_are_refused_and_never_more(tmp_path: Path) -> None:
    files = {f"{i}.txt": bytes(random.Random(i).randbytes(700)) for i in range(20)}
    wholes = [
        pack(tmp_path / f"a{mode}", mode, files).read_bytes() for mode in ("", "gz", "bz2", "xz")
    ]
    for seed in range(300):
        random_ = random.Random(seed)
        data = bytearray(random_.choice(wholes))
        for _ in range(random_.randint(1, 6)):
            at = random_.randrange(len(data))
            data[at : at + random_.choice((1, 1, 40))] = random_.randbytes(
                random_.choice((0, 1, 40))
            )
        try:
            archive = Tarball(bytes(data), 10_000_000)
            for member in archive.members():
                archive.read_member(member)
        except UnreadableDocument:
            continue
