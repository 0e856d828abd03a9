"""Zip archives are read as folders: names, limits, and what of them is refused."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from rag import Index
from rag.documents.load import find_files, in_container, read_document
from rag.errors import DocumentError, UnreadableDocument
from rag.settings import Reading, Settings

BRIDGE = "双礁大桥于2023年底通车。工程总投资为12.4亿元，其中银行贷款占七成。"
TIDES = "潮汐电站的装机容量为三百兆瓦。它在二〇二一年并网发电。"


def pack(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def patched(path: Path, old: bytes, new: bytes) -> Path:
    """The archive with a name's bytes replaced by others of the same length, unmarked."""
    assert len(old) == len(new)
    data = path.read_bytes()
    assert data.count(old) == 2
    path.write_bytes(data.replace(old, new))
    return path


def test_files_have_names_behind_the_archive(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    pack(tmp_path / "sub" / "城.ZIP", {"桥/大桥.txt": BRIDGE, "b.md": "# 潮汐\n\n" + TIDES,
                                      "__MACOSX/._b.md": "x", ".hidden": "x", "桥/~$x.docx": "x",
                                      "corpus.toml": "", "empty/": ""})  # fmt: skip
    found = find_files([tmp_path])
    assert [file.name for file in found] == ["sub/城.ZIP/b.md", "sub/城.ZIP/桥/大桥.txt"]
    document = read_document(found[-1].path, found[-1].name, Reading())
    assert (document.text, document.title) == (BRIDGE, "大桥")
    assert document.path == str(tmp_path / "sub" / "城.ZIP" / "桥" / "大桥.txt")
    (alone,) = [file for file in find_files([tmp_path / "sub" / "城.ZIP"]) if "大桥" in file.name]
    assert alone.name == "城.ZIP/桥/大桥.txt"


def test_ragignore_reaches_into_archives(tmp_path: Path) -> None:
    pack(tmp_path / "a.zip", {"keep/x.txt": BRIDGE, "drafts/y.txt": TIDES, "z.log": TIDES})
    (tmp_path / ".ragignore").write_text("drafts/\n*.log\n")
    assert [file.name for file in find_files([tmp_path])] == ["a.zip/keep/x.txt"]


def test_names_in_old_encodings(tmp_path: Path) -> None:
    gbk = "年度报告.txt".encode("gb18030")
    path = patched(pack(tmp_path / "a.zip", {"n" * 8 + ".txt": BRIDGE}), b"nnnnnnnn.txt", gbk)
    utf8 = "年报a.txt".encode()
    other = patched(pack(tmp_path / "b.zip", {"n" * 7 + ".txt": TIDES}), b"nnnnnnn.txt", utf8)
    assert [file.name for file in find_files([path, other])] == [
        "a.zip/年度报告.txt", "b.zip/年报a.txt",
    ]  # fmt: skip
    assert read_document(path / "年度报告.txt", "x", Reading()).text == BRIDGE


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../up.txt", "leads out"), ("a/../../up.txt", "leads out"), ("/etc/passwd", "leads out"),
        ("C:/x.txt", "leads out"), ("..\\up.txt", "leads out"), ("a//b.txt", "leads out"),
        ("inner.zip", "archive in an archive"), ("inner.ZIP/x.txt", "archive in an archive"),
        ("a\x1b[2Jb.txt", "no name"), ("a" * 1001, "no name"),
    ],
)  # fmt: skip
def test_members_that_are_not_read(tmp_path: Path, name: str, reason: str) -> None:
    path = pack(tmp_path / "a.zip", {name: BRIDGE, "good.txt": TIDES})
    found = {file.problem: file for file in find_files([path])}
    (bad,) = [file for problem, file in found.items() if problem]
    assert reason in bad.problem
    assert bad.name.isprintable()
    assert found[""].name == "a.zip/good.txt"
    with pytest.raises(UnreadableDocument):
        read_document(Path(f"{path}/{name}"), "x.txt", Reading())


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, pytest.warns(UserWarning):
        archive.writestr("x.txt", BRIDGE)
        archive.writestr("x.txt", TIDES)
    first, second = find_files([tmp_path])
    assert (first.problem, second.problem) == ("", "a second file of this name in the archive")
    assert read_document(first.path, "x.txt", Reading()).text == BRIDGE


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"x.txt": BRIDGE, "y.txt": TIDES})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")  # in the list of contents: flags of the first file
    data[at + 8] |= 1
    path.write_bytes(data)
    first, second = find_files([path])
    with pytest.raises(UnreadableDocument, match=r"x\.txt in the archive is encrypted"):
        read_document(first.path, first.name, Reading())
    assert read_document(second.path, second.name, Reading()).text == TIDES


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"x.txt": b"0" * 60_000_000})
    (found,) = find_files([path])
    assert "unpacks to 60,000,000 bytes" in found.problem
    (found,) = find_files(
        [pack(tmp_path / "b.zip", {"x.txt": b"0" * 2_000})], Reading(max_unpacked_bytes=999)
    )
    assert "raise reading.max_unpacked_bytes" in found.problem
    (found,) = find_files(
        [pack(tmp_path / "c.zip", {"x.txt": b"0" * 2_000})], Reading(max_file_bytes=999)
    )
    assert "2,000 bytes, the limit is 999" in found.problem
    many = pack(tmp_path / "d.zip", {f"{i}.txt": "" for i in range(20_001)})
    (found,) = find_files([many])
    assert "holds 20,001 files, the limit is 20,000" in found.problem


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", b"no archive at all"])
def test_what_is_no_archive_has_a_problem(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    (found,) = find_files([tmp_path])
    assert (found.name, "no zip archive" in found.problem) == ("a.zip", True)


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path) -> None:
    inner = tmp_path / "a.zip" / "b.zip"
    inner.parent.mkdir()
    pack(inner, {"x.txt": BRIDGE})
    (found,) = find_files([tmp_path])
    assert found.name == "a.zip/b.zip/x.txt"
    assert in_container(str(found.path)) == (inner, "x.txt")
    with pytest.raises(DocumentError):
        read_document(inner / "y.txt", "y.txt", Reading())


def test_an_index_of_an_archive_is_brought_up_to_date(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    path = pack(files / "a.zip", {"大桥.txt": BRIDGE, "b/潮汐.txt": TIDES, "../bad.txt": TIDES})
    os.utime(path, ns=(1_600_000_000 * 10**9,) * 2)
    index = Index.build([files], tmp_path / "index", Settings())
    report = index.report
    assert report is not None
    assert (report.read, [item.document for item in report.skipped]) == (2, ["a.zip/../bad.txt"])
    assert [info.name for info in index.documents()] == ["a.zip/b/潮汐.txt", "a.zip/大桥.txt"]
    again = index.update([files])
    assert (again.read, again.unchanged) == (0, 2)
    pack(path, {"大桥.txt": BRIDGE + "全长1860米。", "b/潮汐.txt": TIDES})
    changed = index.update([files])
    assert (changed.read, changed.unchanged, changed.skipped) == (1, 1, ())
    assert index.document("a.zip/大桥.txt").text.endswith("全长1860米。")
    path.rename(files / "moved.zip")
    moved = index.update([files], prune=True)
    assert (moved.read, moved.removed) == (2, 2)
    assert index.verify() == []
