"""Conversations as files: the same words in each form, nothing of them markup, named after the question."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree
from playwright.sync_api import expect

from rag.documents.load import read_document
from rag.page.export import conversation_docx, conversation_html
from rag.page.turns import Turn
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Reading, Settings
from rag.types import ROW, Filter
from tests.fakes_page import FakeAssistant, answer, refusal
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import STATUS, answered
from tests.page.test_render import HOSTILE

pytestmark = GRADIO_WARNINGS
QUESTION = "A/B: 营业收入是多少？"


def whole() -> list[Turn]:
    one, two, three = answer().sentences
    rows = (replace(one, text="项目\t金额", lead=ROW), replace(two, text="收入\t3亿元", lead=ROW))
    said = replace(answer(), sentences=(one, *rows, replace(three, lead="- ")))
    where = Filter(("/年报.txt",))
    first = Turn("营业收入是多少？", answer=said, sentences=said.sentences, where=where)
    return [first, Turn("火星？", answer=refusal(), sentences=())]


def test_html_holds_headline_date_sources_and_nothing_that_runs() -> None:
    html = conversation_html("年报", "2026-11-30", whole()).decode()
    tree = etree.fromstring(html, etree.HTMLParser())
    text = "\n".join(tree.xpath("//body//text()"))
    for part in (
        "年报",
        "2026-11-30",
        "32,122 亿元",
        "只问：年报.txt",
        "第 12 页",
        "[1] 年度报告之1",
    ):
        assert part in text, part
    assert tree.xpath("//td/text()")[:2] == ["项目", "金额[1]"]
    assert tree.xpath("//p[@class='short']/text()") == ["32,122 亿元"]
    for hostile in HOSTILE:
        turn = Turn(hostile, error=hostile)
        page = etree.fromstring(conversation_html(hostile, "", [turn]), etree.HTMLParser())
        assert {one.tag for one in page.xpath("//body//*")} <= {"h1", "h2", "p", "br"}
        assert not page.xpath("//@onerror | //@onload | //@href | //@onmouseover")


def test_docx_is_read_again_with_its_headings_and_its_table(tmp_path: Path) -> None:
    path = tmp_path / "对话.docx"
    path.write_bytes(conversation_docx("年报", "2026-11-30", whole()))
    read = read_document(path, path.name, Reading())
    headings = [b.span.of(read.text) for b in read.blocks if b.kind.value in ("title", "heading")]
    assert headings == ["年报", "营业收入是多少？", "火星？"]
    assert "32,122 亿元" in read.text and "金额[1]" in read.text and read.tables
    strange = conversation_docx("\x00\ufffe<w:p>", "", [Turn("".join(HOSTILE) + "\ud800")])
    with zipfile.ZipFile(BytesIO(strange)) as packed:
        for name in packed.namelist():
            etree.fromstring(packed.read(name))
        assert b"&lt;w:p&gt;" in packed.read("word/document.xml")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    library = Library(Collection(tmp_path / "index", Settings.load(environ={})))
    with serving(create_app(FakeAssistant(), lambda: STATUS, library=library)) as place:
        yield place


def test_a_conversation_is_taken_away_in_each_form(address: str, open_page: Opened) -> None:
    page = open_page(address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = answered(page, QUESTION)
    assert page.locator("#wj-now").get_attribute("aria-live") == "polite"
    expect(turn).to_have_attribute("aria-busy", "false")
    assert page.locator(".wj-panel [aria-live], .wj-panel[aria-live]").count() == 0
    turn.get_by_role("button", name="复制").click()
    expect(turn.get_by_role("button", name="已复制")).to_be_visible()
    html = page.evaluate(
        "navigator.clipboard.read().then((all) => all[0].getType('text/html')).then((b) => b.text())"
    )
    assert "32,122 亿元" in html and "[1] 年度报告之1" in html
    assert not re.search("<(button|script|img)|class=|data-", html)

    page.locator(".wj-nav").get_by_role("button", name="历史").click()
    for label, ending in (("导出", "md"), ("导出为网页", "html"), ("导出为 Word", "docx")):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"{label} {QUESTION}").click()
        assert download.value.suggested_filename == f"A B 营业收入是多少？.{ending}"
        data = Path(download.value.path()).read_bytes()
        assert data[:2] == b"PK" if ending == "docx" else "32,122 亿元" in data.decode()


def test_the_language_is_switched_on_a_phone(address: str, open_page: Opened) -> None:
    page = open_page(address, width=390, height=844, leaves=True)
    page.locator(".wj-bar").get_by_role("button", name="English").click()
    expect(page.locator(".wj-nav")).to_contain_text("Documents")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
