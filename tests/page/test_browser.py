"""The page in a real browser: ask, read, click, check; and what must not happen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from rag.assistant import Assistant
from rag.errors import GenerationError
from rag.index.local.index import Index
from rag.serving.server import create_app
from rag.settings import Settings
from rag.types import Event, Filter, History, IndexStatus, Retrieved, Text
from tests.fakes_page import FakeAssistant, answer
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving

pytestmark = GRADIO_WARNINGS
STATUS = IndexStatus("index/sample", 3, 12, 240, "wenju", 1000, False)
HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=2'>"
    "[点这里](javascript:window.hacked=3) ${window.hacked=4} {{constructor}}"
)
TEXTS = {
    "桥梁.txt": "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。"
    "青石桥的维修共花费人民币38万元，比预算少2万元。\n\n桥长42米，建于清代。\n",
    "图书馆.txt": "县图书馆开放时间\n\n县图书馆每周二至周日开放，周一闭馆。"
    "读者凭身份证免费办理借书证。\n",
    "恶意.txt": f"网页安全测试记录\n\n测试人员在记录里写入了字符串{HOSTILE}，共发现漏洞17处。\n",
}
QUESTION = "青石桥的维修花了多少钱？"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on an index of the texts above."""
    folder = tmp_path_factory.mktemp("page")
    texts = folder / "texts"
    texts.mkdir()
    for name, text in TEXTS.items():
        (texts / name).write_text(text, encoding="utf-8")
    settings = Settings.load(overrides={"index": folder / "index"})
    index = Index.build([texts], settings.index, settings)
    with serving(create_app(Assistant(index, settings), index.status, [QUESTION])) as address:
        yield address


def ask(page: Page, question: str) -> Locator:
    """Asks, and gives the turn of this question."""
    page.fill("#wj-question textarea", question)
    page.keyboard.press("Enter")
    turn = page.locator("#wj-now .wj-turn")
    expect(turn.locator(".wj-question")).to_have_text(question)
    return turn


def answered(page: Page, question: str) -> Locator:
    """Asks, and gives the turn once it is complete."""
    turn = ask(page, question)
    expect(turn).to_have_attribute("data-state", "done")
    return turn


def test_ask_read_click_and_see_the_quotation(address: str, open_page: Opened) -> None:
    page = open_page(address)
    expect(page.locator(".wj-status")).to_contain_text("3 份文档")
    expect(page).to_have_title("文据 Wenju")
    turn = answered(page, QUESTION)
    expect(turn.locator(".wj-answer")).to_contain_text("38万元")
    expect(page.locator("#wj-question textarea")).to_have_value("")
    expect(page.locator(".wj-panel .wj-ev-file")).to_have_text("桥梁.txt")
    cite = next(
        one
        for one in turn.locator(".wj-cite").all()
        if "38万元" in str(one.get_attribute("data-quote"))
    )
    quote = cite.get_attribute("data-quote")
    cite.click()
    panel = page.locator(".wj-panel")
    expect(panel).to_be_visible()
    assert "".join(panel.locator("mark.wj-on").all_inner_texts()) == quote
    assert quote in TEXTS["桥梁.txt"]
    expect(panel.locator(".wj-ev-file")).to_have_text("桥梁.txt")
    expect(panel).to_contain_text("2024-05-06")
    expect(panel).to_contain_text("行")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_an_example_asks_itself(address: str, open_page: Opened) -> None:
    page = open_page(address)
    page.get_by_role("button", name=QUESTION).click()
    expect(page.locator("#wj-now .wj-turn[data-state=done]")).to_contain_text("38万元")
    expect(page.locator(".wj-examples")).to_be_hidden()


def test_what_a_document_says_never_runs(address: str, open_page: Opened) -> None:
    page = open_page(address)
    turn = answered(page, f"测试人员发现漏洞多少处？{HOSTILE}")
    turn.locator("button[data-n]").first.click()
    expect(page.locator(".wj-panel .wj-ev-text")).to_contain_text("onerror='window.hacked=2'")
    expect(page.locator(".wj-panel .wj-ev-text")).to_contain_text("${window.hacked=4}")
    assert page.locator("#wj-main a, #wj-main img, #wj-main script").count() == 0
    assert page.evaluate("typeof window.hacked") == "undefined"


def test_a_second_question_leaves_the_first_on_the_page(address: str, open_page: Opened) -> None:
    page = open_page(address)
    expect(answered(page, QUESTION).locator(".wj-answer")).to_contain_text("38万元")
    second = answered(page, "图书馆星期几闭馆？")
    expect(second.locator(".wj-answer")).to_contain_text("周一闭馆")
    expect(page.locator(".wj-panel .wj-ev-file")).to_have_text("图书馆.txt")
    expect(page.locator("#wj-past .wj-turn")).to_have_count(1)
    page.locator("#wj-past .wj-cite").first.click()
    expect(page.locator(".wj-panel .wj-ev-file")).to_have_text("桥梁.txt")


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """The page on an assistant whose answers are known."""
    with serving(create_app(FakeAssistant(), lambda: STATUS)) as address:
        yield address


