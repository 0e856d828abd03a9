"""Values as JSON objects: the shapes that programs outside rely on (commands, HTTP, eval)."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from rag.telling.remarks import remark_sentence, remark_text
from rag.types import (
    Answer,
    Block,
    Cell,
    Computed,
    Document,
    DocumentInfo,
    Passage,
    Remark,
    Report,
    Sentence,
    Table,
)


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
    """An answer with its sentences, citations and passages; see the contract of `rag ask`."""
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
        "notice": told(answer),
        "remarks": [_remark_json(remark) for remark in answer.remarks],
        "differing": [{"figure": figure.text, "n": figure.n} for figure in answer.differing],
        "prompted": list(answer.prompted),
        "timings": {
            "retrieve_ms": answer.timings.retrieve_ms,
            "answer_ms": answer.timings.answer_ms,
        },
    }


def told(answer: Answer) -> str:
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
