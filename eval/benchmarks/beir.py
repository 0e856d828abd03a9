"""BEIR's format: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text}, and qrels as TSV
(query-id, corpus-id, score, with a header). Documents are judged, so there is no `given`."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from eval.benchmarks.material import Benchmark, Collector, json_lines, read_text, required
from eval.errors import EvaluationError

QRELS = ("qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv", "qrels.tsv")


def load(path: Path) -> Benchmark:
    """Reads the folder of a set in BEIR's format.

    Raises:
        EvaluationError: a file is missing or of another format.
    """
    folder = path if path.is_dir() else path.parent
    corpus = folder / "corpus.jsonl"
    names: dict[str, str] = {}
    passages: dict[str, str] = {}
    for row in json_lines([corpus]):
        name = f"{len(names) + 1:06d}.txt"
        names[str(required(row, "_id", corpus))] = name
        title = str(row.get("title") or "").strip()
        text = required(row, "text", corpus)
        passages[name] = f"{title}\n\n{text}" if title else text
    relevant = _qrels(folder, names)
    queries = folder / "queries.jsonl"
    collector = Collector()
    for row in json_lines([queries]):
        identity = str(required(row, "_id", queries))
        if identity in relevant:
            collector.ask_openly(
                {
                    "id": identity,
                    "question": required(row, "text", queries),
                    "relevant": relevant[identity],
                }
            )
    if not collector.open:
        raise EvaluationError(f"{folder}: no query of queries.jsonl is judged in the qrels")
    return replace(collector.benchmark(), passages=passages)


def _qrels(folder: Path, names: dict[str, str]) -> dict[str, dict[str, float]]:
    file = next((folder / name for name in QRELS if (folder / name).is_file()), None)
    if file is None:
        raise EvaluationError(f"{folder} holds none of {', '.join(QRELS)}")
    relevant: dict[str, dict[str, float]] = {}
    rows = csv.reader(io.StringIO(read_text(file)), delimiter="\t")
    next(rows, None)
    for line, row in enumerate(rows, 2):
        try:
            query, document, gain = row[0], row[1], float(row[2])
        except (IndexError, ValueError):
            raise EvaluationError(f"{file}, line {line}: not `query-id corpus-id score`") from None
        # A judged document that the corpus lacks cannot be found; it still counts.
        relevant.setdefault(query, {})[names.get(document, f"missing {document}")] = gain
    return relevant
