"""Question files: JSONL or CSV -> questions; a broken line is named, the rest is used."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.metrics.answers import ALL_REQUIRED

UNANSWERABLE = "unanswerable"
LIST_SEPARATOR = "|"
TABLE_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim quotation of the document that holds it; the name is empty where unknown."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known of its answer.

    `answers` is None where the file says nothing about answers, and empty for a question that
    has none; each is a tuple of ways to say the same. `relevant` are documents with their gain,
    for sets that judge documents and not quotations. `history` are the turns of a conversation
    before it, (question, answer). `fields` are the question's own fields as
    the file has them, `id` included.
    """

    id: str
    text: str
    answers: tuple[tuple[str, ...], ...] | None
    evidence: tuple[Evidence, ...]
    kind: str | None
    relevant: tuple[tuple[str, float], ...]
    reference: str | None
    history: tuple[tuple[str, str], ...]
    fields: Mapping[str, Any]

    @property
    def answerable(self) -> bool | None:
        """Whether the documents hold an answer; None where the file does not say."""
        if self.kind == UNANSWERABLE:
            return False
        if self.answers or self.evidence or any(gain > 0 for _, gain in self.relevant):
            return True
        return None if self.answers is None else False

    @property
    def ways(self) -> tuple[str, ...]:
        """Every way to say every listed answer."""
        return tuple(way for answer in self.answers or () for way in answer)

    @property
    def all_required(self) -> bool:
        """Whether every listed answer is a part that must be there."""
        return self.kind in ALL_REQUIRED or self.fields.get("all_required") is True

    @property
    def quotations(self) -> tuple[str, ...]:
        """The quotations of the evidence."""
        return tuple(evidence.quote for evidence in self.evidence)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of a question file that could not be used, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The questions of a file, in its order, and the lines that were left out."""

    questions: tuple[Question, ...]
    problems: tuple[Problem, ...]


def load_questions(path: Path) -> Loaded:
    """Reads a question file: `.csv` and `.tsv` as a table with a header, all else as JSONL.

    Only `question` is needed; a question without `id` gets its line number as id.

    Raises:
        EvaluationError: the file cannot be read, holds no question, two questions have the
            same id, or an answer is only white space.
    """
    text = _read(path)
    delimiter = TABLE_DELIMITERS.get(path.suffix.lower())
    rows = _json_rows(text) if delimiter is None else _table_rows(text, delimiter, path)
    questions: list[Question] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    faults: list[str] = []
    for line, row in rows:
        try:
            question = parse_question(row, line)
        except ValueError as error:
            problems.append(Problem(line, str(error)))
            continue
        if question.id in lines:
            faults.append(f"line {line}: id {question.id!r} was used on line {lines[question.id]}")
        faults += [f"line {line}: answer {i} is only white space"
                   for i, answer in enumerate(question.answers or (), 1)
                   if not all(way.strip() for way in answer)]
        lines[question.id] = line
        questions.append(question)
    if faults:
        raise EvaluationError(f"{path}: {'; '.join(faults[:10])}. Correct the file and run again.")
    if not questions:
        first = f"; first problem: {problems[0]}" if problems else ""
        raise EvaluationError(f"{path} holds no question{first}. "
                              "A line needs at least {\"question\": \"…\"}.")
    return Loaded(tuple(questions), tuple(problems))


def parse_question(row: Any, line: int) -> Question:
    """A question from a JSON object.

    Raises:
        ValueError: it is no object, a field has the wrong type, or the question is empty.
    """
    if isinstance(row, ValueError):
        raise row
    if not isinstance(row, dict):
        raise ValueError(f"not a JSON object but {type(row).__name__}")
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"`question` must be a text that is not empty, got {text!r}")
    kind = row.get("type")
    if kind is not None and not isinstance(kind, str):
        raise ValueError(f"`type` must be a text, got {kind!r}")
    reference = row.get("reference")
    if row.get("id") in (None, ""):
        row = {**row, "id": str(line)}
    json.dumps(row, ensure_ascii=False).encode()  # a lone surrogate could not be written
    return Question(
        id=str(row["id"]),
        text=text,
        answers=_answers(row.get("answers")),
        evidence=_evidence(row.get("evidence")),
        kind=kind or None,
        relevant=_relevant(row.get("relevant")),
        reference=reference if isinstance(reference, str) and reference.strip() else None,
        history=_history(row.get("history")),
        fields=row,
    )


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"question file {path} cannot be read: {error.strerror}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise EvaluationError(f"question file {path} is neither UTF-8 nor GB18030; save it as UTF-8")


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    # Not splitlines(): U+2028 and others may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                yield number, ValueError(f"not JSON: {error.msg} at column {error.colno}")
            except RecursionError:
                yield number, ValueError("not JSON that can be read: nested too deeply")


def _table_rows(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if "question" not in (reader.fieldnames or ()):
        raise EvaluationError(f"{path} has no column `question`; "
                              f"its first row is {reader.fieldnames}")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, ValueError(f"not a row: {error}")
            continue
        yield reader.line_num, _cells(row)


def _cells(row: Mapping[Any, Any]) -> dict[str, Any] | ValueError:
    if None in row:
        return ValueError("more cells than the header has; quote cells that hold the delimiter")
    filled = {name: cell for name, cell in row.items() if cell is not None and cell.strip()}
    value: dict[str, Any] = dict(filled)
    for name in ("answers", "evidence", "history"):
        if name in filled:
            try:
                value[name] = _list_cell(filled[name])
            except json.JSONDecodeError as error:
                return ValueError(f"`{name}` starts like a JSON list but is none: {error.msg}")
    document = filled.get("doc", "")
    if "evidence" in value:
        value["evidence"] = [{"doc": document, "quote": item} if isinstance(item, str) else item
                             for item in value["evidence"]]
    return value


def _list_cell(cell: str) -> list[Any]:
    if cell.lstrip().startswith("["):
        value: list[Any] = json.loads(cell)
        return value
    return cell.split(LIST_SEPARATOR)


def _answers(value: Any) -> tuple[tuple[str, ...], ...] | None:
    if value is None:
        return None
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list):
        answers = [[item] if isinstance(item, str) else item for item in items]
        if all(isinstance(ways, list) and ways and all(isinstance(way, str) for way in ways)
               for ways in answers):
            return tuple(tuple(ways) for ways in answers)
    raise ValueError(f"`answers` must be a list of texts, or of lists of texts, got {value!r}")


def _evidence(value: Any) -> tuple[Evidence, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f"`evidence` must be a list, got {value!r}")
    return tuple(_one_evidence(item) for item in value)


def _one_evidence(item: Any) -> Evidence:
    entry = {"quote": item} if isinstance(item, str) else item
    quote = entry.get("quote") if isinstance(entry, dict) else None
    if not isinstance(quote, str) or not quote.strip():
        raise ValueError(f"an entry of `evidence` needs a `quote` that is not empty, got {item!r}")
    return Evidence(str(entry.get("doc") or ""), quote)


def _relevant(value: Any) -> tuple[tuple[str, float], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(
        isinstance(gain, (int, float)) for gain in value.values()
    ):
        raise ValueError(f"`relevant` must map documents to gains, got {value!r}")
    return tuple((name, float(gain)) for name, gain in sorted(value.items()))


def _history(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if isinstance(value, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("question"), str)
        and isinstance(turn.get("answer", ""), str) for turn in value
    ):
        return tuple((turn["question"], turn.get("answer", "")) for turn in value)
    if isinstance(value, list) and all(
        isinstance(turn, list) and len(turn) == 2 and all(isinstance(part, str) for part in turn)
        for turn in value
    ):
        return tuple((question, answer) for question, answer in value)
    raise ValueError('`history` must be a list of {"question": …, "answer": …} or of [question, '
                     f"answer], the latest turn last, got {value!r}")
