"""The retriever and the chain in a LangChain application."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag import Assistant, Index, Settings
from rag.errors import GenerationError, QuestionError
from rag.langchain import WenjuRetriever, answer_chain
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
