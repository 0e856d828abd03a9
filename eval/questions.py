"""Question files: JSONL, CSV or a workbook -> questions; a broken line is named, the rest is used.

Fields have their own names or others that are common (`COMMON_NAMES`); what a file calls them stays
in `Question.fields`.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.metrics.answers import ALL_REQUIRED

UNANSWERABLE = "unanswerable"
LIST_SEPARATOR = "|"
TABLE_DELIMITERS = {".csv": ",", ".tsv": "\t"}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
COMMON_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("问题", "提问", "题目", "query", "q"),
    "answers": ("答案", "参考答案", "标准答案", "回答", "answer", "ground_truth", "gold"),
    "evidence": ("证据", "依据", "原文", "引文", "quote", "context"),
    "doc": ("文档", "文件", "文件名", "document", "file"),
    "type": ("类型", "类别", "题型", "kind"),
    "id": ("编号", "序号", "题号"),
    "history": ("历史", "上文", "对话"),
    "reference": ("参考回答",),
}
"""What else a field is called; the first of them that a file has counts, case aside."""


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
    """Reads a question file: `.csv`, `.tsv` and the first sheet of a workbook as a table with a
    header, all else as JSONL.

    Only `question` is needed; a question without `id` gets its line number as id.

    Raises:
        EvaluationError: the file cannot be read, holds no question, two questions have the
            same id, or an answer is only white space.
    """
    delimiter = TABLE_DELIMITERS.get(path.suffix.lower())
    if path.suffix.lower() in WORKBOOKS:
        rows = _sheet_rows(path)
    elif delimiter is None:
        rows = _json_rows(_read(path))
    else:
        rows = _table_rows(_read(path), delimiter, path)
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
        faults += [
            f"line {line}: answer {i} is only white space"
            for i, answer in enumerate(question.answers or (), 1)
            if not all(way.strip() for way in answer)
        ]
        lines[question.id] = line
        questions.append(question)
    if faults:
        raise EvaluationError(f"{path}: {'; '.join(faults[:10])}. Correct the file and run again.")
    if not questions:
        first = f"; first problem: {problems[0]}" if problems else ""
        raise EvaluationError(
            f'{path} holds no question{first}. A line needs at least {{"question": "…"}}.'
        )
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
    row, own = _named(row), row
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"`question` must be a text that is not empty, got {text!r}")
    kind = row.get("type")
    if kind is not None and not isinstance(kind, str):
        raise ValueError(f"`type` must be a text, got {kind!r}")
    reference = row.get("reference")
    if row.get("id") in (None, ""):
        row, own = {**row, "id": str(line)}, {**own, "id": str(line)}
    json.dumps(row, ensure_ascii=False).encode()  # a lone surrogate could not be written
    return Question(
        id=str(row["id"]),
        text=text,
        answers=_answers(row.get("answers")),
        evidence=_evidence(row.get("evidence"), str(row.get("doc") or "")),
        kind=kind or None,
        relevant=_relevant(row.get("relevant")),
        reference=reference if isinstance(reference, str) and reference.strip() else None,
        history=_history(row.get("history")),
        fields=own,
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields by our names for them."""
    given = {name.strip().casefold(): name for name in reversed(list(row)) if isinstance(name, str)}
    value = dict(row)
    for name, others in COMMON_NAMES.items():
        if name not in row:
            found = next((given[one] for one in (name, *others) if one in given), None)
            if found is not None:
                value[name] = row[found]
    return value


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of a question file: those whose fields have the values of `where`, each
    (field, value, whether it is that one or any other), and `sample` of these, drawn with `seed`;
    0 for all."""

    where: tuple[tuple[str, str, bool], ...] = ()
    sample: int = 0
    seed: int = 0

    def of(self, loaded: Loaded) -> Loaded:
        """The questions that are selected, in the order of the file.

        Raises:
            EvaluationError: there are none.
        """
        kept = [one for one in loaded.questions if all(_has(one, *part) for part in self.where)]
        if not kept:
            stated = ", ".join(f"{name}{'=' if is_ else '!='}{v}" for name, v, is_ in self.where)
            raise EvaluationError(f"no question has {stated}; look at the fields of the file")
        if 0 < self.sample < len(kept):
            drawn = random.Random(self.seed).sample(range(len(kept)), self.sample)
            kept = [kept[place] for place in sorted(drawn)]
        return replace(loaded, questions=tuple(kept))

    @property
    def facts(self) -> dict[str, Any]:
        """What a run says of it; nothing where all questions are asked."""
        where = [f"{name}{'=' if is_ else '!='}{value}" for name, value, is_ in self.where]
        drawn = {"sample": self.sample, "seed": self.seed} if self.sample else {}
        return ({"where": where} if where else {}) | drawn


EVERY_QUESTION = Selection()


def _has(question: Question, name: str, value: str, is_it: bool) -> bool:
    """Whether a field is a value, or holds it as an entry of a list."""
    found = _named(question.fields).get(name)
    values = found if isinstance(found, list) else [found]
    return (value in ["" if one is None else str(one) for one in values]) is is_it


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
    _check_header(reader.fieldnames or (), path)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, ValueError(f"not a row: {error}")
            continue
        yield reader.line_num, _cells(row)


def _check_header(names: Sequence[str], path: Path) -> None:
    if "question" not in _named(dict.fromkeys(names)):
        raise EvaluationError(
            f"{path} has no column `question` ({', '.join(COMMON_NAMES['question'])}); its first "
            f"row is {list(names)}"
        )


def _sheet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, IndexError) as error:
        raise EvaluationError(f"question file {path} cannot be read: {error}") from None
    names = [_cell_text(cell) for cell in rows[0]] if rows else []
    _check_header(names, path)
    for number, row in enumerate(rows[1:], 2):
        cells = list(map(_cell_text, row))
        if any(cells):
            named = {name: cell for name, cell in zip(names, cells, strict=True) if name}
            yield number, _cells(named)


def _cell_text(cell: object) -> str:
    """The text of a cell: whole numbers without a fraction, dates as ISO 8601."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()


