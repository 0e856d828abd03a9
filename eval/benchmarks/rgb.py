"""RGB: answers from several snippets among noise, from none, and against planted wrong facts.

JSONL: `{id, query, answer, positive, negative}`; where `positive` is a list of lists, all parts
of the answer are needed (integration); `positive_wrong` holds passages with a planted wrong
fact, `fakeanswer` that fact (counterfactual).

Source: Chen et al., Benchmarking Large Language Models in Retrieval-Augmented Generation (2024).
Its script also counts correct answers among noise only as failures to refuse; here a question
with negatives only is unanswerable, and a refusal is the one right thing to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from eval.benchmarks.material import (
    Benchmark,
    Collector,
    find_files,
    json_lines,
    required,
)
from eval.questions import UNANSWERABLE

PASSAGES = 5
"""Passages given with a question."""
NOISE = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Shares of the given passages that do not answer."""
PATTERNS = ("*.json", "*.jsonl")


def load(path: Path) -> Benchmark:
    """Reads the files of RGB.

    Raises:
        EvaluationError: no such file, or one of another format.
    """
    collector = Collector()
    files = find_files(path, PATTERNS)
    for file in files:
        for row in json_lines([file]):
            base = _base(row, f"{file.stem}-" if len(files) > 1 else "", file)
            positive = _in_turn(row["positive"])
            negative = [text for text in row["negative"] if text.strip()]
            wrong = [text for text in row.get("positive_wrong", ()) if text.strip()]
            for text in chain(negative, wrong):
                collector.name(text)
            collector.ask_openly({**base, "relevant": _relevant(positive, collector)})
            _ask_noisy(base, positive, negative, collector)
            if wrong:
                planted = {
                    **base,
                    "id": f"{base['id']}-counterfactual",
                    "type": "counterfactual",
                    "fakeanswer": row.get("fakeanswer"),
                }
                collector.ask_given(planted, map(collector.name, wrong[:PASSAGES]))
    return collector.benchmark()


def _base(row: Mapping[str, Any], prefix: str, file: Path) -> dict[str, Any]:
    integration = bool(row.get("positive")) and isinstance(row["positive"][0], list)
    for name in ("positive", "negative"):
        required(row, name, file)
    answer = required(row, "answer", file)
    return {
        "id": f"{prefix}{required(row, 'id', file)}",
        "question": required(row, "query", file),
        "answers": answer if isinstance(answer, list) else [answer],
        "type": "integration" if integration else "fact",
        "all_required": integration,
    }


def _in_turn(positive: Sequence[Any]) -> list[str]:
    """Positives, of several lists one of each in turn, so that the first few hold every part."""
    groups = [group if isinstance(group, list) else [group] for group in positive]
    if all(len(group) == 1 for group in groups):
        return [group[0] for group in groups if group[0].strip()]
    return [text for turn in zip_longest(*groups) for text in turn if text and text.strip()]


def _relevant(texts: Sequence[str], collector: Collector) -> dict[str, int]:
    return {collector.name(text): 1 for text in texts}


def _ask_noisy(
    base: Mapping[str, Any],
    positive: Sequence[str],
    negative: Sequence[str],
    collector: Collector,
) -> None:
    """The question at every share of noise, and with noise alone."""
    for noise in NOISE:
        wrong = min(round(PASSAGES * noise), len(negative))
        right = min(PASSAGES - wrong, len(positive))
        row = {
            **base,
            "id": f"{base['id']}-noise{noise:.1f}",
            "type": f"noise {noise:.1f}",
            "relevant": _relevant(positive[:right], collector),
        }
        # Noise first: what stands first must not be right by its place.
        collector.ask_given(row, map(collector.name, [*negative[:wrong], *positive[:right]]))
    if negative:
        refusal = {**base, "id": f"{base['id']}-refusal", "type": UNANSWERABLE, "answers": []}
        collector.ask_given(refusal, map(collector.name, negative[:PASSAGES]))
