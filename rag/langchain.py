"""Wenju in LangChain applications: a retriever, and the whole way to an answer as a Runnable.

Third party: langchain-core. Tracing works as everywhere in LangChain: callbacks given with the
config reach the retriever, the chain, its retrieval step, and the chat model that Wenju calls
inside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.callbacks import CallbackManager, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import AddableDict, Runnable, RunnableConfig, RunnableGenerator

from rag.assistant import Assistant, History, marked_text
from rag.types import Done, Event, Filter, Passage, Retrieved, Sentence
from rag.wire import answer_json, passage_json

Question = str | Mapping[str, Any]
"""A question, or `{"question": …, "history": [(question, answer), …], "where": Filter(…)}`."""


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
        found = self.assistant.search(query, self.k, self.where)
        return [_document(passage) for passage in found]


def answer_chain(assistant: Assistant) -> Runnable[Question, dict[str, Any]]:
    """The way from a question to its answer, with `.invoke`, `.stream` and `.batch`.

    The input is a question, or a mapping with `question`, `history`, a sequence of
    (question, answer), and `where`, a `rag.types.Filter`. The output has `context`, the passages
    as documents; `answer`, the text with its markers; and `result`, what `rag ask --json` gives:
    sentences, their support, their citations. A stream gives these in this order, `answer` a
    checked sentence at a time; where a fallback took the place of what had been said, `result`
    holds it.

    Raises (when it runs): as `Assistant.stream`.
    """

    def run(inputs: Iterator[Question], config: RunnableConfig) -> Iterator[AddableDict]:
        for value in inputs:
            events = assistant.stream(*_question(value))
            yield from _told(_traced(events, _question(value)[0], config))

    # That a generator may take the config is known to LangChain, not to its annotation.
    chain: Runnable[Question, dict[str, Any]] = RunnableGenerator(run)  # type: ignore[arg-type]
    return chain.with_config(run_name="wenju")


def _question(value: Question) -> tuple[str, History, Filter | None]:
    if isinstance(value, str):
        return value, (), None
    history = tuple(value.get("history") or ())
    return str(value.get("question", "")), history, value.get("where")


def _traced(events: Iterator[Event], question: str, config: RunnableConfig) -> Iterator[Event]:
    """The events, what comes before the passages as a retriever's run within that of `config`."""
    manager = CallbackManager.configure(inheritable_callbacks=config.get("callbacks"))
    run = manager.on_retriever_start({"name": "WenjuRetriever"}, question, name="retrieval")
    try:
        for event in events:
            if isinstance(event, Retrieved):
                run.on_retriever_end([_document(passage) for passage in event.passages])
            yield event
            if isinstance(event, Retrieved):
                break
    except Exception as error:
        run.on_retriever_error(error)
        raise
    yield from events


def _told(events: Iterator[Event]) -> Iterator[AddableDict]:
    sentences: list[Sentence] = []
    said = ""
    for event in events:
        match event:
            case Retrieved(passages):
                yield AddableDict(context=[_document(passage) for passage in passages])
            case Sentence():
                sentences.append(event)
                text = marked_text(sentences)
                yield AddableDict(answer=text[len(said) :])
                said = text
            case Done(answer):
                if not sentences:
                    yield AddableDict(answer=answer.text)
                yield AddableDict(result=answer_json(answer))


def _document(passage: Passage) -> Document:
    metadata = passage_json(passage)
    text = str(metadata.pop("text"))
    return Document(page_content=text, metadata={**metadata, "source": passage.document})
