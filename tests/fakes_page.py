"""A deterministic assistant for tests of what is shown, and the values that it gives."""

from __future__ import annotations

from collections.abc import Iterator

from rag.types import (
    Answer,
    Citation,
    Done,
    Event,
    Filter,
    History,
    Part,
    Passage,
    Remark,
    RemarkKind,
    Retrieved,
    Sentence,
    Span,
    Status,
    Support,
    Text,
    Timings,
)

FIRST = "二〇二三年公司实现营业收入 32,122 亿元，同比下降 3.2%。其中炼油板块毛利为 353 元/吨。"
SECOND = "年报称全年研发投入 112 亿元。另一处写作 118 亿元，口径包括资本化支出。"


def passage(rank: int, text: str, **changes: object) -> Passage:
    """A passage with plain values; `changes` replace its fields."""
    fields: dict[str, object] = {
        "rank": rank,
        "score": 1.0 / rank,
        "document_id": f"d{rank}",
        "document": f"reports/{rank}.txt",
        "title": f"年度报告之{rank}",
        "date": "2023-12-31",
        "date_inferred": rank % 2 == 0,
        "headings": ("第三节 管理层讨论", "一、经营情况"),
        "page": 12 if rank == 1 else None,
        "lines": (120, 124),
        "span": Span(100 * rank, 100 * rank + len(text)),
        "text": text,
        "lead": (),
        "parts": (Part("words", 12.5, rank), Part("vectors", 0.7, None)),
    }
    return Passage(**(fields | changes))  # type: ignore[arg-type]


def citation(of: Passage, quote: str) -> Citation:
    """The citation of `quote` in a passage that holds it."""
    start = of.span.start + of.text.index(quote)
    span = Span(start, start + len(quote))
    return Citation(
        n=of.rank,
        document=of.document,
        title=of.title,
        page=of.page,
        lines=of.lines,
        span=span,
        quote=quote,
        source=(span,),
    )


def answer(question: str = "营业收入是多少？") -> Answer:
    """An answer of three sentences: supported, partly supported, unsupported."""
    one, two = passage(1, FIRST), passage(2, SECOND, also=("mirror/2.txt",))
    sentences = (
        Sentence(
            "二〇二三年公司实现营业收入 32,122 亿元，同比下降 3.2%。",
            Support.SUPPORTED,
            None,
            (citation(one, FIRST.split("其中", maxsplit=1)[0]),),
        ),
        Sentence(
            "全年研发投入 118 亿元。",
            Support.PARTLY,
            Remark(RemarkKind.NUMBER, ("118 亿元",)),
            (citation(two, "年报称全年研发投入 112 亿元。"),),
        ),
        Sentence("研发人员逐年增加。", Support.UNSUPPORTED, Remark(RemarkKind.NOT_QUOTED), ()),
    )
    return Answer(
        question=question,
        status=Status.ANSWERED,
        text="".join(s.text + "".join(f"[{c.n}]" for c in s.citations) for s in sentences),
        short="32,122 亿元",
        sentences=sentences,
        passages=(one, two, passage(3, "第三段与问题关系不大。", title="会议纪要", date=None)),
        confidence=0.8,
        model="extractive",
        timings=Timings(5.0, 9.0),
    )


def refusal(question: str = "火星基地何时建成？") -> Answer:
    """A refusal with the nearest passages."""
    return Answer(
        question=question,
        status=Status.NO_EVIDENCE,
        text="资料中没有找到能够回答这个问题的依据。",
        short=None,
        sentences=(),
        passages=tuple(passage(n, f"最接近的第{n}段文字。") for n in range(1, 6)),
        confidence=0.05,
        model="extractive",
        timings=Timings(5.0, 1.0),
    )


class FakeAssistant:
    """Answers every question alike; one with 火星 in it is refused."""

    def search(
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]:
        return list(self.ask(question, where=where).passages[:k])

    def ask(self, question: str, *, where: Filter | None = None) -> Answer:
        none = "火星" in question or (where is not None and "火星" in where.tags)
        return refusal(question) if none else answer(question)

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        done = self.ask(question, where=where)
        yield Retrieved(done.passages, " ".join(asked for asked, _ in history))
        for sentence in done.sentences:
            half = len(sentence.text) // 2
            yield Text(sentence.text[:half])
            yield Text(sentence.text[half:])
            yield sentence
        yield Done(done)