def _cells(row: Mapping[Any, Any]) -> dict[str, Any] | ValueError:
    if None in row:
        return ValueError("more cells than the header has; quote cells that hold the delimiter")
    filled = {name: cell for name, cell in row.items() if cell is not None and cell.strip()}
    value: dict[str, Any] = dict(filled)
    for name in ("answers", "evidence", "history"):
        given = next((own for own in filled if _named({own: ""}).get(name) == ""), None)
        if given is not None:
            try:
                value[given] = _list_cell(filled[given])
            except json.JSONDecodeError as error:
                return ValueError(f"`{given}` starts like a JSON list but is none: {error.msg}")
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
        if all(
            isinstance(ways, list) and ways and all(isinstance(way, str) for way in ways)
            for ways in answers
        ):
            return tuple(tuple(ways) for ways in answers)
    raise ValueError(f"`answers` must be a list of texts, or of lists of texts, got {value!r}")


def _evidence(value: Any, document: str) -> tuple[Evidence, ...]:
    """The quotations; one without a document of its own is of the question's."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise ValueError(f"`evidence` must be a list, got {value!r}")
    return tuple(_one_evidence(item, document) for item in items)


def _one_evidence(item: Any, document: str) -> Evidence:
    entry = {"quote": item, "doc": document} if isinstance(item, str) else item
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
        isinstance(turn, dict)
        and isinstance(turn.get("question"), str)
        and isinstance(turn.get("answer", ""), str)
        for turn in value
    ):
        return tuple((turn["question"], turn.get("answer", "")) for turn in value)
    if isinstance(value, list) and all(
        isinstance(turn, list) and len(turn) == 2 and all(isinstance(part, str) for part in turn)
        for turn in value
    ):
        return tuple((question, answer) for question, answer in value)
    raise ValueError(
        '`history` must be a list of {"question": …, "answer": …} or of [question, '
        f"answer], the latest turn last, got {value!r}"
    )
