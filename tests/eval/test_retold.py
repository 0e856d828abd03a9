"""The retold sentences: each about a passage of its own, none about what is altered to measure."""

from __future__ import annotations

import csv
from pathlib import Path

from eval.retold import FILE, LEARN, MEASURE, retold


def test_rows_are_whole_and_no_passage_serves_both_uses() -> None:
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert all(row["sentence"].strip() and int(row["start"]) < int(row["end"]) for row in rows)
    assert {row["use"] for row in rows} == {LEARN, MEASURE}
    uses = [{row["row"] for row in rows if row["use"] == use} for use in (LEARN, MEASURE)]
    assert uses[0].isdisjoint(uses[1])
    assert all(int(row["row"]) % 50 for row in rows)  # those of eval.verification


def test_passages_are_read_from_the_articles(shared: Path) -> None:
    found = list(retold(shared / "data", MEASURE))
    assert len(found) == 172
    right = next(one for one in found if one.what == "same" and "狮子洋" not in one.sentence)
    assert right.passage and right.year in (None, 2023)
