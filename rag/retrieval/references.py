"""References to the units of laws, contracts and standards: which article, chapter or clause a
question names, and whether a passage is that unit or only mentions it.

第十二条, 第12条, 第１２条, 十二条 and Article 12 are one; so are 12.3, 第12.3条 and Clause 12.3.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text.normalize import nfkc
from rag.text.numbers import numeral, written
from rag.types import Block, BlockKind, Document

_HAN = "零〇一二两三四五六七八九十百千"
_NUMBER = rf"(?:[{_HAN}]{{1,9}}|\d{{1,5}})"
_DECIMAL = r"\d{1,3}(?:\.\d{1,3}){1,5}"
_UNIT = "(?P<unit>[条章节编篇部])"
_AGAIN = rf"(?:之(?P<again>{_NUMBER}))?"
_WORDS = {"article": "条", "section": "节", "chapter": "章", "part": "编", "§": "条"}
"""The units that English words name; a clause has none but its number."""
_ENGLISH = r"(?P<word>articles?|sections?|chapters?|parts?|(?:sub-?)?clauses?|§)\s?"
# Behind what names a unit in a question: what it says, a smaller unit in it, the end. Behind a
# count (第一条高铁) stands what is counted.
_ASKED = (
    r"(?=\s*(?:[第的对中里内上下是有都讲说写指为怎如何和与、及或到至，,。.？?！!；;：:（(》」”\"']|规定|内容|条文|原文|"
    r"要求|讲述|提到|什么|哪|所|关于|适用|约定|明确|主要|分别|具体|$))"
)
_IN_QUESTION = re.compile(
    rf"第?\s?(?P<number>{_NUMBER})\s?{_UNIT}{_AGAIN}{_ASKED}"
    rf"|第?\s?(?<![\d.])(?P<decimal>{_DECIMAL})(?![\d.]*\d)\s?(?:条款?|款|节|小节|章|项){_ASKED}"
    rf"|(?:条款?|章节|小节|条文|规范|标准)\s?第?\s?(?P<named>{_DECIMAL})(?![\d.]*\d)"
    rf"|{_ENGLISH}(?P<english>{_DECIMAL}|\d{{1,5}})(?![\d.]*\d)",
    re.IGNORECASE,
)
# Where a unit begins: at the start of a line or a heading, and no mention of it goes on.
_BEGINS = re.compile(
    rf"^(?:[^\S\n]|[#*【\[（(])*+(?:第\s?(?P<number>{_NUMBER})\s?{_UNIT}{_AGAIN}"
    r"(?!\s?(?:规定|所|的|第|至|到|和|与|及|或|、|款|项|中|之|以外|除外))"
    rf"|第?\s?(?P<decimal>{_DECIMAL})(?!\.?\d)\s?(?:条款?|款)?(?=[\s\u3000]*[^\d\s.%％年月日元万亿,，])"
    rf"|{_ENGLISH}(?P<english>{_DECIMAL}|\d{{1,5}})(?!\.?\d))",
    re.IGNORECASE | re.MULTILINE,
)


# What an article holds: items （一）, under these 1.; they may follow each other in a paragraph.
_ITEM = re.compile(r"(?:^|[：:；;。])\s*([（(][一二三四五六七八九十]{1,3}[）)])")
_SUBITEM = re.compile(r"(?:^|[：:；;。])\s*(\d{1,2})(?:[．、]|\.(?!\d))")
_UNIT_LABEL = re.compile(rf"第{_NUMBER}条(?:之{_NUMBER})?")
_NO_PART = {BlockKind.NOTE, BlockKind.CAPTION, BlockKind.TABLE_ROW}
_LONGEST_ARTICLE = 300  # blocks


@dataclass(frozen=True, slots=True)
class Reference:
    """A unit by its kind (条, 章 …; empty for clauses that a decimal number names) and its number:
    its parts, or the number and what comes again behind it (之二)."""

    unit: str
    number: tuple[int, ...]


def references(question: str) -> tuple[Reference, ...]:
    """The units that a question names, each once, in its order.

    >>> references("第十二条第二款和第12条之一怎么规定？")
    (Reference(unit='条', number=(12,)), Reference(unit='条', number=(12, 1)))
    >>> references("12.3条要求什么？"), references("第一条高铁在哪里？")
    ((Reference(unit='', number=(12, 3)),), ())
    """
    found = (_reference(match) for match in _IN_QUESTION.finditer(nfkc(question)))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def holds(wanted: Sequence[Reference], headings: Sequence[str], text: str) -> float:
    """How far a passage is one of the units that are wanted: 1 where one begins in it, .5 where
    it stands below the heading of one, else 0; a mention is none.

    >>> wanted = references("第十二条说什么")
    >>> holds(wanted, (), "第12条 港口每日开放。"), holds(wanted, (), "依照第十二条的规定处罚。")
    (1.0, 0.0)
    """
    if not wanted:
        return 0.0
    if _begun(nfkc(text)) & set(wanted):
        return 1.0
    return 0.5 * bool(_begun(nfkc("\n".join(headings))) & set(wanted))


def _begun(text: str) -> set[Reference]:
    return {one for match in _BEGINS.finditer(text) if (one := _reference(match)) is not None}


def _reference(match: re.Match[str]) -> Reference | None:
    found = match.groupdict()
    decimal = found["decimal"] or found.get("named")
    if decimal:
        return Reference("", tuple(map(int, decimal.split("."))))
    if found["english"]:
        parts = tuple(map(int, found["english"].split(".")))
        word = found["word"].lower().rstrip("s").replace("-", "")
        return Reference("" if len(parts) > 1 else _WORDS.get(word, ""), parts)
    written = [part for part in (found["number"], found["again"]) if part]
    numbers = tuple(int(part) if part.isdecimal() else int(numeral(part) or 0) for part in written)
    return Reference(found["unit"], numbers) if all(numbers) else None


def clause_at(document: Document, at: int) -> str:
    """The unit of a law or contract that stands at a place of the document's text, as it is cited:
    第三条第二款第（一）项. A paragraph of an article is a 款 where it has several; empty outside
    articles."""
    blocks = document.blocks
    here = bisect_right(blocks, at, key=lambda block: block.span.start) - 1
    first = next(
        (
            i
            for i in range(here, max(-1, here - _LONGEST_ARTICLE), -1)
            if _article(document, blocks[i]) or _ends(document, blocks[i])
        ),
        -1,
    )
    article = _article(document, blocks[first]) if first >= 0 else ""
    if not article:
        return ""
    paragraphs, paragraph, item, subitem = 0, 0, "", ""
    for i in range(first, min(len(blocks), first + _LONGEST_ARTICLE)):
        block = blocks[i]
        if i > first and (_article(document, block) or _ends(document, block)):
            break
        own, under = _numbers(document, block, at) if i <= here else ("", "")
        begins = not any(_numbers(document, block, block.span.start))
        title = block.kind is BlockKind.HEADING
        if block.kind not in _NO_PART and begins and not title:
            paragraphs += 1
        if i <= here:
            paragraph = paragraphs
            if own or begins:
                item, subitem = own, under
            else:
                subitem = under
    number = f"第{written(paragraph, 'chinesecounting')}款" if paragraphs > 1 and paragraph else ""
    return (
        f"{article}{number}{f'第{item}项' * bool(item)}{f'第{subitem}目' * bool(item and subitem)}"
    )


def _article(document: Document, block: Block) -> str:
    """The number of the article that begins with a block, as it is written."""
    label = block.headings[-1] if block.headings else ""
    if _UNIT_LABEL.fullmatch(label):
        return label
    text = block.span.of(document.text)
    begun = _BEGINS.match(text)
    if begun is None or begun["unit"] != "条":
        return ""
    found = _UNIT_LABEL.search(text, 0, begun.end())
    return found.group() if found else ""


def _ends(document: Document, block: Block) -> bool:
    """Whether a block stands above or behind articles: another heading, an annex."""
    text = block.span.of(document.text)
    begun = _BEGINS.match(text)
    if begun is not None and begun["unit"] in (*"章节编篇部",):
        return True
    heading = block.kind in (BlockKind.HEADING, BlockKind.TITLE)
    numbered = any(_numbers(document, block, block.span.start))
    return (heading and not numbered and not _article(document, block)) or text.startswith("附")


def _numbers(document: Document, block: Block, at: int) -> tuple[str, str]:
    """The numbers of the last item and of what stands under it that begin in a block not behind
    `at`; those that the file counts itself stand in its lead."""
    text = block.span.of(document.text)
    counted = block.lead[-1] if block.lead else ""
    item = counted if _ITEM.fullmatch(counted) else ""
    subitem, behind = "", 0
    for match in _ITEM.finditer(text):
        if block.span.start + match.start(1) <= at:
            item, behind = match[1], match.end()
    for match in _SUBITEM.finditer(text, behind):
        if block.span.start + match.start(1) <= at:
            subitem = match[1]
    return item, subitem
