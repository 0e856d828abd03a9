"""SQuAD's format: CMRC 2018, DRCD, XQuAD, DuReader_robust, SQuAD 2, and ExpMRC's evidence.

`data[].paragraphs[].{context, qas[].{id, question, answers[].{text, answer_start}}}`, with
`is_impossible` for questions without an answer (SQuAD 2) and `evidences` for the sentences that
prove it (ExpMRC). `answer_start` may be -1 or wrong: then the answer is looked for.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.benchmarks.material import (
    Benchmark,
    Collector,
    find_files,
    parse_json,
    read_text,
    required,
)
from eval.errors import EvaluationError
from eval.questions import UNANSWERABLE
from rag.text.sentences import sentences
from rag.types import Span

ANSWERED = "span"
PATTERNS = ("*.json", "*.zip")


def load(path: Path) -> Benchmark:
    """Reads the files of a set in SQuAD's format.

    Raises:
        EvaluationError: no such file, or one of another format.
    """
    collector = Collector()
    for file, text in _files(path):
        _collect(parse_json(text, file), file, collector)
    return collector.benchmark()


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    for file in find_files(path, PATTERNS):
        if file.suffix != ".zip":
            yield file, read_text(file)
            continue
        try:
            with zipfile.ZipFile(file) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".json") and not name.startswith("__MACOSX"):
                        yield file / name, archive.read(name).decode("utf-8-sig")
        except (zipfile.BadZipFile, UnicodeDecodeError) as error:
            raise EvaluationError(f"{file} cannot be read: {error}") from None


def _collect(value: Any, file: Path, collector: Collector) -> None:
    if not isinstance(value, dict):
        raise EvaluationError(f"{file} is not in SQuAD's format: no object with `data`")
    for article in required(value, "data", file):
        for paragraph in required(article, "paragraphs", file):
            context = required(paragraph, "context", file)
            name = collector.name(context)
            for qa in required(paragraph, "qas", file):
                collector.ask_given(_question(qa, context, name, file), [name])


def _question(qa: Mapping[str, Any], context: str, name: str, file: Path) -> dict[str, Any]:
    spans = [
        (str(answer["text"]), int(answer.get("answer_start", -1)))
        for answer in qa.get("answers") or ()
        if str(answer.get("text", "")).strip()
    ]
    impossible = bool(qa.get("is_impossible")) or not spans
    quotes = [str(quote) for quote in _flat(qa.get("evidences")) if str(quote).strip()]
    if not quotes and not impossible:
        quotes = [
            sentence
            for text, start in spans[:1]
            if (sentence := answer_sentence(context, text, start))
        ]
    return {
        "id": str(required(qa, "id", file)),
        "question": required(qa, "question", file),
        "answers": [] if impossible else list(dict.fromkeys(text for text, _ in spans)),
        "evidence": [] if impossible else [{"doc": name, "quote": quote} for quote in quotes],
        "type": UNANSWERABLE if impossible else ANSWERED,
        "relevant": {} if impossible else {name: 1},
        "count_no_answer": True,
    }


def answer_sentence(context: str, answer: str, start: int) -> str:
    """The sentence of the context that holds the answer at `start`, or, where it does not stand
    there, at its first place; several where it goes over a sentence's end, none where it stands
    nowhere."""
    if start < 0 or not context.startswith(answer, start):
        start = context.find(answer)
    if start < 0:
        return ""
    place = Span(start, start + len(answer))
    held = [span for span in sentences(context) if span.overlaps(place)]
    return context[held[0].start : held[-1].end] if held else ""


def _flat(value: Any) -> list[Any]:
    """ExpMRC lists the evidence of a question, or several annotators' lists of it."""
    return [part for item in value or () for part in (item if isinstance(item, list) else [item])]
