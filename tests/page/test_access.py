"""What axe-core finds: nothing serious, light and dark, in each view."""

from __future__ import annotations

import pytest
from axe_core_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.page.conftest import GRADIO_WARNINGS, Opened
from tests.page.test_browser import answered
from tests.page.test_talk import QUESTION, address, assistant  # noqa: F401 (fixtures)

pytestmark = GRADIO_WARNINGS


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_serious_is_found(address: str, open_page: Opened, dark: bool) -> None:  # noqa: F811
    page = open_page(address, dark=dark)
    answered(page, QUESTION)
    for view in ("talk", "docs", "talks"):
        page.click(f".wj-nav [data-view={view}]")
        expect(page.locator(f".wj-nav [data-view={view}]")).to_have_attribute(
            "aria-current", "page"
        )
        found = Axe().run(page)["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
