"""Values as programs and people get them: JSON, and remarks in words.

The JSON objects are the shapes that programs outside rely on (commands, HTTP, eval). The sentences
of an answer also as one text in Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from typing import Any

from rag.i18n import DEFAULT, Messages, catalog, messages, told
from rag.text.sentences import ends_sentence
from rag.types import (
    ROW,
    Answer,
    Block,
    Cell,
    Citation,
    Computed,
    Document,
    DocumentInfo,
    Passage,
    Remark,
    Report,
    Sentence,
    Status,
    Table,
)
from rag.types import RemarkKind as Kind


def remark_text(remark: Remark | None, language: str = DEFAULT) -> str:
    """The remark in words, without its passage; empty for none.

    >>> remark_text(Remark(Kind.NUMBER, ("13万元",)))
    '引文里没有数字 13万元'
    >>> remark_text(Remark(Kind.NUMBER, ("15.2%", "12.5%")))
    '引文里是 12.5%，不是 15.2%'
    """
    if remark is None:
        return ""
    values = [told(value, language) for value in remark.values]
    texts = catalog(language)["remark"]
    given = remark.kind in (Kind.NUMBER, Kind.DATE) and len(values) > 1
    text = texts["given" if given else remark.kind.value]
    return text.format(*values, all=texts["pause"].join(values))


def remark_sentence(remark: Remark, language: str = DEFAULT) -> str:
    """The remark as a sentence, with the marker of its passage where it has one.

    >>> remark_sentence(Remark(Kind.ASKED_YEAR, ("2021", "2023"), 2), "en")
    'The question is about 2021, the quotation about 2023[2].'
    """
    text = remark_text(remark, language)
    text = text[:1].upper() + text[1:]
    marker = "" if remark.n is None else f"[{remark.n}]"
    ended = text.endswith(tuple("。.！？!?")) and not marker
    return text if ended else f"{text}{marker}{catalog(language)['remark']['end']}"


def passage_json(passage: Passage, *, explain: bool = False) -> dict[str, Any]:
    """One result of a search; with `explain` also the parts of its score."""
    value: dict[str, Any] = {
        "rank": passage.rank,
        "score": passage.score,
        "document": passage.document,
        "title": passage.title,
        "date": passage.date,
        "date_inferred": passage.date_inferred,
        "headings": list(passage.headings),
        "page": passage.page,
        "lines": list(passage.lines) if passage.lines else None,
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
        "lead": list(passage.lead),
        "also": list(passage.also),
        "publisher": passage.publisher,
        "cells": [cell_json(cell) for cell in passage.cells],
    }
    if explain:
        value["parts"] = {
            part.name: {"score": part.score, "rank": part.rank} for part in passage.parts
        }
    return value


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell of a table with the places of its labels, outermost first."""
    return {
        "start": cell.span.start,
        "end": cell.span.end,
        "text": cell.text,
        "rows": [[label.span.start, label.span.end] for label in cell.rows],
        "columns": [[label.span.start, label.span.end] for label in cell.columns],
        "unit": cell.unit,
    }


