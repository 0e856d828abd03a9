"""Chromium on the page: when it can be used, and how long a person waits after the click."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eval.errors import EvaluationError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# No sandbox, as some machines run this as root; nothing is asked of any other host.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FIELD = "#wj-question textarea"
# From the click to the first words of an answer, and to the whole of it, in milliseconds.
_ASK = """([question, at]) => new Promise((done) => setTimeout(() => {
  const field = document.querySelector('#wj-question textarea');
  field.value = question;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  setTimeout(() => {
    const start = performance.now();
    let first = null;
    const look = () => {
      const turn = document.querySelector('#wj-now .wj-turn');
      if (turn?.querySelector('.wj-question')?.textContent !== question) return;
      const said = turn.querySelector(".wj-s, .wj-pending, .wj-refusal");
      if (said) first ??= performance.now() - start;
      if (turn.dataset.state !== 'done') return;
      watch.disconnect();
      done([first ?? performance.now() - start, performance.now() - start]);
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true, attributes: true });
    document.querySelector('#wj-question button').click();
  }, 50);
}, Math.max(0, at - Date.now())))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium.

    Raises:
        EvaluationError: there is none, or Playwright is not installed.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise EvaluationError("no chromium on the PATH; Debian's package is `chromium`")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise EvaluationError('Playwright is not there: pip install "wenju[test]"') from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def opened(browser: Browser, address: str, *, width: int = 1440, dark: bool = False) -> Page:
    """The page in a profile of its own, once a question can be typed."""
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width > 600 else 844},
        color_scheme="dark" if dark else "light",
        locale="zh-CN",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(FIELD)
    page.wait_for_function("() => document.querySelector('#wj-id [data-id]') !== null")
    return page


def answered(page: Page, question: str) -> None:
    """Asks, and waits until the answer is there."""
    page.fill(FIELD, question)
    page.keyboard.press("Enter")
    turn = page.locator("#wj-now .wj-turn[data-state=done]", has_text=question)
    turn.wait_for()


def ask(page: Page, question: str) -> tuple[float, float]:
    """Asks; the seconds from the click to the first words, and to the whole answer."""
    first, whole = page.evaluate(_ASK, [question, 0])
    return first / 1000, whole / 1000


def ask_at_once(pages: list[Page], questions: list[str]) -> list[tuple[float, float]]:
    """Every page asks one question at the same moment; `ask` of each."""
    at = time.time() * 1000 + 250 * len(pages)
    begin = f"(given) => {{ window.waited = ({_ASK})(given); }}"
    for page, question in zip(pages, questions, strict=True):
        page.evaluate(begin, [question, at])
    waits = [page.evaluate("() => window.waited") for page in pages]
    return [(first / 1000, whole / 1000) for first, whole in waits]
