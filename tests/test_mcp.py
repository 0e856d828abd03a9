"""The tools, driven by MCP's own client: in the process, over stdin and stdout, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from rag.assistant import Assistant
from rag.errors import GenerationError
from rag.indexing.index import Index
from rag.mcp import mcp_server
from rag.settings import Settings
from rag.types import Answer, Document, Filter
from rag.wire import answer_json, passage_json
from tests.fakes_page import FakeAssistant, answer

ROOT = Path(__file__).parent.parent
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1"}
TEXT = (
    "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。\n\n"
    "青石桥的维修共花费人民币38万元，比预算少2万元。\n\n桥长42米，建于清代。\n"
)
QUESTION = "青石桥的维修花了多少钱？"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "桥梁.txt").write_text(TEXT, encoding="utf-8")
    settings = Settings.load(environ={}, overrides={"index": folder / "index/default"})
    Index.build([folder / "桥梁.txt"], settings.index, settings)
    return folder


class Failing(FakeAssistant):
    def ask(self, question: str, *, where: Filter | None = None) -> Answer:  # noqa: ARG002
        raise GenerationError("no reply") if question == "chat" else ValueError("secret detail")


def no_document(name: str) -> Document:
    raise AssertionError(name)


def call(server: Any, tool: str, **arguments: object) -> Any:
    """What a tool gives: its value, or its message where it fails."""

    async def run() -> Any:
        async with Client(server) as client:
            result = await client.call_tool(tool, arguments)
            if result.is_error:
                return result.content[0].text  # type: ignore[union-attr]
            return result.structured_content

    return asyncio.run(run())


def test_three_tools_that_change_nothing_are_offered() -> None:
    async def run() -> dict[str, Any]:
        async with Client(mcp_server(FakeAssistant(), no_document)) as client:
            return {tool.name: tool.annotations for tool in (await client.list_tools()).tools}

    offered = asyncio.run(run())
    assert sorted(offered) == ["ask", "read_passage", "search"]
    assert all(annotations.read_only_hint for annotations in offered.values())


def test_the_tools_give_what_the_commands_give() -> None:
    server = mcp_server(FakeAssistant(), no_document)
    assert call(server, "ask", question="营业收入是多少？") == answer_json(answer())
    assert call(server, "search", question="营业收入", k=2) == {
        "passages": [passage_json(passage) for passage in answer().passages[:2]]
    }
    assert "k" in call(server, "search", question="营业收入", k=0)


def test_expected_errors_are_told_and_others_are_not() -> None:
    server = mcp_server(Failing(), no_document)
    assert call(server, "ask", question="chat").endswith(": no reply")
    assert "secret" not in call(server, "ask", question="bug")


def test_filters_narrow_search_and_answer(folder: Path) -> None:
    settings = Settings.load(environ={}, overrides={"index": folder / "index/default"})
    index = Index.open(settings.index, settings)
    server = mcp_server(Assistant(index, settings), index.document)
    within = {"document": "桥*", "since": "2024-05", "until": "2024"}
    assert call(server, "search", question=QUESTION, where=within)["passages"]
    assert call(server, "ask", question=QUESTION, where=within)["status"] == "answered"
    without = {"document": ["别的.txt"]}
    assert call(server, "search", question=QUESTION, where=without)["passages"] == []
    assert call(server, "ask", question=QUESTION, where=without)["status"] == "no_evidence"
    assert "2024-13" in call(server, "ask", question=QUESTION, where={"since": "2024-13"})
    assert "year" in call(server, "search", question=QUESTION, where={"year": "2024"})


def test_a_passage_is_read_with_its_neighbours(folder: Path) -> None:
    settings = Settings.load(environ={}, overrides={"index": folder / "index/default"})
    index = Index.open(settings.index, settings)
    server = mcp_server(Assistant(index, settings), index.document)
    (citation, *_) = call(server, "ask", question=QUESTION)["citations"]
    place = {"name": citation["document"], "start": citation["start"], "end": citation["end"]}
    read = call(server, "read_passage", **place, around=5)
    text = index.document("桥梁.txt").text
    assert read["text"] == citation["quote"] == text[citation["start"] : citation["end"]]
    assert text.count(read["before"] + read["text"] + read["after"]) == 1
    assert len(read["before"]) >= 5
    assert read["date"] == "2024-05-06"
    assert "桥梁.txt" in call(server, "read_passage", name="桥.txt", start=0, end=1)
    assert "it has" in call(server, "read_passage", name="桥梁.txt", start=0, end=9999)
    assert "not a span" in call(server, "read_passage", name="桥梁.txt", start=2, end=1)


def test_the_command_serves_stdin_and_stdout(folder: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "rag", "mcp"], cwd=folder, env=ENVIRON
    )
    assert "38万元" in call(command, "ask", question=QUESTION)["text"]


def test_the_command_serves_http_behind_the_gate(folder: Path) -> None:
    command = [sys.executable, "-m", "rag", "mcp", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRON, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            assert address.endswith("/mcp")
            assert call(address, "search", question=QUESTION, k=1)["passages"][0]["rank"] == 1
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
