"""The question side of Wenju, composed: search, ask, stream; for event loops, too.

`logging.getLogger("rag.assistant")` gets a line at DEBUG for each question, with the milliseconds
of each stage and no word of question or documents. A program that has loaded OpenTelemetry gets the
same as a span, `wenju`, with one in it for each stage.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from rag.answering.catalogued import Catalogued, answer
from rag.answering.compute import derive
from rag.answering.document_questions import recognise
from rag.answering.extract import Extraction, each
from rag.answering.operations import Computation, computation
from rag.answering.verify import verify
from rag.errors import GenerationError, QuestionError
from rag.generation.chat_model import ChatModel, GivenModel, ReplyModel
from rag.generation.prompts import GivenFact, load_prompts, refusal_of
from rag.generation.write import Check, WritingTask, Written, divide, rewrite, write
from rag.i18n import said, say
from rag.index.protocol import Encoder, SearchIndex
from rag.models.encoder import Reranker, load_reranker
from rag.models.reader import load_reader
from rag.retrieval.decomposition import bridge, name_for
from rag.retrieval.english import is_english
from rag.retrieval.followup import reply_to, standalone
from rag.retrieval.query import MAX_QUESTION_CHARACTERS, Query, parse_query, with_mark
from rag.retrieval.search import Search, SearchModels, find, plan, relevance
from rag.settings import MAX_K, Settings
from rag.text.normalize import mended, squeeze
from rag.text.segment import dictionary
from rag.types import (
    Answer,
    Claim,
    Computed,
    Document,
    Done,
    Event,
    Filter,
    History,
    Passage,
    Remark,
    RemarkKind,
    Retrieved,
    Sentence,
    Status,
    Support,
    Text,
    Timings,
)
from rag.wire import marked_text

if TYPE_CHECKING:
    from rag.generation.chat_model import AnyAnswerer

EXTRACTIVE = "extractive"
DOCUMENTS_KEPT = 16
logger = logging.getLogger(__name__)
# Silent until the program sets handlers. Not in `rag` itself: its import would take twice as long.
logging.getLogger("rag").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said to a question and by whom."""

    sentences: tuple[Sentence, ...]
    model: str
    remarks: tuple[Remark, ...] = ()
    prompted: tuple[int, ...] = ()
    computed: Computed | None = None
    missing: str | None = None


