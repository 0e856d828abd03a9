"""The vocabulary of Wenju: the values that flow from a file to an answer.

files -> Document -> Chunk -> index;  question -> Hit -> Passage -> Sentence -> Answer.
Later types hold earlier ones; earlier ones never learn of later ones. All are frozen.
Offsets count code points.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as calendar_day
from enum import Enum
from importlib import import_module
from typing import Any

from rag.errors import FilterError
from rag.i18n import say


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The half-open range `[start, end)` of code points of a text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The part of `text` that the span covers."""
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Whether the two ranges share a code point."""
        return self.start < other.end and other.start < self.end


class BlockKind(Enum):
    """What a block of a document is; the value is its name in JSON."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list item"
    TABLE_ROW = "table row"
    CAPTION = "caption"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class PageBox:
    """A rectangle on a page, counted from 1: its edges in points (1/72 inch) from the upper left
    corner of the page as it is shown, `top` above `bottom`."""

    page: int
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, row … of a document: a span of its text and where it came from.

    `headings` are the headings above it, outermost first, a heading's own text not included.
    `lead` is text from elsewhere in the document that belongs to the block but is no part of
    it (table header, unit, the line that introduces a list). `page` counts from 1; `lines`
    are the first and last line of the decoded source, from 1, inclusive; both are None where
    unknown. `repeats` are the source lines of further places where the same text stands. `boxes`
    are the places where it stands on its pages, in reading order, empty where unknown. `by_ocr`
    tells that it was read from a picture: what characters stand there is an opinion.
    """

    span: Span
    kind: BlockKind
    headings: tuple[str, ...] = ()
    page: int | None = None
    lines: tuple[int, int] | None = None
    lead: tuple[str, ...] = ()
    repeats: tuple[tuple[int, int], ...] = ()
    boxes: tuple[PageBox, ...] = ()
    by_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Stated:
    """What someone states of a document, whatever its text says; None or empty where nothing is
    stated. `date` is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, `publisher` where it was published."""

    title: str | None = None
    date: str | None = None
    publisher: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """`length` code points of a document's text, from `start`, stand at `source` in its source."""

    start: int
    source: int
    length: int