def _table_json(table: Table) -> dict[str, Any]:
    return {
        "caption": table.caption,
        "unit": table.unit,
        "notes": list(table.notes),
        "page": table.page,
        "cells": [cell_json(cell) for cell in table.cells],
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer with its sentences, citations and passages; see the contract of `rag ask`. A
    sentence of the support `none` claims nothing; lists and tables stand as such in `text`."""
    return {
        "question": answer.question,
        "status": answer.status.value,
        "text": answer.text,
        "short": answer.short,
        "missing": answer.missing,
        "computed": _computed_json(answer.computed),
        "sentences": [_sentence_json(sentence) for sentence in answer.sentences],
        "citations": citations_json(answer.sentences),
        "passages": [passage_json(passage) for passage in answer.passages],
        "confidence": answer.confidence,
        "model": answer.model,
        "searched": answer.searched,
        "notice": notice(answer),
        "remarks": [_remark_json(remark) for remark in answer.remarks],
        "differing": [{"figure": figure.text, "n": figure.n} for figure in answer.differing],
        "prompted": list(answer.prompted),
        "timings": {
            "retrieve_ms": answer.timings.retrieve_ms,
            "answer_ms": answer.timings.answer_ms,
        },
    }


NEAREST = 3  # passages below a refusal
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def answer_markdown(answer: Answer, language: str = DEFAULT) -> str:
    """An answer to show or to keep: its text, what the reader should know of it, and its sources;
    for a refusal the nearest passages. Nothing that a document says is markup.

    >>> from rag.types import Timings
    >>> none = Answer("？", Status.NO_EVIDENCE, "没有依据。", None, (), (), 0, "", Timings(0, 0))
    >>> answer_markdown(none)
    '没有依据。\\n'
    """
    say = messages(language)
    parts = [answer.text] if not answer.sentences else list(filter(None, [answer.missing]))
    if answer.sentences:
        parts.append(laid_out(answer.sentences, _escaped, markers))
    parts += [_escaped(remark_sentence(remark, language)) for remark in answer.remarks]
    if answer.differing:
        figures = [f"{_escaped(figure.text)}[{figure.n}]" for figure in answer.differing]
        parts.append(say("export.differing", figures=say("list.pause").join(figures)))
    lines = footnotes(answer, language)
    if lines:
        parts.append("\n".join([say("export.sources"), "", *(f"- {line}" for line in lines)]))
    elif answer.status is Status.NO_EVIDENCE and answer.passages:
        near = [
            f"- [{one.rank}] {_escaped(one.title)} ({_escaped(one.document)})"
            for one in answer.passages[:NEAREST]
        ]
        parts.append("\n".join([say("turn.nearest"), "", *near]))
    return "\n\n".join(parts) + "\n"


def footnotes(answer: Answer, language: str = DEFAULT) -> list[str]:
    """A line of Markdown for each quotation that the answer rests on, once, by its marker."""
    say = messages(language)
    found = dict.fromkeys(c for sentence in answer.sentences for c in sentence.citations)
    return [
        f"[{citation.n}] "
        + say(
            "export.source",
            title=_escaped(citation.title),
            where=say("list.comma").join(_places(citation, say)),
            quote=_escaped(citation.quote),
        )
        for citation in sorted(found, key=lambda one: (one.n, one.span))
    ]


def _places(citation: Citation, say: Messages) -> Iterator[str]:
    yield from filter(None, map(_escaped, (citation.document, citation.clause)))
    if citation.page is not None:
        yield say("evidence.page", page=str(citation.page))
    if citation.lines is not None:
        first, last = map(str, citation.lines)
        one = first == last
        yield (
            say("evidence.line", line=first)
            if one
            else say("evidence.lines", first=first, last=last)
        )


def notice(answer: Answer) -> str:
    """What the reader should know of an answer, in words: how it was made, and which figures
    differ, each with its document and date; empty for nothing."""
    passages = {passage.rank: passage for passage in answer.passages}
    figures = []
    for figure in answer.differing:
        passage = passages[figure.n]
        dated = f"，{passage.date}" if passage.date else ""
        figures.append(f"{figure.text}（{passage.title}{dated}）")
    differ = f"资料里有不同的数字：{'；'.join(figures)}。请看各自的时间和口径。" if figures else ""
    return " ".join(filter(None, (*map(remark_sentence, answer.remarks), differ)))


def _computed_json(computed: Computed | None) -> dict[str, Any] | None:
    if computed is None:
        return None
    value = int(computed.value) if computed.value.is_integer() else computed.value
    return {
        "expression": computed.expression,
        "value": value,
        "unit": computed.unit,
        "operands": list(computed.operands),
    }


def _sentence_json(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "support": sentence.support.value,
        "reason": remark_text(sentence.reason),
        "remark": None if sentence.reason is None else _remark_json(sentence.reason),
        "citations": [citation.n for citation in sentence.citations],
    }


def _remark_json(remark: Remark) -> dict[str, Any]:
    return {"kind": remark.kind.value, "values": list(remark.values), "n": remark.n}


def citations_json(sentences: tuple[Sentence, ...]) -> list[dict[str, Any]]:
    """One object for each quotation that a sentence rests on, in the order of the sentences."""
    return [
        {
            "n": citation.n,
            "sentence": position,
            "document": citation.document,
            "title": citation.title,
            "page": citation.page,
            "lines": list(citation.lines) if citation.lines else None,
            "start": citation.span.start,
            "end": citation.span.end,
            "quote": citation.quote,
            "clause": citation.clause,
            "source": None
            if citation.source is None
            else [[piece.start, piece.end] for piece in citation.source],
        }
        for position, sentence in enumerate(sentences)
        for citation in sentence.citations
    ]


def report_json(report: Report) -> dict[str, Any]:
    """What `rag index --json` prints."""
    return {
        "read": report.read,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "restated": report.restated,
        "skipped": [
            {"document": one.document, "reason": one.reason, "earlier": one.earlier}
            for one in report.skipped
        ],
        "documents": report.documents,
        "chunks": report.chunks,
        "seconds": report.seconds,
        "missing": list(report.missing),
        "split_sentences": report.split_sentences,
        "warnings": [{"document": s.document, "reason": s.reason} for s in report.warnings],
    }


def info_json(info: DocumentInfo) -> dict[str, Any]:
    """A document as lists of documents show it."""
    return {
        "document": info.name,
        "title": info.title,
        "date": info.date,
        "date_inferred": info.date_inferred,
        "publisher": info.publisher,
        "tags": list(info.tags),
        "warnings": list(info.warnings),
        "corrected": list(info.corrected),
        "characters": info.characters,
        "chunks": info.chunks,
    }


def document_json(document: Document) -> dict[str, Any]:
    """What `rag text --json` prints. `origin` has a list `[start in text, start in source,
    length]` for each run, a block's `boxes` a list `[page, left, top, right, bottom]` for each
    box."""
    return {
        "id": document.id,
        "document": document.name,
        "path": document.path,
        "title": document.title,
        "date": document.date,
        "date_inferred": document.date_inferred,
        "publisher": document.publisher,
        "tags": list(document.tags),
        "text": document.text,
        "blocks": [_block_json(block) for block in document.blocks],
        "origin": [[run.start, run.source, run.length] for run in document.origin],
        "tables": [_table_json(table) for table in document.tables],
    }


def _block_json(block: Block) -> dict[str, Any]:
    return {
        "start": block.span.start,
        "end": block.span.end,
        "kind": block.kind.value,
        "headings": list(block.headings),
        "page": block.page,
        "lines": list(block.lines) if block.lines else None,
        "lead": list(block.lead),
        "repeats": [list(lines) for lines in block.repeats],
        "boxes": [list(astuple(box)) for box in block.boxes],
        "by_ocr": block.by_ocr,
    }


def marked_text(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text in Markdown, each followed by the markers of its citations.

    >>> from rag.types import Support
    >>> marked_text([Sentence("渡轮\\t4元", Support.SUPPORTED, None, ())]), marked_text([])
    ('渡轮 ｜ 4元', '')
    """
    return laid_out(sentences, str, markers)


def markers(sentence: Sentence) -> str:
    """The markers of a sentence's citations, each once."""
    return "".join(f"[{rank}]" for rank in dict.fromkeys(c.n for c in sentence.citations))


def laid_out(
    sentences: Sequence[Sentence],
    escape: Callable[[str], str],
    after: Callable[[Sentence], str],
    *,
    apart: str | None = None,
) -> str:
    """The sentences in Markdown: `escape` writes their words, `after` what follows them. Items and
    rows of tables are what they were, the cells of any other row are parted by bars. Other
    sentences are parted by `apart`, None for as little as `parting` does.

    >>> from rag.types import Support
    >>> said = ["项目\\t票价", "渡轮\\t4元", "好。"]
    >>> rows = [Sentence(s, Support.NONE, None, (), "\\n" if s == "好。" else ROW) for s in said]
    >>> laid_out(rows, str, markers)
    '| 项目 | 票价 |\\n| --- | --- |\\n| 渡轮 | 4元 |\\n\\n好。'
    """
    parts: list[str] = []
    before: Sentence | None = None
    for sentence in sentences:
        cells = [escape(cell) for cell in sentence.text.split("\t")]
        if sentence.lead == ROW:
            first = before is None or before.lead != ROW
            parts.append("" if before is None else "\n\n" if first else "\n")
            parts.append(f"| {' | '.join(cells)}{_spaced(after(sentence))} |")
            if first:
                parts.append("\n|" + " --- |" * len(cells))
        else:
            lead = sentence.lead
            if before is None:
                space = lead.strip("\n")
            elif before.lead == ROW:
                space = "\n\n" + lead.strip("\n")
            elif lead:
                space = "\n" + lead.strip("\n")
            else:
                space = parting(before.text, sentence.text) if apart is None else apart
            parts.append(space + " ｜ ".join(cells) + after(sentence))
        before = sentence
    return "".join(parts)


def _spaced(text: str) -> str:
    return f" {text}" if text else ""


def parting(before: str, text: str) -> str:
    """What stands between two sentences on a line of an answer: a space before one that begins with
    a Latin letter or mark, a line break after one that no mark ends (a heading, a row) and after
    one that announces others.

    >>> parting("桥长1080米。", "造价两亿。"), parting("票价：", "单程4元。"), parting("A.", "B.")
    ('', '\\n', ' ')
    """
    if before and (before[-1] in "：:" or not ends_sentence(before)):
        return "\n"
    return " " if before and text[:1].isascii() else ""
