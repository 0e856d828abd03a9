"""`python -m eval asks`: natural questions, asked of one or two indexes; how often the answer is
right, and how often something wrong is shown as the answer.

The form of the questions and what counts are described in eval/README.md, Natural questions.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.engine import Engine
from eval.errors import EvaluationError
from eval.folder import METRICS, RESULTS, RunFolder, write_json, write_lines
from eval.metrics.answers import ALL_REQUIRED
from eval.metrics.folding import share_held
from eval.questions import Question, load_questions
from eval.run import digest
from rag.generation.prompts import likely
from rag.settings import Settings
from rag.text.normalize import simplify
from rag.types import Answer, Passage, Status

REQUIRED = ALL_REQUIRED | {"premise"}
"""Question types of which every listed answer is a required part (eval/README.md)."""
DEPTHS = (3, 8, 20)
"""Passages among which the evidence is looked for."""
FOUND = 0.6
"""Share of a quotation's 5-grams that a passage must hold (eval/README.md, Measures)."""
_SEPARATOR = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")
_DIGIT = re.compile(r"[0-9.]")


def normalise(text: str) -> str:
    """A text as it is compared: NFKC, simplified characters, lower case, white space and thousands
    separators out.

    >>> normalise("臺北 １,２３４ Ａ")
    '台北1234a'
    """
    folded = "".join(simplify(unicodedata.normalize("NFKC", text)).lower().split())
    return _SEPARATOR.sub("", folded)


def holds(text: str, wanted: str) -> bool:
    """Whether a normalised text holds one of the wordings `a|b` of an answer; a number only as a
    whole number: no digit or decimal point beside it.

    >>> holds("共120家", "20家"), holds("共120家", "120家|一百二十家")
    (False, True)
    """
    return any(_stands_in(normalise(wording), text) for wording in wanted.split("|"))


def _stands_in(wanted: str, text: str) -> bool:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        cut_before = wanted[0].isdigit() and _DIGIT.match(text[at - 1 : at])
        cut_after = wanted[-1].isdigit() and (
            text[end : end + 1].isdigit() or re.match(r"\.\d", text[end : end + 2])
        )
        if not cut_before and not cut_after:
            return True
        at = text.find(wanted, at + 1)
    return False


def share_of_answers(text: str, question: Question) -> float:
    """The share of the required parts that a text holds; for types of which one answer is enough
    1 or 0.

    Source: eval/README.md, Natural questions.
    """
    wanted = ["|".join(answer) for answer in question.answers or ()]
    flat = normalise(text)
    found = [holds(flat, one) for one in wanted]
    if question.kind in REQUIRED:
        return sum(found) / len(found) if found else 0.0
    return float(any(found))


@dataclass(frozen=True, slots=True)
class Judged:
    """What came out for a question. `short` is True where the short answer holds a listed answer,
    False where it does not, None where none is shown; `said_wrong` tells that it holds one of the
    tempting wrong answers. `evidence` are the shares of its quotations among the first `DEPTHS`
    passages and among those that a chat model is given, empty for questions without evidence."""

    question: Question
    refused: bool
    hit: float
    short: bool | None
    said_wrong: bool
    evidence: tuple[float, ...]

    @property
    def misleading(self) -> bool:
        """Whether something wrong is shown as the answer, or anything to a question without one."""
        if self.question.answerable:
            return self.short is False
        return self.short is not None

    @property
    def unfounded(self) -> bool:
        """Whether something is put forward as an answer that holds nothing of one: quotations count
        as well as a short answer."""
        return not self.refused and self.hit == 0


def judge(question: Question, answer: Answer, passages: Sequence[Passage]) -> Judged:
    """Compares an answer with what is known of its question."""
    refused = answer.status is not Status.ANSWERED
    flat = normalise(answer.short or "")
    right = any(holds(flat, "|".join(one)) for one in question.answers or ())
    wrong = any(holds(flat, one) for one in question.fields.get("wrong") or ())
    return Judged(
        question,
        refused,
        0.0 if refused else share_of_answers(answer.text, question),
        None if answer.short is None else right,
        answer.short is not None and wrong and not right,
        tuple(
            _evidence(question, given)
            for given in (*(passages[:depth] for depth in DEPTHS), likely(passages))
        )
        if question.answerable and question.quotations
        else (),
    )


def _evidence(question: Question, passages: Sequence[Passage]) -> float:
    """The share of the question's quotations that one of the passages holds."""
    found = [
        any(share_held(passage.text, quote) >= FOUND for passage in passages)
        for quote in question.quotations
    ]
    return sum(found) / len(found)


