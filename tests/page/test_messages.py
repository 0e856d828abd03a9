"""The page's texts: the same keys and values in each language, and no language in the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import rag.page
from rag.i18n import all_texts, catalog, messages
from tests.page.conftest import GRADIO_WARNINGS, Opened
from tests.page.test_browser import answered
from tests.page.test_talk import QUESTION, address, assistant  # noqa: F401 (fixtures)

pytestmark = GRADIO_WARNINGS
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
FIELD = re.compile(r"\{(\w+)[:}]")
SOURCES = [
    path
    for pattern in ("*.py", "*.js")
    for path in sorted(Path(rag.page.__path__[0]).glob(pattern))
]
# Gives every text on the page, attributes that are read or shown included, but for what documents
# and people say and what is marked as being in Chinese.
TEXTS = """() => {
  const said = '[lang^=zh], script, style, .wj-question, .wj-answer, .wj-short, .wj-store, .wj-refusal p,'
    + '.wj-panel-body h3, .wj-ev-meta li:first-child, .wj-ev-path, .wj-ev-text, .wj-ev-lead, .wj-sources, .wj-nearest,'
    + '.wj-talk-open b, .wj-doc b';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    if (!node.parentElement.closest(said)) found.push(node.textContent);
  }
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    if (element.closest(said)) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) found.push(element.getAttribute(name) ?? '');
  }
  return found;
}"""


def test_languages_have_the_same_keys_and_values() -> None:
    chinese, english = all_texts()["zh"], all_texts()["en"]
    assert list(chinese) == list(english)
    for key, text in chinese.items():
        assert set(FIELD.findall(text)) == set(FIELD.findall(english[key])), key
    for key, text in english.items():
        assert key == "language.zh" or not CHINESE.search(text), key


def test_every_text_is_used_and_every_used_one_is_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    keys = set(all_texts()["zh"])
    named = set(re.findall(r"""say\(\s*f?["']([\w.]+)["']""", source))
    errors = {f"{section}.{key}" for section, own in catalog("zh").items() for key in own}
    assert named <= keys | errors
    # Others are put together: say(f"nav.{view}"), say(inferred ? 'a' : 'b').
    composed = tuple(re.findall(r"""["'`]([\w.]+)\$?\{""", source))
    assert [key for key in keys if f"{key}" not in source and not key.startswith(composed)] == []


def test_scripts_and_python_hold_no_text_of_their_own() -> None:
    for path in SOURCES:
        lines = path.read_text(encoding="utf-8").splitlines()
        shown = [line for line in lines if CHINESE.search(line) and "Wenju" not in line]
        code = [line for line in shown if not line.lstrip().startswith((">>>", "'", "['", "..."))]
        assert [line for line in code if "据</span>" not in line] == [], path


@pytest.mark.parametrize(
    ("n", "english", "chinese"),
    [(1, "1 document", "1 份文档"), (1200, "1,200 documents", "1,200 份文档")],
)
def test_a_number_has_its_word(n: int, english: str, chinese: str) -> None:
    assert messages("en")("count.documents", documents=n) == english
    assert messages("zh")("count.documents", documents=n) == chinese
    assert messages("xx")("count.documents", documents=n) == chinese


def to_view(page: Page, view: str) -> None:
    page.click(f".wj-nav [data-view={view}]")
    expect(page.locator(f".wj-nav [data-view={view}]")).to_have_attribute("aria-current", "page")


def chinese_on(page: Page) -> list[str]:
    texts = (str(text).replace(QUESTION, "") for text in page.evaluate(TEXTS))
    return [text for text in texts if CHINESE.search(text)]


def test_the_english_page_has_no_chinese_left(address: str, open_page: Opened) -> None:  # noqa: F811
    page = open_page(f"{address}/?lang=en")
    expect(page.locator(".wj-bar")).to_have_attribute("data-language", "en")
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert chinese_on(page) == []
    turn = answered(page, QUESTION)
    expect(turn).to_contain_text("partly supported")
    expect(page.locator(".wj-panel-bar")).to_have_text("Source✕")
    doubts = turn.locator(".wj-support").all_inner_texts()
    assert [text.split(":")[0] for text in doubts] == ["partly supported", "unsupported"]
    page.evaluate("document.querySelectorAll('.wj-support').forEach((one) => one.remove())")
    for view in page.locator(".wj-nav [data-view]").evaluate_all(
        "all => all.map((one) => one.dataset.view)"
    ):
        to_view(page, view)
        if view == "talks":
            expect(page.locator(".wj-talk-open")).to_contain_text("1 question ·")
        assert chinese_on(page) == []


def test_the_language_is_switched_and_remembered(address: str, open_page: Opened) -> None:  # noqa: F811
    page = open_page(address, leaves=True)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".wj-nav")).to_contain_text("Documents")
    page.goto(address)
    expect(page.locator(".wj-nav")).to_contain_text("Documents")
    page.goto(f"{address}/?lang=zh")
    expect(page.locator(".wj-nav")).to_contain_text("文档")
    page.get_by_role("button", name="English").click()
    page.wait_for_url(f"{address}/")
    expect(page.locator(".wj-nav")).to_contain_text("Documents")
    assert [cookie["value"] for cookie in page.context.cookies()] == ["en"]
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".wj-nav")).to_contain_text("文档")
