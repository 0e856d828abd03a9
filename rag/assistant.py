"""The question side of Wenju, composed: search, ask, stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

from rag.answering.bridge import bridge, name_for
from rag.answering.catalogued import Catalogued, answer
from rag.answering.chat import Check, Task, Written, divide, rewrite, write
from rag.answering.compute import derive
from rag.answering.document_questions import recognise
from rag.answering.english import is_english
from rag.answering.extract import Extraction, extract
from rag.answering.followup import standalone
from rag.answering.greetings import reply_to
from rag.answering.llm import ChatModel
from rag.answering.operations import Computation, computation
from rag.answering.prompt import load_prompts, refusal_of
from rag.answering.query import MAX_QUESTION_CHARACTERS, Query, parse_query, with_mark
from rag.answering.search import Search, find, plan
from rag.answering.verify import verify
from rag.errors import GenerationError
from rag.indexing.index import Index
from rag.models.reader import load_reader
from rag.models.reading import PassageReader
from rag.reading.lines import ends_sentence
from rag.settings import Settings
from rag.text.fold import squeeze
from rag.text.halves import mended
from rag.types import (
    Answer,
    Claim,
    Computed,
    Document,
    Done,
    Event,
    Filter,
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

EXTRACTIVE = "extractive"
DOCUMENTS_KEPT = 16

History = Sequence[tuple[str, str]]
"""Earlier turns of a conversation, (question, answer), the latest last."""


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

    Raises:
        SettingsError: the file of prompts cannot be used.
    """

    def __init__(self, index: Index, settings: Settings | None = None) -> None:
        self.index = index
        self.settings = settings or index.settings
        self._prompts = load_prompts(self.settings.chat.prompts)
        self._documents: dict[tuple[int, str], Document] = {}

    def prepare(self) -> None:
        """Loads what a chat model's first answer needs in the background, where one is set, so
        that the first question does not wait for it."""
        if self._model is not None:
            self._model.prepare()

    def search(
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]:
        """The `k` passages (by default `retrieval.k`) nearest to a question, best first; with
        `where` of the documents that fit alone.

        Raises:
            QuestionError: the question is empty or too long.
        """
        query = parse_query(question)
        index = self._pinned(where)
        options = self.settings.retrieval
        passages, _ = find(plan(query, index), index, options, k or options.k, self._reader())
        return list(passages)

    def _pinned(self, where: Filter | None) -> Index:
        """The index at one generation for a whole answer."""
        index = self.index.pinned()
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
        start = time.perf_counter()
        query = yield from self._standalone(asked, history)
        index = self._pinned(where)
        about = self._about_documents(query, index, where)
        asked_for = None if about or self._model else computation(query.text)
        steps = () if about or asked_for else self._steps(query, index)
        queries = steps or (yield from self._planned(query, index))
        if asked_for is not None:
            queries = (query, *(parse_query(part.question) for part in asked_for.parts))
        options = self.settings.retrieval
        passages, searches = find(queries, index, options, options.k, self._reader(), lists=True)
        if about is not None:
            passages = _after(about.passages, passages)
        retrieved = time.perf_counter()
        shown = steps[::-1] or queries[1:] or queries
        searched = "；".join(q.text for q in shown if q is not asked)
        yield Retrieved(passages, searched)
        if about is not None:
            extracted = about.extraction
        elif asked_for is not None:
            extracted = cache(partial(self._derive, asked_for, searches))
        else:
            extracted = cache(partial(self._extract, searches))
        check = partial(verify, passages=passages, source=partial(self._document, index))
        model = self._model if about is None or about.extracted else None
        said = yield from self._say(query, passages, extracted, check, model)
        timings = Timings(1000 * (retrieved - start), 1000 * (time.perf_counter() - retrieved))
        answer = _answer(question.strip(), said, passages, extracted(), timings)
        yield Done(replace(answer, searched=searched))

    def _about_documents(
        self, query: Query, index: Index, where: Filter | None
    ) -> Catalogued | None:
        """The answer of the catalog, where the question is about the documents themselves."""
        source = partial(self._document, index)
        return answer(recognise(query.text), index, source, where)

    def _extract(self, searches: Sequence[Search]) -> Extraction:
        return extract(searches, self.settings.answering, self._reader())

    def _derive(self, asked: Computation, searches: Sequence[Search]) -> Extraction:
        return derive(asked, searches, self.settings.answering, self._reader())

    def _reader(self) -> PassageReader | None:
        options = self.settings.answering
        return load_reader(options.reader_model) if options.reader else None

    def _steps(self, query: Query, index: Index) -> tuple[Query, ...]:
        """For a question of which one part asks for the name that the other is about: that other
        part with the name, which is asked for now, and the first; empty for any other, and where
        the name is not found."""
        found = bridge(query.text)
        if found is None:
            return ()
        first = parse_query(found.first)
        options = self.settings.retrieval
        _, searches = find((first,), index, options, options.k, self._reader())
        said = self._extract(searches)
        if said.confidence < self.settings.answering.min_confidence:
            return ()
        name = name_for(found, said.short, [claim.text for claim in said.claims])
        return () if name is None else (parse_query(found.then(name)), first)

    def _planned(self, query: Query, index: Index) -> Generator[Event, None, tuple[Query, ...]]:
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
        model: ChatModel | None,
    ) -> Generator[Event, None, _Said]:
        """What is said to a question, by `model` or, where there is none, in the sentences of the
        documents."""
        remarks: tuple[Remark, ...] = ()
        if model is not None and passages:
            try:
                task = Task(query.text, passages, extracted().remarks)
                written: Written = yield from write(model, self._prompts, task, check)
                if written.withheld:
                    remarks = (Remark(RemarkKind.WITHHELD, (str(written.withheld),)),)
                return _Said(written.sentences, model.name, remarks, written.prompted)
            except GenerationError as error:
                if not self.settings.chat.fallback:
                    raise
                remarks = (Remark(RemarkKind.EXTRACT_INSTEAD, (str(error),)),)
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
            missing = extraction.missing.text(english=is_english(query.text))
        return _Said(tuple(sentences), EXTRACTIVE, remarks, computed=computed, missing=missing)

    @cached_property
    def _model(self) -> ChatModel | None:
        chat = self.settings.chat
        return ChatModel(chat) if chat.model else None

    def _document(self, index: Index, name: str) -> Document:
        """A document of the generation that `index` shows, kept for the next citation."""
        key = (index.generation, name)
        found = self._documents.get(key)
        if found is None:
            found = index.document(name)
            if len(self._documents) >= DOCUMENTS_KEPT:
                self._documents.clear()
            self._documents[key] = found
        return found


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
    if said.missing is not None or (extraction.derived is not None and said.computed is None):
        return None
    if extraction.short is None or not said.sentences or said.model == EXTRACTIVE:
        return extraction.short if said.sentences else None
    short = squeeze(extraction.short)
    supported = [s for s in said.sentences if s.support is Support.SUPPORTED]
    return extraction.short if any(short in squeeze(s.text) for s in supported) else None


def marked_text(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by the markers of its citations; a space stands
    before one that begins with a Latin letter or mark, a line break after one that no mark ends (a
    heading, a row) and after one that announces others. The cells of a row are parted by bars.

    >>> row = Sentence("渡轮\\t4元", Support.SUPPORTED, None, ())
    >>> marked_text([row]), marked_text([])
    ('渡轮 ｜ 4元', '')
    """
    parts: list[str] = []
    before = ""
    for sentence in sentences:
        ranks = dict.fromkeys(citation.n for citation in sentence.citations)
        space = parting(before, sentence.text)
        before = sentence.text
        said = " ｜ ".join(sentence.text.split("\t"))
        parts.append(space + said + "".join(f"[{rank}]" for rank in ranks))
    return "".join(parts)


def parting(before: str, text: str) -> str:
    """What stands between two sentences of an answer.

    >>> parting("桥长1080米。", "造价两亿。"), parting("票价：", "单程4元。"), parting("A.", "B.")
    ('', '\\n', ' ')
    """
    if before and (before[-1] in "：:" or not ends_sentence(before)):
        return "\n"
    return " " if before and text[:1].isascii() else ""
