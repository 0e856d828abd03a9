"""`python -m eval replies`: labelled sentences of a reply, verified as they stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.errors import EvaluationError
from eval.replies import load_replies, measure

PASSAGES = [
    {"n": 1, "title": "港口年报", "date": "2023-03", "headings": ["吞吐"],
     "text": "红河港去年完成吞吐量3亿吨，增长5%。"},
    {"n": 2, "title": "桥梁志", "date": None, "headings": [], "text": "松江大桥全长1080米。"},
]  # fmt: skip


def labelled(
    text: str, support: str, cite: str, kind: str = "claim", **more: str
) -> dict[str, Any]:
    return {"text": text, "support": support, "cite": cite, "type": kind, **more}


REPLY = {
    "id": "r1",
    "question": "红河港的吞吐量是多少？",
    "passages": PASSAGES,
    "reply": "…",
    "sentences": [
        labelled("红河港2022年完成吞吐量3亿吨，增长5%[1]。", "supported", "ok"),
        labelled("红河港吞吐量增长7%[1]。", "unsupported", "wrong", fault="number"),
        labelled("松江大桥全长1080米[1]。", "supported", "wrong"),
        labelled("文档中没有找到能回答这个问题的依据。", "supported", "none", "refusal"),
    ],
}


def test_the_command_writes_each_sentence_and_the_measures(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text(json.dumps(REPLY, ensure_ascii=False) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["replies", str(file), "--out", str(out)]) == 0
    measures = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert measures["sentences"] == 4
    assert measures["supported_kept"] == measures["faults_caught"] == 1
    assert measures["citations_mended"] == measures["meta_none"] == 1
    assert measures["by_fault"] == {"number": {"claims": 1, "caught": 1}}
    assert "english_supported_kept" not in measures
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert [row["found"] for row in rows] == ["supported", "unsupported", "supported", "none"]
    assert rows[2]["citations"] == [2]
    assert main(["replies", str(file), "--out", str(out)]) == 1
    assert main(["replies", str(file), "--out", str(out), "--force"]) == 0


def test_a_measure_without_data_is_absent() -> None:
    row = {**labelled("甲。", "unsupported", "wrong"), "found": "partly", "ms": 1.0}
    assert set(measure([row])) == {"sentences", "faults_caught", "by_fault", "counts", "ms_median"}


def test_an_unknown_label_is_told(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    wrong = {**REPLY, "sentences": [labelled("甲。", "maybe", "ok")]}
    file.write_text(json.dumps(wrong) + "\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="support is 'maybe'"):
        load_replies(file)
