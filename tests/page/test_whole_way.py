"""The whole way in a real browser: from a file to an answer, its page, its export, and away again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.serving.collections import Library
from rag.serving.server import create_app
from rag.types import Event, Filter, History, Retrieved
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import QUESTION, TEXTS, answered, ask
from tests.page.test_documents import Gated as GatedFiles
from tests.page.test_documents import to_documents
from tests.pdf_file import pdf_file

pytestmark = GRADIO_WARNINGS
FOLLOW_UP = "那么桥长多少？"


class Gated(GatedFiles):
    """Waits when the passages of an answer are found, too."""

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        for event in super().stream(question, history, where):
            yield event
            if isinstance(event, Retrieved):
                self.gate.wait(300)


@pytest.fixture
def collection(tmp_path: Path) -> Gated:
    return Gated(tmp_path / "index")


@pytest.fixture
def address(collection: Gated) -> Iterator[str]:
    with serving(create_app(collection, collection.status, library=Library(collection))) as place:
        yield place


def to_talk(page: Page) -> None:
    page.locator(".wj-nav").get_by_role("button", name="对话", exact=True).click()


def test_from_upload_to_refusal(
    address: str, open_page: Opened, collection: Gated, tmp_path: Path
) -> None:
    files = []
    for name in ("桥梁.txt", "图书馆.txt"):
        files.append(tmp_path / name)
        files[-1].write_text(TEXTS[name], encoding="utf-8")
    page = open_page(address)
    to_documents(page)
    collection.gate.clear()
    page.set_input_files("#wj-pick-files", files)
    expect(page.locator(".wj-docs-progress span")).to_contain_text("1/2")
    collection.gate.set()
    expect(page.locator(".wj-docs .wj-doc")).to_have_count(2)
    to_talk(page)

    turn = answered(page, QUESTION)
    cite = turn.locator(".wj-cite[data-quote*='38万元']").first
    cite.click()
    marked = page.locator(".wj-panel mark.wj-on")
    expect(marked).to_contain_text("38万元")
    expect(marked).to_be_in_viewport()

    collection.gate.clear()
    turn = ask(page, FOLLOW_UP)
    expect(turn.locator(".wj-wait")).to_contain_text("正在核对")
    stop, field = (page.locator(one).bounding_box() for one in ("#wj-stop", "#wj-question"))
    assert stop and field  # the button stands in the field, where the other was
    assert field["x"] < stop["x"] and stop["x"] + stop["width"] < field["x"] + field["width"]
    assert field["y"] < stop["y"] and stop["y"] + stop["height"] < field["y"] + field["height"]
    page.get_by_role("button", name="停止").click()
    expect(turn).to_contain_text("已停止。")
    expect(page.get_by_role("button", name="停止")).to_be_hidden()
    collection.gate.set()
    turn.get_by_role("button", name="重试").click()
    expect(turn.locator(".wj-answer")).to_contain_text("42米")
    expect(turn).to_contain_text("按“")  # the follow-up was understood from the question before

    page.locator(".wj-nav").get_by_role("button", name="历史").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"导出 {QUESTION}").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "38万元" in text and "42米" in text
    assert text.count("出处：") == 2 and "桥梁.txt" in text

    to_documents(page)
    bridge = page.locator(".wj-docs .wj-doc", has_text="桥梁.txt")
    bridge.get_by_role("button", name="删除").click()
    bridge.get_by_role("button", name="删除").click()
    expect(page.locator(".wj-docs .wj-doc")).to_have_count(1)
    to_talk(page)
    page.get_by_role("button", name="新对话").click()
    expect(page.locator(".wj-turn")).to_have_count(0)
    answered(page, QUESTION)
    expect(page.locator("#wj-now .wj-refusal")).to_contain_text("资料中没有依据")


def test_a_sentence_is_boxed_on_page_137_of_200(
    address: str, open_page: Opened, collection: Gated, tmp_path: Path
) -> None:
    pages = [[f"第{n}号观测站月报", f"第{n}号观测站本月平均气温为{n}度。"] for n in range(1, 201)]
    pages[136] += ["青石桥的维修共花费人民币三十八万元。"]
    path = tmp_path / "月报.pdf"
    path.write_bytes(pdf_file(pages))
    page = open_page(address, leaves=True)  # the browser reports what is refused in the end
    to_documents(page)
    page.set_input_files("#wj-pick-files", path)
    expect(page.locator(".wj-docs .wj-doc")).to_have_count(1)
    to_talk(page)
    turn = answered(page, QUESTION)
    expect(turn.locator(".wj-answer")).to_contain_text("三十八万元")
    turn.locator(".wj-cite[data-quote*='三十八万元']").first.click()
    panel = page.locator(".wj-panel")
    expect(panel).to_contain_text("第 137 页")
    panel.get_by_role("button", name="看原页").click()
    box = panel.locator(".wj-page-box")
    expect(box).to_have_count(1)
    expect(box).to_be_in_viewport()
    image = panel.locator(".wj-page-paper img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    whole, place = image.bounding_box(), box.bounding_box()
    assert whole and place
    # The third line, 18 characters of 12 points from 60 points on, on a page of 595 by 842.
    scale = whole["width"] / 595
    assert abs((place["x"] + place["width"] / 2 - whole["x"]) / scale - (60 + 9 * 12)) < 6
    assert abs((place["y"] + place["height"] / 2 - whole["y"]) / scale - (842 - 760 + 40 - 5)) < 6
    panel.get_by_role("button", name="下一页").click()
    expect(panel.locator(".wj-page-bar")).to_contain_text("第 138 页")
    expect(box).not_to_be_in_viewport()
    panel.get_by_role("button", name="上一页").click()
    expect(panel.locator(".wj-page-bar")).to_contain_text("第 137 页")
    # One scrolls on to the pages before and after it.
    sheet = panel.locator(".wj-page-sheet")
    for edge, number in (("0", 136), ("e.scrollHeight", 138)):
        sheet.evaluate(f"e => {{ e.scrollTop = {edge} }}")
        expect(sheet.locator(f"[data-page='{number}']")).to_have_count(1)
    path_kept = collection.files / "月报.pdf"
    path_kept.write_bytes(pdf_file(pages[:10]))
    cite = turn.locator(".wj-cite[data-quote*='三十八万元']").first
    cite.click()
    expect(panel.locator(".wj-ev-page")).to_contain_text("读入之后改过")
