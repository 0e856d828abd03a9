"""NLPCC DBQA: TSV of question, sentence, 0 or 1; the lines of a question stand together."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from eval.benchmarks.material import Benchmark, Collector, find_files, read_text
from eval.errors import EvaluationError
from eval.questions import UNANSWERABLE

PATTERNS = ("*.tsv", "*.txt", "*.dbqa*")
COLUMNS = 3


def load(path: Path) -> Benchmark:
    """Reads the files of DBQA.

    Raises:
        EvaluationError: no such file, or a line without the three columns.
    """
    collector = Collector()
    rows = [row for file in find_files(path, PATTERNS) for row in _rows(file)]
    for number, (question, group) in enumerate(groupby(rows, key=lambda row: row[0]), 1):
        judged = {
            collector.name(sentence): (sentence, label == "1") for _, sentence, label in group
        }
        right = {name: sentence for name, (sentence, is_right) in judged.items() if is_right}
        collector.ask_given(
            {
                "id": str(number),
                "question": question,
                "answers": list(right.values()),
                "evidence": [{"doc": name, "quote": sentence} for name, sentence in right.items()],
                "type": "sentence" if right else UNANSWERABLE,
                "relevant": dict.fromkeys(right, 1),
            },
            judged,
        )
    return collector.benchmark()


def _rows(file: Path) -> list[tuple[str, str, str]]:
    rows = []
    for number, line in enumerate(read_text(file).split("\n"), 1):
        cells = [cell.strip() for cell in line.rstrip("\r").split("\t")]
        if not line.strip():
            continue
        if len(cells) != COLUMNS or cells[2] not in {"0", "1"} or not cells[0] or not cells[1]:
            raise EvaluationError(f"{file}, line {number}: not `question<TAB>sentence<TAB>0 or 1`")
        rows.append((cells[0], cells[1], cells[2]))
    return rows
