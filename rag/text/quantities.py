"""The one recogniser of numbers, units, dates and periods.

    quantities(text)       every quantity that is no part of a date, in order
    dates(text, year)      every date and period, in order; 去年 counts from `year`
    figures(text, year)    both at once

What they return is frozen, compares by value however it is written, and knows its place in the
text as it was given (code points). Time grows with the length of the text alone.
"""

from __future__ import annotations

from functools import lru_cache

from rag.text.amounts import Hedge, Quantity, amounts
from rag.text.periods import YEAR_WORDS, Period, blank, months, periods
from rag.text.units import NO_UNIT, Unit, UnitClass

__all__ = [
    "NO_UNIT", "YEAR_WORDS", "Hedge", "Period", "Quantity", "Unit", "UnitClass", "dates",
    "figures", "months", "plain", "quantities",
]  # fmt: skip


def quantities(text: str) -> tuple[Quantity, ...]:
    """Every quantity of a text that is no part of a date, of a code or of a list's numbering.

    >>> [(q.text, str(q.low), str(q.high), q.unit.name) for q in quantities("约 120 亿元，10%-15%")]
    [('120 亿元', '12000000000', '12000000000', '元'), ('10%-15%', '10', '15', '%')]
    """
    return figures(text)[0]


def dates(text: str, year: int | None = None) -> tuple[Period, ...]:
    """Every date and period of a text; `year` is the year from which 今年 and 去年 count.

    >>> [(d.year, d.month, d.part) for d in dates("2023年第三季度，去年5月", 2023)]
    [(2023, None, 'q3'), (2022, 5, None)]
    """
    return figures(text, year)[1]


@lru_cache(8192)
def figures(text: str, year: int | None = None) -> tuple[tuple[Quantity, ...], tuple[Period, ...]]:
    """The quantities and the periods of a text, each in order.

    >>> figures("")
    ((), ())
    """
    form = plain(text)
    found = periods(form, text, year)
    return tuple(amounts(blank(form, found), text)), found


_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ALIKE = {
    "\u3000": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "％": "%", "﹪": "%",
    "￥": "¥", "￡": "£", "−": "-", "－": "-", "﹣": "-", "：": ":", "萬": "万", "億": "亿",
    "兩": "两", "點": "点", "個": "个", "條": "条", "顆": "颗", "隻": "只", "輛": "辆",
    "層": "层", "屆": "届", "噸": "吨", "畝": "亩", "頃": "顷", "釐": "厘", "歲": "岁",
    "週": "周", "時": "时", "鐘": "钟", "圓": "元", "員": "员", "塊": "块", "錢": "钱",
    "貳": "贰", "參": "叁", "叄": "叁", "陸": "陆", "餘": "余", "約": "约", "過": "过",
    "數": "数", "幾": "几", "際": "际", "間": "间", "華": "华", "號": "号", "項": "项",
    "種": "种", "戶": "户", "張": "张", "類": "类", "處": "处", "級": "级",
    "場": "场", "門": "门", "齣": "出", "蘇": "苏", "後": "后", "歐": "欧",
    "鎊": "镑", "韓": "韩", "盧": "卢", "幣": "币", "納": "纳", "裡": "里",
    "紀": "纪", "負": "负", "達": "达", "於": "于",
}  # fmt: skip
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_PLAIN = (
    _LOWER
    | _FULL_WIDTH
    | {code: code - 0xFEE0 + 32 for code in range(0xFF21, 0xFF3B)}
    | {ord(a): ord(b) for a, b in _ALIKE.items()}
)


def plain(text: str) -> str:
    """The text character for character in the form that the patterns know: half width, lower
    case, simplified. Its length is that of `text`.

    >>> plain("Ｑ１　貳拾萬")
    'q1 贰拾万'
    """
    return text.translate(_PLAIN)
