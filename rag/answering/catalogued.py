"""Answers to questions about the documents themselves, from the catalog and the outlines.

What the catalog knows is said in sentences that claim nothing of what the documents say (a `Claim`
without ranks); every other sentence stands in a document as it is said, and cites it: titles,
headings, extracts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.answering import outline
from rag.answering.document_questions import (
    GENERIC,
    MOST_READ,
    DocumentQuestion,
    Request,
    meant,
    wanted_words,
)
from rag.answering.extract import Extraction
from rag.documents.headings import is_byline
from rag.index.protocol import SearchIndex
from rag.text.normalize import squeeze
from rag.text.quantities import dates
from rag.text.sentences import sentences
from rag.types import (
    Block,
    Claim,
    Document,
    DocumentInfo,
    Filter,
    Passage,
    Span,
    first_day,
    last_day,
)

MOST_LISTED = 20
MOST_HEADINGS = 30
EXTRACT_SENTENCES, EXTRACT_CHARACTERS = 5, 600
HEAD_BLOCKS = 40
"""Blocks at the beginning of a document among which its title and author are looked for."""
MOST_SIGNED = 3
ARTICLE_BLOCKS = 5
"""Blocks at the beginning of an article among which its author is looked for."""
LAST_BLOCKS = 10
"""Blocks at the end of a document among which the line that says its date is looked for, too."""
PASSAGE_CHARACTERS = 120
# A date in such a line is a term of something, not the day of the document.
_TERM = re.compile(r"截[止至]|[日号]\s?(?:起|前|后|之前|以前|之后|以后)|有效期|到期")
# A term that stands nowhere, is short and one: certain enough to say so.
_ALONE = re.compile(r"[A-Za-z0-9\u3400-\u9fff·&.\- ]{1,12}")
_JOINED = re.compile("和|与|以及|、|及")


_INSIDE = re.compile("里面的?|里的?|中的?|的")
_QUOTES = '“”"「」《》 '


@dataclass(frozen=True, slots=True)
class Catalogued:
    """The answer to a question about the documents: its passages, ranked from 1, and its
    sentences; one that cites none claims nothing of what the documents say. `extracted`: the
    sentences are an extract of the passages, which a chat model may put better. Without claims the
    catalog knows that there is nothing to say."""

    claims: tuple[Claim, ...]
    passages: tuple[Passage, ...] = ()
    short: str | None = None
    extracted: bool = False

    def extraction(self) -> Extraction:
        """The answer as the extractive answerer gives its own."""
        return Extraction(self.claims, self.short, 1.0 if self.claims else 0.0)


# --- the answers -------------------------------------------------------------------------------

_TEXTS = {
    "zh": {
        "count": "资料里共有 {0} 份文档：",
        "listed": "资料里有 {0} 份文档，按名称列出前 {1} 份：",
        "newest": "日期最新的文档（{0}）：",
        "oldest": "日期最早的文档（{0}）：",
        "undated": "另有 {0} 份文档没有日期。",
        "mentions": "有 {0} 份文档提到“{1}”：",
        "mentions_first": "有 {0} 份文档提到“{1}”，下面是其中 {2} 份：",
        "in": "《{0}》：",
        "date": "《{0}》的日期是 {1}：",
        "date_inferred": "《{0}》的日期是 {1}（由文中日期推断）：",
        "date_only": "《{0}》的日期是 {1}。",
        "author": "《{0}》的署名：",
        "publisher": "《{0}》的来源是 {1}。",
        "title": "标题：",
        "outline": "《{0}》的{1}标题有 {2} 个：",
        "outline_first": "《{0}》的{1}标题有 {2} 个，前 {3} 个是：",
        "level": "最上一级",
        "chapter": "章",
        "section": "《{0}》的“{1}”一节，标题和原文摘录：",
        "abstract": "《{0}》的“{1}”：",
        "summary": "《{0}》的原文摘录：",
        "headings": "它的主要标题：",
        "conclusion": "《{0}》的“{1}”：",
        "concluding": "《{0}》里作结论的句子：",
        "dated": "日期在{1}的文档有 {0} 份：",
        "place": "《{0}》里，“{1}”在“{2}”之下：",
        "article": "《{0}》里“{1}”一篇的原文摘录：",
        "copies": "{0}份",
        "units": "{0}个",
    },
    "en": {
        "count": "There are {0} documents:",
        "listed": "There are {0} documents; the first {1} by name:",
        "newest": "The newest document ({0}):",
        "oldest": "The oldest document ({0}):",
        "undated": "{0} more have no date.",
        "mentions": "{0} documents mention “{1}”:",
        "mentions_first": "{0} documents mention “{1}”; {2} of them:",
        "in": "“{0}”:",
        "date": "The date of “{0}” is {1}:",
        "date_inferred": "The date of “{0}” is {1} (inferred from dates in the text):",
        "date_only": "The date of “{0}” is {1}.",
        "author": "“{0}” is signed:",
        "publisher": "“{0}” comes from {1}.",
        "title": "The title:",
        "outline": "“{0}” has {2} headings ({1}):",
        "outline_first": "“{0}” has {2} headings ({1}), the first {3}:",
        "level": "uppermost level",
        "chapter": "chapters",
        "section": "“{1}” in “{0}”, headings and an extract:",
        "abstract": "“{1}” of “{0}”:",
        "summary": "An extract of “{0}”:",
        "headings": "Its main headings:",
        "conclusion": "“{1}” of “{0}”:",
        "concluding": "Sentences of “{0}” that conclude:",
        "dated": "{0} documents are dated {1}:",
        "place": "In “{0}”, “{1}” stands under “{2}”:",
        "article": "An extract of “{1}” in “{0}”:",
        "copies": "{0}",
        "units": "{0}",
    },
}
# The line that names the paper or journal and its issue.
_ISSUE = re.compile(r"《[^》]{2,30}》.{0,30}(?:[期号日]|季號)")
_SIGNED = re.compile(
    r"(?:(?:本[报刊](?:特约|实习)?)?记者|作者|撰文|撰稿|编著|主编|编者|著者|编写|文)"
    r"\s?[:：/／|｜ ]\s?\S.{0,40}"
    r"|by [A-Z].{2,40}"
)


def answer(
    requests: Sequence[Request],
    catalog: SearchIndex,
    source: Callable[[str], Document],
    where: Filter | None = None,
) -> Catalogued | None:
    """The answer to the first of what may be asked of the documents that fit `where` of which the
    catalog knows something; `source` gives a document by its name. None where it cannot tell: then
    it is a question like any other."""
    infos = catalog.documents(where=where) if requests else ()
    for request in requests if infos else ():
        said = _Said(source, _TEXTS["en" if request.english else "zh"])
        if request.asked is DocumentQuestion.MENTIONS:
            found = _mentioning(said, request.term, catalog, infos)
        elif request.asked in _OF_ALL:
            found = _OF_ALL[request.asked](said, request, infos)
        else:
            info = meant(request.document, infos, source) if request.asked in _OF_ONE else None
            found = None if info is None else _OF_ONE[request.asked](said, info)
            if (
                found is not None
                and request.asked is DocumentQuestion.OUTLINE
                and not request.counted
            ):
                found = replace(found, short=None)
            if info is None and request.asked in _OF_ARTICLE:
                found = _of_article(said, request, infos)
        if found is not None:
            return found
    return None


@dataclass(slots=True)
class _Said:
    """An answer as it grows: what is said by itself, and what is quoted, with a passage for each
    quotation."""

    source: Callable[[str], Document]
    texts: dict[str, str]
    claims: list[Claim] = field(default_factory=list)
    passages: dict[tuple[str, Span], Passage] = field(default_factory=dict)

    def say(self, key: str, *values: object) -> None:
        """A sentence that claims nothing of what the documents say."""
        self.claims.append(Claim(self.texts[key].format(*values), ()))

    def quote(self, info: DocumentInfo, span: Span) -> None:
        """A part of a document as a sentence of the answer, with the passage that it stands in:
        its block, and what follows up to `PASSAGE_CHARACTERS`."""
        document = self.source(info.name)
        blocks = document.blocks_of(span)
        end = max(span.end, blocks[-1].span.end)
        after = document.blocks_of(Span(end, min(len(document.text), end + PASSAGE_CHARACTERS)))
        for block in after:
            if block.span.end - blocks[0].span.start <= PASSAGE_CHARACTERS:
                end = max(end, block.span.end)
        place = Span(min(span.start, blocks[0].span.start), end)
        key = (info.name, place)
        if key not in self.passages:
            lines = [block.lines for block in document.blocks_of(place) if block.lines]
            self.passages[key] = Passage(
                rank=len(self.passages) + 1,
                score=1.0,
                document_id=info.id,
                document=info.name,
                title=info.title,
                date=info.date,
                date_inferred=info.date_inferred,
                headings=blocks[0].headings,
                page=blocks[0].page,
                lines=(lines[0][0], lines[-1][1]) if lines else None,
                span=place,
                text=place.of(document.text),
                lead=(),
                publisher=info.publisher,
            )
        self.claims.append(Claim(span.of(document.text), (self.passages[key].rank,)))

    def title(self, info: DocumentInfo) -> None:
        """The title of a document: quoted where its first blocks hold it."""
        document = self.source(info.name)
        wanted = squeeze(info.title)
        for block in document.blocks[:HEAD_BLOCKS]:
            text = squeeze(block.span.of(document.text))
            if wanted and wanted in text and len(text) < 2 * len(wanted):
                self.quote(info, block.span)
                return
        self.claims.append(Claim(info.title, ()))

    def all(self, short: str | None = None, *, extracted: bool = False) -> Catalogued:
        """The answer."""
        return Catalogued(tuple(self.claims), tuple(self.passages.values()), short, extracted)


def _listed(said: _Said, request: Request, infos: Sequence[DocumentInfo]) -> Catalogued | None:
    if request.term:
        return _of_date(said, request.term, infos)
    if len(infos) > MOST_LISTED:
        said.say("listed", f"{len(infos):,}", MOST_LISTED)
    else:
        said.say("count", len(infos))
    for info in infos[:MOST_LISTED]:
        said.title(info)
    counted = request.asked is DocumentQuestion.COUNT
    return said.all(said.texts["copies"].format(len(infos)) if counted else None)


def _of_date(said: _Said, asked: str, infos: Sequence[DocumentInfo]) -> Catalogued | None:
    """The documents of a year or month."""
    period = dates(asked)[0]
    date = f"{period.year}" + (f"-{period.month:02d}" if period.month else "")
    found = [info for info in infos if info.date and info.date.startswith(date)]
    if not found:
        return None
    said.say("dated", len(found), asked)
    for info in found[:MOST_LISTED]:
        said.title(info)
    undated = sum(info.date is None for info in infos)
    if undated:
        said.say("undated", undated)
    return said.all(said.texts["copies"].format(len(found)))


def _dated(said: _Said, request: Request, infos: Sequence[DocumentInfo]) -> Catalogued | None:
    noun = squeeze(request.noun)
    kind = noun if noun and not re.fullmatch(GENERIC, noun) else ""
    of_kind = [info for info in infos if kind in squeeze(info.title)]
    dated = [(info.date, info) for info in of_kind if info.date]
    if not dated:
        return None
    newest = request.asked is DocumentQuestion.NEWEST
    edge = last_day if newest else first_day
    best = (max if newest else min)(edge(date) for date, _ in dated)
    found = [(date, info) for date, info in dated if edge(date) == best]
    for date, info in found[:MOST_LISTED]:
        said.say(request.asked.value, date)
        said.title(info)
    if len(dated) < len(of_kind):
        said.say("undated", len(of_kind) - len(dated))
    return said.all(found[0][1].title if len(found) == 1 else None)


def _mentioning(
    said: _Said, asked: str, catalog: SearchIndex, infos: Sequence[DocumentInfo]
) -> Catalogued | None:
    """The documents in which a term stands as it is asked for, else all of several terms."""
    terms = [asked]
    names = catalog.mentioning(asked)
    if not names and len(parts := [part for part in _JOINED.split(asked) if part]) > 1:
        terms = parts
        names = frozenset.intersection(*map(catalog.mentioning, parts))
    found = [info for info in infos if info.name in names]
    if not found:
        return Catalogued(()) if _ALONE.fullmatch(asked) and len(terms) == 1 else None
    shown = found[: MOST_LISTED // 2]
    if len(shown) < len(found):
        said.say("mentions_first", f"{len(found):,}", asked, len(shown))
    else:
        said.say("mentions", len(found), asked)
    for info in shown:
        said.say("in", info.title)
        for term in terms:
            if (span := _first_mention(said.source(info.name), term)) is not None:
                said.quote(info, span)
    return said.all()


def _first_mention(document: Document, term: str) -> Span | None:
    """The first whole sentence that a term stands in; None where it only stands across two."""
    wanted = squeeze(term)
    for block in document.blocks:
        text = block.span.of(document.text)
        if wanted in squeeze(text):
            for span in sentences(text, block.span.start):
                if wanted in squeeze(span.of(document.text)):
                    return span
    return None


def _date(said: _Said, info: DocumentInfo) -> Catalogued | None:
    """The date of a document with the line that says it; of one whose date was inferred only
    where there is such a line."""
    if info.date is None:
        return None
    document = said.source(info.name)
    place = _dated_line(document, info.date)
    if place is None and info.date_inferred:
        return None
    if place is None:
        said.say("date_only", info.title, info.date)
    else:
        said.say("date_inferred" if info.date_inferred else "date", info.title, info.date)
        said.quote(info, place)
    return said.all(info.date)


def _dated_line(document: Document, date: str) -> Span | None:
    """The first sentence of the first or last blocks that says a date as exactly as it is known,
    and not as a term (截止, 起, 前)."""
    parts = [int(part) for part in date.split("-")]
    for block in (*document.blocks[:HEAD_BLOCKS], *document.blocks[HEAD_BLOCKS:][-LAST_BLOCKS:]):
        for span in sentences(block.span.of(document.text), block.span.start):
            text = span.of(document.text)
            for found in dates(text):
                own = (found.year, found.month, found.day)
                same = list(own[: len(parts)]) == parts and found.to is None and found.part is None
                if same and not _TERM.search(text):
                    return span
    return None


def _signed(document: Document, blocks: Sequence[Block]) -> list[Span]:
    """The blocks that name an author or the paper."""
    texts = [(block, block.span.of(document.text).strip()) for block in blocks]
    return [
        block.span
        for block, text in texts
        if is_byline(text) or _SIGNED.fullmatch(text) or _ISSUE.fullmatch(text)
    ]


def _author(said: _Said, info: DocumentInfo) -> Catalogued | None:
    """The lines at the beginning that name the author or the paper, else the publisher that is
    stated."""
    document = said.source(info.name)
    found = _signed(document, document.blocks[:HEAD_BLOCKS])
    if found:
        said.say("author", info.title)
        for span in found[:MOST_SIGNED]:
            said.quote(info, span)
        return said.all()
    if info.publisher is None:
        return None
    said.say("publisher", info.title, info.publisher)
    return said.all(info.publisher)


def _title(said: _Said, info: DocumentInfo) -> Catalogued:
    said.say("title")
    said.title(info)
    return said.all(info.title)


def _outline(said: _Said, info: DocumentInfo) -> Catalogued | None:
    top = outline.outermost(outline.sections(said.source(info.name)))
    if not top:
        return None
    chapters = all(section.number and section.number[1] == "章" for section in top)
    level = said.texts["chapter" if chapters else "level"]
    if len(top) > MOST_HEADINGS:
        said.say("outline_first", info.title, level, len(top), MOST_HEADINGS)
    else:
        said.say("outline", info.title, level, len(top))
    for section in top[:MOST_HEADINGS]:
        said.quote(info, section.span)
    mixed = any(map(outline.is_bare, top)) and not all(map(outline.is_bare, top))
    return said.all(None if mixed else said.texts["units"].format(len(top)))


def _section(said: _Said, request: Request, infos: Sequence[DocumentInfo]) -> Catalogued | None:
    """A section of the document that is named; where none is, of the only one that has such a
    section, as long as they are few enough to look."""
    found: list[tuple[DocumentInfo, outline.Section, tuple[outline.Section, ...]]] = []
    for document, wanted in _readings(request):
        one = meant(document, infos, said.source)
        if one is None and len(infos) > MOST_READ:
            continue
        likely = [one] if one else _speaking(document, infos, said.source)
        for info in likely:
            every = outline.sections(said.source(info.name))
            found += [(info, section, every) for section in _asked_for(wanted, every)]
        if found:
            break
    if len(found) != 1:
        return None
    info, section, every = found[0]
    document_ = said.source(info.name)
    said.say("section", info.title, section.text)
    said.quote(info, section.span)
    under = outline.inside(section, every)
    for below in under[:MOST_HEADINGS]:
        said.quote(info, below.span)
    _extract(said, info, document_, section.body)
    return said.all(extracted=True)


def _speaking(
    reference: str, infos: Sequence[DocumentInfo], source: Callable[[str], Document]
) -> list[DocumentInfo]:
    """The documents whose title, name or headings have a word of a reference; all for none."""
    wanted = wanted_words(reference) if reference else []
    if not wanted:
        return list(infos) if not reference else []
    found = []
    for info in infos:
        headings = "".join(one.text for one in outline.sections(source(info.name)))
        known = squeeze(f"{info.title}{info.name}{headings}")
        found += [info] if any(len(word) > 1 and word in known for word in wanted) else []
    return found


def _readings(request: Request) -> Iterator[tuple[str, Request]]:
    """The document and the section that may be meant: of 年报里风险提示 both the whole as the name
    of a section and 风险提示 in 年报."""
    yield request.document, request
    if request.number is None and not request.document:
        for mark in _INSIDE.finditer(request.term):
            name = request.term[mark.end() :].strip(_QUOTES)
            if mark.start() and name:
                yield request.term[: mark.start()], replace(request, term=name)


def _asked_for(request: Request, every: tuple[outline.Section, ...]) -> tuple[outline.Section, ...]:
    if request.number is None:
        return outline.named(every, request.term)
    if request.chapter is None:
        return outline.numbered(every, request.number, request.term)
    return tuple(
        section
        for chapter in outline.numbered(every, request.chapter, "章")
        for section in outline.numbered(
            outline.inside(chapter, every), request.number, request.term
        )
    )


def _extract(said: _Said, info: DocumentInfo, document: Document, body: Span) -> None:
    for span in outline.extract(document, body, EXTRACT_SENTENCES, EXTRACT_CHARACTERS):
        said.quote(info, span)


def _summary(said: _Said, info: DocumentInfo) -> Catalogued | None:
    """The beginning of a section called 摘要, else an extract of the whole; then the headings."""
    document = said.source(info.name)
    every = outline.sections(document)
    abstract = _begun(said, info, "abstract", outline.called(every, outline.ABSTRACT))
    if not abstract:
        said.say("summary", info.title)
        _extract(said, info, document, Span(0, len(document.text)))
    top = outline.outermost(every)
    if top:
        said.say("headings")
        for section in top[:MOST_LISTED]:
            said.quote(info, section.span)
    return said.all(extracted=True) if said.passages else None


def _conclusion(said: _Said, info: DocumentInfo) -> Catalogued | None:
    """The beginning of the last section called 结论, else the sentences that draw one."""
    document = said.source(info.name)
    every = outline.sections(document)
    found = outline.called(every, outline.CONCLUSION) or outline.called(every, outline.RESULT)
    if not _begun(said, info, "conclusion", found[-1:]):
        spans = outline.concluding(document, EXTRACT_SENTENCES)
        if not spans:
            return None
        said.say("concluding", info.title)
        for span in spans:
            said.quote(info, span)
    return said.all(extracted=True)


def _of_article(said: _Said, request: Request, infos: Sequence[DocumentInfo]) -> Catalogued | None:
    """What is asked of an article of a document: of the only heading that holds the words which
    name it, as long as the documents are few enough to look."""
    wanted = wanted_words(request.document) if len(infos) <= MOST_READ else []
    found = [
        (info, section, every)
        for info in infos
        for every in (outline.sections(said.source(info.name)),)
        for section in outline.holding(every, wanted)
    ]
    if len(found) != 1:
        return None
    return _OF_ARTICLE[request.asked](said, *found[0])


def _place(
    said: _Said, info: DocumentInfo, section: outline.Section, every: Sequence[outline.Section]
) -> Catalogued | None:
    over = outline.above(section, every)
    if over is None:
        return None
    said.say("place", info.title, section.text, over.text)
    said.quote(info, over.span)
    said.quote(info, section.span)
    return said.all(over.name)


def _article_author(
    said: _Said, info: DocumentInfo, section: outline.Section, _: Sequence[outline.Section]
) -> Catalogued | None:
    document = said.source(info.name)
    found = _signed(document, document.blocks_of(section.body)[:ARTICLE_BLOCKS])
    if not found:
        return None
    said.say("author", section.text)
    for span in found[:1]:
        said.quote(info, span)
    return said.all()


def _article_summary(
    said: _Said, info: DocumentInfo, section: outline.Section, _: Sequence[outline.Section]
) -> Catalogued | None:
    before = len(said.claims)
    said.say("article", info.title, section.text)
    said.quote(info, section.span)
    _extract(said, info, said.source(info.name), section.body)
    return said.all(extracted=True) if len(said.claims) > before + 2 else None


def _article_conclusion(
    said: _Said, info: DocumentInfo, section: outline.Section, every: Sequence[outline.Section]
) -> Catalogued | None:
    inside = [one for one in every if section.body.start <= one.span.start < section.body.end]
    found = outline.called(inside, outline.CONCLUSION) or outline.called(inside, outline.RESULT)
    return said.all(extracted=True) if _begun(said, info, "conclusion", found[-1:]) else None


def _begun(said: _Said, info: DocumentInfo, key: str, found: Sequence[outline.Section]) -> bool:
    """Quotes the beginning of the first of `found` that has text; False where none has."""
    document = said.source(info.name)
    every = outline.sections(document)
    for section in found:
        body = outline.reach(section, every)
        spans = outline.statements(document, body, EXTRACT_SENTENCES, EXTRACT_CHARACTERS)
        if spans:
            said.say(key, info.title, section.text)
            for span in spans:
                said.quote(info, span)
            return True
    return False


_OF_ALL = {
    DocumentQuestion.COUNT: _listed,
    DocumentQuestion.LIST: _listed,
    DocumentQuestion.NEWEST: _dated,
    DocumentQuestion.OLDEST: _dated,
    DocumentQuestion.SECTION: _section,
}
_OF_ONE = {
    DocumentQuestion.DATE: _date,
    DocumentQuestion.AUTHOR: _author,
    DocumentQuestion.TITLE: _title,
    DocumentQuestion.OUTLINE: _outline,
    DocumentQuestion.SUMMARY: _summary,
    DocumentQuestion.CONCLUSION: _conclusion,
}
_OF_ARTICLE = {
    DocumentQuestion.PLACE: _place,
    DocumentQuestion.AUTHOR: _article_author,
    DocumentQuestion.SUMMARY: _article_summary,
    DocumentQuestion.CONCLUSION: _article_conclusion,
}
