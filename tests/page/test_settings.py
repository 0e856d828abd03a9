"""Settings in a real browser: tried, with the server's own error; applied; language switched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.serving.collections import Collection, Library
from rag.serving.routes.model_servers import here
from rag.serving.security import Access, Token
from rag.serving.server import create_app
from rag.settings import Settings
from tests.chat_server import Reply, serve
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import QUESTION, TEXTS, answered
from tests.serving.test_model_servers import listing

pytestmark = GRADIO_WARNINGS
KEY = "sk-not-for-everybody"


def app_address(folder: Path, access: Access | None = None, **chat: str) -> Iterator[str]:
    settings = Settings.load(environ={}, overrides={"chat": chat})
    collection = Collection(folder / "index" / "default", settings)
    for name, text in TEXTS.items():
        collection.keep(name, [text.encode()])
    collection.update()
    library = Library(collection, folder / "index")
    with serving(
        create_app(collection, collection.status, (), access or Access(), library)
    ) as address:
        yield address


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    yield from app_address(tmp_path)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    yield from app_address(tmp_path, Access(token=Token("a long secret")))


def to_settings(page: Page) -> None:
    page.click(".wj-nav [data-view=settings]")
    expect(page.locator(".wj-settings [name=k]")).to_have_value("20")


def test_a_model_is_tried_and_set(
    address: str, open_page: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    page = open_page(address)
    to_settings(page)
    wrong = Reply(status=401, error={"message": "Incorrect API key", "code": "invalid_api_key"})
    with serve(wrong, Reply(["你好"]), Reply(["青石桥的维修共花费人民币38万元[1]。"])) as model:
        page.fill(".wj-settings [name=model]", "scripted")
        page.fill(".wj-settings [name=base_url]", model.url)
        page.get_by_role("button", name="测试连接").click()
        expect(page.locator(".wj-settings-tested")).to_contain_text("401")
        page.get_by_role("button", name="测试连接").click()
        expect(page.locator(".wj-settings-tested")).to_contain_text("scripted 有回应")
        page.fill(".wj-settings [name=k]", "5")
        page.get_by_role("button", name="应用").click()
        expect(page.locator(".wj-settings-note")).to_have_text("已生效。")
        page.click(".wj-nav [data-view=talk]")
        expect(page.locator(".wj-model")).to_have_value("openai:scripted")
        expect(answered(page, QUESTION)).to_contain_text("openai:scripted")
        # For the next question the documents' own sentences are chosen.
        page.locator(".wj-model").select_option(label="原文摘录")
        expect(answered(page, "图书馆星期几闭馆？")).to_contain_text("原文摘录")
        assert len(model.keys) == 3
        assert not any(KEY in str(key) for key in model.keys)
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert KEY not in kept + page.content()
    assert model.url not in kept


def test_a_server_of_this_machine_is_found_listed_and_keyed(
    address: str, open_page: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(address, leaves=True)
    with listing({"data": [{"id": "qwen2.5:7b"}]}) as (port, keys):
        monkeypatch.setattr(here, "__defaults__", (((port, "Ollama"),),))
        to_settings(page)
        page.wait_for_timeout(200)
        assert keys == []  # nothing is asked for without a click
        page.get_by_role("button", name="查找这台电脑上的模型服务").click()
        page.get_by_role("button", name="用 Ollama · qwen2.5:7b").click()
        expect(page.locator(".wj-settings [name=model]")).to_have_value("qwen2.5:7b")
        assert page.locator(".wj-settings [name=base_url]").input_value().endswith(f":{port}/v1")
        page.fill(".wj-settings [name=key]", KEY)
        page.get_by_role("button", name="列出模型").click()
        expect(page.locator(".wj-settings-tested")).to_contain_text("有 1 个模型")
        assert keys == [None, f"Bearer {KEY}"]
        page.get_by_role("button", name="应用").click()
        expect(page.locator(".wj-settings-key")).to_contain_text("现在有给 http://127.0.0.1")
        expect(page.locator(".wj-settings [name=key]")).to_have_value("")
        assert KEY not in page.content()
    page.get_by_role("button", name="DeepSeek").click()
    expect(page.locator(".wj-settings [name=model]")).to_have_value("deepseek-chat")
    page.fill(".wj-settings [name=base_url]", "不是地址")
    page.get_by_role("button", name="应用").click()
    expect(page.locator(".wj-settings-note")).to_have_text(
        "服务地址：要以 http:// 或 https:// 开头，中间没有空格"
    )


def test_a_value_out_of_range_is_said(address: str, open_page: Opened) -> None:
    page = open_page(address, leaves=True)  # the browser notes the refusal
    to_settings(page)
    page.fill(".wj-settings [name=k]", "0")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-settings-note")).to_have_text("检索的段数：不能小于 1")
    page.click(".wj-nav [data-view=docs]")
    to_settings(page)


def test_where_others_come_in_the_model_cannot_be_set(guarded: str, open_page: Opened) -> None:
    page = open_page(guarded, leaves=True, wait=False)
    page.fill("input[name=token]", "a long secret")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wj-question textarea")
    to_settings(page)
    for name in ("model", "base_url"):
        expect(page.locator(f".wj-settings [name={name}]")).to_be_disabled()
    expect(page.locator(".wj-settings-fixed")).to_be_visible()
    page.get_by_role("button", name="应用").click()
    expect(page.locator(".wj-settings-note")).to_have_text("已生效。")


def test_the_language_is_a_setting_too(address: str, open_page: Opened) -> None:
    page = open_page(address, leaves=True)
    to_settings(page)
    page.locator(".wj-settings").get_by_role("button", name="English").click()
    expect(page.locator(".wj-nav")).to_contain_text("Settings")
    to_settings(page)
    expect(page.get_by_role("button", name="Apply")).to_be_visible()
    page.locator(".wj-settings").get_by_role("button", name="中文").click()
    expect(page.locator(".wj-nav")).to_contain_text("设置")
