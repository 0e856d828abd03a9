"""Questions asked of some documents alone, in a browser: chosen, named, kept, exported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import QUESTION, TEXTS, answered

pytestmark = GRADIO_WARNINGS


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("scope")
    collection = Collection(folder / "index", Settings.load(environ={}))
    for name, text in {**TEXTS, "a[1].txt": "青石桥的照片共三张。"}.items():
        collection.keep("甲.txt" if name == "a[1].txt" else name, [text.encode()])
    stated = '["图书馆.txt"]\ntags = ["公共服务"]\ndate = 2024-01-31\n'
    (collection.files / "corpus.toml").write_text(stated, encoding="utf-8")
    (collection.files / "甲.txt").rename(collection.files / "a[1].txt")
    collection.update()
    with serving(create_app(collection, collection.status, library=Library(collection))) as place:
        yield place


def chosen(page: Page) -> list[str]:
    return [text.removesuffix(" ✕") for text in page.locator(".wj-chip").all_inner_texts()]


def test_documents_are_chosen_and_kept_with_the_conversation(
    address: str, open_page: Opened
) -> None:
    page = open_page(address, leaves=True)
    page.click(".wj-scope-open")
    expect(page.locator(".wj-scope-find")).to_be_focused()
    expect(page.locator(".wj-scope-documents li")).to_have_count(4)
    page.fill(".wj-scope-find", "图书馆")
    expect(page.locator(".wj-scope-documents li")).to_have_count(1)
    page.locator(".wj-scope-documents input").check()
    expect(page.locator(".wj-scope-open")).to_have_text("问这 1 份文档")
    page.keyboard.press("Escape")
    expect(page.locator(".wj-scope-panel")).to_be_hidden()
    turn = answered(page, QUESTION)
    expect(turn).not_to_contain_text("38万元")
    expect(turn.locator(".wj-asked-of")).to_have_text("只问：图书馆.txt")
    page.wait_for_url(re.compile("documents=.*c=|c=.*documents="))

    # A reload, and the conversation opened from elsewhere, come back to what was chosen.
    page.reload()
    expect(page.locator(".wj-asked-of")).to_have_text("只问：图书馆.txt")
    expect(page.locator(".wj-scope-open")).to_have_text("问这 1 份文档")
    kept = page.url
    page.locator(".wj-nav .wj-new").click()
    expect(page.locator(".wj-scope-open")).to_have_text("问全部文档")
    assert "documents=" not in page.url
    expect(answered(page, QUESTION).locator(".wj-answer")).to_contain_text("38万元")
    expect(page.locator("#wj-now .wj-asked-of")).to_have_count(0)
    other = open_page(f"{address}/?c={kept.partition('c=')[2].partition('&')[0]}", leaves=True)
    expect(other.locator(".wj-scope-open")).to_have_text("问这 1 份文档")
    other.locator(".wj-nav").get_by_role("button", name="历史").click()
    with other.expect_download() as download:
        other.locator(".wj-doc", has_text=QUESTION).last.get_by_role(
            "link", name=f"导出 {QUESTION}"
        ).click()
    assert "只问：图书馆.txt" in Path(download.value.path()).read_text(encoding="utf-8")


def test_names_and_tags_are_completed_in_the_question(address: str, open_page: Opened) -> None:
    page = open_page(address)
    page.click("#wj-question textarea")
    page.keyboard.type("这份 @a[")
    expect(page.locator(".wj-complete li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".wj-complete")).to_be_hidden()
    expect(page.locator("#wj-question textarea")).to_have_value("这份 ")
    assert chosen(page) == ["a[1].txt"]
    page.keyboard.type("青石桥有几张照片？")
    page.keyboard.press("Enter")
    turn = page.locator("#wj-now .wj-turn[data-state=done]")
    expect(turn).to_contain_text("照片共三张")
    expect(turn.locator(".wj-asked-of")).to_have_text("只问：a[1].txt")

    page.get_by_role("button", name="不限").click()
    page.click("#wj-question textarea")
    page.keyboard.type("#公")
    expect(page.locator(".wj-complete li")).to_have_text("#公共服务")
    page.keyboard.press("Tab")
    assert chosen(page) == ["#公共服务"]
    expect(answered(page, "星期几闭馆？").locator(".wj-asked-of")).to_have_text(
        "只问：标签 公共服务"
    )


def test_a_date_is_understood_as_it_is_written_and_a_wrong_one_told(
    address: str, open_page: Opened
) -> None:
    page = open_page(address)
    page.click(".wj-scope-open")
    until = page.locator(".wj-scope [name=until]")
    until.fill("2024/1/31")
    until.press("Tab")
    assert chosen(page) == ["不晚于 2024/1/31"]
    page.keyboard.press("Escape")
    turn = answered(page, "图书馆星期几闭馆？")
    expect(turn.locator(".wj-asked-of")).to_have_text("只问：不晚于 2024-01-31")
    expect(turn.locator(".wj-answer")).to_contain_text("周一闭馆")
    held: list[Route] = []  # the list of documents comes while a date is being written

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/names*", hold)
    page.click(".wj-scope-open")
    until.fill("去年")
    with page.expect_response("**/api/names*"):
        held[0].continue_()
    expect(page.locator(".wj-scope-documents li")).not_to_have_count(0)
    until.press("Tab")
    page.keyboard.press("Escape")
    expect(answered(page, "几点开门？").locator(".wj-error")).to_contain_text("'去年' 不是日期")
