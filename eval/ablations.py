"""`python -m eval ablations`: what each group of features carries.

The answer side's models are asked again with the features of one group taken for unknown, and each
question is compared with what comes out with all of them: how many are lost without the group, how
many won, and how likely so uneven a count is by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.asks import Judged, judge
from eval.compare import mcnemar
from eval.engine import Engine
from eval.questions import Question, load_questions
from rag.answering.extract import Extraction, extract
from rag.answering.select import HOLDS, Row
from rag.assistant import Assistant
from rag.models.trees import AnswerModels, Floats, Trees, load_models
from rag.retrieval.search import Search
from rag.settings import Settings

GROUPS: Mapping[str, tuple[str, ...]] = {
    "words": (
        "covered", "covered_near", "own", "own_missing", "near", "near_missing", "wide",
        "wide_missing", "clause", "content_distance",
    ),
    "worth": ("worth",),
    "names": ("name_own", "name_near", "name_wide", "name_mean", "clause_name", "rivals"),
    "subject": ("subject_own", "subject_near", "subject_wide", "subject_rarity"),
    "spans of the sentence": HOLDS,
    "periods": ("period_own", "period_near", "clause_period"),
    "numbers of a row": ("ordinal_own", "ordinal_near", "clause_ordinal"),
    "attribute": (
        "attribute_own", "attribute_near", "attribute_wide", "clause_attribute",
        "lead_attribute", "distance", "compound",
    ),
    "reader": ("read", "has_answer", "mass", "edges"),
    "kind of span": ("fit", "sort_fits", "counted", "alike", "place", "bare", "characters"),
    "bounds": ("withheld", "superlative", "level", "rate"),
    "passage": ("rank", "score"),
}  # fmt: skip
"""Features by what they look at; those that end in `_lead` or `_any` belong to their stem."""
BESIDE_RIVALS = "beside rivals"
"""The group of all features that compare with the other sentences or spans."""
SETS = ("asks", "dev", "sample")


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions and the engine that they are asked of."""

    name: str
    questions: Sequence[Question]
    engine: Engine


@dataclass(frozen=True, slots=True)
class Loss:
    """What a measure loses on a set without a group: questions that are right with the group
    alone (`lost`) and without it alone (`won`), and McNemar's exact p."""

    set: str
    group: str
    measure: str
    lost: int
    won: int
    p: float


MEASURES: Mapping[str, Callable[[Judged], bool]] = {
    "answer_hit": lambda one: one.hit == 1,
    "not_misleading": lambda one: not one.misleading,
    "short_right": lambda one: one.short is True,
    "answered_rightly": lambda one: one.refused is not bool(one.question.answerable),
}


def belongs(name: str, group: str) -> bool:
    """Whether a feature is of a group.

    >>> belongs("own_lead", "words"), belongs("own_lead", BESIDE_RIVALS), belongs("mass", "words")
    (True, True, False)
    """
    if group == BESIDE_RIVALS:
        return name.endswith("_lead")
    return name.removesuffix("_lead").removesuffix("_any") in GROUPS[group]


@dataclass(frozen=True, slots=True)
class _Blind(Trees):
    """Trees that take the features of one group for unknown."""

    group: str = ""

    def log_odds(self, rows: Sequence[Row]) -> Floats:
        masked = [
            {name: math.nan if belongs(name, self.group) else row[name] for name in self.names}
            for row in rows
        ]
        return Trees.log_odds(self, masked)


def without(models: AnswerModels, group: str) -> AnswerModels:
    """The models with the features of a group taken for unknown."""

    def blind(trees: Trees) -> Trees:
        return _Blind(
            trees.names, trees.base, trees.feature, trees.threshold, trees.missing, trees.value,
            group,
        )  # fmt: skip

    return replace(models, sentence=blind(models.sentence), span=blind(models.span))


class _Assistant(Assistant):
    """An assistant with other models of the answer side."""

    def __init__(self, engine: Engine, models: AnswerModels) -> None:
        super().__init__(engine.index, engine.settings)
        self._models = models

    def _extract(self, searches: Sequence[Search], *, steps: bool = False) -> Extraction:  # noqa: ARG002
        """Of the whole question alone; its parts are answered by the models that ship."""
        return extract(searches, self.settings.answering, self._searching.reader, self._models)


def ablate(asked: Asked) -> list[Loss]:
    """What each group carries on a set of questions."""
    models = load_models()
    whole = _judged(asked, models)
    found = []
    for group in (*GROUPS, BESIDE_RIVALS):
        lacking = _judged(asked, without(models, group))
        for measure, right in MEASURES.items():
            pairs = [(right(a), right(b)) for a, b in zip(whole, lacking, strict=True)]
            lost, won = pairs.count((True, False)), pairs.count((False, True))
            found.append(Loss(asked.name, group, measure, lost, won, mcnemar(lost, won)))
    return found


def _judged(asked: Asked, models: AnswerModels) -> list[Judged]:
    assistant = _Assistant(asked.engine, models)
    found = []
    for question in asked.questions:
        answer = assistant.ask(question.text, question.history)
        found.append(judge(question, answer, ()))
    return found


def load_set(name: str, path: Path, settings: Settings, index: Path) -> Asked:
    """The questions of a file, those of corpus A where it tells corpora apart, and their index.

    Raises:
        EvaluationError, StoreError: the file or the index cannot be used.
    """
    engine = Engine.open(settings.model_copy(update={"index": index}))
    questions = [q for q in load_questions(path).questions if q.fields.get("corpus", "A") == "A"]
    return Asked(name, questions, engine)


def losses_json(found: Sequence[Loss]) -> list[dict[str, Any]]:
    """Rows `{set, group, measure, lost, won, p}`."""
    return [
        {"set": one.set, "group": one.group, "measure": one.measure, "lost": one.lost,
         "won": one.won, "p": one.p}
        for one in found
    ]  # fmt: skip


def losses_text(found: Sequence[Loss]) -> str:
    """A line for each set, group and measure."""
    lines = [f"{'set':8}{'without':20}{'measure':20}{'lost':>6}{'won':>6}{'p':>8}"]
    lines += [
        f"{one.set:8}{one.group:20}{one.measure:20}{one.lost:6}{one.won:6}{one.p:8.3f}"
        for one in found
    ]
    return "\n".join(lines)
