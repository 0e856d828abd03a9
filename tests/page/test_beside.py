"""The conversations beside the one that goes on: listed, found, opened, renamed, deleted there."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.conftest import GRADIO_WARNINGS, Opened
from tests.page.test_browser import QUESTION, answered
from tests.page.test_collections import address, collection  # noqa: F401 (fixtures)

pytestmark = GRADIO_WARNINGS
SECOND = "图书馆星期几闭馆？"


def test_they_stand_beside_where_there_is_room(address: str, open_page: Opened) -> None:  # noqa: F811
    page = open_page(address, width=1440)
    titles = page.locator(".wj-talk-open b")
    beside = page.locator(".wj-talks")
    expect(beside).to_contain_text("没有对话")
    answered(page, QUESTION)
    expect(titles).to_have_text([QUESTION])
    beside.get_by_role("button", name="新对话").click()
    expect(page.locator(".wj-turn")).to_have_count(0)
    answered(page, SECOND)
    expect(titles).to_have_text([SECOND, QUESTION])
    expect(page.locator(".wj-talk-open[aria-current] b")).to_have_text(SECOND)
    expect(page.locator(".wj-talks-day")).to_have_text("今天")

    page.get_by_role("button", name=f"改名 {QUESTION}").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("桥")
    page.keyboard.press("Enter")
    expect(titles).to_have_text([SECOND, "桥"])
    page.fill(".wj-talks-find", "38万元")
    expect(titles).to_have_text(["桥"])
    titles.click()
    expect(page.locator("#wj-now .wj-question")).to_have_text(QUESTION)
    page.fill(".wj-talks-find", "")
    expect(page.locator(".wj-talk-open[aria-current] b")).to_have_text("桥")
    with page.expect_download() as export:
        page.get_by_role("link", name="导出 桥").click(force=True)
    assert "38万元" in export.value.path().read_text(encoding="utf-8")
    drop = page.get_by_role("button", name=f"删除 {SECOND}")
    drop.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(titles).to_have_text(["桥"])

    page.get_by_role("button", name="对话列表").click()
    expect(beside).to_be_hidden()
    page.click(".wj-nav [data-view=talks]")
    expect(beside).to_be_visible()
    page.click(".wj-nav [data-view=talk]")
    page.get_by_role("button", name="对话列表").click()
    expect(titles).to_have_text(["桥"])
    page.set_viewport_size({"width": 1200, "height": 900})
    expect(beside).to_be_hidden()
