"""Lists that go on beyond what was found: the headings under the heading that a question asks
about, and the chunks beside a hit in which the items of an enumeration stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.items import MOST_ITEMS, mark_of
from rag.answering.query import Kind, Query
from rag.answering.retrieve import Found
from rag.answering.scope import Around, asked_names, bound
from rag.answering.terms import Weights, sentence_terms, terms_of
from rag.indexing.index import Index
from rag.text.fold import squeeze
from rag.types import Chunk, Hit

# Hits whose neighbours are looked at, and whose headings are; how many chunks before and behind
# them; a section is followed so far in each direction.
LOOKED_AT, LOOKED_UNDER = 3, 8
BEFORE, BEHIND = 2, 4
SECTION = 40
# The heading asked about has this share of the question, its names left out, where the question
# does not say how many items there are.
HEADING = 0.4

_HAN = "一二三四五六七八九十"
_HOW_MANY = re.compile(
    rf"([{_HAN[1:]}]|[2-9]|10)(?:大|个|项|类|种|条|点|方面|根|块|层|款|步|座|只)"
)
# What asks for a list and says nothing of what it is a list of.
_LISTING = frozenset(
    (
        *("列", "列出", "列举", "列一下", "一下", "概括", "归纳", "总结", "介绍", "主要", "包括"),
        *("方面", "几点", "几条", "几个", "几类", "几种"),
    )
)


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs to a list: the chunks in which its items may stand, in reading order, without
    a score, and the headings that are its items, in order; both may be empty."""

    found: tuple[Found, ...] = ()
    headings: tuple[str, ...] = ()


def section(query: Query, weights: Weights, found: Sequence[Found], index: Index) -> Section:
    """What belongs to the list that a question asks for; nothing for other questions. `found` are
    its hits, best first."""
    if query.kind is not Kind.LIST:
        return Section()
    beside: dict[int, Chunk] = {}
    for one in found[:LOOKED_AT]:
        rows = index.document_rows(one.row)
        near = range(max(rows.start, one.row - BEFORE), min(rows.stop, one.row + BEHIND + 1))
        beside |= {
            row: chunk
            for row, chunk in zip(near, index.chunks(near), strict=True)
            if _has_item(chunk) and _same_section(chunk, one.hit.chunk)
        }
    headings: tuple[str, ...] = ()
    for one in found[:LOOKED_UNDER]:
        first = _outline(query, weights, one, index)
        if first:
            beside |= first
            headings = tuple(chunk.headings[_depth(first)] for chunk in first.values())
            break
    return Section(
        tuple(
            Found(Hit(chunk, 0.0, ()), row, index.row_document(row), ())
            for row, chunk in sorted(beside.items())
        ),
        headings,
    )


def _outline(query: Query, weights: Weights, found: Found, index: Index) -> dict[int, Chunk]:
    """The chunks that begin what stands under the heading that is asked about, by row; empty
    where none of the headings above the hit is that."""
    headings = found.hit.chunk.headings
    wanted = _how_many(query)
    above = Around("\n".join((found.document.title, *headings)))
    if bound(query.text, [found.hit.chunk.text], above) != [1.0]:
        return {}
    for depth in range(len(headings), 0, -1):
        if not wanted and not _asked_about(query, weights, headings[depth - 1]):
            continue
        firsts: dict[str, tuple[int, Chunk]] = {}
        for row, chunk in _under(headings[:depth], found.row, index):
            if len(chunk.headings) > depth:
                firsts.setdefault(chunk.headings[depth], (row, chunk))
        many = len(firsts)
        if many == wanted or (not wanted and 2 <= many <= MOST_ITEMS):
            return dict(sorted(firsts.values()))
    return {}


def _asked_about(query: Query, weights: Weights, heading: str) -> bool:
    """Whether a heading names what the question asks for; its names, and what stands right behind
    one (歌尔股份), are left out."""
    question = squeeze(query.text)
    names = [name.text for name in asked_names(query.text)]
    asked = {
        word: weights.of[word]
        for word in query.words
        if word in weights.of
        and word not in _LISTING
        and word not in names
        and not any(name + word in question for name in names)
    }
    there = terms_of(heading)
    held = sum(weight for word, weight in asked.items() if word in there)
    return held >= HEADING * sum(asked.values()) > 0


def _under(headings: Sequence[str], row: int, index: Index) -> Iterator[tuple[int, Chunk]]:
    """The chunks around a row under the same headings, in reading order."""
    rows = index.document_rows(row)
    window = range(max(rows.start, row - SECTION), min(rows.stop, row + SECTION + 1))
    chunks = index.chunks(window)
    start = end = row - window.start
    while start > 0 and chunks[start - 1].headings[: len(headings)] == headings:
        start -= 1
    while end + 1 < len(chunks) and chunks[end + 1].headings[: len(headings)] == headings:
        end += 1
    yield from zip(window[start : end + 1], chunks[start : end + 1], strict=True)


def _depth(first: dict[int, Chunk]) -> int:
    """Where the headings of chunks part."""
    paths = [chunk.headings for chunk in first.values()]
    depth = 0
    while len({path[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _has_item(chunk: Chunk) -> bool:
    return any(mark_of(one.span.of(chunk.text)) for one in sentence_terms(chunk.text))


def _same_section(chunk: Chunk, other: Chunk) -> bool:
    return chunk.headings[:1] == other.headings[:1]


def _how_many(query: Query) -> int:
    """How many items a question says there are; 0 where it does not."""
    found = _HOW_MANY.search(squeeze(query.text))
    if not found:
        return 0
    return int(found[1]) if found[1].isdecimal() else _HAN.index(found[1]) + 1
