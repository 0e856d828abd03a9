"""`python -m eval run`: a question file through an engine into a run folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eval.asking import Ask, Assistant, Sources, asking, searching
from eval.figures import Scores, figures_json, score_rows
from eval.folder import (
    METRICS,
    REPORT,
    RESULTS,
    SCORES,
    TABLE,
    WITHHELD,
    RunFolder,
    write_json,
    write_lines,
)
from eval.judge import PROMPT_VERSION, judge_failed, judging
from eval.listing import write_csv
from eval.questions import EVERY_QUESTION, Loaded, Question, Selection, load_questions
from eval.report.page import write_report
from eval.run import UNPACED, Pace, digest, run
from eval.score import BY_NAME, ERROR
from eval.tables import figures_table, groups_table
from eval.withheld import (
    WithheldScores,
    score_withheld,
    withheld_json,
    withheld_questions,
    withheld_table,
)
from rag.generation.chat_model import ChatModel

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

    def withholding(self, quotations: Sequence[str]) -> Assistant:
        """The assistant with every chunk out of reach that finds one of the quotations."""
        ...

    def made_from(self) -> dict[str, Any]:
        """What the figures depend on, the questions aside: JSON values."""
        ...

    def check_unchanged(self) -> None:
        """Raises an `EvaluationError` when the index was written to since it was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run; `judge` is the chat model that is to judge the answers, if any is."""

    force: bool = False
    retry_errors: bool = False
    retrieval_only: bool = False
    without_evidence: bool = False
    judge: ChatModel | None = None
    pace: Pace = UNPACED
    selection: Selection = EVERY_QUESTION


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of a run, and those without evidence where they were asked for."""

    scores: Scores
    withheld: WithheldScores | None


def run_batch(engine: Engine, questions: Path, out: Path, options: Options = DEFAULTS) -> Outcome:
    """Asks the questions, writes the run folder, and returns the figures.

    Raises:
        EvaluationError: nothing usable in the file, another run in the folder, or an index
            that changed during the run.
    """
    loaded = load_questions(questions)
    _report_problems(questions, loaded)
    loaded = options.selection.of(loaded)
    ask = (
        searching(engine.assistant)
        if options.retrieval_only
        else asking(engine.assistant, engine.sources())
    )
    if options.judge and not options.retrieval_only:
        ask = judging(ask, options.judge)
    made_from = {
        "questions": questions.name,
        "questions_sha256": digest(questions),
        "retrieval_only": options.retrieval_only,
        "without_evidence": options.without_evidence,
        **options.selection.facts,
        **engine.made_from(),
        **_judged_by(options.judge),
    }
    again = _asking_without(engine) if options.without_evidence else None
    job = Job(questions.name, loaded.questions, ask, again, engine.check_unchanged)
    return run_questions(job, out, made_from, options)


@dataclass(frozen=True, slots=True)
class Job:
    """Questions and how they are asked; `ask_again` without their evidence, where wanted.
    `check` is called when all are asked and raises when the figures would be worth nothing."""

    title: str
    questions: Sequence[Question]
    ask: Ask
    ask_again: Ask | None = None
    check: Callable[[], None] | None = None


def run_questions(job: Job, out: Path, made_from: Mapping[str, Any], options: Options) -> Outcome:
    """Asks the questions of a job and writes the run folder.

    Raises:
        EvaluationError: another run is in the folder, or the job's check fails.
    """
    folder = RunFolder(out)
    folder.begin(made_from, force=options.force, reopen=options.retry_errors)
    rows = run(
        job.questions, job.ask, out / RESULTS, pace=options.pace, retry_errors=options.retry_errors
    )
    withheld = None
    if job.ask_again:
        again = run(
            withheld_questions(job.questions),
            job.ask_again,
            out / WITHHELD,
            pace=options.pace,
            retry_errors=options.retry_errors,
            label="without evidence",
        )
        withheld = score_withheld(rows, again)
    failed = sum(row["status"] == ERROR for row in rows)
    if failed:
        print(
            f"{failed} of {len(rows)} questions failed: see `error` in {out / RESULTS}; "
            "--retry-errors asks them again",
            file=sys.stderr,
        )
    unjudged = sum(map(judge_failed, rows))
    if unjudged:
        print(
            f"the judge failed on {unjudged} answers: see `judged` in {out / RESULTS}; "
            "--retry-errors asks them again",
            file=sys.stderr,
        )
    if job.check:
        job.check()
    scores = score_rows(rows)
    write_json(out / METRICS, figures_json(scores) | (withheld_json(withheld) if withheld else {}))
    write_lines(
        out / SCORES,
        [
            {"id": str(row["id"]), "question": row["question"], "columns": columns}
            for row, columns in zip(rows, scores.rows, strict=True)
        ],
    )
    write_csv(out / TABLE, rows)
    write_report(
        out / REPORT,
        job.title,
        _facts(made_from, rows),
        rows,
        scores,
        withheld_table(withheld) if withheld else "",
    )
    folder.finish(made_from)
    return Outcome(scores, withheld)


def _judged_by(judge: ChatModel | None) -> dict[str, Any]:
    return {"judge": f"{judge.name}, prompt {PROMPT_VERSION}"} if judge else {}


def _asking_without(engine: Engine) -> Ask:
    sources = engine.sources()

    def ask(question: Question) -> dict[str, Any]:
        return asking(engine.withholding(question.quotations), sources)(question)

    return ask


def summary(outcome: Outcome, *, required: bool = True) -> str:
    """The figures of a run as text, beside the required values where there is evidence."""
    scores = outcome.scores
    evidence = "evidence_recall_1000" in scores.overall
    parts = [figures_table(scores.overall, required=required and evidence)]
    names = [name for name in TYPE_COLUMNS if name in scores.overall and name in BY_NAME]
    if scores.by_type and names:
        parts.append(groups_table(scores.by_type, names))
    if outcome.withheld:
        parts.append(withheld_table(outcome.withheld))
    return "\n\n".join(parts)


def _facts(made_from: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the report says under its title: plain values, and who answered."""
    facts = {
        name: str(value)
        for name, value in made_from.items()
        if isinstance(value, str | int) and name != "questions_sha256"
    }
    answered_by = sorted({row["model"] for row in rows if row.get("model")})
    return facts | ({"answers": ", ".join(answered_by)} if answered_by else {})


def _report_problems(path: Path, loaded: Loaded) -> None:
    for problem in loaded.problems:
        print(f"{path}, {problem}; left out", file=sys.stderr)
