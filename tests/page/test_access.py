"""What axe-core finds: nothing serious, in each view, language and size, light and dark; and that a
keyboard is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_core_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from rag.serving.collections import Collection
from tests.page.conftest import GRADIO_WARNINGS, Opened
from tests.page.test_browser import QUESTION, answered
from tests.page.test_collections import address, collection  # noqa: F401 (fixtures)

pytestmark = GRADIO_WARNINGS
_NEW = re.compile("新建文档集|New collection")
_CORRECT, _DELETE = re.compile("^更正 |^Correct "), re.compile("^删除 .*txt|^Delete .*txt")


def serious(page: Page) -> list[str]:
    found = Axe().run(page)["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def views(page: Page) -> Iterator[str]:
    """Shows each view in turn, what can be opened in it open."""
    for view in ("talk", "docs", "read", "talks", "settings"):
        if view == "read":
            page.locator(".wj-doc-passage .wj-doc-open").first.click()
            expect(page.locator(".wj-read-text mark").first).to_be_visible()
            page.fill(".wj-read-find", "青石桥")
            page.keyboard.press("Enter")
            expect(page.locator(".wj-read-step").first).to_be_visible()
            yield view
            continue
        page.click(f".wj-nav [data-view={view}]")
        expect(page.locator(f".wj-nav [data-view={view}]")).to_have_attribute(
            "aria-current", "page"
        )
        if view == "docs":
            expect(page.locator(".wj-docs .wj-doc")).to_have_count(3)
            page.get_by_role("button", name=_NEW).click()
            page.locator(".wj-docs-filters summary").click()
            page.get_by_role("button", name=_CORRECT).first.click()
            page.get_by_role("button", name=_DELETE).last.click()
            page.locator(".wj-doc-pick").last.check()
            page.fill(".wj-docs-find", "青石桥")
            page.keyboard.press("Enter")
            expect(page.locator(".wj-doc-passage").first).to_be_visible()
        if view == "settings":
            expect(page.locator(".wj-settings [name=k]")).not_to_have_value("")
            page.fill(".wj-settings [name=k]", "7")
            page.keyboard.press("Enter")
            expect(page.locator(".wj-settings-changed")).to_be_visible()
        yield view


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("zh", 1440, False), ("zh", 390, True), ("en", 1440, True), ("en", 390, False)],
)
def test_nothing_serious_is_found(
    address: str,  # noqa: F811
    open_page: Opened,
    language: str,
    width: int,
    dark: bool,
) -> None:
    page = open_page(f"{address}/?lang={language}", width=width, dark=dark)
    answered(page, QUESTION)
    for view in views(page):
        assert serious(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth") == width, view


def tabbed_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"no way to {selector} by Tab")


def test_a_keyboard_is_enough(
    address: str,  # noqa: F811
    open_page: Opened,
    collection: Collection,  # noqa: F811
) -> None:
    page = open_page(address)
    page.locator("#wj-question textarea").focus()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#wj-now .wj-turn")).to_have_attribute("data-state", "done")
    page.evaluate("document.activeElement.blur()")
    tabbed_to(page, "[data-view=docs]")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-docs-find").first).to_be_focused()
    expect(page.locator(".wj-docs .wj-doc")).to_have_count(3)
    tabbed_to(page, ".wj-doc [aria-label^=更正]")
    name = page.locator(".wj-docs .wj-doc").first.get_attribute("data-document")
    page.keyboard.press("Enter")
    page.keyboard.type("新的标题")
    page.keyboard.press("Enter")
    first = page.locator(".wj-docs .wj-doc").first
    expect(first.locator("b")).to_contain_text("新的标题")
    expect(first.get_by_role("button", name=f"更正 {name}")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-docs .wj-doc")).to_have_count(2)
    assert name not in {info.name for info in collection.documents()}
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    tabbed_to(page, "[data-view=settings]")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-settings [name=k]")).to_have_value("20")
    tabbed_to(page, ".wj-settings [name=k]")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-settings-note")).to_have_text("已生效。")
