"""Files are found under stable names; bad ones are refused with a reason."""

import os
from pathlib import Path

import pytest

from rag import Index
from rag.documents.discover import parse_ignored
from rag.documents.load import document_id, find_files, read_document
from rag.errors import DocumentError, UnreadableDocument, UnsupportedFormat
from rag.settings import Reading


def write(path: Path, text: str = "一句话。") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_names_are_relative_sorted_and_free(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        write(root / "b" / "x.txt", str(root))
        write(root / "a.md", str(root))
    write(one / ".hidden" / "h.txt")
    write(one / "~$lock.txt")
    single = write(tmp_path / "three" / "a.md")
    assert [f.name for f in find_files([one, two, single, one])] == [
        "a.md",
        "b/x.txt",
        "two/a.md",
        "two/b/x.txt",
        "three/a.md",
    ]


def test_links_and_pipes_are_reported_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    write(inside / "a.txt")
    write(outside / "secret.txt")
    (inside / "loop.txt").symlink_to(inside / "loop.txt")
    (inside / "gone.txt").symlink_to("nothing")
    (inside / "same.txt").symlink_to("a.txt")
    (inside / "secret.txt").symlink_to(outside / "secret.txt")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe.txt")
    found = {item.name: item.problem for item in find_files([inside])}
    assert set(found) == {"a.txt", "loop.txt", "gone.txt", "secret.txt", "pipe.txt"}
    assert "leads out of the folder" in found["secret.txt"]
    assert "no regular file" in found["pipe.txt"]
    report = Index.build([inside], tmp_path / "index").report
    assert report is not None
    assert (report.read, len(report.skipped)) == (1, 4)


def test_ragignore(tmp_path: Path) -> None:
    for name in (
        "a.txt",
        "b.log",
        "c/b.log",
        "drafts/x.txt",
        "c/drafts/y.txt",
        "c/keep.log",
        "c/z.txt",
    ):
        write(tmp_path / name)
    write(tmp_path / ".ragignore", "# no logs\n*.log\n!keep.log\n/drafts/\nc/?.txt\n")
    assert [item.name for item in find_files([tmp_path])] == [
        "a.txt",
        "c/keep.log",
        "c/drafts/y.txt",
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("**/old/**", "a/old/x.txt", True),
        ("[ab].txt", "b.txt", True),
        ("[!ab].txt", "b.txt", False),
        ("[", "[", True),
        ("[z-a]", "[z-a]", True),
        ("a/*.txt", "a/b/c.txt", False),
        ("报告*", "x/报告2020.pdf", True),
    ],
)
def test_patterns(pattern: str, path: str, left_out: bool) -> None:
    assert parse_ignored(pattern)(path, folder=False) is left_out


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file or folder"):
        find_files([tmp_path / "nowhere"])


def test_a_document(tmp_path: Path) -> None:
    path = write(
        tmp_path / "灯塔.txt",
        "灯塔的故事\n\n灯塔建于1902年5月6日，塔高三十一米，至今仍在使用，看守人姓白。\n",
    )
    document = read_document(path, "灯塔.txt", Reading())
    assert document.id == document_id(path.read_bytes(), "灯塔.txt") and len(document.id) == 16
    assert (document.title, document.date, document.date_inferred) == (
        "灯塔的故事",
        "1902-05-06",
        True,
    )
    assert document.source == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("a.exe", b"MZ", UnsupportedFormat, "supported: .*.pdf"),
        ("a.txt", b"", UnreadableDocument, "empty"),
        ("a.txt", "目录\n\n港口..... 3\n".encode(), UnreadableDocument, "nothing is left"),
        ("a.txt", b"x" * 101, UnreadableDocument, "the limit is 100"),
    ],
)
def test_bad_files(
    tmp_path: Path, name: str, data: bytes, error: type[Exception], words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(error, match=words):
        read_document(path, name, Reading(max_file_bytes=100))


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="cannot be read"):
        read_document(tmp_path, "folder", Reading())
