"""`python -m eval page --pictures DIR`: the page's states on the sample corpus, as pictures."""

from __future__ import annotations

import html
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.page.browser import answered, chromium, opened
from eval.page.measuring import served
from eval.table import ROOT
from rag.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SAMPLE = ROOT / "examples" / "corpus"
# One of the texts is printed, so that a PDF file is among them.
PRINTED = "台风苍鹭应急总结.md"
COLOURS = 160  # a page of few colours; the picture is a third of the size


@dataclass(frozen=True, slots=True)
class State:
    """A question, and what is done on the page before the picture is taken."""

    name: str
    question: str
    act: Callable[[Page], None] = lambda _: None
    width: int = 1280
    dark: bool = False


def _first(page: Page) -> None:
    page.locator("#wj-now .wj-cite").first.click()


def _nearest(page: Page) -> None:
    page.locator("#wj-now .wj-nearest button").first.click()


def _picture(page: Page) -> None:
    page.locator(".wj-panel [data-picture]").click()
    page.wait_for_selector(".wj-page-box")


def _documents(page: Page) -> None:
    page.click(".wj-nav [data-view=docs]")
    page.wait_for_selector(".wj-docs .wj-doc")


def _settings(page: Page) -> None:
    page.click(".wj-nav [data-view=settings]")
    page.wait_for_function("() => document.querySelector('.wj-settings [name=k]').value !== ''")


# The last one shows the conversations of all.
STATES = (
    State("answer", "潮汐电站第一台机组是哪天并网的？"),
    State("refusal", "珠穆朗玛峰有多高？", _nearest),
    State("pdf", "台风苍鹭来时的最高水位是多少，是不是新纪录？", _picture),
    State("phone", "轻轨二号线从哪天开始拉客人？", _first, width=390),
    State("dark", "2024年潮汐电站的电量为什么掉下来了？", dark=True),
    State("documents", "海鳐船舶3,000人的员工里有多少研发人员？", _documents),
    State("settings", "稻鱼共生试验用了多少亩田？", _settings),
    State("page", "双礁大桥到底花了多少钱？", width=1440),
)


def take_pictures(out: Path, settings: Settings) -> list[Path]:
    """Writes a PNG for each of `STATES` into `out`; what is there is replaced.

    Raises:
        EvaluationError: no Chromium, or the page does not start.
    """
    from rag.index.local.index import Index

    out.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory(prefix="wenju-pictures-") as name, chromium() as browser:
        corpus, folder = Path(name) / "corpus", Path(name) / "index" / "sample"
        shutil.copytree(SAMPLE, corpus)
        _print(browser, corpus / PRINTED)
        Index.build([corpus], folder, settings)
        with served(folder.relative_to(name), Path(name)) as address:
            for state in STATES:
                path = out / f"{state.name}.png"
                _take(browser, address, state, path)
                written.append(path)
    return written


def _take(browser: Browser, address: str, state: State, path: Path) -> None:
    from PIL import Image

    page = opened(browser, address, width=state.width, dark=state.dark)
    answered(page, state.question)
    state.act(page)
    page.mouse.move(2, 2)
    page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")
    page.screenshot(path=path)
    page.context.close()
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def _print(browser: Browser, path: Path) -> None:
    """Puts a PDF file in the place of a Markdown text of headings and paragraphs."""
    parts = []
    for line in filter(None, path.read_text(encoding="utf-8").splitlines()):
        marks, _, text = line.partition(" ") if line.startswith("#") else ("", "", line)
        tag = f"h{len(marks)}" if marks else "p"
        parts.append(f"<{tag}>{html.escape(text)}</{tag}>")
    page = browser.new_page()
    page.set_content(f'<html lang="zh-CN"><body style="line-height:1.9">{"".join(parts)}')
    room = "25mm"
    page.pdf(
        path=path.with_suffix(".pdf"),
        format="A4",
        margin={"top": room, "bottom": room, "left": room, "right": room},
    )
    page.close()
    path.unlink()
