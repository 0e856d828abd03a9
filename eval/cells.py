"""`python -m eval cells`: questions on cells of tables; whether the right cell is among the first
that a search shows.

A line of the file names its cell (`file`, `row`, `column`, `value`; row and column are words that
labels of the cell hold, one or a list), or is a natural question, of which those of the style
`table` are asked: there the right cell is one whose text, with its unit, holds an answer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.settings import Settings
from rag.text.normalize import simplify
from rag.types import Cell, Label, Passage

SHOWN = 3
"""The right cell counts among so many, over all passages in their order."""
PASSAGES = 10
"""What `rag search` gives by default."""
_ZEROS = re.compile(r"(?<=\d)\.0+(?!\d)")
_SEPARATOR = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class CellQuestion:
    """A question and how its cell is known; `corpus` names the index that it is asked of."""

    id: str
    question: str
    corpus: str
    is_right: Callable[[str, Cell], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the right cell stood among all cells shown, from 1; None where it was not there."""

    id: str
    rank: int | None

    @property
    def found(self) -> bool:
        """Whether it was among the first."""
        return self.rank is not None and self.rank <= SHOWN


def load_cell_questions(path: Path) -> list[CellQuestion]:
    """The questions of a file.

    Raises:
        EvaluationError: it cannot be read, or holds no question on a cell.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        found = [_question(row, i) for i, row in enumerate(rows, 1) if "value" in row]
        found += [_natural(row) for row in rows if row.get("style") == "table" and row["answers"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from None
    if not found:
        raise EvaluationError(f"{path} holds no question on a cell")
    return found


def _question(row: dict[str, Any], number: int) -> CellQuestion:
    value = _normalise(row["value"])
    wanted_rows, wanted_columns = (
        [_normalise(word) for word in ([own] if isinstance(own, str) else own)]
        for own in (row["row"], row["column"])
    )

    def is_right(document: str, cell: Cell) -> bool:
        return (
            document.rpartition("/")[2] == row["file"]
            and _normalise(cell.text) == value
            and _named(cell.rows, wanted_rows)
            and _named(cell.columns, wanted_columns)
        )

    return CellQuestion(row.get("id", str(number)), row["question"], "A", is_right)


def _named(labels: Sequence[Label], words: Sequence[str]) -> bool:
    texts = [_normalise(label.text) for label in labels]
    return all(any(word in text for text in texts) for word in words)


def _natural(row: dict[str, Any]) -> CellQuestion:
    wanted = [_normalise(word) for answer in row["answers"] for word in answer.split("|")]

    def is_right(_document: str, cell: Cell) -> bool:
        text = _normalise(cell.text + (cell.unit or ""))
        return any(_holds(text, word) for word in wanted)

    return CellQuestion(row["id"], row["question"], row["corpus"], is_right)


def _normalise(text: str) -> str:
    """As natural questions are compared: NFKC, simplified, lower case, white space and thousands
    separators out; figures by value, zeros at their end out, too."""
    folded = "".join(simplify(unicodedata.normalize("NFKC", text)).lower().split())
    return _ZEROS.sub("", _SEPARATOR.sub("", folded))


def _holds(text: str, word: str) -> bool:
    """Whether a text holds a word; a number only as a whole one."""
    before = r"(?<![\d.])" if word[:1].isdigit() else ""
    after = r"(?!\d|\.\d)" if word[-1:].isdigit() else ""
    return bool(word) and re.search(before + re.escape(word) + after, text) is not None


def outcome(question: CellQuestion, passages: Iterable[Passage]) -> Outcome:
    """Where the right cell of a question stands among the cells of its passages."""
    shown = [(passage.document, cell) for passage in passages for cell in passage.cells]
    rank = next(
        (i for i, (name, cell) in enumerate(shown, 1) if question.is_right(name, cell)), None
    )
    return Outcome(question.id, rank)


def measure(path: Path, indexes: dict[str, Path], settings: Settings) -> list[Outcome]:
    """Asks the questions of a file, each of the index of its corpus; those of another are left
    out."""
    questions = load_cell_questions(path)
    found: list[Outcome] = []
    for corpus, folder in indexes.items():
        own = settings.model_copy(update={"index": folder})
        assistant = Assistant(Index.open(folder, own), own)
        for question in questions:
            if question.corpus == corpus:
                passages = assistant.search(question.question, PASSAGES)
                found.append(outcome(question, passages))
    return found


def summary(outcomes: Sequence[Outcome]) -> dict[str, float | int]:
    """The figures: `found` counts questions whose cell is among the first `SHOWN`, `shown` those
    whose cell is in some passage at all."""
    return {
        "questions": len(outcomes),
        "found": sum(one.found for one in outcomes),
        "first": sum(one.rank == 1 for one in outcomes),
        "shown": sum(one.rank is not None for one in outcomes),
    }
