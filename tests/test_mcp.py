"""The tools, driven by MCP's own client: in the process, over stdin and stdout, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from rag import mcp as module
from rag.errors import GenerationError
from rag.index.local.index import Index
from rag.mcp import mcp_server
from rag.serving.collections import Collection, Library
from rag.settings import Settings
from rag.types import Document, DocumentInfo, Event, Filter, History
from rag.wire import answer_json, passage_json
from tests.fakes_page import FakeAssistant, answer
from tests.processes import running

ROOT = Path(__file__).parent.parent
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1"}
TEXT = (
    "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。\n\n"
    "青石桥的维修共花费人民币38万元，比预算少2万元。\n\n桥长42米，建于清代。\n"
)
NOTES = "# 讲义\n\n## 一、引言\n\n这里讲缘起。\n\n## 二、正文\n\n这里讲做法。\n"
QUESTION = "青石桥的维修花了多少钱？"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "桥梁.txt").write_text(TEXT, encoding="utf-8")
    settings = Settings.load(environ={}, overrides={"index": folder / "index/default"})
    (folder / "资料" / "夹 子").mkdir(parents=True)
    (folder / "资料" / "夹 子" / "讲义 #1.md").write_text(NOTES, encoding="utf-8")
    (folder / "渡轮.txt").write_text("渡轮票价\n\n渡轮的单程票价为4元。\n", encoding="utf-8")
    files = [folder / "桥梁.txt", folder / "资料"]
    Index.build(files, settings.index, settings)
    Index.build([folder / "渡轮.txt"], folder / "index" / "渡轮", settings)
    return folder


class Fake(FakeAssistant):
    """A collection that has no documents; fails in the way that the question names."""

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        if question in ("chat", "bug"):
            raise GenerationError("no reply") if question == "chat" else ValueError("secret detail")
        return super().stream(question, history, where)

    def document(self, name: str) -> Document:
        raise AssertionError(name)

    def documents(self) -> Sequence[DocumentInfo]:
        raise AssertionError


def fake(name: str) -> Fake:
    assert name == ""
    return Fake()


@pytest.fixture(scope="module")
def library(folder: Path) -> Library:
    settings = Settings.load(environ={}, overrides={"index": folder / "index/default"})
    return Library(Collection(settings.index, settings), folder / "index")


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
        async with Client(mcp_server(fake)) as client:
            return {tool.name: tool.annotations for tool in (await client.list_tools()).tools}

    offered = asyncio.run(run())
    assert sorted(offered) == ["ask", "read_passage", "search"]
    assert all(annotations.read_only_hint for annotations in offered.values())


def test_the_tools_give_what_the_commands_give() -> None:
    server = mcp_server(fake)
    assert call(server, "ask", question="营业收入是多少？") == answer_json(answer())
    assert call(server, "search", question="营业收入", k=2) == {
        "passages": [passage_json(passage) for passage in answer().passages[:2]]
    }
    assert "k" in call(server, "search", question="营业收入", k=0)


def test_expected_errors_are_told_and_others_are_not() -> None:
    server = mcp_server(fake)
    assert call(server, "ask", question="chat").endswith(": no reply")
    assert "secret" not in call(server, "ask", question="bug")


def test_filters_narrow_search_and_answer(library: Library) -> None:
    server = mcp_server(library.collection)
    within = {"documents": "桥*", "since": "2024-05", "until": "2024"}
    assert call(server, "search", question=QUESTION, where=within)["passages"]
    assert call(server, "ask", question=QUESTION, where=within)["status"] == "answered"
    without = {"documents": ["别的.txt"]}
    assert call(server, "search", question=QUESTION, where=without)["passages"] == []
    assert call(server, "ask", question=QUESTION, where=without)["status"] == "no_evidence"
    assert "2024-13" in call(server, "ask", question=QUESTION, where={"since": "2024-13"})
    assert "year" in call(server, "search", question=QUESTION, where={"year": "2024"})


def test_a_passage_is_read_with_its_neighbours(library: Library) -> None:
    server = mcp_server(library.collection)
    (citation, *_) = call(server, "ask", question=QUESTION)["citations"]
    place = {"document": citation["document"], "start": citation["start"], "end": citation["end"]}
    read = call(server, "read_passage", **place, around=5)
    text = library.default.document("桥梁.txt").text
    assert read["text"] == citation["quote"] == text[citation["start"] : citation["end"]]
    assert text.count(read["before"] + read["text"] + read["after"]) == 1
    assert len(read["before"]) >= 5
    assert read["date"] == "2024-05-06"
    assert "桥梁.txt" in call(server, "read_passage", document="桥.txt", start=0, end=1)
    assert "it has" in call(server, "read_passage", document="桥梁.txt", start=0, end=9999)
    assert "not a span" in call(server, "read_passage", document="桥梁.txt", start=2, end=1)


def test_another_collection_is_named_by_the_filter(library: Library) -> None:
    server = mcp_server(library.collection)
    asked = "渡轮的单程票价是多少？"
    other = {"collection": "渡轮"}
    assert call(server, "ask", question=asked, where=other)["short"] == "4元"
    assert call(server, "ask", question=asked)["status"] != "answered"
    (passage, *_) = call(server, "search", question=asked, where=other)["passages"]
    place = {"document": passage["document"], "start": 0, "end": 2, **other}
    assert call(server, "read_passage", **place)["text"] == "渡轮"
    assert "nowhere" in call(server, "search", question=asked, where={"collection": "nowhere"})


def test_the_form_of_what_is_given_is_said(library: Library) -> None:
    server = mcp_server(library.collection)
    value = call(server, "ask", question=QUESTION)

    async def run() -> dict[str, Any]:
        async with Client(server) as client:
            return {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}

    schemas = asyncio.run(run())
    answered = schemas["ask"]
    assert set(answered["properties"]) == set(answered["required"]) == set(value)
    assert {"citations", "missing", "differing"} <= set(value)
    forms = {"PassageForm": "passages", "SentenceForm": "sentences", "CitationForm": "citations"}
    for form, name in forms.items():
        assert set(answered["$defs"][form]["properties"]) == set(value[name][0])
    assert "PassageForm" in schemas["search"]["$defs"]
    assert set(schemas["read_passage"]["properties"]) >= {"before", "text", "after"}


def test_the_steps_of_an_answer_are_told(library: Library) -> None:
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        heard.append((progress, message))

    async def run() -> None:
        async with Client(mcp_server(library.collection)) as client:
            asked = {"question": QUESTION}
            await client.call_tool("ask", asked, progress_callback=hear)

    asyncio.run(run())
    first, second = heard[:2]
    assert first[1] == "passages found"
    assert "38万元" in str(second[1])


def test_documents_are_resources_in_pages(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEXT_PAGE", 30)
    monkeypatch.setattr(module, "PAGE", 1)

    async def run() -> None:
        async with Client(mcp_server(library.collection)) as client:

            async def read(place: str) -> Any:
                (content,) = (await client.read_resource(place)).contents
                return json.loads(content.text)  # type: ignore[union-attr]

            (listed,) = (await client.list_resources()).resources
            first = await read(str(listed.uri))
            assert (first["total"], len(first["documents"])) == (2, 1)
            second = await read(first["next"])
            assert second["next"] is None
            names = [page["documents"][0]["document"] for page in (first, second)]
            assert names == ["夹 子/讲义 #1.md", "桥梁.txt"]
            outline = await read(first["documents"][0]["sections"])
            assert (outline["total"], outline["sections"][0]["title"]) == (2, "一、引言")
            later = await read(outline["next"])
            assert later["sections"][0]["title"] == "二、正文" and later["next"] is None
            whole, place = "", second["documents"][0]["text"]
            while place:
                page = await read(place)
                assert page["text"] and len(page["text"]) <= 30
                whole, place = whole + page["text"], page["next"]
            assert whole == library.default.document("桥梁.txt").text
            inside = await read(later["sections"][0]["text"])
            assert inside["text"].startswith("二、正文")
            for wrong in (
                "wenju://text/0/none.txt",
                "wenju://text/x/桥梁.txt",
                "wenju://text/0/../x",
            ):
                with pytest.raises(MCPError):
                    await client.read_resource(wrong)

    asyncio.run(run())


def test_a_prompt_asks_for_an_answer_with_citations() -> None:
    async def run() -> str:
        async with Client(mcp_server(fake)) as client:
            (prompt,) = (await client.list_prompts()).prompts
            assert [one.name for one in prompt.arguments or ()] == ["question"]
            (message,) = (await client.get_prompt(prompt.name, {"question": QUESTION})).messages
            return message.content.text  # type: ignore[union-attr]

    assert QUESTION in asyncio.run(run())


def test_the_command_serves_stdin_and_stdout(folder: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "rag", "mcp"], cwd=folder, env=ENVIRON
    )
    assert "38万元" in call(command, "ask", question=QUESTION)["text"]


def test_the_command_serves_http_behind_the_gate(folder: Path) -> None:
    command = [sys.executable, "-m", "rag", "mcp", "--port", "0", "--json"]
    with running(command, folder, ENVIRON) as process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            assert address.endswith("/mcp")
            assert call(address, "search", question=QUESTION, k=1)["passages"][0]["rank"] == 1
            assert "38万元" in call(address, "ask", question=QUESTION)["text"]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=300)
