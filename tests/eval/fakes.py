"""A small, deterministic system to be measured: passages ranked by shared characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.asking import Sources
from eval.metrics.retrieval import finds
from rag.errors import QuestionError
from rag.types import Answer, Citation, Passage, Sentence, Span, Status, Support, Timings

REFUSAL = "资料中没有依据。"


class FakeAssistant:
    """Ranks passages by the question's characters that they hold; answers with the first
    passage when it holds at least `threshold` of them."""

    def __init__(self, passages: Mapping[str, str], k: int = 3, threshold: float = 0.5) -> None:
        self._passages = passages
        self._k = k
        self._threshold = threshold
        self.asked: list[str] = []

    def search(self, question: str, k: int | None = None) -> list[Passage]:
        wanted = set(question) - set("？")
        scored = sorted(
            (
                (len(wanted & set(text)) / len(wanted), name)
                for name, text in self._passages.items()
            ),
            key=lambda pair: (-pair[0], pair[1]),
        )
        return [
            self._passage(rank, score, name)
            for rank, (score, name) in enumerate(scored[: k or self._k], 1)
        ]

    def ask(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Answer:
        self.asked.append("".join([*(turn for turn, _ in history), question]))
        if "坏" in question:
            raise QuestionError("the question is bad")
        if "虫" in question:
            raise ZeroDivisionError("a bug")
        passages = self.search(question)
        best = passages[0]
        refused = best.score < self._threshold
        citation = Citation(
            1, best.document, "", None, None, best.span, best.text, (Span(1, 1 + len(best.text)),)
        )
        return Answer(
            question=question,
            status=Status.NO_EVIDENCE if refused else Status.ANSWERED,
            text=REFUSAL if refused else best.text + "[1]",
            short=None,
            sentences=()
            if refused
            else (Sentence(best.text, Support.SUPPORTED, None, (citation,)),),
            passages=tuple(passages),
            confidence=best.score,
            model="extractive",
            timings=Timings(1.0, 2.0),
        )

    def _passage(self, rank: int, score: float, name: str) -> Passage:
        text = self._passages[name]
        return Passage(
            rank, score, name, name, name, None, False, (), None, None, Span(0, len(text)), text, ()
        )


@dataclass
class FakeEngine:
    """The engine around a `FakeAssistant`. The decoded file is a space and the passage."""

    passages: Mapping[str, str]
    generation: int = 1
    now: int = 1
    assistant: FakeAssistant = field(init=False)

    def __post_init__(self) -> None:
        self.assistant = FakeAssistant(self.passages)

    def sources(self) -> Sources:
        return lambda name: " " + self.passages[name]

    def withholding(self, quotations: Sequence[str]) -> FakeAssistant:
        return FakeAssistant(
            {
                name: text
                for name, text in self.passages.items()
                if not any(finds(text, quote) for quote in quotations)
            }
        )

    def made_from(self) -> dict[str, Any]:
        return {"generation": self.generation}

    def check_unchanged(self) -> None:
        from eval.errors import EvaluationError

        if self.now != self.generation:
            raise EvaluationError(f"the index changed: {self.generation}, {self.now} now")
