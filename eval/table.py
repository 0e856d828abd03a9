"""`python -m eval table`: the project's figures on its own questions, in one command."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from eval.batch import Options, run_batch, summary
from eval.errors import EvaluationError
from eval.figures import Figures
from eval.folder import read_results
from eval.questions import load_questions
from eval.run import UNPACED, Pace
from eval.tables import align, figures_table
from rag.assistant import EXTRACTIVE
from rag.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COLD_STARTS = 3
READER = ("em", "f1", "sentence_right", "evidence_f1")


def shared() -> Path:
    """The folder of corpus, questions and data that is not part of the project."""
    return Path(os.environ.get("WENJU_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True, slots=True)
class Material:
    """A folder of documents and the questions about them."""

    corpus: Path
    questions: Path

    @classmethod
    def find(cls) -> Material:
        """The shared corpus where it is present, else the sample corpus of the project.

        Raises:
            EvaluationError: neither is there.
        """
        for found in (
            cls(shared() / "corpus", shared() / "questions" / "dev.jsonl"),
            cls(ROOT / "examples" / "corpus", ROOT / "examples" / "questions.jsonl"),
        ):
            if found.corpus.is_dir() and found.questions.is_file():
                return found
        raise EvaluationError(
            f"no corpus with questions under {shared()} or {ROOT / 'examples'}; "
            "set WENJU_SHARED, or name --corpus and --questions"
        )


@dataclass(frozen=True, slots=True)
class Speed:
    """A duration beside the longest that the issue allows, both in `unit`."""

    title: str
    value: float
    limit: float
    unit: str


def print_table(
    material: Material, settings: Settings, out: Path | None, pace: Pace = UNPACED
) -> Figures:
    """Indexes the corpus into a new folder, asks the questions, prints the figures and the
    speeds, and returns the figures. What it writes goes to `out`, which is replaced, or is
    removed afterwards. With a chat model the reader on CMRC and the speed of an answer are left
    out: the one is no chat model's, the other its server's.

    Raises:
        EvaluationError: every question failed.
        GenerationError, SettingsError: the chat model cannot be used.
    """
    from eval.engine import Engine, reachable
    from rag.generation.chat_model import ChatModel
    from rag.index.local.index import Index

    model = settings.chat.model
    if model:
        reachable(ChatModel(settings.chat))
    with tempfile.TemporaryDirectory(prefix="wenju-eval-") as temporary:
        folder = out or Path(temporary)
        index = Path(temporary) / "index"
        own = settings.model_copy(update={"index": index})
        start = time.perf_counter()
        Index.build([material.corpus], index, own)
        indexing = time.perf_counter() - start
        print(
            f"{material.questions} on {material.corpus}\nanswers: {model or EXTRACTIVE}\n",
            flush=True,
        )
        outcome = run_batch(
            Engine.open(own),
            material.questions,
            folder / "run",
            Options(force=True, without_evidence=True, pace=pace),
        )
        figures = outcome.scores.overall
        if "latency_ms_p50" not in figures:
            raise EvaluationError(f"every question failed; the first: {_first_error(folder)}")
        print(summary(outcome, required=material.corpus.is_relative_to(shared())) + "\n")
        if not model:
            _print_reader(own, folder / "reader")
        question = load_questions(material.questions).questions[0].text
        print(
            _speed_table(
                [
                    Speed("indexing the corpus", indexing, 6, "s"),
                    *(
                        []
                        if model
                        else [Speed("an answer, median", figures["latency_ms_p50"].value, 60, "ms")]
                    ),
                    Speed("rag search, cold start", _cold_search(index, question), 2, "s"),
                    Speed("import rag", _import_time(), 0.2, "s"),
                ]
            )
        )
    return figures


def _first_error(folder: Path) -> str:
    return next(str(row["error"]) for row in read_results(folder / "run") if "error" in row)


def _print_reader(settings: Settings, out: Path) -> None:
    """Exact match and F1 of the short answer on CMRC trial, its passage given; nothing where
    the set is not there."""
    from eval.benchmarks.running import GIVEN, Plan, run_benchmark

    trial = shared() / "data" / "cmrc2018" / "trial.json"
    if not trial.is_file():
        return
    outcome = run_benchmark(Plan("cmrc2018", trial, (GIVEN,)), settings, out, Options(force=True))
    figures = outcome[GIVEN].scores.overall
    chosen = {name: figures[name] for name in READER if name in figures}
    print(f"{trial.name} of CMRC 2018, the passage given\n{figures_table(chosen)}\n")


def _speed_table(speeds: list[Speed]) -> str:
    rows = [("speed", "value", "required", "")]
    rows += [
        (
            speed.title,
            f"{speed.value:.2f} {speed.unit}",
            f"≤ {speed.limit:g} {speed.unit}",
            "reached" if speed.value <= speed.limit else "MISSED",
        )
        for speed in speeds
    ]
    return align(rows)


def _cold_search(index: Path, question: str) -> float:
    """Median wall clock of `rag search` in a process of its own, seconds."""
    command = [sys.executable, "-m", "rag", "search", question, "--index", str(index), "--json"]
    return statistics.median(_seconds(command) for _ in range(COLD_STARTS))


def _import_time() -> float:
    """Median of what `import rag` adds to a process, timed inside it, seconds."""
    program = "import time; t = time.perf_counter(); import rag; print(time.perf_counter() - t)"
    return statistics.median(
        float(_output([sys.executable, "-c", program])) for _ in range(COLD_STARTS)
    )


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    _output(command)
    return time.perf_counter() - start


def _output(command: list[str]) -> str:
    """Stdout of a command that is run in the project's root.

    Raises:
        EvaluationError: it fails.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False
    )
    if done.returncode:
        raise EvaluationError(
            f"{' '.join(command[1:4])} failed with exit code "
            f"{done.returncode}: {done.stderr.strip()[-500:]}"
        )
    return done.stdout
