"""Results -> figures: the columns of each question, and the measures over many questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.metrics import answers, citations, refusals, retrieval
from eval.questions import Question, parse_question

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]
"""Column name -> (resamples, questions); NaN where the column is not defined for a question."""

ERROR = "error"
ANSWERED = "answered"
REFUSED = frozenset(("nearest", "no_evidence"))
RETRIEVED = "retrieved"


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure over many questions. `statistic` gives one value for each row of the columns,
    NaN where it is not defined. `higher_is_better` is None for what is merely counted."""

    name: str
    title: str
    higher_is_better: bool | None
    statistic: Callable[[Columns], Floats]


def mean(name: str) -> Callable[[Columns], Floats]:
    """Mean of a column over the questions for which it is defined."""

    def statistic(columns: Columns) -> Floats:
        values = columns[name]
        known = ~np.isnan(values)
        return _divide(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1))

    return statistic


def ratio(numerator: str, denominator: str) -> Callable[[Columns], Floats]:
    """Sum of one column by the sum of another: a share of sentences, not of questions."""

    def statistic(columns: Columns) -> Floats:
        return _divide(
            np.nansum(columns[numerator], axis=1), np.nansum(columns[denominator], axis=1)
        )

    return statistic


def _divide(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Floats:
    quotient: Floats = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    return quotient


def _f1_of_means(columns: Columns) -> Floats:
    precision = mean("evidence_precision")(columns)
    recall = mean("evidence_recall")(columns)
    total = precision + recall
    # Both means 0: F1 is 0; one undefined: undefined.
    return np.where(total > 0, _divide(2 * precision * recall, total), total)


def _between(separation: Callable[[Floats, Floats], float]) -> Callable[[Columns], Floats]:
    """How well confidence tells the answerable questions from the others."""

    def statistic(columns: Columns) -> Floats:
        confidence, known = columns["confidence"], columns["answerable"]
        rated = ~np.isnan(confidence)
        return np.array(
            [
                separation(c[r & (k == 1)], c[r & (k == 0)])
                for c, k, r in zip(confidence, known, rated, strict=True)
            ]
        )

    return statistic


def _calibration_error(columns: Columns) -> Floats:
    confidence, outcome = columns["confidence"], columns["holds_answer"]
    return refusals.calibration_errors(confidence, outcome)


def percentile(name: str, percent: float) -> Callable[[Columns], Floats]:
    """The percentile of a column, linear between neighbours."""

    def statistic(columns: Columns) -> Floats:
        values = np.sort(columns[name], axis=1)  # NaN last
        last = (~np.isnan(values)).sum(axis=1) - 1
        place = np.maximum(last, 0) * percent / 100
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(last, 0))
        row = np.arange(len(values))
        low, high = values[row, below], values[row, above]
        found: Floats = low + (high - low) * (place - below)
        return found

    return statistic


def _mean_of(name: str, title: str, higher: bool | None = True) -> Measure:
    return Measure(name, title, higher, mean(name))


