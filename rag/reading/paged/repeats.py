"""What a page adds to the text: running heads and feet, page numbers, contents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rag.reading.furniture import contents_title
from rag.reading.paged.values import Line, Page
from rag.text.fold import squeeze

# Heads and feet stand in these parts of the page, from top and bottom.
_HEAD_SHARE = 0.12
_EDGE_LINES = 4
_FEWEST_PAGES = 3
# A head alternates between left and right pages, or changes with the chapter.
_SHARE_OF_PAGES = 0.2
_PAGE_NUMBER = re.compile(
    r"^[-—–·•\s]*+(?:第\s*+)?(?:\d{1,4}|[ivxlIVXL]{1,7})(?:\s*+页)?"
    r"(?:\s*+[/／,，]?\s*+共?\s*+\d{1,4}\s*+页?)?[-—–·•\s]*+$"
)
_NUMBERS = re.compile(r"\d+|[-—–]")
_CONTENTS_HEADING = re.compile(r"^(?:目\s*录|contents|table of contents)$", re.IGNORECASE)
_FEWEST_ENTRIES = 3


def without_furniture(
    pages: Sequence[Page], lines: Sequence[Sequence[Line]]
) -> tuple[list[list[Line]], frozenset[str]]:
    """The lines of each page without heads, feet, page numbers and contents; and the squeezed
    titles that the contents list."""
    repeated = _repeated(pages, lines)
    kept: list[list[Line]] = []
    titles: set[str] = set()
    for page, own in zip(pages, lines, strict=True):
        edges = _edges(page, own)
        body = [
            line
            for i, line in enumerate(own)
            if not (i in edges and (_key(line) in repeated or _PAGE_NUMBER.match(line.text)))
        ]
        listed = {i: title for i, line in enumerate(body) if (title := contents_title(line.text))}
        if len(listed) >= _FEWEST_ENTRIES:
            titles.update(squeeze(title) for title in listed.values())
            body = [
                line
                for i, line in enumerate(body)
                if i not in listed and not _CONTENTS_HEADING.match(line.text)
            ]
        kept.append(body)
    return kept, frozenset(title for title in titles if len(title) >= 3)


def _edges(page: Page, lines: Sequence[Line]) -> set[int]:
    """Positions of the lines at the upper and lower edge of the page."""
    upright = sorted(range(len(lines)), key=lambda i: lines[i].box.y0)
    limit = _HEAD_SHARE * page.height
    top = [i for i in upright[:_EDGE_LINES] if lines[i].box.y0 < limit]
    bottom = [i for i in upright[-_EDGE_LINES:] if lines[i].box.y1 > page.height - limit]
    return {i for i in (*top, *bottom) if lines[i].table is None}


def _repeated(pages: Sequence[Page], lines: Sequence[Sequence[Line]]) -> set[str]:
    """What stands at the edge of page after page, numbers not counted."""
    counts: Counter[str] = Counter()
    for page, own in zip(pages, lines, strict=True):
        counts.update({_key(own[i]) for i in _edges(page, own)})
    fewest = max(2 if len(pages) <= 2 * _FEWEST_PAGES else _FEWEST_PAGES,
                 _SHARE_OF_PAGES * min(len(pages), 20))  # fmt: skip
    return {key for key, count in counts.items() if count >= fewest and key}


def _key(line: Line) -> str:
    """What is compared: the parts of a head change sides from left to right pages."""
    return "".join(sorted(_NUMBERS.sub("", squeeze(line.text))))
