"""Files added by the page: kept whatever is read, removed by a person, never one of somebody
else's."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from rag.errors import DocumentError, StoreError
from rag.serving import uploads as module
from rag.serving.uploads import Added, KeptFiles


@pytest.fixture(params=[True, False], ids=["handles", "paths"])
def kept(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> KeptFiles:
    """With folders under handles, and by their paths as on a system that opens none."""
    monkeypatch.setattr(module, "_OPENS_FOLDERS", request.param)
    return KeptFiles(tmp_path / "index.page")


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_files_are_kept_by_name(kept: KeptFiles) -> None:
    assert kept.names() == []
    assert kept.add("旧/桥.txt", [b"a", b"bc"]) == Added(3, sha256(b"abc").hexdigest(), False)
    kept.add("桥.txt", [])
    assert kept.names() == ["旧/桥.txt", "桥.txt"]
    assert (kept.files / "旧" / "桥.txt").read_bytes() == b"abc"
    assert everything(kept.folder) == ["files/旧/桥.txt", "files/桥.txt"]


def test_a_version_stays_until_a_later_one_was_read(kept: KeptFiles) -> None:
    for number, text in enumerate((b"read", b"bad", b"worse")):
        kept.add("a/x.pdf", [text])
        if not number:
            kept.settle([])
    assert (kept.folder / "earlier" / "a" / "x.pdf").read_bytes() == b"read"
    for unread in ("a/x.pdf", "files/a/x.pdf", "a/x.pdf/inner.txt"):
        kept.settle([unread])
    assert (kept.folder / "earlier" / "a" / "x.pdf").read_bytes() == b"read"
    kept.settle(["x.pdf", "b/a/x.pdf.txt"])
    assert everything(kept.folder) == ["files/a/x.pdf"]


def test_what_is_removed_can_be_brought_back_and_is_then_gone(kept: KeptFiles) -> None:
    kept.add("a/x.txt", [b"old"])
    kept.add("a/x.txt", [b"new"])
    token = kept.take_away("a/x.txt")
    assert kept.names() == []
    kept.bring_back(token, "a/x.txt")
    assert everything(kept.folder) == ["earlier/a/x.txt", "files/a/x.txt"]
    assert (kept.files / "a" / "x.txt").read_bytes() == b"new"
    kept.forget(kept.take_away("a/x.txt"))
    assert everything(kept.folder) == []
    token = kept.take_away("a/x.txt")
    kept.add("a/x.txt", [b"again"])
    with pytest.raises(DocumentError, match="added again"):
        kept.bring_back(token, "a/x.txt")
    assert (kept.files / "a" / "x.txt").read_bytes() == b"again"


def test_what_a_killed_program_left_is_swept(
    kept: KeptFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = 10**9.0  # whatever the clock does meanwhile
    monkeypatch.setattr(module, "_LEFT_SECONDS", years)
    kept.add("x.txt", [b"x"])
    token = kept.take_away("x.txt")
    part = kept.folder / "arriving" / "part"
    part.write_bytes(b"half")
    assert kept.sweep(years)
    assert everything(kept.folder) == ["arriving/part", f"removed/{token}/file"]
    for path in (part, kept.folder / "removed" / token):
        os.utime(path, (1, 1))
    assert not kept.sweep(years)
    assert everything(kept.folder) == []


def test_an_upload_that_breaks_off_leaves_nothing(kept: KeptFiles) -> None:
    kept.add("x.txt", [b"before"])

    def broken() -> object:
        yield b"half"
        raise ConnectionError

    with pytest.raises(StoreError, match="cannot be kept"):
        kept.add("x.txt", broken())  # type: ignore[arg-type]
    assert everything(kept.folder) == ["files/x.txt"]
    assert (kept.files / "x.txt").read_bytes() == b"before"


def test_the_paths_of_a_catalog_name_only_what_was_added(kept: KeptFiles, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "x.txt").write_text("mine")
    kept.add("a/x.txt", [b"added"])
    (kept.files / "link").symlink_to(own)
    (kept.files / "x.txt").symlink_to(own / "x.txt")
    files = str(kept.files)
    assert kept.name_of(f"{files}/a/x.txt") == "a/x.txt"
    for path in (
        f"{files}/../../own/x.txt", f"{files}/a/../../../own/x.txt", f"{files}/link/x.txt",
        f"{files}/x.txt", f"{files}/a", f"{files}/", files, f"{files}x.txt", f"{files}/./a/x.txt",
        f"{files}//a/x.txt", f"{files}/none.txt", str(own / "x.txt"), "a/x.txt", "",
        f"{files}/a/x.txt\0", f"{files}/{'x/' * 3000}x",
    ):  # fmt: skip
        assert kept.name_of(path) is None, path
    assert kept.names() == ["a/x.txt"]


@pytest.mark.parametrize("which", ["index.page", "index.page/files", "index.page/files/a"])
def test_a_folder_that_is_a_link_is_not_entered(
    kept: KeptFiles, tmp_path: Path, which: str
) -> None:
    own = tmp_path / "own"
    (own / "files" / "a").mkdir(parents=True)
    (own / "a").mkdir()
    for place in (own, own / "a", own / "files" / "a"):
        (place / "x.txt").write_text("mine")
    link = tmp_path / which
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(own, target_is_directory=True)
    before = everything(own)
    assert kept.name_of(str(kept.files / "a" / "x.txt")) is None
    with pytest.raises(StoreError, match="cannot be kept"):
        kept.add("a/x.txt", [b"over"])
    with pytest.raises(StoreError, match="cannot be removed"):
        kept.take_away("a/x.txt")
    if which != "index.page/files/a":
        with pytest.raises(StoreError, match="is a link"):
            kept.check()
    assert everything(own) == before
    assert all((own / name).read_text() == "mine" for name in before)