def measures(judged: Sequence[Judged]) -> dict[str, float]:
    """The figures over some questions; one without data is left out."""
    with_answer = [one for one in judged if one.question.answerable]
    without = [one for one in judged if not one.question.answerable]
    having = [one for one in with_answer if one.question.fields.get("short")]
    shown = [one for one in with_answer if one.short is not None]
    columns: dict[str, Iterable[float]] = {
        "answer_hit": (one.hit for one in with_answer),
        "full_hit": (float(one.hit == 1) for one in with_answer),
        "short_right": (float(one.short is True) for one in with_answer),
        "short_wrong": (float(one.short is False) for one in with_answer),
        "short_precision": (float(one.short is True) for one in shown),
        "short_shown": (float(one.short is not None) for one in having),
        "misleading": (float(one.misleading) for one in judged),
        "unfounded": (float(one.unfounded) for one in judged),
        "wrong_said": (float(one.said_wrong) for one in judged),
        "refused_unanswerable": (float(one.refused) for one in without),
        "refused_answerable": (float(one.refused) for one in with_answer),
    }
    found = [one.evidence for one in judged if one.evidence]
    for depth, column in zip((*DEPTHS, "prompted"), zip(*found, strict=True), strict=False):
        columns[f"evidence_{depth}"] = column
    values = {name: list(column) for name, column in columns.items()}
    return {name: float(np.mean(column)) for name, column in values.items() if column}


def run_asks(
    path: Path, settings: Settings, indexes: Mapping[str, Path], out: Path, *, force: bool = False
) -> dict[str, Any]:
    """Asks the questions of a file, each of the index of its `corpus` (A or B), and writes
    `results.jsonl` and `metrics.json`. Questions of a corpus without an index are left out, which
    is said. Returns the metrics.

    Raises:
        EvaluationError: no question is left, or the folder holds another run.
        StoreError: an index cannot be opened.
    """
    engines = {
        name: Engine.open(settings.model_copy(update={"index": folder}))
        for name, folder in indexes.items()
    }
    questions = [
        question
        for question in load_questions(path).questions
        if question.fields.get("corpus", "A") in engines
    ]
    if not questions:
        raise EvaluationError(f"{path} holds no question for the corpora {', '.join(indexes)}")
    folder = RunFolder(out)
    made_from = {"questions_sha256": digest(path)} | {
        f"index_{name}": engine.made_from() for name, engine in engines.items()
    }
    folder.begin(made_from, force=force)
    rows, judged = [], []
    for question in questions:
        engine = engines[question.fields.get("corpus", "A")]
        answer = engine.assistant.ask(question.text, question.history)
        judged.append(judge(question, answer, answer.passages))
        rows.append(_row(question, answer, judged[-1]))
    metrics: dict[str, Any] = {"questions": len(judged), **measures(judged)}
    metrics["by_style"] = _grouped(judged, "style")
    metrics["by_corpus"] = _grouped(judged, "corpus")
    write_lines(out / RESULTS, rows)
    write_json(out / METRICS, metrics)
    folder.finish(made_from)
    return metrics


def _row(question: Question, answer: Answer, judged: Judged) -> dict[str, Any]:
    return {
        "id": question.id,
        "style": question.fields.get("style"),
        "question": question.text,
        "status": answer.status.value,
        "text": answer.text,
        "short": answer.short,
        "missing": answer.missing,
        "confidence": answer.confidence,
        "searched": answer.searched,
        "hit": judged.hit,
        "misleading": judged.misleading,
    }


def _grouped(judged: Sequence[Judged], field: str) -> dict[str, dict[str, float]]:
    names = Counter(str(one.question.fields.get(field)) for one in judged)
    return {
        name: {
            "questions": float(count),
            **measures([one for one in judged if str(one.question.fields.get(field)) == name]),
        }
        for name, count in names.most_common()
    }


def print_asks(metrics: Mapping[str, Any]) -> None:
    """The figures, then a line for each style."""
    for name, value in metrics.items():
        if isinstance(value, int | float):
            print(f"{name:24}{value:8.3f}" if isinstance(value, float) else f"{name:24}{value:8}")
    print(f"\n{'style':18}{'n':>4}{'hit':>7}{'full':>7}{'refused':>9}{'mislead':>9}")
    for style, own in metrics["by_style"].items():
        refused = own.get("refused_answerable", own.get("refused_unanswerable", 0.0))
        print(
            f"{style:18}{own['questions']:4.0f}{own.get('answer_hit', 0):7.2f}"
            f"{own.get('full_hit', 0):7.2f}{refused:9.2f}{own['misleading']:9.2f}"
        )
    sys.stdout.flush()
