from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from eval.figures import score_rows
from eval.listing import write_csv
from eval.questions import parse_question
from eval.report.entries import KINDS, entry, failure_kind
from eval.report.highlights import covered
from eval.report.page import write_report

QUOTE = "红河在春天涨水三米"
EVIL = "</script><img src=x onerror=alert(1)>&amp;{{tiles}}\u2028"


def result(**changes: Any) -> dict[str, Any]:
    """A right answer, with changes."""
    row: dict[str, Any] = {
        "id": "a",
        "question": "红河涨了多少？",
        "type": "number",
        "answers": ["三米"],
        "evidence": [{"doc": "a.txt", "quote": QUOTE}],
        "status": "answered",
        "text": "红河在春天涨水三米。[1]",
        "short": "三米",
        "confidence": 0.8,
        "measured": {"latency_ms": 12.0, "citations_checked": 1, "citations_exact": 1},
        "sentences": [
            {"text": "红河在春天涨水三米。", "support": "supported", "reason": "", "citations": [1]}
        ],
        "citations": [{"n": 1, "sentence": 0, "document": "a.txt", "quote": QUOTE}],
        "passages": [
            {
                "rank": 1,
                "document": "a.txt",
                "title": "",
                "headings": ["河"],
                "lines": [1, 2],
                "text": f"去年，{QUOTE}。",
            },
            {
                "rank": 2,
                "document": "b.txt",
                "title": "",
                "headings": [],
                "lines": None,
                "text": "蓝山的最高峰有九百米。",
            },
        ],
    }
    return {**row, **changes}


REFUSED: dict[str, Any] = {"status": "no_evidence", "sentences": [], "citations": []}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "right"),
        ({"text": "蓝山有九百米。"}, "wrong_span"),
        (
            {
                "citations": [
                    {"n": 2, "sentence": 0, "document": "b.txt", "quote": "蓝山的最高峰有九百米。"}
                ]
            },
            "not_chosen",
        ),
        ({"passages": []}, "not_retrieved"),
        (REFUSED, "wrongly_refused"),
        ({"answers": [], "evidence": [], "type": "unanswerable"}, "should_refuse"),
        ({"answers": [], "evidence": [], "type": "unanswerable", **REFUSED}, "right"),
        ({"answers": None, "evidence": None, "type": None}, "unjudged"),
        ({"status": "error", "error": "no"}, "failed"),
        ({"status": "retrieved"}, "right"),
    ],
)
def test_kind_of_outcome(changes: dict[str, Any], kind: str) -> None:
    row = result(**changes)
    assert failure_kind(parse_question(row, 0), row) == kind
    assert kind in KINDS


def test_covered_ranges_follow_the_text_through_width_and_space() -> None:
    text = "序。红河 在春天\n涨水三米！红河。"
    [(start, end)] = covered(text, [QUOTE])
    assert text[start:end] == "红河 在春天\n涨水三米"
    assert covered("ＡＢＣＤＥＦ", ["abcdef"]) == [(0, 6)]
    assert covered("没有", [QUOTE]) == []


def test_entry_says_what_was_found_and_cited() -> None:
    found = entry(result())
    assert found["evidence"] == [
        {"doc": "a.txt", "quote": QUOTE, "rank": 1, "cited": True, "marks": [(0, 9)]}
    ]
    assert found["passages"][0]["evidence"] == [(3, 12)]
    assert found["passages"][0]["quoted"] == [(3, 12)]
    assert found["answers"] == [{"text": "三米", "found": True}]


class _Outside(HTMLParser):
    """Collects what would be fetched, and the scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [name for name, _ in attrs if name in {"src", "href", "srcset", "data"}]


def page(tmp_path: Path, rows: list[dict[str, Any]]) -> str:
    path = tmp_path / "report.html"
    write_report(path, EVIL, {"index": EVIL}, rows, score_rows(rows, resamples=20))
    return path.read_text(encoding="utf-8")


def test_report_is_whole_escaped_and_without_outside_references(tmp_path: Path) -> None:
    evil = dict.fromkeys(("id", "question", "type", "text", "short", "reference"), EVIL)
    text = page(tmp_path, [result(), result(**evil, answers=[EVIL])])
    parser = _Outside()
    parser.feed(text)
    assert parser.fetched == []
    assert parser.tags.count("script") == 2
    assert "img" not in parser.tags
    assert parser.tags.count("svg") == 4
    assert not re.search(r"https?://|@import|url\(", text)
    assert "{{" not in text.replace("{{tiles}}", "")
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    entries = json.loads(data.group(1))["entries"]
    assert [item["question"] for item in entries] == ["红河涨了多少？", EVIL]


def test_report_of_questions_alone_has_no_figures_but_the_answers(tmp_path: Path) -> None:
    bare = result(answers=None, evidence=None, type=None)
    text = page(tmp_path, [bare])
    assert "By type" not in text
    assert "Evidence recall against budget" not in text
    assert "红河涨了多少" in text


def test_report_of_failed_and_retrieved_questions(tmp_path: Path) -> None:
    failed = {"id": "x", "question": "问？", "status": "error", "error": "no"}
    retrieved = {
        k: v
        for k, v in result(status="retrieved").items()
        if k not in {"text", "short", "confidence", "sentences", "citations"}
    }
    text = page(tmp_path, [failed, retrieved])
    assert "Not judged" in text
    assert "questions that failed" in text


def test_csv_opens_in_a_spreadsheet_without_running_anything(tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv", [result(text='=HYPERLINK("x")', answers=["三", "米"])])
    content = (tmp_path / "r.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(content.decode("utf-8-sig").splitlines())
    assert row["answer"] == '\'=HYPERLINK("x")'
    assert row["answers"] == "三|米"
    assert row["quotes"] == QUOTE
    assert row["latency_ms"] == "12.0"
