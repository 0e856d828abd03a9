"""Wenju in LangChain applications: a retriever, and the whole way to an answer as a Runnable.

Third party: langchain-core. Tracing works as everywhere in LangChain: callbacks given with the
config reach the retriever, the chain, its retrieval step, and the chat model that Wenju calls
inside it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForRetrieverRun,
    CallbackManager,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import AddableDict, Runnable, RunnableConfig, RunnableGenerator

from rag.assistant import Assistant
from rag.types import Done, Event, Filter, History, Passage, Retrieved, Sentence
from rag.wire import answer_json, marked_text, passage_json

Question = str | Mapping[str, Any]
"""A question, or `{"question": …, "history": [(question, answer), …], "where": …}`; `where` is a
`Filter`, or a mapping of what it states: `{"documents": ["*.pdf"], "since": "2024"}`."""
# What the retriever's run within the chain is called, and what it is a run of.
_STEP, _RETRIEVER = "retrieval", {"name": "WenjuRetriever"}


class WenjuRetriever(BaseRetriever):
    """The `k` passages (by default `retrieval.k` of the settings) nearest to a question, as
    LangChain documents, best first; with `where` of the documents that fit alone. `metadata` is
    what `rag search --json` says of a passage."""

    assistant: Assistant
    k: int | None = None
    where: Filter | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 (the search has no steps to tell)
    ) -> list[Document]:
        return _documents(self.assistant.search(query, self.k, self.where))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002 (as above)
    ) -> list[Document]:
        return _documents(await self.assistant.asearch(query, self.k, self.where))


def answer_chain(assistant: Assistant) -> Runnable[Question, dict[str, Any]]:
    """The way from a question to its answer, with `.invoke`, `.stream`, `.batch` and
    their asynchronous twins.

    The input is a `Question`. The output has `context`, the passages
    as documents; `answer`, the text with its markers; and `result`, what `rag ask --json` gives:
    sentences, their support, their citations. A stream gives these in this order, `answer` a
    checked sentence at a time; where a fallback took the place of what had been said, `result`
    holds it.

    Raises (when it runs): as `Assistant.stream`.
    """

    def run(inputs: Iterator[Question], config: RunnableConfig) -> Iterator[AddableDict]:
        for value in inputs:
            asked = _question(value)
            yield from _told(_traced(assistant.stream(*asked), asked[0], config))

    async def arun(
        inputs: AsyncIterator[Question], config: RunnableConfig
    ) -> AsyncIterator[AddableDict]:
        async for value in inputs:
            asked, telling = _question(value), _Telling()
            async with aclosing(assistant.astream(*asked)) as events:
                async for event in _atraced(events, asked[0], config):
                    for piece in telling.of(event):
                        yield piece

    # That a generator may take the config is known to LangChain, not to its annotation.
    chain: Runnable[Question, dict[str, Any]] = RunnableGenerator(run, arun)  # type: ignore[arg-type]
    return chain.with_config(run_name="wenju")


def _question(value: Question) -> tuple[str, History, Filter | None]:
    if isinstance(value, str):
        return value, (), None
    where = value.get("where")
    restricted = Filter.of(where) if isinstance(where, Mapping) else where
    return value.get("question", ""), tuple(value.get("history") or ()), restricted


def _traced(events: Iterator[Event], question: str, config: RunnableConfig) -> Iterator[Event]:
    """The events, what comes before the passages as a retriever's run within that of `config`."""
    manager = CallbackManager.configure(inheritable_callbacks=config.get("callbacks"))
    run = manager.on_retriever_start(_RETRIEVER, question, name=_STEP)
    try:
        for event in events:
            if isinstance(event, Retrieved):
                run.on_retriever_end(_documents(event.passages))
            yield event
            if isinstance(event, Retrieved):
                break
    except Exception as error:
        run.on_retriever_error(error)
        raise
    yield from events


async def _atraced(
    events: AsyncIterator[Event], question: str, config: RunnableConfig
) -> AsyncIterator[Event]:
    """As `_traced`, for callbacks that are awaited, too."""
    manager = AsyncCallbackManager.configure(inheritable_callbacks=config.get("callbacks"))
    run = await manager.on_retriever_start(_RETRIEVER, question, name=_STEP)
    try:
        async for event in events:
            if isinstance(event, Retrieved):
                await run.on_retriever_end(_documents(event.passages))
            yield event
            if isinstance(event, Retrieved):
                break
    except Exception as error:
        await run.on_retriever_error(error)
        raise
    async for event in events:
        yield event


def _told(events: Iterator[Event]) -> Iterator[AddableDict]:
    telling = _Telling()
    for event in events:
        yield from telling.of(event)


class _Telling:
    """The events of one answer as what the chain gives."""

    def __init__(self) -> None:
        self._sentences: list[Sentence] = []
        self._said = ""

    def of(self, event: Event) -> Iterator[AddableDict]:
        match event:
            case Retrieved(passages):
                yield AddableDict(context=_documents(passages))
            case Sentence():
                self._sentences.append(event)
                text = marked_text(self._sentences)
                yield AddableDict(answer=text[len(self._said) :])
                self._said = text
            case Done(answer):
                if not self._sentences:
                    yield AddableDict(answer=answer.text)
                yield AddableDict(result=answer_json(answer))


def _documents(passages: Sequence[Passage]) -> list[Document]:
    found = []
    for passage in passages:
        metadata = passage_json(passage)
        text = str(metadata.pop("text"))
        found.append(Document(text, metadata={**metadata, "source": passage.document}))
    return found
