"""Documents in a real browser: added to nothing, found, asked about, deleted, asked again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.index.local.index import Progress, Step
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from rag.types import Report
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import QUESTION, TEXTS, answered

pytestmark = GRADIO_WARNINGS


class Gated(Collection):
    """Waits at each file that is done while the gate is shut; on a busy machine there is progress
    before, too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Settings.load(environ={}))
        self.retried = False
        self.gate = threading.Event()
        self.gate.set()

    def update(self, progress: Progress | None = None, *, retry_skipped: bool = False) -> Report:
        self.retried = retry_skipped

        def slow(step: Step) -> None:
            assert progress is not None
            progress(step)
            if step.done:
                self.gate.wait(300)

        return super().update(slow, retry_skipped=retry_skipped)


@pytest.fixture
def collection(tmp_path: Path) -> Gated:
    return Gated(tmp_path / "index")


@pytest.fixture
def address(collection: Gated) -> Iterator[str]:
    with serving(create_app(collection, collection.status, library=Library(collection))) as address:
        yield address


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "资料"
    (folder / "子").mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / "子" / name).write_text(text, encoding="utf-8")
    (folder / "图.exe").write_bytes(b"MZ")
    (folder / ".hidden").write_text("x", encoding="utf-8")
    return folder


def test_what_was_not_read_whole_is_gone_on_with(
    address: str, open_page: Opened, texts: Path, collection: Gated
) -> None:
    page = open_page(address)
    page.get_by_role("button", name="添加文件").click()
    page.set_input_files("#wj-pick-folder", texts)
    again = page.get_by_role("button", name="接着读没读全的 1 份")
    expect(again).to_be_visible()
    again.click()
    expect(page.locator(".wj-docs-report")).to_contain_text("读入 0 份，未变 3 份，跳过 1 份")
    assert collection.retried


def to_documents(page: Page) -> None:
    page.locator(".wj-nav").get_by_role("button", name="文档").click()
    expect(page.locator(".wj-docs")).to_be_visible()


def test_a_folder_is_added_asked_about_and_deleted(
    address: str, open_page: Opened, texts: Path
) -> None:
    page = open_page(address)
    expect(page.locator(".wj-when-empty")).to_contain_text("索引里还没有文档")
    page.get_by_role("button", name="添加文件").click()
    page.set_input_files("#wj-pick-folder", texts)
    expect(page.locator(".wj-docs-report")).to_contain_text("读入 3 份，未变 0 份，跳过 1 份")
    expect(page.locator(".wj-docs-skipped li")).to_have_count(1)
    expect(page.locator(".wj-docs-skipped")).to_contain_text("资料/图.exe")
    expect(page.locator(".wj-doc")).to_have_count(3)
    expect(page.locator(".wj-unread")).to_contain_text("没有读入，文件仍保存着")
    expect(page.locator(".wj-counts")).to_contain_text("3 份文档")
    bridge = page.locator(".wj-doc", has_text="桥梁.txt")
    expect(bridge).to_contain_text("2024-05-06")
    expect(bridge).to_contain_text("段")
    page.fill(".wj-docs-find", "周一闭馆")
    expect(page.locator(".wj-doc")).to_have_count(1)
    expect(page.locator(".wj-docs > form .wj-docs-count")).to_have_text("1 份提到“周一闭馆”")
    page.fill(".wj-docs-find", "")
    expect(page.locator(".wj-doc")).to_have_count(3)
    # what a document is called and says shows as text
    assert page.evaluate("typeof window.hacked") == "undefined"

    page.locator(".wj-nav").get_by_role("button", name="对话", exact=True).click()
    expect(page.locator(".wj-when-filled")).to_be_visible()
    expect(answered(page, QUESTION).locator(".wj-answer")).to_contain_text("38万元")
    panel = page.locator(".wj-panel")
    said = panel.locator(".wj-ev-text").inner_text()
    panel.get_by_role("button", name="前后文").click()
    expect(panel.get_by_role("button", name="前后文")).to_be_hidden()  # that was all of it
    around = "".join(panel.locator(".wj-ev-text").inner_text().split())
    assert around == "".join(TEXTS["桥梁.txt"].split())
    assert said in panel.locator(".wj-ev-text").inner_text()
    panel.locator(".wj-ev-why summary").click()
    expect(panel.locator(".wj-ev-why tbody tr").first).to_contain_text("关键词")
    to_documents(page)
    bridge.get_by_role("button", name="删除").click()
    bridge.get_by_role("button", name="删除").click()
    expect(page.locator(".wj-docs > .wj-docs-note")).to_contain_text("已删除")
    expect(page.locator(".wj-doc")).to_have_count(2)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".wj-docs > .wj-docs-note")).to_contain_text("已恢复")
    expect(page.locator(".wj-doc")).to_have_count(3)
    bridge.get_by_role("button", name="删除").click()
    bridge.get_by_role("button", name="删除").click()
    expect(page.locator(".wj-doc")).to_have_count(2)
    page.locator(".wj-nav").get_by_role("button", name="对话", exact=True).click()
    expect(answered(page, f"请问{QUESTION}")).not_to_contain_text("38万元")


def test_progress_is_shown_and_can_be_cancelled(
    address: str, open_page: Opened, texts: Path, collection: Gated
) -> None:
    page = open_page(address)
    to_documents(page)
    collection.gate.clear()
    page.set_input_files("#wj-pick-files", sorted((texts / "子").iterdir()))
    expect(page.locator(".wj-docs-progress span")).to_contain_text("读入 1/3")
    expect(page.locator(".wj-docs-progress span")).to_contain_text("每秒")
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".wj-docs-report")).to_contain_text("已取消")
    collection.gate.set()
    expect(page.locator(".wj-doc")).to_have_count(0)
    assert collection.status().documents == 0


def test_a_large_file_can_be_left_while_it_is_sent(
    address: str, open_page: Opened, tmp_path: Path, collection: Gated
) -> None:
    large = tmp_path / "大.txt"
    large.write_bytes("清水河全长八十公里。\n".encode() * 400_000)  # 12 MB
    page = open_page(address)
    to_documents(page)
    # A slow line, so that there is time to leave.
    line = page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": 200_000})
    page.set_input_files("#wj-pick-files", large)
    expect(page.locator(".wj-docs-progress span")).to_contain_text("上传 1/1 大.txt，每秒 0.")
    expect(page.locator(".wj-docs-progress span")).to_contain_text("约剩")
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".wj-docs-report")).to_contain_text("已取消")
    expect(page.locator(".wj-docs-progress")).to_be_hidden()
    assert not list(collection.files.rglob("*"))
