"""What axe-core finds in the forms of an answer: figures that differ, a judgement, a question being changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from rag.types import Answer, Figure, Filter, Remark, RemarkKind
from tests.fakes_page import FakeAssistant
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import STATUS, answered

pytestmark = GRADIO_WARNINGS


REMARKS = (
    Remark(RemarkKind.ASKED_YEAR, ("2021", "2023"), 2),
    Remark(RemarkKind.WITHHELD, ("2",)),
)


class Differing(FakeAssistant):
    """Its answers have figures that differ, and were searched for in other words."""

    def ask(self, question: str, *, where: Filter | None = None) -> Answer:
        found = super().ask(question, where=where)
        differing = (Figure("112 亿元", 2), Figure("118 亿元", 2)) if found.sentences else ()
        return replace(found, differing=differing, searched="营收？", remarks=REMARKS)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    library = Library(Collection(tmp_path / "index", Settings.load(environ={})))
    with serving(create_app(Differing(), lambda: STATUS, library=library)) as place:
        yield place


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_serious_is_found(address: str, open_page: Opened, dark: bool) -> None:
    page = open_page(address, dark=dark)
    for question, form in (("营业收入？", ".wj-differ"), ("火星？", ".wj-refusal")):
        turn = answered(page, question)
        expect(turn.locator(form)).to_be_visible()
        turn.get_by_role("button", name="有误").click()
        expect(turn.locator(".wj-comment")).to_be_visible()
        turn.get_by_role("button", name="编辑问题").click()
        expect(turn.locator(".wj-edit textarea")).to_be_focused()
        found = Axe().run(page)["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
        page.keyboard.press("Escape")