class Assistant:
    """Answers questions from an index, with the chat model of the settings or, where none is
    set, with sentences of the documents. Safe to use from several threads; it keeps nothing of
    one question for the next.

    A program that has models of its own brings them along: `encoder`, the one that made the index's
    vectors; `reranker` and `answerer`, each in the place of the one that the settings name. An
    answerer may be a chat model of LangChain.

    Raises:
        SettingsError: the file of prompts cannot be used.
        StoreMismatch: `encoder` did not make the index's vectors.
    """

    def __init__(
        self,
        index: SearchIndex,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        reranker: Reranker | None = None,
        answerer: AnyAnswerer | None = None,
    ) -> None:
        self.index = index
        self.settings = settings or index.settings
        self._encoder, self._reranker, self._answerer = encoder, reranker, answerer
        if encoder is not None:
            index.encoded_by(encoder)
        self._prompts = load_prompts(self.settings.chat.prompts)
        self._documents: dict[tuple[int, str], Document] = {}

    def prepare(self) -> None:
        """Loads in the background what the first answer needs, so that it does not wait for it."""
        threading.Thread(target=dictionary, daemon=True).start()
        if self._model is not None:
            self._model.prepare()

    def search(
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]:
        """The `k` passages (by default `retrieval.k`) nearest to a question, best first; with
        `where` of the documents that fit alone.

        Raises:
            QuestionError: the question is empty or too long, `k` is not from 1 to `MAX_K`.
        """
        if k is not None and not 1 <= k <= MAX_K:
            raise QuestionError(say("question.k", k=k, limit=MAX_K))
        stages = _Stages()
        query = parse_query(question)
        index = self._pinned(where)
        options = self.settings.retrieval
        queries = plan(query, index)
        stages.end("plan")
        passages, _ = find(queries, index, options, k or options.k, self._searching)
        stages.end("retrieve")
        stages.log("searched", len(passages))
        return list(passages)

    def relevance(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers a question, in [0, 1], in their order; the texts need not be
        the index's. See `rag.retrieval.search.relevance`.

        Raises:
            QuestionError: the question is empty or too long.
        """
        return relevance(question, texts, self._pinned(None), self._searching)

    async def asearch(
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]:
        """As `search`, in a thread: the event loop goes on."""
        found: list[Passage] = []
        async with aclosing(in_thread(lambda: iter(self.search(question, k, where)))) as passages:
            async for passage in passages:
                found.append(passage)
        return found

    async def aask(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Answer:
        """As `ask`, in a thread: the event loop goes on. To cancel it ends the answer."""
        async with aclosing(self.astream(question, history, where)) as events:
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
        raise AssertionError("a stream ends with Done")

    def astream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> AsyncGenerator[Event, None]:
        """As `stream`, in a thread: the event loop goes on. Closing it ends the answer."""
        return in_thread(lambda: self.stream(question, history, where))

    def _pinned(self, where: Filter | None) -> SearchIndex:
        """The index at one generation for a whole answer."""
        index = self.index.pinned()
        if self._encoder is not None:
            index = index.encoded_by(self._encoder)
        return index if where is None else index.restricted(where)

    def ask(self, question: str, history: History = (), where: Filter | None = None) -> Answer:
        """The answer to a question, with the quotations that it rests on.

        Raises: as `stream`.
        """
        for event in self.stream(question, history, where):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        """The answer as it comes about: `Retrieved`, then for each sentence its `Text` and the
        checked `Sentence`, then `Done`. Empty pieces of `Text` say that a chat model is being
        waited for; closing the iterator ends the request to it.

        A follow-up ("那2021年呢？") is searched for with what `history` adds to it. Where the chat
        model fails after a part of its answer was given, and the extractive answer takes its
        place, `Done` holds the latter alone. With `where` only documents that fit are looked at. A
        greeting or thanks gets a reply with the status `NO_EVIDENCE` and no passages.

        Raises:
            QuestionError: the question is empty or too long (at the first event).
            GenerationError: the chat model failed, and `chat.fallback` is not set.
            SettingsError, ModelUnavailable: the chat model cannot be used.
        """
        asked = parse_query(question)
        history = tuple((mended(earlier), mended(said)) for earlier, said in history)
        reply = reply_to(asked.text)
        if reply is not None:
            yield from _replied(question.strip(), reply)
            return
        stages = _Stages()
        query = yield from self._standalone(asked, history)
        index = self._pinned(where)
        about = self._about_documents(query, index, where)
        asked_for = None if about else computation(query.text)
        steps = () if about or asked_for else self._steps(query, index)
        if asked_for is not None:
            queries = (query, *(parse_query(part.question) for part in asked_for.parts))
        else:
            queries = steps or (yield from self._planned(query, index))
        options = self.settings.retrieval
        stages.end("plan")
        passages, searches = find(queries, index, options, options.k, self._searching, lists=True)
        if about is not None:
            passages = _after(about.passages, passages)
        stages.end("retrieve")
        shown = steps[::-1] or queries[1:] or queries
        searched = "；".join(q.text for q in shown if q is not asked)
        yield Retrieved(passages, searched)
        if about is not None:
            extracted = about.extraction
        elif asked_for is not None:
            extracted = cache(partial(self._derive, asked_for, searches))
        else:
            extracted = cache(partial(self._extract, searches, steps=bool(steps)))
        source = partial(self._document, index)

        def check(claim: Claim) -> Sentence:
            with stages.within("verify"):
                return verify(claim, passages=passages, source=source)

        model = self._model if about is None or about.extracted else None
        said = yield from self._say(query, passages, extracted, check, model)
        extraction = extracted()
        stages.end("answer")
        answer = _answer(question.strip(), said, passages, extraction, stages.timings)
        stages.log(f"{answer.status.value} by {answer.model}", len(passages))
        yield Done(replace(answer, searched=searched))

    def _about_documents(
        self, query: Query, index: SearchIndex, where: Filter | None
    ) -> Catalogued | None:
        """The answer of the catalog, where the question is about the documents themselves."""
        source = partial(self._document, index)
        return answer(recognise(query.text), index, source, where)

    def _extract(self, searches: Sequence[Search], *, steps: bool = False) -> Extraction:
        return each(searches, self.settings.answering, self._searching.reader, steps=steps)

    def _derive(self, asked: Computation, searches: Sequence[Search]) -> Extraction:
        return derive(asked, searches, self.settings.answering, self._searching.reader)

    @property
    def _searching(self) -> SearchModels:
        options, named = self.settings.answering, self.settings.retrieval.reranker
        reader = load_reader(options.reader_model) if options.reader else None
        return SearchModels(reader, self._reranker or (load_reranker(named) if named else None))

    def _steps(self, query: Query, index: SearchIndex) -> tuple[Query, ...]:
        """For a question of which one part asks for the name that the other is about: that other
        part with the name, which is asked for now, and the first; empty for any other, and where
        the name is not found."""
        found = bridge(query.text)
        if found is None:
            return ()
        first = parse_query(found.first)
        options = self.settings.retrieval
        _, searches = find((first,), index, options, options.k, self._searching)
        said = self._extract(searches)
        if said.confidence < self.settings.answering.min_confidence:
            return ()
        name = name_for(found, said.short, [claim.text for claim in said.claims])
        return () if name is None else (parse_query(found.then(name)), first)

    def _planned(
        self, query: Query, index: SearchIndex
    ) -> Generator[Event, None, tuple[Query, ...]]:
        """What is searched for: by rule and, for what is hard or not Chinese, by the model where
        there is one."""
        queries = plan(query, index)
        if self._model is None or queries == (query,):
            return queries
        try:
            texts = yield from divide(self._model, self._prompts, query.text)
        except GenerationError:
            return queries  # the model's error shows when it is to answer
        first = queries[0] if is_english(query.text) else query
        return (first, *map(parse_query, texts)) if texts else queries

    def _standalone(self, asked: Query, history: History) -> Generator[Event, None, Query]:
        """The question with what earlier turns add to it: by the model where there is one, else by
        rule."""
        if not history:
            return asked
        text = None
        if self._model is not None:
            try:
                text = yield from rewrite(self._model, self._prompts, asked.text, history)
            except GenerationError:
                text = None  # the rule does; the model's error shows when it is to answer
        text = text or standalone(asked.text, history)
        same = with_mark(text) == asked.text or len(text) > MAX_QUESTION_CHARACTERS
        return asked if same else parse_query(text)

    def _say(
        self,
        query: Query,
        passages: tuple[Passage, ...],
        extracted: Callable[[], Extraction],
        check: Check,
        model: ReplyModel | None,
    ) -> Generator[Event, None, _Said]:
        """What is said to a question, by `model` or, where there is none, in the sentences of the
        documents."""
        remarks: tuple[Remark, ...] = ()
        if model is not None and passages:
            try:
                read = extracted()
                facts = self._facts(read, check)
                task = WritingTask(query.text, passages, read.remarks, facts)
                written: Written = yield from write(model, self._prompts, task, check)
                if written.withheld:
                    remarks = (Remark(RemarkKind.WITHHELD, (str(written.withheld),)),)
                return _Said(written.sentences, model.name, remarks, written.prompted)
            except GenerationError as error:
                if not self.settings.chat.fallback:
                    raise
                remarks = (Remark(RemarkKind.EXTRACT_INSTEAD, (said(error),)),)
        extraction = extracted()
        sentences: list[Sentence] = []
        computed = None
        nearest = extraction.confidence < self.settings.answering.min_confidence
        if not nearest or extraction.missing is not None:
            result = _computed(extraction, check)
            if result is not None and extraction.derived is not None:
                computed = extraction.derived.computed
                yield Text(result.text)
                sentences.append(result)
                yield result
            for claim in extraction.claims:
                yield Text(claim.text)
                sentence = check(claim) if claim.cited else _unclaimed(claim)
                sentences.append(sentence)
                yield sentence
        if not sentences:
            yield Text(refusal_of(query.text))
        missing = None
        if nearest and sentences and extraction.missing is not None:
            missing = extraction.missing.text(query.text)
        return _Said(tuple(sentences), EXTRACTIVE, remarks, computed=computed, missing=missing)

    def _facts(self, extraction: Extraction, check: Check) -> tuple[GivenFact, ...]:
        """What goes along to a chat model as read or computed: a result whose operands are quoted,
        or the cell of a table whose labels hold all that is asked, with its row."""
        computed = _computed(extraction, check)
        if computed is not None:
            ranks = dict.fromkeys(citation.n for citation in computed.citations)
            return (GivenFact(computed.text, tuple(ranks)),)
        sure = extraction.confidence >= self.settings.answering.min_confidence
        short = extraction.short
        if not extraction.whole_cell or not sure or short is None:
            return ()
        rows = (claim for claim in extraction.claims if short in claim.text)
        return tuple(GivenFact(f"{claim.text}：{short}", claim.cited) for claim in rows)[:1]

    @cached_property
    def _model(self) -> ReplyModel | None:
        chat = self.settings.chat
        if self._answerer is not None:
            return GivenModel(self._answerer, chat)
        return ChatModel(chat) if chat.model else None

    def _document(self, index: SearchIndex, name: str) -> Document:
        """A document of the generation that `index` shows, kept for the next citation."""
        key = (index.generation, name)
        found = self._documents.get(key)
        if found is None:
            found = index.document(name)
            if len(self._documents) >= DOCUMENTS_KEPT:
                self._documents.clear()
            self._documents[key] = found
        return found


@dataclass(slots=True)
class _Stages:
    """The stages of a question and their milliseconds, in order; `verify` is a part of `answer`."""

    took: dict[str, float] = field(default_factory=dict)
    _at: float = field(default_factory=time.perf_counter)
    _begun: int = field(default_factory=time.time_ns)

    def end(self, stage: str) -> None:
        """What was begun last has ended."""
        now = time.perf_counter()
        self.took[stage], self._at = 1000 * (now - self._at), now

    @contextmanager
    def within(self, stage: str) -> Iterator[None]:
        """A part of a stage, as often as it is entered."""
        start = time.perf_counter()
        yield
        self.took[stage] = self.took.get(stage, 0.0) + 1000 * (time.perf_counter() - start)

    @property
    def timings(self) -> Timings:
        """What an answer says of them."""
        return Timings(self.took["plan"] + self.took["retrieve"], self.took["answer"])

    def log(self, outcome: str, passages: int) -> None:
        """The line of a question."""
        if logger.isEnabledFor(logging.DEBUG):
            took = ", ".join(f"{stage} {ms:.1f} ms" for stage, ms in self.took.items())
            logger.debug("%s, %d passages: %s", outcome, passages, took)
        tracing: Any = sys.modules.get("opentelemetry.trace")
        if tracing is None:
            return
        tracer, at = tracing.get_tracer("rag"), self._begun
        whole = tracer.start_span("wenju", start_time=at)
        whole.set_attributes({"wenju.outcome": outcome, "wenju.passages": passages})
        inside = tracing.set_span_in_context(whole)
        for stage, ms in self.took.items():
            if stage == "verify":
                whole.set_attribute("wenju.verify_ms", ms)
                continue
            span = tracer.start_span(f"wenju.{stage}", context=inside, start_time=at)
            at += int(1e6 * ms)
            span.end(end_time=at)
        whole.end(end_time=at)


def _replied(question: str, reply: str) -> Iterator[Event]:
    """The events of a reply to what asks nothing: no search, no claim, no evidence."""
    yield Retrieved(())
    yield Text(reply)
    yield Done(
        Answer(
            question=question,
            status=Status.NO_EVIDENCE,
            text=reply,
            short=None,
            sentences=(),
            passages=(),
            confidence=0.0,
            model=EXTRACTIVE,
            timings=Timings(0.0, 0.0),
        )
    )


def _answer(
    question: str,
    said: _Said,
    passages: tuple[Passage, ...],
    extraction: Extraction,
    timings: Timings,
) -> Answer:
    answered = bool(said.sentences) and said.missing is None
    return Answer(
        question=question,
        status=_status(said),
        text=_text(question, said),
        short=_short(said, extraction),
        sentences=said.sentences,
        passages=passages,
        confidence=extraction.confidence,
        model=said.model,
        timings=timings,
        remarks=(*said.remarks, *(extraction.remarks if said.sentences else ())),
        prompted=said.prompted,
        differing=extraction.differing if answered else (),
        computed=said.computed,
        missing=said.missing,
    )


def _status(said: _Said) -> Status:
    if not said.sentences:
        return Status.NO_EVIDENCE
    return Status.ANSWERED if said.missing is None else Status.NEAREST


def _text(question: str, said: _Said) -> str:
    """The answer's text: its sentences, after what is missing where they do not answer."""
    if not said.sentences:
        return refusal_of(question)
    parts = filter(None, (said.missing, marked_text(said.sentences)))
    return "\n\n".join(parts)


def _computed(extraction: Extraction, check: Check) -> Sentence | None:
    """The sentence that says what was computed, with the quotations of its operands: supported,
    since the result follows from figures that are quoted. None where nothing was computed, or an
    operand's sentence is not supported."""
    if extraction.derived is None:
        return None
    found = [check(claim) for claim in extraction.claims]
    if any(sentence.support is not Support.SUPPORTED for sentence in found):
        return None
    citations = tuple(citation for sentence in found for citation in sentence.citations)
    return Sentence(extraction.derived.text, Support.SUPPORTED, None, citations)


def _unclaimed(claim: Claim) -> Sentence:
    """A sentence that cites nothing, since it claims nothing of what the documents say."""
    return Sentence(claim.text, Support.NONE, None, ())


def _after(first: tuple[Passage, ...], found: Sequence[Passage]) -> tuple[Passage, ...]:
    """Passages that an answer rests on, and after them what a search found beside."""
    known = {(passage.document, passage.span) for passage in first}
    more = [passage for passage in found if (passage.document, passage.span) not in known]
    least = min((passage.score for passage in first), default=1.0)
    top = max((passage.score for passage in more), default=1.0) or 1.0
    return (
        *first,
        *(
            replace(passage, rank=rank, score=least * passage.score / top)
            for rank, passage in enumerate(more, len(first) + 1)
        ),
    )


def _short(said: _Said, extraction: Extraction) -> str | None:
    """The short answer; beside a chat model only where one of its supported sentences says it."""
    extractive = said.model == EXTRACTIVE
    uncomputed = extraction.derived is not None and said.computed is None
    if said.missing is not None or (extractive and uncomputed):
        return None
    if extraction.short is None or not said.sentences or extractive:
        return extraction.short if said.sentences else None
    short = squeeze(extraction.short)
    supported = [s for s in said.sentences if s.support is Support.SUPPORTED]
    return extraction.short if any(short in squeeze(s.text) for s in supported) else None


T = TypeVar("T")
# Answers worked on at once; the others wait, so that many questions do not slow each other down.
MAX_ANSWERS = 16
_turns = threading.BoundedSemaphore(MAX_ANSWERS)
_LOOK_SECONDS = 0.1


class Left(Exception):
    """Raised in a thread that puts an item where nobody waits any more."""


async def in_thread(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator that blocks, which is started and run in a thread of its own, of
    which `MAX_ANSWERS` run at once; what it raises is raised here. When this is closed, the thread
    stops at its next item, or before the first."""

    def run(put: Callable[[T], None]) -> None:
        for item in start():
            put(item)

    items = from_thread(run, _turns)
    try:
        async for item in items:
            yield item
    finally:
        await items.aclose()


@contextmanager
def _turn(turns: threading.Semaphore | None, left: threading.Event) -> Iterator[None]:
    """One of the `turns`, waited for; `Left` where nobody waits for the work any more."""
    if turns is None:
        yield
        return
    while not turns.acquire(timeout=_LOOK_SECONDS):
        if left.is_set():
            raise Left
    try:
        if left.is_set():
            raise Left
        yield
    finally:
        turns.release()


async def from_thread(
    run: Callable[[Callable[[T], None]], None], turns: threading.Semaphore | None = None
) -> AsyncGenerator[T, None]:
    """What `run` puts, called in a thread of its own, when one of the `turns` is free; what it
    raises is raised here. When this is closed, its next call of `put` raises `Left`."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[T] | Exception | None] = asyncio.Queue()
    left = threading.Event()

    def send(item: tuple[T] | Exception | None) -> None:
        if not left.is_set() and not loop.is_closed():
            loop.call_soon_threadsafe(items.put_nowait, item)

    def put(item: T) -> None:
        if left.is_set():
            raise Left
        send((item,))

    def work() -> None:
        try:
            with _turn(turns, left):
                run(put)
        except Exception as error:  # noqa: BLE001 (it is raised again where the items are read)
            send(error)
        else:
            send(None)

    context = contextvars.copy_context()  # callbacks of a program reach the chat model by it
    threading.Thread(target=context.run, args=(work,), daemon=True, name="answer").start()
    try:
        while (item := await items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        left.set()
