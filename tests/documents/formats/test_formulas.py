"""Formulas of MathML and of Office Math as lines of text."""

from __future__ import annotations

import pytest

from rag.documents.formats.formulas import mathml, office_math
from rag.documents.formats.markup import parse_html, parse_xml


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("<msup><mn>10</mn><mn>8</mn></msup>", "10^8"),
        ("<mn>2</mn><mfrac><mn>1</mn><mn>2</mn></mfrac>", "2 1/2"),
        ("<msup><mi>x</mi><mn>2</mn></msup><mn>3</mn>", "x^2 3"),
        (("<mi>x</mi><mo>=</mo><mfrac><mrow><mo>−</mo><mi>b</mi><mo>±</mo><msqrt><msup><mi>b</mi><mn>2</mn></msup>"
         "<mo>−</mo><mn>4</mn><mi>a</mi><mi>c</mi></msqrt></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac>"),
         "x=(−b±√(b^2−4ac))/(2a)"),
        ("<mn>2</mn><mroot><mn>8</mn><mn>3</mn></mroot>", "2 ^3√8"),
        (("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"
         "<msub><mi>x</mi><mi>i</mi></msub>"), "∑_(i=1)^n x_i"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        ("<mover accent='true'><mi>x</mi><mo>¯</mo></mover>", "x¯"),
        ("<mfenced open='['><mi>a</mi><mi>b</mi></mfenced>", "[a, b)"),
        (("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd>"
         "<mtd><mn>4</mn></mtd></mtr></mtable>"), "1, 2; 3, 4"),
        ("<semantics><mfrac><mn>1</mn><mn>4</mn></mfrac><annotation>\\frac14</annotation></semantics>", "1/4"),
        ("<mi>a</mi><mphantom><mi>b</mi></mphantom><mspace/><mtext>元</mtext>", "a 元"),
    ],
)  # fmt: skip
def test_mathml(inside: str, line: str) -> None:
    (found,) = parse_html(f"<p><math>{inside}</math></p>").nodes("math")
    assert mathml(found) == line


def r(text: str) -> str:
    return f"<m:r><m:rPr><m:sty/></m:rPr><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        (f"<m:sSup><m:e>{r('10')}</m:e><m:sup>{r('8')}</m:sup></m:sSup>", "10^8"),
        (f"{r('2')}<m:f><m:num>{r('1')}</m:num><m:den>{r('3')}</m:den></m:f>", "2 1/3"),
        (f"<m:sSub><m:e>{r('CO')}</m:e><m:sub>{r('2')}</m:sub></m:sSub>", "CO_2"),
        (f"<m:rad><m:radPr><m:degHide m:val='1'/></m:radPr><m:deg/><m:e>{r('x+1')}</m:e></m:rad>", "√(x+1)"),
        (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('8')}</m:e></m:rad>", "^3√8"),
        ((f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{r('i=1')}</m:sub><m:sup>{r('n')}</m:sup>"
         f"<m:e>{r('i')}</m:e></m:nary>"), "∑_(i=1)^n i"),
        (f"<m:d><m:e>{r('a')}</m:e><m:e>{r('b')}</m:e></m:d>", "(a|b)"),
        (f"<m:func><m:fName>{r('sin')}</m:fName><m:e>{r('x')}</m:e></m:func>", "sin x"),
        ((f"<m:m><m:mr><m:e>{r('1')}</m:e><m:e>{r('0')}</m:e></m:mr><m:mr><m:e>{r('0')}</m:e><m:e>{r('1')}</m:e>"
         "</m:mr></m:m>"), "1, 0; 0, 1"),
        (f"<m:acc><m:accPr><m:chr m:val='¯'/></m:accPr><m:e>{r('x')}</m:e></m:acc>", "x¯"),
        (f"<m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{r('n')}</m:num><m:den>{r('k')}</m:den></m:f>", "n k"),
    ],
)  # fmt: skip
def test_office_math(inside: str, line: str) -> None:
    assert office_math(parse_xml(f'<m:oMath xmlns:m="m">{inside}</m:oMath>')) == line
