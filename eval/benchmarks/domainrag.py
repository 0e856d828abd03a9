"""DomainRAG: questions about one university's pages; text is space-tokenised.

JSONL: `{question, answers, positive_reference}`, a reference being `{title, date, contents}` or
a list of them; `answers` may hold lists of ways to say the same. `history_qa` are the turns
before a question of a conversation, `date` the time that a time-sensitive question is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.benchmarks.material import (
    Benchmark,
    Collector,
    find_files,
    json_lines,
    required,
)

PATTERNS = ("*.jsonl",)
# A space is the tokeniser's where a character beside it is no Latin letter or digit.
_SPACE = re.compile(r"(?<![A-Za-z0-9]) +| +(?![A-Za-z0-9])")


def load(path: Path) -> Benchmark:
    """Reads the files of DomainRAG.

    Raises:
        EvaluationError: no such file, or one of another format.
    """
    collector = Collector()
    for file in find_files(path, PATTERNS):
        for number, row in enumerate(json_lines([file]), 1):
            references = required(row, "positive_reference", file)
            references = references if isinstance(references, list) else [references]
            names = dict.fromkeys(collector.name(_page(reference)) for reference in references)
            collector.ask_given(
                {
                    "id": f"{file.stem}-{number}",
                    "question": row["question"],
                    "answers": required(row, "answers", file),
                    "type": _kind(row),
                    **_history(row),
                    "relevant": dict.fromkeys(names, 1),
                },
                names,
            )
            for turn in row.get("history_qa", ()):
                collector.name(_page(turn["positive_reference"]))
    return collector.benchmark()


def plain(text: str) -> str:
    """Space-tokenised text without the tokeniser's spaces.

    >>> plain("1939 年 由 AI Lab 成立 的")
    '1939年由AI Lab成立的'
    """
    return _SPACE.sub("", text)


def _page(reference: Mapping[str, Any]) -> str:
    lines = [str(reference.get("title") or ""), str(reference.get("date") or "")]
    lines += [plain(line).strip() for line in str(reference["contents"]).split("\n")]
    return "\n\n".join(line for line in lines if line)


def _history(row: Mapping[str, Any]) -> dict[str, Any]:
    """The turns before a question, each with the first way to say its answer."""
    turns = [
        {"question": turn["question"], "answer": str(turn["answers"][0])}
        for turn in row.get("history_qa", ())
    ]
    return {"history": turns} if turns else {}


def _kind(row: Mapping[str, Any]) -> str:
    if "history_qa" in row:
        return "conversation"
    return "time-sensitive" if "date" in row else "page"
