"""Planted wrong figures: noticed where a copy holds another one, no alarm without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.planted import MIXED, RIGHT, measure, table
from rag.settings import Settings

ROWS = [
    {
        "id": 0,
        "query": "渔港大桥全长多少米？",
        "answer": "1080米",
        "fakeanswer": "2080米",
        "positive": ["渔港大桥全长1080米，设双向六车道，桥面宽31米，由海鳐船舶公司承建。"],
        "positive_wrong": ["渔港大桥全长2080米，设双向六车道，桥面宽31米，由海鳐船舶公司承建。"],
        "negative": ["渔港每年四月开渔。"],
    },
    {
        "id": 1,
        "query": "渔港大桥由谁承建？",
        "answer": "海鳐船舶公司",
        "fakeanswer": "云岬疏浚公司",
        "positive": ["渔港大桥由海鳐船舶公司承建，工期三年。"],
        "positive_wrong": ["渔港大桥由云岬疏浚公司承建，工期三年。"],
        "negative": [],
    },
]


def test_a_planted_figure_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "zh_fact.json"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), "utf-8")
    asked = measure(file, Settings())
    told = {(one.over, one.figure): one.told for one in asked}
    assert told == {
        (MIXED, True): True,
        (RIGHT, True): False,
        (MIXED, False): False,
        (RIGHT, False): False,
    }
    lines = table(asked).splitlines()
    assert [line.split()[-2:] for line in lines[1:]] == [["1", "1"], ["0", "1"], ["0", "2"]]


def test_a_file_without_planted_facts_is_said(tmp_path: Path) -> None:
    file = tmp_path / "zh_int.json"
    rows = [{key: value for key, value in ROWS[0].items() if key != "positive_wrong"}]
    file.write_text(json.dumps(rows[0], ensure_ascii=False), "utf-8")
    with pytest.raises(EvaluationError, match="no planted facts"):
        measure(file, Settings())
