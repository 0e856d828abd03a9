"""The results of a run as a table that a spreadsheet opens."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.questions import LIST_SEPARATOR, parse_question

HEADER = (
    "id",
    "question",
    "type",
    "status",
    "answer",
    "short",
    "documents",
    "quotes",
    "confidence",
    "latency_ms",
    "answers",
    "error",
)
# A cell that starts so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes one row a question, UTF-8 with a byte order mark so that Excel reads it right."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows([_harmless(cell) for cell in _cells(row)] for row in rows)


def _cells(row: Mapping[str, Any]) -> list[Any]:
    citations = row.get("citations") or ()
    return [
        row["id"],
        row["question"],
        row.get("type"),
        row["status"],
        row.get("text"),
        row.get("short"),
        LIST_SEPARATOR.join(dict.fromkeys(citation["document"] for citation in citations)),
        LIST_SEPARATOR.join(citation["quote"] for citation in citations),
        row.get("confidence"),
        row.get("measured", {}).get("latency_ms"),
        LIST_SEPARATOR.join(parse_question(dict(row), 0).ways),
        row.get("error"),
    ]


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