MEASURES: tuple[Measure, ...] = (
    _mean_of("hit_at_1", "evidence in the first passage"),
    _mean_of("hit_at_5", "evidence in the first 5 passages"),
    _mean_of("recall_at_10", "recall@10"),
    _mean_of("ndcg_at_10", "nDCG@10"),
    _mean_of("mrr", "mean reciprocal rank"),
    _mean_of("evidence_recall_1000", "evidence recall@1000 characters"),
    _mean_of("evidence_recall_3000", "evidence recall@3000 characters"),
    _mean_of("answer_hit", "answer hit, all types"),
    _mean_of("answer_hit_short", "answer hit, number/date/entity"),
    _mean_of("answer_characters", "characters of an answer", None),
    _mean_of("refused_unanswerable", "unanswerable refused"),
    _mean_of("refused_answerable", "answerable refused", False),
    Measure("refusal_auroc", "refusal AUROC", True, _between(refusals.auroc)),
    Measure(
        "refused_unanswerable_at_7",
        "unanswerable refused where 7% of the answerable are",
        True,
        _between(refusals.refused_at),
    ),
    Measure("calibration_error", "expected calibration error", False, _calibration_error),
    _mean_of("em", "exact match"),
    _mean_of("f1", "character F1"),
    _mean_of("rouge_l", "ROUGE-L against the reference"),
    _mean_of("judge_right", "judged right by a chat model"),
    _mean_of("judge_partly", "judged partly right", None),
    _mean_of("judge_unreadable", "verdicts that could not be read", False),
    _mean_of("judge_errors", "answers that the judge failed on", False),
    _mean_of("sentence_right", "short answer's sentence right"),
    Measure("support", "sentences supported", True, ratio("supported", "sentences")),
    _mean_of("evidence_precision", "evidence precision"),
    _mean_of("evidence_recall", "evidence recall of the answer"),
    Measure("evidence_f1", "evidence F1", True, _f1_of_means),
    Measure("verbatim", "sentences verbatim", None, ratio("verbatim", "sentences")),
    Measure(
        "citations_exact",
        "citations that the file gives",
        True,
        ratio("citations_exact", "citations_checked"),
    ),
    Measure("latency_ms_p50", "latency, median (ms)", False, percentile("latency_ms", 50)),
    Measure("latency_ms_p95", "latency, 95th percentile (ms)", False, percentile("latency_ms", 95)),
    _mean_of("errors", "questions that failed", False),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def columns_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Everything that the measures need of one result; an undefined column is absent.

    A failed question counts as not found and not answered, but not as refused.
    """
    question = parse_question(dict(row), 0)
    failed = row["status"] == ERROR
    columns: dict[str, float] = {"errors": float(failed)}
    columns |= _retrieval_columns(question, row.get("passages", ()))
    if row["status"] != RETRIEVED:
        columns |= _answer_columns(question, row)
        columns |= _citation_columns(question, row)
    if not failed:
        columns |= _run_columns(question, row)
        columns |= _judge_columns(row.get("judged"))
    return columns


def _retrieval_columns(question: Question, passages: Sequence[Any]) -> dict[str, float]:
    if question.answerable is not True:
        return {"holds_answer": 0.0} if question.answerable is False else {}
    texts = [passage["text"] for passage in passages]
    documents = [passage["document"] for passage in passages]
    if question.quotations:
        ranks = retrieval.first_ranks(texts, question.quotations)
        columns = {
            "mrr": retrieval.reciprocal_rank(ranks),
            "evidence_recall_1000": retrieval.evidence_recall(texts, ranks, 1000),
            "evidence_recall_3000": retrieval.evidence_recall(texts, ranks, 3000),
        }
    elif question.relevant:
        gains = dict(question.relevant)
        relevant = [name for name, gain in question.relevant if gain > 0]
        ranks = retrieval.relevant_ranks(documents, relevant)
        first = retrieval.first_relevant_rank(ranks)
        columns = {
            "mrr": retrieval.reciprocal_rank([first]),
            "ndcg_at_10": retrieval.ndcg_at(documents, gains),
        }
    else:
        return {}
    return columns | {
        "hit_at_1": retrieval.hit_at(ranks, 1),
        "hit_at_5": retrieval.hit_at(ranks, 5),
        "recall_at_10": retrieval.recall_at(ranks, 10),
        "holds_answer": retrieval.hit_at(ranks, len(texts)),
    }


def _answer_columns(question: Question, row: Mapping[str, Any]) -> dict[str, float]:
    answered = row["status"] == ANSWERED
    text = row["text"] if answered else ""
    columns = {"answer_characters": float(answers.answer_characters(text))} if answered else {}
    if question.answerable and question.answers:
        hit = answers.answer_hit(text, question.answers, all_required=question.all_required)
        columns["answer_hit"] = hit
        if question.kind in answers.SHORT_TYPES:
            columns["answer_hit_short"] = hit
    # As in SQuAD 2, a question known to have no answer counts where its set asks for that.
    if (
        question.answers is not None
        and not question.all_required
        and (question.answers or question.fields.get("count_no_answer"))
    ):
        said = (row["short"] or text) if answered else ""
        columns["em"] = answers.exact_match(said, question.ways)
        columns["f1"] = answers.character_f1(said, question.ways)
        if question.answers:
            columns["sentence_right"] = answers.sentence_right(_short_quotes(row), question.ways)
    if question.answerable and question.reference and answered:
        columns["rouge_l"] = answers.rouge_l(text, question.reference)
    return columns


def _short_quotes(row: Mapping[str, Any]) -> list[str]:
    """Quotations of the sentence that holds the short answer, else of the first sentence."""
    sentences = row.get("sentences", ())
    short = row.get("short")
    holding = [i for i, sentence in enumerate(sentences) if short and short in sentence["text"]]
    place = holding[0] if holding else 0
    return [
        citation["quote"] for citation in row.get("citations", ()) if citation["sentence"] == place
    ]


def _citation_columns(question: Question, row: Mapping[str, Any]) -> dict[str, float]:
    refused = row["status"] in REFUSED
    quotes = [] if refused else [citation["quote"] for citation in row.get("citations", ())]
    columns: dict[str, float] = {}
    if question.quotations and question.answerable:
        columns["evidence_recall"] = citations.evidence_recall(quotes, question.quotations)
        if quotes:
            precision = citations.evidence_precision(quotes, question.quotations)
            columns["evidence_precision"] = precision
    own: dict[int, list[str]] = {}
    for citation in row.get("citations", ()):
        own.setdefault(citation["sentence"], []).append(citation["quote"])
    sentences = row.get("sentences", ())
    claims = [(i, s) for i, s in enumerate(sentences) if s["support"] != "none"]
    columns["sentences"] = float(len(claims))
    columns["supported"] = float(
        sum(sentence["support"] == "supported" and i in own for i, sentence in claims)
    )
    columns["verbatim"] = float(
        sum(citations.stands_verbatim(sentence["text"], own.get(i, ())) for i, sentence in claims)
    )
    return columns


def _run_columns(question: Question, row: Mapping[str, Any]) -> dict[str, float]:
    columns: dict[str, float] = dict(row.get("measured", {}))
    if row["status"] == RETRIEVED:
        return columns
    if row.get("confidence") is not None:
        columns["confidence"] = float(row["confidence"])
    if question.answerable is not None:
        columns["answerable"] = float(question.answerable)
        name = "refused_answerable" if question.answerable else "refused_unanswerable"
        columns[name] = float(row["status"] in REFUSED)
    return columns


def _judge_columns(judged: Mapping[str, str] | None) -> dict[str, float]:
    """A verdict counts among the verdicts that could be read; the others are counted apart."""
    if judged is None:
        return {}
    columns = {"judge_errors": float("error" in judged)}
    if "error" in judged:
        return columns
    verdict = judged["verdict"]
    columns["judge_unreadable"] = float(verdict == "unreadable")
    if verdict != "unreadable":
        columns["judge_right"] = float(verdict == "right")
        columns["judge_partly"] = float(verdict == "partly")
    return columns
