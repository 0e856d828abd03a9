"""`make bench`: Wenju and other libraries over the same files, with the same encoder."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.metrics.retrieval import evidence_recall, first_ranks
from eval.questions import Question, load_questions
from eval.speed.processes import run_measured
from eval.speed.sets import write_articles
from eval.table import ROOT

SIDES: Mapping[str, tuple[str, ...]] = {
    "Wenju": ("wenju",),
    "Wenju, plain": ("wenju", "plain"),
    "LangChain": ("langchain_recipe",),
    "LlamaIndex": ("llama_index_recipe",),
    "txtai": ("txtai_recipe",),
}
"""The sides: their modules under `eval.speed.rivals`, and what these are told."""

LEFT_UNDONE: Mapping[str, str] = {
    "LangChain": (
        "durability (the keyword index lies in memory and is made anew at each start, the vectors "
        "are saved whole, with a pickle), deletion from the keyword index, citations (no chunk "
        "knows its place in the file)"
    ),
    "LlamaIndex": (
        "segmentation of Chinese (its keyword search takes what stands between two marks for a "
        "word), durability (both indexes lie in memory until they are written out whole), deletion "
        "from the keyword index, citations (a citation is a chunk)"
    ),
    "txtai": (
        "segmentation of Chinese into words, chunks (none without a model of its own; here they "
        "are LangChain's), durability (an index is saved whole), citations (a citation is a text)"
    ),
}


BUILDS_LESS: Mapping[str, str] = {
    "LangChain": "it splits texts at marks, knows no place in a file, and writes nothing to disk",
    "LlamaIndex": "it cuts no Chinese words and writes nothing to disk",
    "txtai": "it cuts no Chinese words, and its texts alone are written, not durably",
}
"""Why a side may be ahead in build time."""

SEARCHES_LESS = (
    "it adds up two searches; Wenju takes questions of several parts apart, searches for each, "
    "weighs the sentences of a hundred passages, and a network reads the first eight"
)
"""Why a side may be ahead in query time."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a side took: build and median query in seconds and milliseconds, on the clock and of
    CPU, the peak of its memory in bytes, and its evidence recall at 1,000 and 3,000 characters."""

    name: str
    chunks: int
    build_seconds: float
    build_cpu_seconds: float
    query_ms: float
    query_p95_ms: float
    query_cpu_ms: float
    query_cpu_p95_ms: float
    peak_bytes: int
    recall_1000: float
    recall_3000: float


def measure_beside(
    shared: Path, folder: Path, articles: int, python: Path, sides: Sequence[str] = tuple(SIDES)
) -> dict[str, Any]:
    """Runs every side over the first `articles` articles of the news and the corpus in `shared`;
    the others with the interpreter `python`. Returns the figures as JSON.

    Raises:
        EvaluationError: a side fails. FileNotFoundError: the data are not there.
    """
    news = write_articles(shared / "data", folder / f"news-{articles}", articles)
    asked = load_questions(shared / "questions" / "dev.jsonl").questions
    given = folder / "given.json"
    given.write_text(
        json.dumps(
            {
                "folders": [str(shared / "corpus"), str(news)],
                "encoder": str(ROOT / "rag" / "models" / "files" / "encoder"),
                "questions": [question.text for question in asked],
            }
        ),
        "utf-8",
    )
    found = []
    for name in sides:
        module, *told = SIDES[name]
        interpreter = sys.executable if module == "wenju" else str(python)
        command = [interpreter, "-m", f"eval.speed.rivals.{module}", str(given), *told]
        ran = run_measured(command, ROOT)
        found.append(_side(name, json.loads(ran.output.splitlines()[-1]), ran.peak_bytes, asked))
        print(
            f"{name}: build {found[-1].build_cpu_seconds:.0f} s of CPU, query "
            f"{found[-1].query_cpu_ms:.1f} ms",
            file=sys.stderr,
        )
    return {
        "articles": articles,
        "python": platform.python_version(),
        "sides": [asdict(side) for side in found],
    }


def _side(name: str, value: Mapping[str, Any], peak: int, asked: Sequence[Question]) -> Side:
    recalls: tuple[list[float], list[float]] = ([], [])
    for question, passages in zip(asked, value["found"], strict=True):
        if question.evidence:
            ranks = first_ranks(passages, [evidence.quote for evidence in question.evidence])
            for recall, characters in zip(recalls, (1000, 3000), strict=True):
                recall.append(evidence_recall(passages, ranks, characters))
    clock, work = (np.percentile(value[key], (50, 95)) for key in ("query_ms", "query_cpu_ms"))
    return Side(
        name=name,
        chunks=value["chunks"],
        build_seconds=value["build_seconds"],
        build_cpu_seconds=value["build_cpu_seconds"],
        query_ms=float(clock[0]),
        query_p95_ms=float(clock[1]),
        query_cpu_ms=float(work[0]),
        query_cpu_p95_ms=float(work[1]),
        peak_bytes=peak,
        recall_1000=statistics.fmean(recalls[0]),
        recall_3000=statistics.fmean(recalls[1]),
    )


def beside_text(found: Mapping[str, Any]) -> str:
    """The section on the sides."""
    sides = [Side(**value) for value in found["sides"]]
    ours = [side for side in sides if SIDES[side.name][0] == "wenju"]
    others = [side for side in sides if side not in ours]
    head = (
        "", "chunks", "build, s (CPU)", "query, ms: median / p95 (CPU median)", "peak memory",
        "evidence recall@1000 / @3000",
    )  # fmt: skip
    rows = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    rows += [
        f"| {side.name} | {side.chunks:,} "
        f"| {side.build_seconds:.0f} ({side.build_cpu_seconds:.0f}) "
        f"| {side.query_ms:.1f} / {side.query_p95_ms:.1f} ({side.query_cpu_ms:.1f}) "
        f"| {side.peak_bytes / 1e6:.0f} MB | {side.recall_1000:.3f} / {side.recall_3000:.3f} |"
        for side in sides
    ]
    ratios = [
        f"| {side.name} / {own.name} | {side.build_cpu_seconds / own.build_cpu_seconds:.2f} "
        f"| {side.query_cpu_ms / own.query_cpu_ms:.2f} | {side.peak_bytes / own.peak_bytes:.2f} "
        f"| {side.recall_1000 - own.recall_1000:+.3f} / {side.recall_3000 - own.recall_3000:+.3f} |"
        for side in others
        for own in ours
    ]
    undone = [f"- {name}: {why}." for name, why in LEFT_UNDONE.items()]
    return f"""## Beside other libraries

