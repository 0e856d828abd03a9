"""What the page adds to the text: contents, running heads, page numbers, navigation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.reading.layout import Layout
from rag.reading.lines import Line
from rag.reading.outline import is_byline, is_caption, is_source_note
from rag.text.fold import squeeze

# The page number of an entry and the leader before it (dots, or a tab, after which dots may go
# on), read from the end of the line: no part can share a run with the next, so time is linear.
_DOTS = r"(?:\.{3,}+|…{2,}+|·{3,}+|_{4,}+)"
_TAB = r"[^\S\t]*+\t"
_LEADER = re.compile(rf"^\d{{1,4}}(?:\s*+\.{{2,}}+(?:\s*+{_DOTS}|{_TAB})|\s*+{_DOTS}|{_TAB})\s*+")
_NO_LEADER = re.compile(r"^\d{1,4}\s++(?=\S)")
_LONGEST_ENTRY = 80
_CONTENTS = re.compile(r"^(?:目\s*录|contents|table of contents)$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^[-—–\s]*(?:第\s*)?\d{1,4}(?:\s*页|\s*/\s*\d{1,4})?[-—–\s]*$")
_NAVIGATION = re.compile(
    r"^(?:返回(?:目录|首页|顶部)|快速进入点击页码|上一[页篇]|下一[页篇]|点击(?:查看|进入).{0,8})$"
)
_UNITS = tuple("年月日号时分秒个家只名位条项款章节倍成万亿元吨米％%度")
# The parts of a head stand apart by white space or a bar; a row of a table has more of them.
_BETWEEN = re.compile(r"\s{2,}|\s*[|｜]\s*|\u3000+")
_NUMBERS = re.compile(r"\d+|[-—–/]|[第共][页張张]?$")
_IN_SENTENCES = re.compile("[，。；,;\t]")
_PARTS, _SHORTEST_PART, _LONGEST_HEAD = 2, 4, 90
# A label that stands this often by itself is furniture; its first place is kept.
REPEATED_LABEL = 3


@dataclass(frozen=True, slots=True)
class Furniture:
    """Positions (in the list of lines) of what is left out, the titles that a table of
    contents listed (squeezed), and the running head, if there is one."""

    positions: frozenset[int]
    titles: frozenset[str]
    running_head: str | None


def find_furniture(lines: Sequence[Line], layout: Layout) -> Furniture:
    """What of `lines` is no part of the text."""
    contents, titles = _contents(lines)
    heads, running_head = _running_heads(lines, layout)
    labels = _labels(lines, layout)
    navigation = {i for i, line in enumerate(lines) if _NAVIGATION.match(line.text)}
    return Furniture(frozenset(contents | heads | labels | navigation), titles, running_head)


def _contents(lines: Sequence[Line]) -> tuple[set[int], frozenset[str]]:
    """Runs of entries with dot leaders or tabs before a page number, with the entries without
    leaders among them. A tab alone is a table's; it counts only beside dotted entries."""
    dotted = [i for i, line in enumerate(lines) if _dotted(line.text)]
    found: set[int] = set()
    for i in dotted:
        _find_around(lines, i, found)
    starts = {i - back for i in found for back in (1, 2) if i >= back}
    for i in starts:
        if _CONTENTS.match(lines[i].text) or _NAVIGATION.match(lines[i].text):
            found.add(i)
    titles = (_title(lines[i].text) for i in sorted(found))
    names = (squeeze(title.lstrip("-•· ").rstrip(". ")) for title in titles if title)
    return found, frozenset(name for name in names if len(name) >= 3)


def contents_title(text: str) -> str | None:
    """The title that an entry of a table of contents names, None for any other line.

    >>> contents_title("第一节 释义.............. 4"), contents_title("2020年 4")
    ('第一节 释义', None)
    """
    text = text.replace("\t", " ")
    title = _before(_LEADER, text)
    return title.rstrip(". ") if title is not None and _dotted(text) else None


def _before(form: re.Pattern[str], text: str) -> str | None:
    """What stands before the page number, and the leader if `form` has one, at a line's end."""
    match = form.match(text[::-1])
    return text[: len(text) - match.end()] if match else None


def _title(text: str) -> str | None:
    """The title of an entry, with a leader or without; None where there is no page number."""
    title = _before(_LEADER, text)
    return _before(_NO_LEADER, text) if title is None else title


