"""Sentences of our own about passages of the news set, as a chat model retells them: faithful ones,
and such with one fault. Half of the passages are there to learn from, half to measure with.

`retold.tsv` has one sentence a line: the row of the article in `data/news.jsonl.xz`, where in its
text the passage stands, `use` (learn, measure), `what` (same, or the kind of the fault), and the
sentence. Rows are none of those that `eval.verification` alters.
"""

from __future__ import annotations

import csv
import json
import lzma
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEARN, MEASURE = "learn", "measure"
SAME = "same"
FILE = Path(__file__).with_name("retold.tsv")


@dataclass(frozen=True, slots=True)
class Retold:
    """A sentence, the passage that it retells with the year of its article, None for an unknown
    one, and what it is: `SAME` or the kind of its fault."""

    sentence: str
    passage: str
    year: int | None
    what: str


def retold(data: Path, use: str) -> Iterator[Retold]:
    """The sentences for one use, over the articles in the folder `data`."""
    rows: dict[int, list[dict[str, str]]] = defaultdict(list)
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["use"] == use:
                rows[int(row["row"])].append(row)
    last = max(rows)
    with lzma.open(data / "news.jsonl.xz", "rt", encoding="utf-8") as articles:
        for number, line in enumerate(articles):
            if number > last:
                break
            if number not in rows:
                continue
            article = json.loads(line)
            year = str(article.get("date") or "")[:4]
            for row in rows[number]:
                if len(article["text"]) < int(row["end"]):
                    continue  # another set of articles
                passage = article["text"][int(row["start"]) : int(row["end"])]
                known = int(year) if year.isdigit() else None
                yield Retold(row["sentence"], passage, known, row["what"])
