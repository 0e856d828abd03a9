"""The retriever and the chain in a LangChain application."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict
from uuid import UUID

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langgraph.graph import START, StateGraph

from rag import Assistant, Index, Settings
from rag.errors import FilterError, GenerationError, QuestionError
from rag.langchain import Question, WenjuRetriever, answer_chain
from rag.types import Filter
from tests.chat_server import ChatServer, Reply, serve

ROOT = Path(__file__).parent.parent
QUESTION = "渡轮的单程票价是多少？"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("langchain")
    (folder / "in").mkdir()
    (folder / "in" / "渡轮.txt").write_text(
        "渡轮票价\n\n渡轮的单程票价为4元，学生半价。\n", encoding="utf-8"
    )
    return Index.build([folder / "in"], folder / "index")


def with_model(index: Index, server: ChatServer, **changes: Any) -> Assistant:
    chat = server.settings(**changes).model_dump()
    return Assistant(index, Settings.model_validate({"chat": chat}))


class Recorder(BaseCallbackHandler):
    """Notes what was started and what was heard, in order."""

    def __init__(self) -> None:
        self.started: list[tuple[str, bool]] = []
        self.tokens: list[str] = []
        self.found: list[str] = []
        self.failed: list[BaseException] = []

    def on_chain_start(self, *_: Any, parent_run_id: UUID | None = None, **more: Any) -> None:
        self.started.append((more["name"], parent_run_id is not None))

    def on_retriever_start(self, *_: Any, parent_run_id: UUID | None = None, **__: Any) -> None:
        self.started.append(("retriever", parent_run_id is not None))

    def on_retriever_end(self, documents: Any, **_: Any) -> None:
        self.found += [document.metadata["source"] for document in documents]

    def on_retriever_error(self, error: BaseException, **_: Any) -> None:
        self.failed.append(error)

    def on_chat_model_start(self, *_: Any, parent_run_id: UUID | None = None, **__: Any) -> None:
        self.started.append(("model", parent_run_id is not None))

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.tokens.append(str(token))


def test_the_retriever_gives_documents(index: Index) -> None:
    recorder = Recorder()
    retriever = WenjuRetriever(assistant=Assistant(index), k=1)
    (found,) = retriever.invoke(QUESTION, config={"callbacks": [recorder]})
    assert "单程票价为4元" in found.page_content
    assert found.metadata["source"] == found.metadata["document"] == "渡轮.txt"
    assert (found.metadata["rank"], found.metadata["title"]) == (1, "渡轮票价")
    assert recorder.started == [("retriever", False)]
    assert retriever.batch([QUESTION, "学生"])[1][0].metadata["rank"] == 1


def test_a_filter_leaves_out_documents(index: Index) -> None:
    assistant = Assistant(index)
    every = WenjuRetriever(assistant=assistant).invoke(QUESTION)
    where = Filter(documents=("*.md",))
    assert every
    assert WenjuRetriever(assistant=assistant, where=where).invoke(QUESTION) == []
    asked = {"question": QUESTION, "where": where}
    assert answer_chain(assistant).invoke(asked)["result"]["status"] == "no_evidence"


def test_the_retriever_in_a_chain_of_ones_own(index: Index) -> None:
    with serve(Reply(["4元。"])) as server:
        model = init_chat_model(
            "openai:scripted", base_url=server.url, api_key="none", streaming=True
        )
        retriever = WenjuRetriever(assistant=Assistant(index), k=1)
        prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
        chain = (
            {"context": retriever, "question": RunnablePassthrough()}
            | prompt
            | model
            | StrOutputParser()
        )
        assert chain.invoke(QUESTION) == "4元。"
        assert "单程票价为4元" in server.prompts()[0]


def test_the_chain_without_a_model(index: Index) -> None:
    chain = answer_chain(Assistant(index))
    result = chain.invoke(QUESTION)
    assert result["result"]["status"] == "answered" and result["result"]["short"] == "4元"
    assert result["answer"] == result["result"]["text"]
    assert result["context"][0].metadata["document"] == "渡轮.txt"
    first, second = chain.batch([QUESTION, {"question": "鳄梨潜艇"}])
    assert first["answer"] == result["answer"]
    assert second["result"]["status"] == "no_evidence"
    assert second["answer"] == second["result"]["text"]


def test_the_chain_streams_checked_sentences(index: Index) -> None:
    with serve(Reply(["渡轮的单程", "票价为4元。[1]", "学生免费。[1]"])) as server:
        chunks = list(answer_chain(with_model(index, server)).stream(QUESTION))
    keys = [key for chunk in chunks for key in chunk]
    assert keys == ["context", "answer", "answer", "result"]
    text = "".join(chunk.get("answer", "") for chunk in chunks)
    assert text == chunks[-1]["result"]["text"]
    assert text.startswith("渡轮的单程票价为4元。[1]学生免费。")


def test_callbacks_reach_the_model(index: Index) -> None:
    recorder = Recorder()
    with serve(Reply(["渡轮的单程", "票价为4元。[1]"])) as server:
        chain = answer_chain(with_model(index, server))
        chain.invoke(QUESTION, config={"callbacks": [recorder]})
    assert recorder.started == [("wenju", False), ("retriever", True), ("model", True)]
    assert recorder.found == ["渡轮.txt"]
    assert "".join(recorder.tokens) == "渡轮的单程票价为4元。[1]"


def test_history_is_part_of_the_input(index: Index) -> None:
    chain = answer_chain(Assistant(index))
    history = [(QUESTION, "4元。")]
    result = chain.invoke({"question": "它的学生票怎么算？", "history": history})
    assert result["result"]["searched"] == "渡轮的学生票怎么算？"


def test_the_example_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = subprocess.run(
        [sys.executable, "examples/in_langchain.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    sources, answer, follow_up = done.stdout.splitlines()
    assert "潮汐电站简介.md" in sources and "2024年10月18日" in answer
    assert "亿元" in follow_up and follow_up.endswith("]")


class AsyncRecorder(AsyncCallbackHandler):
    """Notes what was started, by its name, and what was found; awaited by LangChain."""

    def __init__(self) -> None:
        self.started: list[tuple[str, bool]] = []
        self.found: list[str] = []
        self.failed: list[BaseException] = []

    async def on_chain_start(self, *_: Any, parent_run_id: UUID | None = None, **more: Any) -> None:
        self.started.append((more["name"], parent_run_id is not None))

    async def on_retriever_start(
        self, *_: Any, parent_run_id: UUID | None = None, **more: Any
    ) -> None:
        self.started.append((more["name"], parent_run_id is not None))

    async def on_retriever_end(self, documents: Any, **_: Any) -> None:
        self.found += [document.metadata["source"] for document in documents]

    async def on_retriever_error(self, error: BaseException, **_: Any) -> None:
        self.failed.append(error)

    async def on_chat_model_start(
        self, *_: Any, parent_run_id: UUID | None = None, **__: Any
    ) -> None:
        self.started.append(("model", parent_run_id is not None))


def test_the_asynchronous_calls_give_what_the_others_give(index: Index) -> None:
    assistant = Assistant(index)
    retriever, chain = WenjuRetriever(assistant=assistant, k=1), answer_chain(assistant)
    asked: list[Question] = [QUESTION, {"question": "鳄梨潜艇"}]

    async def run() -> tuple[Any, ...]:
        recorder = AsyncRecorder()
        found = await retriever.ainvoke(
            QUESTION, config={"callbacks": [recorder], "run_name": "nearest"}
        )
        chunks = [chunk async for chunk in chain.astream(QUESTION)]
        both = await chain.abatch(asked)
        several = await retriever.abatch([QUESTION, "学生"])
        return found, recorder, chunks, both, several

    found, recorder, chunks, both, several = asyncio.run(run())
    assert found == retriever.invoke(QUESTION)
    assert recorder.started == [("nearest", False)] and recorder.found == ["渡轮.txt"]
    expected = list(chain.stream(QUESTION))
    assert list(map(timeless, chunks)) == list(map(timeless, expected)) and len(chunks) == 3
    assert list(map(timeless, both)) == list(map(timeless, chain.batch(asked)))
    assert several == retriever.batch([QUESTION, "学生"])


def timeless(chunk: Mapping[str, Any]) -> dict[str, Any]:
    """A chunk without what the clock says."""
    result = chunk.get("result")
    return {**chunk, "result": result and {**result, "timings": None}}


def test_asynchronous_callbacks_reach_every_step(index: Index) -> None:
    recorder = AsyncRecorder()
    with serve(Reply(["渡轮的单程票价为4元。[1]"])) as server:
        chain = answer_chain(with_model(index, server)).with_config(run_name="渡轮")
        result = asyncio.run(chain.ainvoke(QUESTION, config={"callbacks": [recorder]}))
    assert result["result"]["status"] == "answered"
    assert recorder.started == [("渡轮", False), ("retrieval", True), ("model", True)]
    assert recorder.found == ["渡轮.txt"]
    failing = AsyncRecorder()
    with pytest.raises(QuestionError) as caught:
        asyncio.run(answer_chain(Assistant(index)).ainvoke(" ", config={"callbacks": [failing]}))
    assert failing.failed == [caught.value]


def test_the_chain_is_a_node_of_a_graph(index: Index) -> None:
    class State(TypedDict, total=False):
        question: str
        result: dict[str, Any]

    graph = StateGraph(State)
    chain: Any = answer_chain(Assistant(index))  # its input is less than a state
    graph.add_node("ask", chain)
    graph.add_edge(START, "ask")
    compiled = graph.compile()
    assert asyncio.run(compiled.ainvoke({"question": QUESTION}))["result"]["short"] == "4元"
    assert compiled.invoke({"question": QUESTION})["result"]["short"] == "4元"


def test_a_filter_is_a_mapping_too(index: Index) -> None:
    chain = answer_chain(Assistant(index))
    for where, status in (({"documents": ["*.txt"]}, "answered"), ({"tags": "旧"}, "no_evidence")):
        assert chain.invoke({"question": QUESTION, "where": where})["result"]["status"] == status
    for wrong in ({"document": "*.txt"}, {"since": 2024}, {"tags": 5}):
        with pytest.raises(FilterError, match="states documents"):
            chain.invoke({"question": QUESTION, "where": wrong})
    with pytest.raises(QuestionError, match="NoneType"):
        chain.invoke({"question": None})


def test_errors_come_through(index: Index) -> None:
    recorder = Recorder()
    with pytest.raises(QuestionError) as caught:
        answer_chain(Assistant(index)).invoke(" ", config={"callbacks": [recorder]})
    assert recorder.failed == [caught.value]
    with (
        serve(Reply(status=401, error={"message": "no"})) as server,
        pytest.raises(GenerationError, match="401"),
    ):
        answer_chain(with_model(index, server)).invoke(QUESTION)