@dataclass(frozen=True, slots=True)
class Label:
    """A heading of a row or column of a table: a span of the document's text, and its words."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table as it is printed: a span of the document's text, and its words.

    `rows` are the labels of its row and `columns` those of its column, outermost first; its own
    text is never among them. `unit` is that of its column or row, else of the table, None where
    none is stated or the cell names its own. A merged cell is one `Cell` for each row and column
    that it covers, all with the same span.
    """

    span: Span
    text: str
    rows: tuple[Label, ...] = ()
    columns: tuple[Label, ...] = ()
    unit: str | None = None

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of its row, then those of its column."""
        return (*self.rows, *self.columns)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document: its title, the unit of its figures, the notes below it, the page
    that it begins on, and its cells row by row, headers and labels of sections left out."""

    caption: str | None
    unit: str | None
    notes: tuple[str, ...]
    page: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file, read and cleaned.

    `name` is the document's name in the collection, `path` the file it was read from.
    `text` is the cleaned text, `source` the decoded file, or None for a format without a text
    of its own. `origin` maps `text` to `source`: runs sorted by `start`, not overlapping;
    every character of `text` other than white space lies in a run and is the same character
    in the source; empty where there is no source. `date` is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    `publisher` and `tags` are stated, never inferred.
    `warnings` say what of the file is not in the text. `tables` stand in the order of the text.
    """

    id: str
    name: str
    path: str
    title: str
    date: str | None
    date_inferred: bool
    text: str
    blocks: tuple[Block, ...]
    origin: tuple[Run, ...]
    source: str | None
    publisher: str | None = None
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)
    tables: tuple[Table, ...] = ()

    def pieces(self, span: Span) -> tuple[Span, ...]:
        """The spans of the source that `span` of the text was taken from, in text order.

        Adjacent pieces are joined; joined by `""` they give the characters of the span, white
        space not counted. Empty where the document has no source text.
        """
        return pieces(self.origin, span)

    def blocks_of(self, span: Span) -> tuple[Block, ...]:
        """The blocks that share a code point with `span`, in order."""
        first = bisect_right(self.blocks, span.start, key=lambda block: block.span.end)
        end = bisect_left(self.blocks, span.end, key=lambda block: block.span.start)
        return self.blocks[first:end]


def pieces(origin: tuple[Run, ...], span: Span) -> tuple[Span, ...]:
    """The source spans that `origin` gives for `span`; see `Document.pieces`.

    >>> pieces((Run(0, 10, 4), Run(4, 20, 4)), Span(2, 6))
    (Span(start=12, end=14), Span(start=20, end=22))
    """
    found: list[Span] = []
    first = max(0, bisect_right(origin, span.start, key=lambda run: run.start) - 1)
    for run in _overlapping(origin, first, span):
        start = max(run.start, span.start)
        end = min(run.start + run.length, span.end)
        shift = run.source - run.start
        if found and found[-1].end == start + shift:
            found[-1] = Span(found[-1].start, end + shift)
        else:
            found.append(Span(start + shift, end + shift))
    return tuple(found)


def _overlapping(origin: tuple[Run, ...], first: int, span: Span) -> Iterator[Run]:
    for i in range(first, len(origin)):
        run = origin[i]
        if run.start >= span.end:
            return
        if run.start + run.length > span.start:
            yield run


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a document that is searched for and shown as a whole.

    `span.of(document.text) == text`. `lead` is indexed and shown with the chunk but cannot be
    quoted. Chunks of a document are numbered by `position`, from 0, in reading order. `cells` are
    the cells of tables whose span lies inside the chunk's.
    """

    id: str
    document_id: str
    position: int
    span: Span
    text: str
    lead: tuple[str, ...]
    headings: tuple[str, ...]
    page: int | None
    lines: tuple[int, int] | None
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a hit's score: its name, its value, and the chunk's rank by it (from 1,
    None where the chunk was not among the candidates of that component)."""

    name: str
    score: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question. Higher scores are better; ties are ordered by chunk id."""

    chunk: Chunk
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit with everything that a page or a prompt needs to show it.

    `rank` counts from 1. `document` is the document's name. `also` names other places that
    say the same (document names; the passage's own document is not repeated). `cells` are those
    of its tables, best fit to the question first.
    """

    rank: int
    score: float
    document_id: str
    document: str
    title: str
    date: str | None
    date_inferred: bool
    headings: tuple[str, ...]
    page: int | None
    lines: tuple[int, int] | None
    span: Span
    text: str
    lead: tuple[str, ...]
    also: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    publisher: str | None = None
    cells: tuple[Cell, ...] = ()

    @property
    def above(self) -> tuple[str, ...]:
        """What stands above the text: title, headings, lead."""
        return (self.title, *self.headings, *self.lead)


class Support(Enum):
    """Whether the quoted passages support a sentence of an answer. `NONE`: it claims nothing of
    what they say: a lead-in, a closing, a remark on what they lack, what the catalog knows."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    UNSUPPORTED = "unsupported"
    NONE = "none"


class Status(Enum):
    """Whether a question was answered. `NEAREST`: the documents speak of the subject, but nothing
    in them answers; what comes nearest is quoted and no more is claimed."""

    ANSWERED = "answered"
    NEAREST = "nearest"
    NO_EVIDENCE = "no_evidence"


class RemarkKind(Enum):
    """What there is to say of a sentence or an answer; the value is its name in JSON.

    Of a sentence: nothing found says it; another passage than the cited one does; a figure, a
    date, a quoted term or names are not in the quotation; it says the opposite of a rise or fall,
    or negates what the sentence does not; it covers a part only (the share); it says it less
    surely, of less, or in another language. A figure or date comes with the one that the
    quotation has in its place, where it has one. Of an answer: the names of a question do not
    stand where the quotation does (the names); its premise is not what a quotation says (what the
    question says, then the quotation; for the holder of an office the office first); sentences of
    the documents take the place of a model's answer (its error); sentences were withheld (how
    many).
    """

    NOT_QUOTED = "not_quoted"
    NOT_CITED = "not_cited"
    NUMBER = "number"
    DATE = "date"
    QUOTED = "quoted"
    NAME = "name"
    DIRECTION = "direction"
    NEGATION = "negation"
    COVERAGE = "coverage"
    NEGATED = "negated"
    CERTAINTY = "certainty"
    SCOPE = "scope"
    LANGUAGE = "language"
    ASKED_NAME = "asked_name"
    ASKED_YEAR = "asked_year"
    ASKED_DIRECTION = "asked_direction"
    ASKED_NUMBER = "asked_number"
    ASKED_HOLDER = "asked_holder"
    EXTRACT_INSTEAD = "extract_instead"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say of a sentence or an answer, with its values, in no language; `n` is the
    rank of the passage that shows it, None where none does. `rag.i18n` has the words."""

    kind: RemarkKind
    values: tuple[str, ...] = ()
    n: int | None = None


ROW = "| "
"""The lead of a row of a table."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence as an answerer wrote it, markers removed, with the ranks that it cites.

    `lead` is what begins its line, in Markdown: a line break, `- `, `1. ` or, for a row of a table,
    `| `; empty within a line. The cells of a row are parted by tabs; `header` are those of the
    first row of its table, empty for that itself.
    """

    text: str
    cited: tuple[int, ...]
    lead: str = ""
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """The quotation that a sentence rests on.

    `n` is the rank of the passage; `span` is a part of the document's text and `quote` its
    characters; `source` are the pieces of the decoded file that give the quote, or None for a
    format without a text of its own. `clause` is the unit of a law or contract that it stands in
    (第三条第二款第（一）项), empty where there is none.
    """

    n: int
    document: str
    title: str
    page: int | None
    lines: tuple[int, int] | None
    span: Span
    quote: str
    source: tuple[Span, ...] | None
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A complete, checked sentence of an answer; as an event it replaces the pieces of `Text`
    since the sentence before. `reason` says what is wrong, None where nothing is; `lead` is that
    of the claim."""

    text: str
    support: Support
    reason: Remark | None
    citations: tuple[Citation, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent on finding passages and on answering from them."""

    retrieve_ms: float
    answer_ms: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that a passage gives for what is asked, as it is written there; `n` is the rank of
    the passage."""

    text: str
    n: int


@dataclass(frozen=True, slots=True)
class Computed:
    """A figure that no passage says and that was computed from figures that passages say.

    `expression` shows the computation with its operands as they are written
    ("4,800 − 3,200 = 1,600 万元"), `value` is the result in `unit`, rounded as it is shown there,
    `operands` are the ranks of the passages that say the operands, in their order.
    """

    expression: str
    value: float
    unit: str
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Wenju says to a question, and what it rests on.

    `text` is the answer with a marker `[n]` after each sentence's last mark; for
    `NO_EVIDENCE` it is the refusal (to a greeting a reply, without passages) and `sentences` is
    empty. `passages` is the ranked list of the retrieval. `confidence` in [0, 1] is the
    answerer's own estimate that the passages hold an answer. `model` is the chat model's name or
    `extractive`. `searched` is the question as it was searched for, where earlier
    turns of the conversation went into it or an English question was put into Chinese words, or
    its parts, joined by ；, where it was taken apart; else empty.
    `remarks` are what the reader should know of how the answer was made (the chat model failed
    and this is the extractive answer; sentences were withheld) and of a premise of the question
    that the documents contradict. `prompted` are the ranks of the passages that a chat model was
    given; the others did not fit into its context. `differing` are the figures that passages give
    for the same thing, best first, where they do not agree. `missing` says, in the question's
    language, what the documents do not give; set for `NEAREST`, whose sentences and citations
    are those of the quotations that come nearest and whose `short` is None. `computed` is the
    figure that was computed to answer, None where none was.
    """

    question: str
    status: Status
    text: str
    short: str | None
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    confidence: float
    model: str
    timings: Timings
    searched: str = ""
    remarks: tuple[Remark, ...] = ()
    prompted: tuple[int, ...] = ()
    differing: tuple[Figure, ...] = ()
    missing: str | None = None
    computed: Computed | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON values: what `rag ask --json` prints; see `rag.wire.answer_json`."""
        value: dict[str, Any] = _wire().answer_json(self)
        return value

    def to_markdown(self, language: str = "zh") -> str:
        """The answer and its sources as Markdown; see `rag.wire.answer_markdown`."""
        return str(_wire().answer_markdown(self, language))


def _wire() -> Any:
    """What puts values into words and JSON. It stands above this module and is looked up by name,
    so that an import of the vocabulary loads none of it."""
    return import_module("rag.wire")


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Event: the passages that the answer will rest on are known. `searched` as in `Answer`."""

    passages: tuple[Passage, ...]
    searched: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Event: a piece of the answer's text, not yet checked and without markers; an empty one
    says that the answerer is still waiting."""

    piece: str


@dataclass(frozen=True, slots=True)
class Done:
    """Event: the answer is complete. Always the last one."""

    answer: Answer


Event = Retrieved | Text | Sentence | Done

History = Sequence[tuple[str, str]]
"""Earlier turns of a conversation, (question, answer), the latest last."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be read, and why. `earlier`: what was read of an earlier version stays
    in the index and is searched."""

    document: str
    reason: str
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What an update of the index did. `read`, `unchanged` and `removed` count files, `restated`
    those of the unchanged of which a `corpus.toml` states something else than before;
    `documents` and `chunks` are the totals in the index afterwards; `missing` names documents
    whose files are gone but which stay in the index; `split_sentences` counts sentences that
    were too long for a chunk and were cut."""

    read: int
    unchanged: int
    removed: int
    skipped: tuple[Skipped, ...]
    documents: int
    chunks: int
    seconds: float
    missing: tuple[str, ...] = ()
    split_sentences: int = 0
    warnings: tuple[Skipped, ...] = ()
    restated: int = 0


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document of an index without its text; `characters` and `chunks` are its size,
    `split_sentences` counts sentences that were too long for a chunk and were cut. `corrected`
    names what a user has corrected: `title`, `date`."""

    id: str
    name: str
    path: str
    title: str
    date: str | None
    date_inferred: bool
    characters: int
    chunks: int
    split_sentences: int
    publisher: str | None = None
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are searched: those that fit every part that is not empty.

    `documents` are patterns of names, one of which has to fit: `*` and `?` stay within a part of
    the name, `**` goes across; one without `/` fits at any depth; a folder's name stands for all
    in it. A document's date, inferred or not, has to overlap the days from `since` to `until`,
    each `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, both inclusive; one without a date never does. One of
    `sources` has to be its publisher, one of `tags` among its tags, compared folded.

    Raises:
        FilterError: no date, a day that there is not, an empty pattern or name.
    """

    documents: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            value = getattr(self, name)
            if value is not None:
                check_date(value, name)
        if self.since and self.until and first_day(self.since) > last_day(self.until):
            raise FilterError(say("filter.order", since=self.since, until=self.until))
        for name in ("documents", "sources", "tags"):
            if any(not value.strip() for value in getattr(self, name)):
                raise FilterError(say("filter.empty", name=name))
        for pattern in self.documents:
            if len(pattern) > MAX_PATTERN_CHARACTERS or pattern.count("**") > MAX_PATTERN_SPANS:
                raise FilterError(
                    say(
                        "filter.pattern",
                        pattern=pattern,
                        limit=MAX_PATTERN_CHARACTERS,
                        spans=MAX_PATTERN_SPANS,
                    )
                )

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Filter:
        """The filter that a mapping of its fields states; a single text stands for a list of one.

        Raises:
            FilterError: an unknown name, or a value of another type; see `Filter`, too.

        >>> Filter.of({"documents": "*.pdf", "since": "2024"}).documents
        ('*.pdf',)
        """
        stated: dict[str, Any] = {}
        for name, given in value.items():
            if name in ("since", "until"):
                right, stated[name] = given is None or isinstance(given, str), given
            else:
                items = (given,) if isinstance(given, str) else given
                right = name in ("documents", "sources", "tags") and (
                    isinstance(items, list | tuple) and all(isinstance(one, str) for one in items)
                )
                stated[name] = tuple(items) if right else ()
            if not right:
                raise FilterError(say("filter.field", name=name, value=repr(given)[:80]))
        return cls(**stated)


MAX_PATTERN_CHARACTERS = 500
MAX_PATTERN_SPANS = 4
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def check_date(value: str, name: str) -> None:
    """Refuses what is no date; `name` is what it was given as.

    Raises:
        FilterError: not `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, or there is no such day.
    """
    try:
        if not _DATE.fullmatch(value):
            raise ValueError("not of that form")
        calendar_day.fromisoformat(first_day(value))
    except ValueError as error:
        raise FilterError(say("filter.no_date", name=name, value=value, error=error)) from None


def first_day(date: str) -> str:
    """The first day of a day, month or year.

    >>> first_day("2023"), first_day("2023-05"), first_day("2023-05-07")
    ('2023-01-01', '2023-05-01', '2023-05-07')
    """
    return date + "-01-01"[len(date) - 4 :]


def last_day(date: str) -> str:
    """The last day of a day, month or year, or, of a month, what sorts as its last.

    >>> last_day("2023"), last_day("2023-02"), last_day("2023-05-07")
    ('2023-12-31', '2023-02-31', '2023-05-07')
    """
    return date + "-12-31"[len(date) - 4 :]


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What an index holds. `index` is its folder; `encoder` the model that made its vectors;
    `bytes` its size on disk; `stale` whether some of it was made by an older program or with
    other settings and will be read again by the next update. `checked` is when a server last
    looked through all of it (UTC, `YYYY-MM-DD HH:MM:SS`), None where none has, and `damage` what
    it found and could not mend; `outdated` counts the documents that would be read again."""

    index: str
    generation: int
    documents: int
    chunks: int
    encoder: str
    bytes: int
    stale: bool
    checked: str | None = None
    damage: tuple[str, ...] = ()
    outdated: int = 0
