"""`python -m eval run`: a question file through an engine into a run folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eval.asking import Ask, Assistant, Sources, asking, searching
from eval.figures import Scores, figures_json, score_rows
from eval.folder import METRICS, REPORT, RESULTS, TABLE, RunFolder, write_json
from eval.listing import write_csv
from eval.questions import Loaded, load_questions
from eval.report.page import write_report
from eval.run import UNPACED, Pace, digest, run
from eval.score import BY_NAME
from eval.tables import figures_table, groups_table

TYPE_COLUMNS = ("evidence_recall_1000", "mrr", "answer_hit", "evidence_f1", "refused_answerable")


class Engine(Protocol):
    """What a batch needs of the system that it measures; `eval.engine.Engine` is the real one."""

    @property
    def assistant(self) -> Assistant:
        """What is asked."""
        ...

    def sources(self) -> Sources:
        """The decoded files, to check citations against."""
        ...

    def made_from(self) -> dict[str, Any]:
        """What the figures depend on, the questions aside: JSON values."""
        ...

    def check_unchanged(self) -> None:
        """Raises an `EvaluationError` when the index was written to since it was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run."""

    force: bool = False
    retry_errors: bool = False
    retrieval_only: bool = False
    pace: Pace = UNPACED


DEFAULTS = Options()


def run_batch(engine: Engine, questions: Path, out: Path, options: Options = DEFAULTS) -> Scores:
    """Asks the questions, writes the run folder, and returns the figures.

    Raises:
        EvaluationError: nothing usable in the file, another run in the folder, or an index
            that changed during the run.
    """
    loaded = load_questions(questions)
    _report_problems(questions, loaded)
    ask: Ask = (searching(engine.assistant) if options.retrieval_only
                else asking(engine.assistant, engine.sources()))
    folder = RunFolder(out)
    made_from = {"questions": questions.name, "questions_sha256": digest(questions),
                 "retrieval_only": options.retrieval_only, **engine.made_from()}
    folder.begin(made_from, force=options.force, reopen=options.retry_errors)
    rows = run(loaded.questions, ask, out / RESULTS, pace=options.pace,
               retry_errors=options.retry_errors)
    engine.check_unchanged()
    scores = score_rows(rows)
    write_json(out / METRICS, figures_json(scores))
    write_csv(out / TABLE, rows)
    write_report(out / REPORT, questions.name, _facts(made_from), rows, scores)
    folder.finish(made_from)
    return scores


def summary(scores: Scores) -> str:
    """The figures of a run as text, beside the required values where there is evidence."""
    evidence = "evidence_recall_1000" in scores.overall
    parts = [figures_table(scores.overall, required=evidence)]
    names = [name for name in TYPE_COLUMNS if name in scores.overall and name in BY_NAME]
    if scores.by_type and names:
        parts.append(groups_table(scores.by_type, names))
    return "\n\n".join(parts)


def _facts(made_from: Mapping[str, Any]) -> dict[str, str]:
    """What the report says under its title: plain values and the settings that are no default."""
    return {name: str(value) for name, value in made_from.items()
            if isinstance(value, str | int) and name != "questions_sha256"}


def _report_problems(path: Path, loaded: Loaded) -> None:
    for problem in loaded.problems:
        print(f"{path}, {problem}; left out", file=sys.stderr)
