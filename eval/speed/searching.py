"""How long a search takes, in what memory, and whether it finds what an exact one finds."""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from eval.questions import load_questions
from eval.table import shared
from rag.assistant import Assistant
from rag.index.local.catalog import Catalog
from rag.index.local.index import Index
from rag.models.encoder import Float32
from rag.retrieval.query import parse_query, weigh
from rag.retrieval.retrieve import retrieve
from rag.settings import Settings
from rag.text.sentences import sentences

SEED = 20261121
K = 10
FROM_CORPUS, FROM_QUESTIONS = 150, 50
RECALL_QUERIES = 200
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of searches, one question after another: on the clock, and of CPU, which a
    busy machine changes less."""

    median: float
    p95: float
    cpu_median: float
    cpu_p95: float


@dataclass(frozen=True, slots=True)
class Searches:
    """Of an index of `chunks`: searches without and with reranking, recall@10 of the vector
    search against an exact one, and the resident memory after the searches, in bytes, with and
    without the pages of files that it holds."""

    chunks: int
    off: Times
    on: Times
    recall: float | None
    resident_bytes: int
    own_bytes: int
    open_seconds: float


def measure_searches(folder: Path, *, recall: bool) -> Searches:
    """Searches an index with questions about another corpus (`dev.jsonl`), and with sentences
    and titles of its own, always the same."""
    settings = Settings(index=folder)
    start = time.perf_counter()
    index = Index.open(folder, settings)
    opened = time.perf_counter() - start
    assistant = Assistant(index, settings)
    asked = questions(index)

    def off(question: str) -> object:
        query = parse_query(question)
        return retrieve(query, weigh(query, index), index, settings.retrieval, K)

    def on(question: str) -> object:
        return assistant.search(question, K)

    found = [_timed(search, asked) for search in (off, on)]
    resident, own = _memory()
    return Searches(
        index.count,
        found[0],
        found[1],
        vector_recall(index, folder, asked) if recall else None,
        resident,
        own,
        opened,
    )


def questions(index: Index) -> list[str]:
    """Development questions, and sentences and titles of the index, mixed, always the same."""
    chance = random.Random(SEED)
    texts: list[str] = []
    path = shared() / "questions" / "dev.jsonl"
    if path.is_file():
        given = [question.text for question in load_questions(path).questions]
        texts += chance.sample(given, min(len(given), FROM_QUESTIONS))
    rows = [chance.randrange(index.count) for _ in range(FROM_CORPUS)]
    for number, (row, chunk) in enumerate(zip(rows, index.chunks(rows), strict=True)):
        own = [span.of(chunk.text) for span in sentences(chunk.text)]
        long = [text for text in own if 8 <= len(text) <= 60]
        title = index.row_document(row).title
        said = title if number % 3 == 0 and title else chance.choice(long or [chunk.text[:60]])
        texts.append(said)
    chance.shuffle(texts)
    return texts


def _timed(search: Callable[[str], object], asked: Sequence[str]) -> Times:
    """Of questions that were all asked once before: the files' pages that they need are mapped."""
    for question in asked:
        search(question)
    clock, work = [], []
    for question in asked:
        start, cpu = time.perf_counter(), time.process_time()
        search(question)
        work.append(1000 * (time.process_time() - cpu))
        clock.append(1000 * (time.perf_counter() - start))
    return Times(
        *(float(np.percentile(values, share)) for values in (clock, work) for share in (50, 95))
    )


def vector_recall(index: Index, folder: Path, asked: Sequence[str]) -> float:
    """The share of the ten exactly nearest rows that are among the ten found, averaged over
    questions."""
    queries = index.encoder.encode_queries(list(asked[:RECALL_QUERIES]))
    exact = _nearest(folder, queries)
    shares = []
    for query, nearest in zip(queries, exact, strict=True):
        found = {row for row, _ in index.rank_vectors(query, K)}
        shares.append(len(found & set(nearest)) / max(1, len(nearest)))
    return float(np.mean(shares))


def _nearest(folder: Path, queries: Float32) -> list[list[int]]:
    """The ten rows nearest to each query, by all vectors of the catalog."""
    best = [(np.empty(0, np.float32), np.empty(0, np.int64)) for _ in queries]
    for start, matrix in _vectors(folder, queries.shape[1]):
        for i, scores in enumerate(queries @ matrix.T):
            values = np.concatenate((best[i][0], scores))
            rows = np.concatenate((best[i][1], np.arange(start, start + len(matrix))))
            order = np.argsort(-values, kind="stable")[:K]
            best[i] = values[order], rows[order]
    return [rows.tolist() for _, rows in best]


def _vectors(folder: Path, dimension: int) -> Iterator[tuple[int, Float32]]:
    catalog = Catalog.open_reader(folder)
    try:
        keys = catalog.rows().chunks
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            yield start, catalog.vectors(keys[start : start + _ROWS_AT_ONCE], dimension)
    finally:
        catalog.close()


def _memory() -> tuple[int, int]:
    """Resident memory of this process, bytes: all of it, and without pages of files."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        found = {
            line.split(":")[0]: line.split()[1]
            for line in lines
            if line.startswith(("Rss", "VmRSS"))
        }
        return 1024 * int(found["VmRSS"]), 1024 * int(found["RssAnon"])
    except (OSError, KeyError):
        scale = 1 if sys.platform == "darwin" else 1024
        peak = scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak, peak


def as_json(found: Searches) -> dict[str, object]:
    """For `--json`, and for the reader of `from_json`."""
    return asdict(found)


def from_json(value: dict[str, object]) -> Searches:
    """What `as_json` gave."""
    times = {name: Times(**value[name]) for name in ("off", "on")}  # type: ignore[arg-type]
    return Searches(**{**value, **times})  # type: ignore[arg-type]
