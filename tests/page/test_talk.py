"""A conversation in a real browser: kept, left in the middle, opened again, asked again, exported."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.page.turns import Turn, conversation_markdown, turn_text
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from rag.types import Event, Filter, History, Retrieved
from tests.fakes_page import FakeAssistant, answer
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import STATUS, answered, ask

pytestmark = GRADIO_WARNINGS
QUESTION = "营业收入是多少？"
DONE = Turn(QUESTION, answer=answer(), passages=answer().passages, sentences=answer().sentences)


class Waiting(FakeAssistant):
    """Waits at the gate; remembers what was asked before."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.histories: list[History] = []

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        self.histories.append(history)
        yield Retrieved(answer().passages)
        self.gate.wait(300)
        yield from super().stream(question, history, where)


@pytest.fixture
def assistant() -> Waiting:
    return Waiting()


@pytest.fixture
def address(assistant: Waiting, tmp_path: Path) -> Iterator[str]:
    collection = Collection(tmp_path / "index", Settings.load(environ={}))
    app = create_app(assistant, lambda: STATUS, library=Library(collection))
    with serving(app) as address:
        yield address


def history(page: Page) -> None:
    page.locator(".wj-nav").get_by_role("button", name="历史").click()
    expect(page.locator(".wj-talks")).to_be_visible()


def test_a_conversation_is_kept_found_and_exported(
    address: str, open_page: Opened, assistant: Waiting
) -> None:
    page = open_page(address)
    answered(page, QUESTION)
    answered(page, "火星基地何时建成？")
    assert assistant.histories[1] == [(QUESTION, answer().text)]
    page.wait_for_url("**/?c=*")
    page.reload()
    expect(page.locator("#wj-now .wj-refusal")).to_be_visible()
    expect(page.locator("#wj-past .wj-turn")).to_have_count(1)
    page.get_by_role("button", name="新对话").click()
    expect(page.locator(".wj-turn")).to_have_count(0)
    page.wait_for_url(f"{address}/")

    history(page)
    expect(page.locator(".wj-talk-open")).to_have_count(1)
    page.fill(".wj-talks-find", "没有的词")
    expect(page.locator(".wj-talks-note")).to_have_text("没有对话")
    page.fill(".wj-talks-find", "火星")
    page.get_by_role("button", name=f"改名 {QUESTION}").click()
    page.keyboard.type("年报问答")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-talk-open")).to_contain_text("年报问答")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 年报问答").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith(conversation_markdown("年报问答", [DONE]))
    page.locator(".wj-talk-open").click()
    expect(page.locator("#wj-now .wj-refusal")).to_be_visible()
    answered(page, "后来呢？")
    expect(page.locator("#wj-past .wj-turn")).to_have_count(2)

    history(page)
    page.get_by_role("button", name="删除 年报问答").click()
    page.get_by_role("button", name="删除 年报问答").click()
    expect(page.locator(".wj-talk-open")).to_have_count(0)


def test_a_reload_in_the_middle_of_an_answer_and_a_retry(
    address: str, open_page: Opened, assistant: Waiting
) -> None:
    page = open_page(address, leaves=True)
    assistant.gate.clear()
    ask(page, QUESTION)
    expect(page.locator("#wj-now .wj-wait")).to_have_text("找到 3 段，正在核对…")
    page.wait_for_url("**/?c=*")
    page.reload()
    expect(page.locator("#wj-now")).to_contain_text("已停止。")
    assistant.gate.set()
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#wj-now .wj-turn[data-state=done]")).to_contain_text("32,122 亿元")
    expect(page.locator("#wj-now .wj-note").first).to_contain_text("1 句引文属实")
    expect(page.locator(".wj-turn")).to_have_count(1)
    page.reload()
    expect(page.locator("#wj-now .wj-answer")).to_contain_text("32,122 亿元")
    expect(page.locator(".wj-turn")).to_have_count(1)


def test_an_answer_is_copied_with_its_sources(address: str, open_page: Opened) -> None:
    page = open_page(address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = answered(page, QUESTION)
    turn.get_by_role("button", name="复制").click()
    expect(turn.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == turn_text(DONE)
