"""Collections and what can be done with documents, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import QUESTION, TEXTS, answered

pytestmark = GRADIO_WARNINGS
RIVER = "清水河河道清淤\n\n2023年6月1日开工。清水河全长八十公里，清淤的总投资为人民币90万元。\n"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "index" / "default", Settings.load(environ={}))


@pytest.fixture
def address(collection: Collection) -> Iterator[str]:
    for name, text in TEXTS.items():
        collection.keep(name, [text.encode()])
    collection.update()
    library = Library(collection, collection.folder.parent)
    with serving(create_app(collection, collection.status, library=library)) as address:
        yield address


def to_documents(page: Page) -> None:
    page.click(".wj-nav [data-view=docs]")
    expect(page.locator(".wj-docs-list .wj-doc").first).to_be_visible()


def test_a_tab_stays_with_its_collection(address: str, open_page: Opened, tmp_path: Path) -> None:
    river = tmp_path / "河.txt"
    river.write_text(RIVER, encoding="utf-8")
    first, page = open_page(address), open_page(address, leaves=True)
    to_documents(page)
    page.get_by_role("button", name="新建文档集").click()
    page.keyboard.type("河流")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*collection=*")
    expect(page.locator(".wj-collection")).to_have_value("河流")
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(0)
    page.set_input_files("#wj-pick-files", river)
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(1)
    page.click(".wj-nav [data-view=talk]")
    expect(answered(page, "清淤的总投资是多少？")).to_contain_text("90万元")
    # The other tab goes on with the default one.
    expect(answered(first, QUESTION)).to_contain_text("38万元")
    for tab, question in ((first, QUESTION), (page, "清淤的总投资是多少？")):
        tab.click(".wj-nav [data-view=talks]")
        expect(tab.locator(".wj-talk-open b")).to_have_text([question])
    page.reload()
    expect(page.locator(".wj-talk-open b")).to_have_text(["清淤的总投资是多少？"])
    page.go_back()
    expect(page.locator("#wj-now")).to_contain_text("90万元")
    page.click(".wj-nav [data-view=docs]")
    page.locator(".wj-collection").select_option("default")
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(3)
    assert "collection" not in page.url


def test_a_collection_is_renamed_and_deleted_and_another_tab_told(
    address: str, open_page: Opened, collection: Collection
) -> None:
    library = Library(collection, collection.folder.parent)
    library.create("河流").keep("河.txt", [RIVER.encode()])
    library.collection("河流").update()
    other = open_page(f"{address}/?collection=河流", leaves=True)
    answered(other, "清淤的总投资是多少？")
    page = open_page(f"{address}/?collection=河流", leaves=True)
    to_documents(page)
    page.get_by_role("button", name="改名", exact=True).first.click()
    page.keyboard.type("default")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-docs > .wj-docs-note")).to_contain_text("已经有文档集")
    page.get_by_label("新名称", exact=True).fill("江河 2024")
    page.keyboard.press("Enter")
    page.wait_for_url("**2024*")
    expect(page.locator(".wj-collection")).to_have_value("江河 2024")
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(1)
    page.click(".wj-nav [data-view=talks]")
    expect(page.locator(".wj-talk-open b")).to_have_text(["清淤的总投资是多少？"])
    # The other tab is told, in the conversation and among the documents.
    other.fill("#wj-question textarea", "河有多长？")
    other.keyboard.press("Enter")
    expect(other.locator("#wj-now .wj-error")).to_contain_text("没有文档集 '河流'")
    other.click(".wj-nav [data-view=docs]")
    expect(other.locator(".wj-docs > .wj-docs-note")).to_contain_text("没有文档集 '河流'")
    expect(other.locator(".wj-collection")).to_have_value("河流")

    page.click(".wj-nav [data-view=docs]")
    page.locator(".wj-collections [data-collection=delete]").first.click()
    page.keyboard.type("江河")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-docs > .wj-docs-note")).to_contain_text("没有删除")
    page.keyboard.type(" 2024")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-collection")).to_have_value("default")
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(3)
    expect(page.locator(".wj-collections [data-collection=delete]").first).to_be_hidden()
    other.locator(".wj-collection").select_option("default")
    expect(other.locator(".wj-docs-list .wj-doc")).to_have_count(3)
    left = sorted(path.name for path in collection.folder.parent.iterdir())
    assert left == ["default", "default.page"]


def test_a_collection_that_is_not_there_is_said(address: str, open_page: Opened) -> None:
    page = open_page(f"{address}/?collection=..%2Fdefault", leaves=True)
    expect(page.locator("#wj-hello .wj-error")).to_contain_text("没有文档集")
    expect(page.locator(".wj-counts")).to_be_empty()
    page.click(".wj-nav [data-view=docs]")
    expect(page.locator(".wj-docs > .wj-docs-note")).to_contain_text("没有文档集")


def test_documents_are_filtered_searched_and_corrected(address: str, open_page: Opened) -> None:
    page = open_page(address)
    to_documents(page)
    rows = page.locator(".wj-docs-list .wj-doc")
    page.locator(".wj-docs-filters summary").click()
    page.fill(".wj-docs-filters [name=since]", "2024")
    expect(rows).to_have_count(1)
    page.fill(".wj-docs-find", "费")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-docs-found h2")).to_contain_text("最接近")
    expect(page.locator(".wj-doc-passage").first).to_contain_text("38万元")
    page.get_by_role("button", name="收起检索结果").click()
    expect(page.locator(".wj-docs-found")).to_be_hidden()
    page.get_by_role("button", name="清除筛选").click()
    page.fill(".wj-docs-find", "")
    expect(rows).to_have_count(3)

    library = rows.filter(has_text="图书馆.txt")
    page.get_by_role("button", name="更正 图书馆.txt").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="更正 图书馆.txt").click()
    page.get_by_label("标题", exact=True).fill("图书馆的<b>规定</b>")
    page.get_by_label("日期").fill("2019-09")
    page.keyboard.press("Enter")
    expect(library).to_contain_text("图书馆的<b>规定</b>")
    expect(library).to_contain_text("2019-09 已更正")
    page.click(".wj-nav [data-view=talk]")
    answered(page, "图书馆星期几闭馆？")
    expect(page.locator(".wj-panel")).to_contain_text("图书馆的<b>规定</b>")


def test_what_another_process_adds_is_shown(
    address: str, open_page: Opened, collection: Collection
) -> None:
    page = open_page(address)
    expect(page.locator(".wj-counts")).to_contain_text("3 份文档")
    to_documents(page)
    theirs = Collection(collection.folder, collection.settings)
    theirs.keep("河.txt", [RIVER.encode()])
    theirs.update()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".wj-docs-list .wj-doc")).to_have_count(4)
    expect(page.locator(".wj-counts")).to_contain_text("4 份文档")
    page.click(".wj-nav [data-view=talk]")
    expect(answered(page, "清淤的总投资是多少？")).to_contain_text("90万元")
