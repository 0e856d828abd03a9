"""The question side as a whole: events, markers, threads, updates."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from langchain_core.language_models import FakeListChatModel
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, NoOpTracer, SpanContext, get_current_span

from rag import Answer, Assistant, Index, Settings
from rag.errors import (
    GenerationError,
    GenerationTimeout,
    QuestionError,
    StoreError,
    StoreMismatch,
)
from rag.models.encoder import Float32
from rag.settings import Chat
from rag.types import (
    Done,
    Event,
    Passage,
    Retrieved,
    Sentence,
    Status,
    Support,
    Text,
    Timings,
)
from rag.wire import answer_json
from tests.fakes import CharacterEncoder


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("assistant")
    for n in range(6):
        (folder / f"第{n}号.txt").write_text(
            f"第{n}号码头\n\n第{n}号码头长{n}30米，建于19{n}5年。码头上有{n}台吊机。\n",
            encoding="utf-8",
        )
    return Assistant(Index.build([folder], folder / "index", Settings()))


def test_events_come_in_order_and_agree_with_the_answer(assistant: Assistant) -> None:
    events = list(assistant.stream("第3号码头建于哪一年？"))
    assert isinstance(events[0], Retrieved) and isinstance(events[-1], Done)
    answer = events[-1].answer
    assert events[0].passages == answer.passages
    pieces: list[str] = []
    sentences: list[Sentence] = []
    for event in events[1:-1]:
        if isinstance(event, Text):
            pieces.append(event.piece)
        else:
            assert isinstance(event, Sentence)
            assert "".join(pieces) == event.text
            pieces, sentences = [], [*sentences, event]
    assert tuple(sentences) == answer.sentences
    assert answer.text == "".join(f"{s.text}[{s.citations[0].n}]" for s in sentences)
    assert "1935年" in answer.text and answer.short in (None, "1935年")


def test_a_refusal_is_text_too(assistant: Assistant) -> None:
    events = list(assistant.stream("鳄梨潜艇"))
    answer = events[-1].answer if isinstance(events[-1], Done) else None
    assert answer is not None and answer.status is Status.NO_EVIDENCE
    assert events[1] == Text(answer.text)


def test_refusals_speak_the_language_of_the_question(assistant: Assistant) -> None:
    assert (
        assistant.ask("zebra?").text == "The documents hold no evidence that answers this question."
    )


def test_bad_questions(assistant: Assistant) -> None:
    for ask in (assistant.ask, assistant.search, lambda q: list(assistant.stream(q))):
        with pytest.raises(QuestionError):
            ask(" ")


def test_threads_get_the_answers_of_one(assistant: Assistant) -> None:
    questions = [f"第{n}号码头有几台吊机？" for n in range(6)] * 4
    alone = [assistant.ask(question).text for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = [answer.text for answer in pool.map(assistant.ask, questions)]
    assert together == alone


def test_an_update_is_seen_and_old_text_is_not_cited(tmp_path: Path) -> None:
    file = tmp_path / "in" / "票价.txt"
    file.parent.mkdir()
    file.write_text("渡轮票价\n\n渡轮的单程票价为4元。\n", encoding="utf-8")
    index = Index.build([file.parent], tmp_path / "index", Settings())
    assistant = Assistant(index)
    assert assistant.ask("单程票价是多少？").short == "4元"
    file.write_text("渡轮票价\n\n从今年起，渡轮的单程票价为5元。\n", encoding="utf-8")
    index.update([file.parent])
    answer = assistant.ask("单程票价是多少？")
    assert answer.short == "5元"
    assert answer.sentences[0].citations[0].quote in index.document("票价.txt").text


def test_a_question_that_is_none_is_said(assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match="NoneType"):
        assistant.ask(None)  # type: ignore[arg-type]
    for k in (0, -1, 1001):
        with pytest.raises(QuestionError, match="1 to 1000"):
            assistant.search("码头", k)


def _told(answer: Answer) -> Answer:
    """An answer without what the clock says."""
    return replace(answer, timings=Timings(0, 0))


def test_the_asynchronous_twins_give_the_same_and_let_the_loop_go_on(assistant: Assistant) -> None:
    questions = [f"第{n}号码头建于哪一年？" for n in range(6)]

    async def run() -> tuple[list[Answer], int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        answers = await asyncio.gather(*map(assistant.aask, questions))
        counting.cancel()
        return answers, turns

    answers, turns = asyncio.run(run())
    assert list(map(_told, answers)) == [_told(assistant.ask(one)) for one in questions]
    assert turns > 20  # a loop that was blocked would have had as many turns as there are events

    async def others() -> tuple[list[Event], list[Passage]]:
        return (
            [event async for event in assistant.astream(questions[0])],
            await assistant.asearch(questions[0], 3),
        )

    events, passages = asyncio.run(others())
    expected = list(assistant.stream(questions[0]))
    assert events[:-1] == expected[:-1] and isinstance(events[-1], Done)
    assert passages == assistant.search(questions[0], 3)
    with pytest.raises(QuestionError, match="empty"):
        asyncio.run(assistant.aask(" "))


class _Slow:
    """An answerer that waits to be told to go on, and knows when nobody listens any more."""

    name = "slow"

    def __init__(self) -> None:
        self.begun, self.on, self.said = threading.Event(), threading.Event(), 0

    def stream(self, *_: object) -> Iterator[str]:
        while self.said < 100:
            self.said += 1
            yield "码头很长。"
            self.begun.set()
            self.on.wait(300)
            time.sleep(0.02)


def test_to_cancel_ends_the_answer(assistant: Assistant) -> None:
    slow = _Slow()
    asking = Assistant(assistant.index, assistant.settings, answerer=slow)

    async def run() -> None:
        task = asyncio.create_task(asking.aask("第3号码头建于哪一年？"))
        await asyncio.to_thread(slow.begun.wait, 300)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    slow.on.set()
    for thread in threading.enumerate():
        if thread.name == "answerer":
            thread.join(300)
    assert slow.said < 100


class _Backwards:
    """A reranker by which the last number is best."""

    name = "backwards"

    def scores(self, question: str, passages: Sequence[str]) -> Float32:  # noqa: ARG002
        return np.array([int(text[text.index("号") - 1]) / 10 for text in passages], np.float32)


def test_objects_of_a_program_take_the_place_of_named_models(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text(f"第{n}号码头长{n}30米。\n", encoding="utf-8")
    own = CharacterEncoder()
    Index.build([tmp_path], tmp_path / "index", Settings(), encoder=own).close()
    with Index.open(tmp_path / "index", Settings()) as index:
        with pytest.raises(StoreMismatch):
            Assistant(index).search("码头")  # the built-in encoder did not make these vectors
        with pytest.raises(StoreMismatch):
            Assistant(index, encoder=CharacterEncoder(name="others"))
        assistant = Assistant(index, encoder=own, reranker=_Backwards())
        assert [one.document for one in assistant.search("码头有多长", 2)] == ["3.txt", "2.txt"]


def test_an_answerer_of_a_program_writes_and_is_checked(assistant: Assistant) -> None:
    model = FakeListChatModel(responses=["第3号码头建于1935年。[1]第3号码头建于1936年。[1]"])
    answer = Assistant(assistant.index, assistant.settings, answerer=model).ask(
        "第3号码头建于哪一年？"
    )
    assert answer.model == "FakeListChatModel"
    assert [s.support for s in answer.sentences] == [Support.SUPPORTED, Support.UNSUPPORTED]

    class Failing:
        name = "own"

        def stream(self, *_: object) -> Iterator[str]:
            raise ValueError("out of order")

    with pytest.raises(GenerationError, match=r"own .*ValueError: out of order"):
        Assistant(assistant.index, assistant.settings, answerer=Failing()).ask("第3号码头")
    chat = Chat(timeout_seconds=0.3)
    slow = Assistant(assistant.index, Settings(chat=chat), answerer=_Slow())
    with pytest.raises(GenerationTimeout, match="slow"):
        slow.ask("第3号码头建于哪一年？")


def test_a_closed_index_says_so_and_can_be_opened_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("码头长30米。\n", encoding="utf-8")
    with Index.build([tmp_path / "a.txt"], tmp_path / "index", Settings()) as index:
        pinned = index.pinned()
    with pytest.raises(StoreError, match="closed"):
        Assistant(index).ask("码头有多长？")
    assert pinned.count == 1  # an answer that is under way ends well
    index.reopen()
    assert "30米" in Assistant(index).ask("码头有多长？").text


def test_a_question_is_one_line_of_the_log_without_its_words(
    assistant: Assistant, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "rag"):
        assistant.ask("第3号码头建于哪一年？")
        assistant.search("第3号码头")
    first, second = [one.getMessage() for one in caplog.records]
    assert re.fullmatch(
        r"answered by extractive, \d+ passages: plan [\d.]+ ms, retrieve [\d.]+ ms, "
        r"verify [\d.]+ ms, answer [\d.]+ ms",
        first,
    )
    assert re.fullmatch(r"searched, \d+ passages: plan [\d.]+ ms, retrieve [\d.]+ ms", second)
    root = logging.getLogger("rag")
    assert [type(one) for one in root.handlers] == [logging.NullHandler] and root.level == 0


def test_an_answer_as_json_and_as_markdown(assistant: Assistant) -> None:
    answer = assistant.ask("第3号码头建于哪一年？")
    assert answer.to_dict() == answer_json(answer)
    assert json.loads(json.dumps(answer.to_dict()))["status"] == "answered"
    text = answer.to_markdown("en")
    first, *_, source = text.strip().split("\n")
    assert "1935年" in first and f"[{answer.sentences[0].citations[0].n}]" in first
    assert source.startswith("- [") and "第3号.txt, " in source and "1935年" in source
    near = assistant.ask("鳄梨潜艇码头").to_markdown()
    assert "最接近" in near or "来源" in near


class _Span(NonRecordingSpan):
    """A span that notes its attributes and when it ends."""

    def __init__(self, number: int) -> None:
        super().__init__(SpanContext(1, number, is_remote=False))
        self.attributes: dict[str, object] = {}
        self.ended = 0

    def set_attribute(self, key: str, value: object) -> None:
        self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        self.attributes |= attributes

    def end(self, end_time: int | None = None) -> None:
        self.ended = end_time or 0


class _Tracer(NoOpTracer):
    """Keeps the spans that are started: name, parent's number, start, span."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, int, int, _Span]] = []

    def start_span(  # type: ignore[override]
        self, name: str, context: Context | None = None, start_time: int = 0, **_: object
    ) -> _Span:
        span = _Span(len(self.spans) + 1)
        parent = get_current_span(context).get_span_context().span_id
        self.spans.append((name, parent, start_time, span))
        return span


def test_a_program_that_traces_gets_the_stages(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = _Tracer()
    monkeypatch.setattr("opentelemetry.trace.get_tracer", lambda _: tracer)
    assistant.ask("第3号码头建于哪一年？")
    whole, *stages = tracer.spans
    assert (whole[0], whole[1]) == ("wenju", 0)
    assert [(name, parent) for name, parent, _, _ in stages] == [
        ("wenju.plan", 1), ("wenju.retrieve", 1), ("wenju.answer", 1),
    ]  # fmt: skip
    ends = [span.ended for _, _, _, span in stages]
    assert [start for _, _, start, _ in stages] == [whole[2], *ends[:-1]]
    assert ends == sorted(ends) and whole[3].ended == ends[-1] > whole[2]
    assert whole[3].attributes["wenju.outcome"] == "answered by extractive"
