"""Questions to begin with, made of the documents themselves and asked before they are offered.

A cell of a table gives a question whose answer is known; a section that holds text and a document
give one whose quotations have to come from there. Only what is answered so is offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from rag.i18n import say, told
from rag.text.normalize import squeeze
from rag.text.quantities import dates
from rag.types import Answer, BlockKind, Document, Status

MOST = 6
MOST_TRIED = 18  # questions that are asked to find them
MOST_READ = 12  # documents that are looked at
EACH = 2  # of a kind
LABEL_CHARACTERS = (2, 16)
HEADING_CHARACTERS = (4, 24)
SECTION_CHARACTERS = 120  # of text below a heading
_FIGURE = re.compile(r"[1-9][\d,]{0,20}(?:\.\d{1,10})?%?|0\.\d{1,10}%?")
_NUMBERING = "0123456789.、（）()一二三四五六七八九十第章节篇条 \t　"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, the document that answers it, and what the answer has to be, empty for anything
    that is quoted from there."""

    kind: str
    question: str
    document: str
    expected: str = ""


def suggestions(documents: Sequence[Document], ask: Callable[[str], Answer]) -> list[str]:
    """Up to `MOST` questions on the documents that `ask` answers well, of different kinds."""
    found: list[Suggestion] = []
    for candidate in _mixed([list(_candidates(one)) for one in documents])[:MOST_TRIED]:
        if len(found) >= MOST:
            break
        same = [one for one in found if one.kind == candidate.kind]
        if len(same) < EACH and answers(ask(candidate.question), candidate):
            found.append(candidate)
    return [one.question for one in found]


def answers(answer: Answer, candidate: Suggestion) -> bool:
    """Whether an answer is the expected one, of the expected document and without a doubt."""
    cited = {c.document for sentence in answer.sentences for c in sentence.citations}
    right = answer.status is Status.ANSWERED and not answer.differing and not answer.remarks
    if not (right and cited == {candidate.document}):
        return False
    return not candidate.expected or squeeze(answer.short or "").startswith(candidate.expected)


def _mixed(each: Sequence[Sequence[Suggestion]]) -> list[Suggestion]:
    """One of each document in turn, those of tables first."""
    turns = [one for one in chain.from_iterable(zip_longest(*each)) if one is not None]
    kinds = [[one for one in turns if one.kind == kind] for kind in ("cell", "section", "whole")]
    return [one for one in chain.from_iterable(zip_longest(*kinds)) if one is not None]


def _candidates(document: Document) -> Iterator[Suggestion]:
    language = "en" if document.title.isascii() else "zh"
    for of, attribute, text in _cells(document):
        question = told(say("suggest.cell", row=of, column=attribute), language)
        yield Suggestion("cell", question, document.name, squeeze(text))
    for heading in _headings(document):
        question = told(say("suggest.section", section=heading), language)
        yield Suggestion("section", question, document.name)
    if document.title and len(document.text) >= SECTION_CHARACTERS:
        question = told(say("suggest.whole", title=document.title), language)
        yield Suggestion("whole", question, document.name)


def _cells(document: Document) -> Iterator[tuple[str, str, str]]:
    """What a cell is of, which attribute it gives, and its figure, for one cell of each of the
    first tables. The attribute is the label that has a unit in brackets, else that of the column;
    what begins with a digit is none, and of such a one only a year is something to ask about."""
    for table in document.tables[:EACH]:
        for cell in table.cells:
            if not (cell.rows and cell.columns and _FIGURE.fullmatch(cell.text.strip())):
                continue
            row, column = cell.rows[-1].text.strip(), cell.columns[-1].text.strip()
            of, attribute = (column, row) if _bare(row) != row else (row, column)
            attribute = _bare(attribute)
            named = not of[:1].isdigit() or of.endswith("年")
            if named and not attribute[:1].isdigit() and all(map(_fits, (of, attribute))):
                yield of, attribute, cell.text
                break


def _fits(label: str) -> bool:
    shortest, longest = LABEL_CHARACTERS
    return shortest <= len(label) <= longest


def _bare(label: str) -> str:
    """A label without its unit in brackets."""
    return label.partition("（")[0].partition("(")[0].strip() or label


def _headings(document: Document) -> Iterator[str]:
    """Headings that say something and have text below them, the longest first."""
    shortest, longest = HEADING_CHARACTERS
    found: dict[str, int] = {}
    heading = ""
    for block in document.blocks:
        text = " ".join(block.span.of(document.text).split())
        if block.kind is BlockKind.HEADING:
            heading = text
            found.setdefault(heading, 0)
        elif heading and block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            found[heading] += len(text)
    for one, characters in sorted(found.items(), key=lambda item: -item[1])[: 2 * EACH]:
        says = shortest <= len(one) <= longest and len(one.strip(_NUMBERING)) >= shortest
        says = says and not dates(one) and "《" not in one  # no line of a masthead
        if says and characters >= SECTION_CHARACTERS:
            yield one