def _dotted(text: str) -> bool:
    title = _before(_LEADER, text)
    return (
        title is not None
        and len(title) >= 2
        and "\t" not in title
        and (".." in text or "……" in text or "···" in text or "__" in text)
    )


def _find_around(lines: Sequence[Line], position: int, found: set[int]) -> None:
    """Adds the line at `position` and the run of entries that it stands in to `found`. Where
    another line found that run already, it is whole."""
    found.add(position)
    for step in (-1, 1):
        i = position + step
        while 0 <= i < len(lines) and i not in found and _entry(lines[i].text):
            found.add(i)
            i += step


def _entry(text: str) -> bool:
    if len(text) > _LONGEST_ENTRY:
        return False
    title = _title(text)
    return title is not None and not title.endswith(("。", "，"))


def _running_heads(lines: Sequence[Line], layout: Layout) -> tuple[set[int], str | None]:
    """Lone page numbers at a page break or beside a repeated line, and those repeated lines."""
    counts = Counter(line.text for line in lines)
    found: set[int] = set()
    heads: Counter[str] = Counter()
    for i, line in enumerate(lines):
        if not _PAGE_NUMBER.match(line.text) or _counts(lines, i):
            continue
        beside = [j for j in (i - 1, i + 1) if 0 <= j < len(lines) and _is_head(lines[j], counts)]
        at_break = layout.is_break(line) or (i + 1 < len(lines) and layout.is_break(lines[i + 1]))
        if beside:
            heads.update(lines[j].text for j in beside)
            found.update([i, *beside])
        elif at_break:
            found.add(i)
    running = [text for text, count in heads.most_common(1) if count >= 2]
    return found | _heads_of_parts(lines, layout), running[0] if running else None


def _heads_of_parts(lines: Sequence[Line], layout: Layout) -> set[int]:
    """Lines at page breaks or beside page numbers that are the same on page after page, numbers not
    counted, or of two parts (name of the document, of the chapter) of which one is."""
    edges: set[int] = {0}
    for i in range(1, len(lines)):
        if layout.is_break(lines[i]) or lines[i].page != lines[i - 1].page:
            edges |= {i - 1, i}
            edges |= {i + 1} if _PAGE_NUMBER.match(lines[i].text) else set()
            edges |= {i - 2} if i > 1 and _PAGE_NUMBER.match(lines[i - 1].text) else set()
    keys = {
        i: [_key(part) for part in _BETWEEN.split(lines[i].text) if part]
        for i in sorted(edges)
        if i < len(lines) and len(lines[i].text) <= _LONGEST_HEAD and not lines[i].terminal
        and not _IN_SENTENCES.search(lines[i].text)
    }  # fmt: skip
    counts = Counter(key for own in keys.values() for key in own if len(key) >= _SHORTEST_PART)
    return {
        i
        for i, own in keys.items()
        if len(own) <= _PARTS and any(counts[key] >= REPEATED_LABEL for key in own)
    }


def _key(part: str) -> str:
    """What of a part of a head is the same on every page."""
    return _NUMBERS.sub("", squeeze(part))


def _counts(lines: Sequence[Line], position: int) -> bool:
    """Whether a lone number is a part of the text: what follows counts with it."""
    following = lines[position + 1].text if position + 1 < len(lines) else ""
    return following[:1] in _UNITS


def _is_head(line: Line, counts: Counter[str]) -> bool:
    return (
        counts[line.text] >= REPEATED_LABEL
        and 4 <= len(line.text) <= 30
        and not line.terminal
        and not line.text[-1].isdigit()
        and line.text[-1] not in "）)》"
    )


def _labels(lines: Sequence[Line], layout: Layout) -> set[int]:
    """Section labels that are repeated on page after page, their first place excepted. Cells of
    tables repeat too; so in a text with wrapped lines a label must stand at a page break."""
    counts = Counter(line.text for line in lines)
    seen: set[str] = set()
    found: set[int] = set()
    for i, line in enumerate(lines):
        text = line.text
        if counts[text] < REPEATED_LABEL or not 3 <= len(text) <= 24 or line.terminal:
            continue
        if "\t" in text or is_byline(text) or is_caption(text) or is_source_note(text):
            continue
        if layout.width and not layout.is_break(line):
            continue
        if text in seen:
            found.add(i)
        seen.add(text)
    return found
