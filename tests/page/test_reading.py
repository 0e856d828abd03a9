"""A document to read in a browser: from its card, the list and a hit; found in, and the way back."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_asking import until
from tests.page.test_browser import QUESTION, TEXTS, answered

pytestmark = GRADIO_WARNINGS
ROWS = "| 年份 | 车流量（万辆） |\n| --- | --- |\n| 2023 | 31 |\n| 2024 | 38 |\n"
LONG = "\n\n".join(
    f"## 第{n}节 桥墩{n}号\n\n" + f"第{n}号桥墩检查记录😀，情况良好。" * 40 for n in range(1, 41)
)
FILES = {
    **TEXTS,
    "检查.md": f"# 桥墩检查\n\n## 车流\n\n{ROWS}\n{LONG}\n\n## 结论\n\n第7号桥墩要加固。\n",
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    collection = Collection(tmp_path_factory.mktemp("read") / "index", Settings.load(environ={}))
    for name, text in FILES.items():
        collection.keep(name, [text.encode()])
    collection.update()
    return collection


@pytest.fixture(scope="module")
def address(collection: Collection) -> Iterator[str]:
    with serving(create_app(collection, collection.status, library=Library(collection))) as place:
        yield place


def marked(page: Page) -> str:
    return "".join(page.locator(".wj-read-text mark").all_inner_texts())


def test_a_source_opens_where_it_is_quoted_and_back_returns(
    address: str, open_page: Opened
) -> None:
    page = open_page(address)
    turn = answered(page, QUESTION)
    page.wait_for_url("**c=*")
    conversation = page.url
    turn.locator(".wj-source .wj-doc-open").first.click()
    expect(page.locator(".wj-read-title")).to_have_text("青石桥维修纪要")
    expect(page.locator(".wj-read-text mark").first).to_be_in_viewport()
    assert "38万元" in marked(page)
    reading = page.url
    page.go_back()
    expect(turn).to_be_visible()
    assert page.url == conversation
    page.locator(".wj-panel").get_by_role("button", name="读全文").click()
    expect(page.locator(".wj-read")).to_be_visible()
    page.go_back()
    page.go_back()  # before the conversation stand the conversations, not an empty page
    expect(page.locator(".wj-view-talks .wj-talk-open")).to_have_count(1)
    page.go_forward()
    expect(page.locator("#wj-now .wj-turn")).to_contain_text("38万元")

    other = open_page(reading, wait=False)  # the address alone is enough
    expect(other.locator(".wj-read-title")).to_have_text("青石桥维修纪要")
    assert "38万元" in marked(other)


def test_a_long_document_is_read_searched_and_asked(address: str, open_page: Opened) -> None:
    page = open_page(address)
    sizes: list[int] = []
    page.on(
        "response",
        lambda reply: sizes.append(len(reply.body())) if "/api/reading" in reply.url else None,
    )
    page.locator(".wj-nav [data-view=docs]").click()
    page.get_by_role("button", name="桥墩检查", exact=True).click()
    expect(page.locator(".wj-read-way")).to_have_count(43)
    assert page.locator(".wj-read-text th").all_inner_texts() == ["年份", "车流量（万辆）"]
    assert page.locator(".wj-read-text td").all_inner_texts() == ["2023", "31", "2024", "38"]
    assert page.locator(".wj-read-text h4").count() < 41  # the rest comes as one scrolls

    def scrolled() -> bool:
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        return page.locator(".wj-read-text h4").count() == 42

    until(page, scrolled)
    expect(page.locator(".wj-read-text")).to_contain_text("第7号桥墩要加固。")
    assert max(sizes) < 200_000

    page.fill(".wj-read-find", "要加固")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-read-count")).to_have_text("第 1 处，共 1 处")
    expect(page.locator(".wj-read-text mark")).to_be_in_viewport()
    assert marked(page) == "要加固"  # behind characters of two units in a script
    expect(page.locator(".wj-read-way[aria-current]")).to_have_text("结论")
    page.locator(".wj-read-way", has_text="第3节").click()
    heading = page.locator(".wj-read-text h4", has_text="第3节")
    expect(heading).to_be_in_viewport()

    heading.hover()
    heading.get_by_role("button", name="问“第3节 桥墩3号”这一节").click()
    expect(page.locator(".wj-scope-open")).to_have_text("问这 1 份文档")
    expect(page.locator("#wj-question textarea")).to_have_value("“第3节 桥墩3号”这一节讲了什么？")
    page.keyboard.press("Enter")
    turn = page.locator("#wj-now .wj-turn[data-state=done]")
    expect(turn).to_have_attribute("data-face", "answered")
    expect(turn.locator(".wj-answer")).to_contain_text("第3号桥墩检查记录")


def test_several_documents_are_asked_exported_and_deleted(
    address: str, open_page: Opened, collection: Collection
) -> None:
    page = open_page(address)
    page.locator(".wj-nav [data-view=docs]").click()
    for name in ("桥梁.txt", "图书馆.txt"):
        page.get_by_role("checkbox", name=f"选择 {name}").check()
    bar = page.locator(".wj-docs-picked")
    expect(bar).to_contain_text("选了 2 份")
    with page.expect_download() as download:
        bar.get_by_role("button", name="导出文字").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert sorted(packed.namelist()) == ["图书馆.txt", "桥梁.txt"]
        assert "38万元" in packed.read("桥梁.txt").decode()
    bar.get_by_role("button", name="问这些文档").click()
    expect(page.locator(".wj-scope-open")).to_have_text("问这 2 份文档")
    turn = answered(page, QUESTION)
    expect(turn.locator(".wj-asked-of")).to_have_text(re.compile("只问：(桥梁|图书馆).txt、"))

    page.locator(".wj-nav [data-view=docs]").click()
    for name in ("恶意.txt", "图书馆.txt"):
        page.get_by_role("checkbox", name=f"选择 {name}").check()
    delete = bar.locator("[data-pick-act=delete]")
    delete.click()
    expect(delete).to_have_text("确认删除这 2 份")
    page.get_by_role("checkbox", name="选择 检查.md").check()  # disarms it
    expect(delete).to_have_text("删除")
    page.get_by_role("checkbox", name="选择 检查.md").uncheck()
    delete.click()
    delete.click()
    expect(page.locator(".wj-doc")).to_have_count(2)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".wj-doc")).to_have_count(4)
    assert len(collection.documents()) == 4


def test_questions_of_the_documents_are_offered_and_answered(
    address: str, open_page: Opened
) -> None:
    page = open_page(address)
    offered = page.locator(".wj-suggested button")
    expect(offered.first).to_be_visible()
    assert 1 <= offered.count() <= 6
    question = offered.first.inner_text()
    offered.first.click()
    turn = page.locator("#wj-now .wj-turn[data-state=done]")
    expect(turn.locator(".wj-question")).to_have_text(question)
    expect(turn).to_have_attribute("data-face", "answered")
    for words in ("rag.toml", "index/default", "rag index", "token"):
        assert words not in page.inner_text("body"), words
