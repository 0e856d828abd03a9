"""What the styles of a page hide is left out; what they show again is not."""

from __future__ import annotations

import pytest

from rag.documents.formats.markup import parse_html, show


def shown(body: str, sheet: str = "") -> tuple[str, int]:
    root = parse_html(f"<html><head><style>{sheet}</style></head><body>{body}</body></html>")
    hidden = show(root).hidden
    (page,) = root.nodes("body")
    return "".join(page.text().split()), hidden


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "DISPLAY : none ;", "visibility:hidden", "opacity: 0", "font-size:0px",
        "position:absolute;left:-9999px", "text-indent:-999em", "position:absolute;clip:rect(0,0,0,0)",
        "display:none!important", "color:red;display:none",
    ],
)  # fmt: skip
def test_style_attributes(style: str) -> None:
    assert shown(f'<p>甲<span style="{style}">不可见</span>乙</p>') == ("甲乙", 3)


@pytest.mark.parametrize(
    "sheet",
    [
        ".x{display:none}", "span.x { color:red; display: none }", "p .x{display:none}", "#one{display:none}",
        "b, .x {visibility:hidden}", "/* .y{} */ .x{display:none}", "@import 'a.css'; .x{display:none}",
        "@media screen{.y{color:red}} .x{display:none}", ".x{display:none !important} .x{display:block}",
    ],
)  # fmt: skip
def test_rules(sheet: str) -> None:
    assert shown('<p>甲<span class="x z" id="one">不可见</span>乙</p>', sheet) == ("甲乙", 3)


@pytest.mark.parametrize(
    "sheet",
    [
        ".y{display:none}", ".x{display:none} .x.z{display:inline}", ".x{display:none} #one{display:inline}",
        "@media print{.x{display:none}}", "div .x{display:none}", ".x:hover{display:none}", ".x{display:none",
        ".x{display:none} .x{display:inline}",
    ],
)  # fmt: skip
def test_what_is_shown_stays(sheet: str) -> None:
    assert shown('<p>甲<span class="x z" id="one">可见</span>乙</p>', sheet) == ("甲可见乙", 0)


def test_a_size_of_nothing_holds_until_it_is_set_anew() -> None:
    body = '<ul style="font-size:0">空<li style="font-size:14px">可见</li><li>无</li></ul>'
    assert shown(body) == ("可见", 2)
    assert shown("<p hidden>不可见</p><p>甲</p>") == ("甲", 3)


def test_a_formula_beside_its_picture_is_kept() -> None:
    body = '甲<span style="display:none"><math><mn>1</mn></math></span><img class="mwe-math-fallback-image" alt="1">乙'
    root = parse_html(f"<html><body><p>{body}</p></body></html>")
    assert show(root).hidden == 0
    assert len(list(root.nodes("math"))) == 1
