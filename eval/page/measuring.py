"""`python -m eval page`: how soon the page is there, how soon it answers, alone and with eight."""

from __future__ import annotations

import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import EvaluationError
from eval.page.browser import ask, ask_at_once, chromium, opened
from eval.page.people import Person, Wait, at_once
from eval.questions import load_questions
from eval.table import ROOT, Material
from eval.tables import align
from rag.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PEOPLE = 8
ROUNDS = 5
STARTS = 3
MAX_USABLE_SECONDS = 2.0
MAX_FIRST_SECONDS = 0.3
MAX_TIMES_ALONE = 3.0
_IMPORT = "import time; t = time.perf_counter(); import gradio; print(time.perf_counter() - t)"


@dataclass(frozen=True, slots=True)
class Row:
    """A duration or ratio, and the most that is wished for, None where nothing is."""

    title: str
    value: float
    unit: str
    most: float | None = None


def print_page_speed(material: Material, settings: Settings) -> None:
    """Indexes the corpus into a new folder, opens the page on it as `rag serve` does, asks its
    questions and prints the durations. Every wait is for a question that was not asked before.

    Raises:
        EvaluationError: no Chromium, too few questions, or the page fails.
    """
    from rag.index.local.index import Index

    questions = [question.text for question in load_questions(material.questions).questions]
    if len(set(questions)) < PEOPLE * 2:
        raise EvaluationError(
            f"{material.questions} holds {len(set(questions))} questions; "
            f"{PEOPLE * 2} are needed, so that none is asked twice at once"
        )
    with tempfile.TemporaryDirectory(prefix="wenju-page-") as name:
        folder = Path(name) / "index"
        Index.build([material.corpus], folder, settings)
        with chromium() as browser:
            rows = [*_starting(browser, folder), *_asking(browser, folder, questions)]
    print(align([_cells(row) for row in rows]))


def _starting(browser: Browser, folder: Path) -> Iterator[Row]:
    imports, usable = [], []
    for _ in range(STARTS):
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, check=True)
        imports.append(float(done.stdout))
        start = time.perf_counter()
        with served(folder) as address:
            page = opened(browser, address)
            usable.append(time.perf_counter() - start)
            page.context.close()
    own = statistics.median(usable) - statistics.median(imports)
    yield Row("gradio's own import", statistics.median(imports), "s")
    yield Row("from the command to a page that can be used", statistics.median(usable), "s")
    yield Row("  beyond the import", own, "s", MAX_USABLE_SECONDS)


def _asking(browser: Browser, folder: Path, questions: Sequence[str]) -> Iterator[Row]:
    rest = _endless(questions)
    with served(folder) as address:
        people = [Person(address) for _ in range(PEOPLE)]
        pages = [opened(browser, address) for _ in range(PEOPLE)]
        for page in pages:
            ask(page, next(rest))  # what is loaded once is loaded
        clicks = [ask(pages[i % PEOPLE], next(rest)) for i in range(ROUNDS * 2)]
        yield Row("browser: click to first words", _median(clicks, 0), "s", MAX_FIRST_SECONDS)
        yield Row("browser: click to the whole answer", _median(clicks, 1), "s")
        alone = [_alone(people[i % PEOPLE], next(rest)) for i in range(ROUNDS * 2)]
        one = statistics.median(alone)
        yield Row("HTTP: question to the whole answer", one, "s")
        crowd = [_together(people, _take(rest)) for _ in range(ROUNDS)]
        longest = statistics.median(max(wait.whole for wait in waits) for waits in crowd)
        yield Row(f"HTTP: {PEOPLE} at once, the longest", longest, "s")
        yield Row("  times alone", longest / one, "×", MAX_TIMES_ALONE)
        among = [_among(people, pages[0], _take(rest)) for _ in range(ROUNDS)]
        yield Row(
            f"browser: click to the whole answer, {PEOPLE - 1} others at once",
            statistics.median(among),
            "s",
        )
        yield Row(
            "  times alone", statistics.median(among) / _median(clicks, 1), "×", MAX_TIMES_ALONE
        )
        browsers = [
            max(whole for _, whole in ask_at_once(pages, _take(rest))) for _ in range(ROUNDS)
        ]
        yield Row(
            f"{PEOPLE} browsers on this machine at once, the longest",
            statistics.median(browsers),
            "s",
        )


def _alone(person: Person, question: str) -> float:
    person.open()
    return person.ask(question).whole


def _together(people: Sequence[Person], questions: Sequence[str]) -> list[Wait]:
    for person in people:
        person.open()
    return at_once(people, questions)


def _among(people: Sequence[Person], page: Page, questions: Sequence[str]) -> float:
    """How long the browser waits for its answer while all people but one ask, too."""
    for person in people:
        person.open()
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(at_once, people[1:], questions[1:])
        _, whole = ask(page, questions[0])
        others.result()
    return whole


@contextmanager
def served(folder: Path, within: Path = ROOT) -> Iterator[str]:
    """`rag serve` on the index in `folder` in a process of its own, whose working directory is
    `within`; gives its address.

    Raises:
        EvaluationError: it ends at once.
    """
    command = [sys.executable, str(ROOT / "app.py"), "--index", str(folder), "--port=0", "--json"]
    server = subprocess.Popen(
        command, cwd=within, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None and server.stderr is not None
    try:
        line = server.stdout.readline()
        if not line:
            raise EvaluationError(f"the page does not start: {server.stderr.read()[-500:]}")
        yield json.loads(line)["address"]
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
        server.stderr.close()


def _endless(questions: Sequence[str]) -> Iterator[str]:
    """The questions in an order of chance, one after the other; when all were asked, again, with
    a word before each, so that none is the same as before."""
    order = list(questions)
    random.Random(0).shuffle(order)
    yield from order
    for turn in itertools.count(2):
        yield from (f"第{turn}次问：{question}" for question in order)


def _take(questions: Iterator[str]) -> list[str]:
    return list(itertools.islice(questions, PEOPLE))


def _median(waits: Sequence[tuple[float, float]], which: int) -> float:
    return statistics.median(wait[which] for wait in waits)


def _cells(row: Row) -> tuple[str, str, str]:
    value = f"{row.value:.2f} {row.unit}"
    if row.most is None:
        return row.title, value, ""
    verdict = "reached" if row.value <= row.most else "MISSED"
    return row.title, value, f"≤ {row.most:g} {row.unit}  {verdict}"