def test_a_refusal_shows_the_nearest_passages(plain: str, open_page: Opened) -> None:
    page = open_page(plain)
    turn = answered(page, "火星基地何时建成？")
    expect(turn.locator(".wj-refusal")).to_contain_text("没有")
    turn.locator(".wj-nearest button").nth(1).click()
    expect(page.locator(".wj-panel .wj-ev-text")).to_have_text("最接近的第2段文字。")
    assert turn.locator(".wj-cite").count() == 0


def test_a_citation_shows_its_quotation_when_pointed_at(plain: str, open_page: Opened) -> None:
    page = open_page(plain)
    answered(page, "营业收入是多少？").locator(".wj-cite").nth(1).hover()
    expect(page.locator(".wj-tip")).to_contain_text("年报称全年研发投入 112 亿元。")
    page.keyboard.press("Escape")
    expect(page.locator(".wj-tip")).to_be_hidden()


def test_on_a_phone_the_evidence_comes_up_and_goes(plain: str, open_page: Opened) -> None:
    page = open_page(plain, width=390, height=844)
    turn = answered(page, "营业收入是多少？")
    expect(page.locator(".wj-panel")).to_be_hidden()
    turn.locator(".wj-cite").nth(1).click()
    expect(page.locator(".wj-panel mark.wj-on")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".wj-panel")).to_be_hidden()
    expect(turn.locator(".wj-cite").nth(1)).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_dark_follows_the_system(plain: str, open_page: Opened) -> None:
    page = open_page(plain, dark=True)
    expect(page.locator("body")).to_have_css("background-color", "rgb(22, 23, 21)")
    light = open_page(plain)
    expect(light.locator("body")).to_have_css("background-color", "rgb(246, 244, 238)")


class Gated(FakeAssistant):
    """Says the first half of a sentence and goes on when it is let."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        if question == "出错":
            raise GenerationError("聊天模型没有回应；请检查地址")
        if question == "故障":
            raise ValueError("secret detail")
        yield Retrieved(answer().passages)
        yield Text("前半句")
        self.gate.wait(300)
        yield from super().stream(question, history, where)


def test_text_is_there_before_the_answer_is_and_can_be_stopped(open_page: Opened) -> None:
    assistant = Gated()
    with serving(create_app(assistant, lambda: STATUS)) as address:
        page = open_page(address)
        ask(page, "第一问")
        expect(page.locator("#wj-now .wj-pending")).to_have_text("前半句")
        expect(page.locator("#wj-now .wj-wait")).to_have_text("找到 3 段，正在核对…")
        page.get_by_role("button", name="停止").click()
        expect(page.locator("#wj-now")).to_contain_text("已停止。")
        expect(page.locator("#wj-now")).to_contain_text("前半句")
        expect(page.get_by_role("button", name="提问")).to_be_visible()
        threading.Timer(0.5, assistant.gate.set).start()  # the stopped one goes on thinking
        expect(answered(page, "第二问")).to_contain_text("32,122 亿元")
        expect(page.locator("#wj-past")).to_contain_text("已停止。")
        page.close()


def test_an_error_is_said_and_the_page_goes_on(open_page: Opened) -> None:
    assistant = Gated()
    assistant.gate.set()
    with serving(create_app(assistant, lambda: STATUS)) as address:
        page = open_page(address)
        ask(page, "出错")
        expect(page.locator("#wj-now .wj-error")).to_contain_text("聊天模型没有回应；请检查地址")
        ask(page, "故障")
        expect(page.locator("#wj-now .wj-error")).to_contain_text("程序内部出错")
        assert "secret" not in page.content()
        expect(answered(page, "第三问")).to_contain_text("32,122 亿元")
        page.close()


def test_two_browsers_do_not_see_each_other(plain: str, open_page: Opened) -> None:
    one, two = open_page(plain), open_page(plain)
    ask(one, "火星基地何时建成？")
    ask(two, "营业收入是多少？")
    expect(two.locator("#wj-now .wj-turn[data-state=done]")).to_contain_text("32,122 亿元")
    expect(one.locator("#wj-now .wj-turn[data-state=done]")).to_contain_text("最接近的第1段")
    assert one.locator(".wj-turn").count() == two.locator(".wj-turn").count() == 1


def test_an_empty_index_says_what_to_do(tmp_path: Path, open_page: Opened) -> None:
    empty = IndexStatus(str(tmp_path), 1, 0, 0, "wenju", 0, False)
    with serving(create_app(FakeAssistant(), lambda: empty)) as address:
        page = open_page(address)
        expect(page.locator(".wj-welcome")).to_contain_text("索引里还没有文档")
        expect(page.locator(".wj-welcome code")).to_contain_text("rag index 文件夹")
        page.close()