`make bench ARTICLES={found["articles"]}`: the first articles of the news and the five documents of
the corpus, chunks of about 250 characters without overlap, the built-in encoder on every side, 30
passages for each of the development questions, one run after another on the same machine. Loading
libraries and encoder is not counted. Wenju's build is durable, its search reranks; *plain* is its
search of words and vectors alone, which is what the other sides do.

{chr(10).join(rows)}

| ratio | build (CPU) | query (CPU) | peak memory | evidence recall, difference |
| --- | --- | --- | --- | --- |
{chr(10).join(ratios)}

{_ahead(ours[0], others)}

What is left undone:

{chr(10).join(undone)}
"""


def _ahead(own: Side, others: Sequence[Side]) -> str:
    """Where another side is ahead, by how much and why."""
    lines = []
    for side in others:
        if side.build_cpu_seconds < own.build_cpu_seconds:
            times = own.build_cpu_seconds / side.build_cpu_seconds
            lines.append(
                f"- {side.name} builds {times:.1f} times as fast: {BUILDS_LESS[side.name]}."
            )
        if side.query_cpu_ms < own.query_cpu_ms:
            times = own.query_cpu_ms / side.query_cpu_ms
            lines.append(f"- {side.name} answers {times:.1f} times as fast: {SEARCHES_LESS}.")
        if side.peak_bytes < own.peak_bytes:
            lines.append(f"- {side.name} takes less memory, {side.peak_bytes / 1e6:.0f} MB.")
        if side.recall_1000 > own.recall_1000 or side.recall_3000 > own.recall_3000:
            lines.append(f"- {side.name} finds more evidence.")
    return "\n".join(["Ahead of Wenju:\n", *(lines or ["- none, in nothing that is measured."])])
