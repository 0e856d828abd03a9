"""`python -m eval benchmark`: a published set through the system, open and given."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from eval.asking import Ask, asking
from eval.batch import Job, Options, Outcome, run_questions
from eval.benchmarks import beir, dbqa, domainrag, rgb, squad
from eval.benchmarks.given import Collection, GivenIndex
from eval.benchmarks.material import Benchmark
from eval.engine import Engine
from eval.errors import EvaluationError
from eval.figures import figures_json
from eval.folder import METRICS, write_json
from eval.questions import Question
from eval.run import digest
from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.models.encoder import load_encoder
from rag.settings import Settings

LOADERS: Mapping[str, Callable[[Path], Benchmark]] = {
    "squad": squad.load,
    "rgb": rgb.load,
    "expmrc": squad.load,
    "beir": beir.load,
    "dbqa": dbqa.load,
    "domainrag": domainrag.load,
}
ALIASES: Mapping[str, str] = {
    "cmrc": "squad",
    "cmrc2018": "squad",
    "drcd": "squad",
    "xquad": "squad",
    "dureader_robust": "squad",
    "squad2": "squad",
    "nlpcc-dbqa": "dbqa",
    "rgb_int": "rgb",
    "rgb_fact": "rgb",
}
OPEN, GIVEN = "open", "given"


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a benchmark is run: which ways, and how many questions of each (None: all)."""

    name: str
    path: Path
    ways: tuple[str, ...] = (OPEN, GIVEN)
    first: int | None = None


def load_benchmark(name: str, path: Path) -> Benchmark:
    """Reads a benchmark by name.

    Raises:
        EvaluationError: an unknown name, no such file, another format.
    """
    loader = LOADERS.get(ALIASES.get(name.lower(), name.lower()))
    if loader is None:
        raise EvaluationError(
            f"unknown benchmark {name!r}; there are: {', '.join(sorted({*LOADERS, *ALIASES}))}"
        )
    if not path.exists():
        raise EvaluationError(f"{path} does not exist; name the benchmark's file or folder")
    return loader(path)


def run_benchmark(
    plan: Plan, settings: Settings, out: Path, options: Options
) -> dict[str, Outcome]:
    """Runs a benchmark and writes a run folder for each way under `out`, and `metrics.json`
    over both: `overall` is `open`, `given` is `given`.

    Raises:
        EvaluationError: an unknown benchmark, another format, another run in the folder.
    """
    benchmark = load_benchmark(plan.name, plan.path).first(plan.first)
    for problem in benchmark.problems:
        print(f"{plan.path}, {problem}; left out", file=sys.stderr)
    made_from = {
        "benchmark": plan.name,
        "first": plan.first,
        "file": plan.path.name,
        **({"sha256": digest(plan.path)} if plan.path.is_file() else {}),
        "settings": settings.model_dump(mode="json", exclude={"index"}),
    }
    found: dict[str, Outcome] = {}
    if OPEN in plan.ways and benchmark.open:
        found[OPEN] = _run_open(benchmark, settings, out / OPEN, made_from, options)
    if GIVEN in plan.ways and benchmark.given:
        found[GIVEN] = _run_given(benchmark, settings, out / GIVEN, made_from, options)
    if not found:
        raise EvaluationError(f"{plan.name} cannot be run as {' or '.join(plan.ways)}")
    write_json(out / METRICS, _combined(found))
    return found


def _run_open(
    benchmark: Benchmark,
    settings: Settings,
    out: Path,
    made_from: Mapping[str, Any],
    options: Options,
) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="wenju-benchmark-") as temporary:
        corpus = Path(temporary) / "corpus"
        corpus.mkdir()
        for name, text in benchmark.passages.items():
            (corpus / name).write_text(text, encoding="utf-8")
        own = settings.model_copy(update={"index": Path(temporary) / "index"})
        report = Index.build([corpus], own.index, own).report
        for skipped in report.skipped if report else ():
            print(f"passage {skipped.document} left out: {skipped.reason}", file=sys.stderr)
        engine = Engine.open(own)
        ask = asking(engine.assistant, engine.sources())
        job = Job(f"{made_from['benchmark']}, {OPEN}", benchmark.open, ask)
        return run_questions(job, out, {**made_from, "way": OPEN}, options)


def _run_given(
    benchmark: Benchmark,
    settings: Settings,
    out: Path,
    made_from: Mapping[str, Any],
    options: Options,
) -> Outcome:
    questions = tuple(item.question for item in benchmark.given)
    ask = asking_given(benchmark, settings)
    job = Job(f"{made_from['benchmark']}, {GIVEN}", questions, ask)
    return run_questions(job, out, {**made_from, "way": GIVEN}, options)


def asking_given(benchmark: Benchmark, settings: Settings) -> Ask:
    """Asks each question of its own passages."""
    collection = Collection(benchmark.passages, load_encoder(settings.encoder))
    names = {item.question.id: item.passages for item in benchmark.given}

    def ask(question: Question) -> dict[str, Any]:
        index = cast(Index, GivenIndex(collection, names[question.id]))
        return asking(Assistant(index, settings), lambda name: benchmark.passages[name])(question)

    return ask


def _combined(found: Mapping[str, Outcome]) -> dict[str, Any]:
    parts = {way: figures_json(outcome.scores) for way, outcome in found.items()}
    empty: dict[str, Any] = {"overall": {}, "by_type": {}, "intervals": {"overall": {}}}
    asked, own = parts.get(OPEN, empty), parts.get(GIVEN, empty)
    return {
        "questions": max(len(outcome.scores.rows) for outcome in found.values()),
        "overall": asked["overall"],
        "by_type": asked["by_type"],
        "given": own["overall"],
        "given_by_type": own["by_type"],
        "intervals": {
            "overall": asked["intervals"]["overall"],
            "given": own["intervals"]["overall"],
        },
    }
