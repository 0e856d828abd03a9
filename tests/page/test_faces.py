"""The three faces of an answer in a browser, and what its marks say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from rag.serving.server import create_app
from rag.types import Answer, Figure, Filter, Status
from tests.fakes_page import FakeAssistant
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import STATUS, answered

pytestmark = GRADIO_WARNINGS
MISSING = "没有找到“2019年”的数字；下面是资料里较接近的内容。"


class Faces(FakeAssistant):
    """Answers by what a question holds: 接近, 不一, or else as the other."""

    def ask(self, question: str, *, where: Filter | None = None) -> Answer:
        found = super().ask(question, where=where)
        if "接近" in question:
            return replace(found, status=Status.NEAREST, short=None, missing=MISSING)
        if "不一" in question:
            return replace(found, differing=(Figure("112 亿元", 2), Figure("118 亿元", 2)))
        return found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(create_app(Faces(), lambda: STATUS)) as place:
        yield place


def test_what_is_shown_first_is_true(address: str, open_page: Opened) -> None:
    page = open_page(address)
    turn = answered(page, "营业收入？")
    expect(turn).to_have_attribute("data-face", "answered")
    expect(turn.locator(".wj-short")).to_have_text("32,122 亿元")
    turn.locator(".wj-cite").first.hover()
    expect(page.locator(".wj-tip")).to_contain_text("引文属实 · 年度报告之1")
    expect(turn).not_to_contain_text("支持的")
    expect(turn).not_to_contain_text("有出处")
    expect(turn.locator(".wj-source")).to_have_count(2)
    turn.locator(".wj-places button").nth(1).click()
    expect(page.locator(".wj-panel h3")).to_have_text("年度报告之2")

    turn = answered(page, "最接近的呢？")
    expect(turn).to_have_attribute("data-face", "nearest")
    expect(turn.locator(".wj-short, .wj-count")).to_have_count(0)
    first, quoted = (turn.locator(one).bounding_box() for one in (".wj-missing", ".wj-answer"))
    assert first and quoted and first["y"] < quoted["y"]
    expect(turn.locator(".wj-missing")).to_have_text(MISSING)

    turn = answered(page, "不一的？")
    expect(turn.locator(".wj-short")).to_have_count(0)
    one, two = (turn.locator(".wj-differ button").nth(n).bounding_box() for n in (0, 1))
    assert one and two and one["y"] == two["y"] and one["x"] < two["x"]

    turn = answered(page, "火星？")
    expect(turn).to_have_attribute("data-face", "none")
