"""Damaged files are read or refused, never more: a run of an update over 20 of them. The long
version is `make fuzz`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from rag.documents.pdf import ocr
from rag.documents.pdf.characters import Box, Raster
from rag.documents.pdf.ocr import Recognised
from rag.documents.pool import Pool
from rag.documents.workers import child_environment
from rag.index.local.index import Index
from rag.settings import Settings
from tests.fakes import CharacterEncoder
from tests.fuzz.__main__ import LIMITS, TASK, failures
from tests.fuzz.cases import _inside, _made, case, sources
from tests.fuzz.guarded import FAILED, READ, REFUSED, _remember_pictures

CASES = 20
FIRST = 2_640
"""From here on they are of many formats, and none has pictures of text, which take seconds each."""


def test_parsers_on_damaged_files(shared: Path, tmp_path: Path) -> None:
    files = sources(shared / "documents")
    outcomes: Counter[str] = Counter()
    folder = tmp_path / "files"
    folder.mkdir()
    with Pool(TASK, LIMITS, os.cpu_count() or 1) as pool:
        assert failures(range(FIRST, FIRST + CASES), files, folder, pool, outcomes) == []
    totals = Counter(kind.split()[0] for kind in outcomes.elements())
    assert totals[READ] > CASES / 4 and totals[REFUSED] > CASES / 8  # neither too tame nor too wild
    settings = Settings(reading=LIMITS)
    index = Index.build([folder], tmp_path / "index", settings, encoder=CharacterEncoder())
    assert index.report is not None
    # Messages hold further files, whose names go on behind theirs.
    read = [info.name for info in index.documents() if "/" not in info.name]
    refused = [one.document for one in index.report.skipped if "/" not in one.document]
    assert (len(read), len(refused)) == (totals[READ], totals[REFUSED])
    assert index.verify() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files", "index"]


def test_a_case_is_the_same_each_time(shared: Path) -> None:
    files = sources(shared / "documents")
    assert [case(number, files) for number in range(20)] == [
        case(number, files) for number in range(20)
    ]


def test_a_picture_is_recognised_once_and_another_one_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Raster] = []

    def recognise(raster: Raster) -> list[Recognised]:
        seen.append(raster)
        return [Recognised(f"{len(seen)}", Box(0, 0, 1, 1), 1.0)]

    monkeypatch.setattr(ocr, "recognise", recognise)
    _remember_pictures.__wrapped__()
    pictures = Raster(1, 2, b"a" * 6), Raster(2, 1, b"a" * 6), Raster(1, 2, b"a" * 5 + b"b")
    for _ in range(2):
        assert [ocr.recognise(one)[0].text for one in pictures] == ["1", "2", "3"]
    assert tuple(seen) == pictures


def test_a_case_is_the_same_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the files made here, but for those that another program writes."""
    then = dict(_made.__wrapped__())
    later = time.localtime(2_000_000_000)
    monkeypatch.setattr(zipfile.time, "localtime", lambda *_: later)  # type: ignore[attr-defined]
    random.seed(7)  # from which Python makes the borders of messages
    assert dict(_made.__wrapped__()) == then
    inside = _inside(then["made.epub"], random.Random(1))
    monkeypatch.undo()
    assert _inside(then["made.epub"], random.Random(1)) == inside


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("open({path!r} + '.new', 'w').close()", "opened for writing"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "socket.connect"),
        ("__import__('os').system('true')", "os.system"),
        ("__import__('os').remove({path!r})", "os.remove"),
    ],
)
def test_what_reaches_beyond_the_process_is_heard(tmp_path: Path, act: str, words: str) -> None:
    """In a process of its own: no hook can be taken off again."""
    path = tmp_path / "a.txt"
    path.write_text("一句话。\n", "utf-8")
    task = (
        "import rag.index.local.prepare as p, rag.documents.load as load, tests.fuzz.guarded as g\n"
        "from contextlib import suppress\n"
        "real = p.parse_document\n"
        "def parse(*arguments):\n"
        "    with suppress(OSError):\n"
        f"        {act.format(path=str(path))}\n"
        "    return real(*arguments)\n"
        "p.parse_document = parse\n"
        f"print(*g.read({str(path)!r}, load.Reading()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", task],
        capture_output=True, text=True, timeout=300, check=False, env=child_environment(),
    )  # fmt: skip
    assert done.stdout.startswith(f"{FAILED} forbidden: ") and words in done.stdout
