"""Natural questions: what counts as right, as wrong and as misleading."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.asks import Judged, judge, measures, print_asks, run_asks, share_of_answers
from eval.questions import Question, parse_question
from rag.index.local.index import Index
from rag.settings import Settings
from rag.types import Answer, Status, Timings


def question(**fields: object) -> Question:
    return parse_question({"question": "多少？", "type": "number", **fields}, 1)


ANSWER = Answer(
    question="多少？",
    status=Status.ANSWERED,
    text="共 1,234 家。[1]",
    short="1,234 家",
    sentences=(),
    passages=(),
    confidence=0.9,
    model="extractive",
    timings=Timings(0, 0),
)


def judged(own: Question, **changes: object) -> Judged:
    answer = replace(ANSWER, **changes)  # type: ignore[arg-type]
    return judge(own, answer, answer.passages)


def test_a_number_counts_as_a_whole_number_only() -> None:
    assert judged(question(answers=["1234家"])).hit == 1
    assert judged(question(answers=["234家"])).hit == 0


def test_parts_are_shared_where_all_are_required() -> None:
    own = question(type="list", answers=["甲", "乙|已"])
    assert share_of_answers("甲和丙", own) == 0.5
    assert share_of_answers("甲和已", own) == 1


def test_a_wrong_short_answer_misleads_and_none_does_not() -> None:
    own = question(answers=["99家"], wrong=["1234家"])
    wrong = judged(own)
    assert wrong.misleading and wrong.said_wrong and wrong.short is False
    assert not judged(own, short=None).misleading


def test_any_short_answer_to_a_question_without_one_misleads() -> None:
    own = question(type="unanswerable", answers=[])
    assert judged(own).misleading
    refused = judged(own, short=None, status=Status.NEAREST)
    assert refused.refused and not refused.misleading


def test_a_refusal_hits_nothing() -> None:
    assert judged(question(answers=["1234家"]), status=Status.NEAREST).hit == 0


def test_the_figures_are_means_over_the_questions_that_they_concern() -> None:
    answerable = question(answers=["1234家"], short="1234家")
    without = question(type="unanswerable", answers=[])
    found = measures(
        [
            judged(answerable),
            judged(answerable, short="12家"),
            judged(without, short=None, status=Status.NO_EVIDENCE),
        ]
    )
    assert found["short_right"] == found["short_wrong"] == found["short_precision"] == 0.5
    assert found["misleading"] == pytest.approx(1 / 3)
    assert found["refused_unanswerable"] == 1 and found["refused_answerable"] == 0
    assert "evidence_3" not in found  # no question has evidence


def test_a_file_is_asked_of_its_indexes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("云台大桥全长3,280米，2019年通车。", encoding="utf-8")
    settings = Settings(index=tmp_path / "index")
    Index.build([tmp_path / "a.txt"], settings.index, settings)
    rows = [
        {"id": "1", "corpus": "A", "style": "figure", "type": "number",
         "question": "云台大桥全长多少米？", "answers": ["3280米"], "short": "3280米",
         "evidence": [{"doc": "a.txt", "quote": "云台大桥全长3,280米，2019年通车。"}]},
        {"id": "2", "corpus": "B", "type": "number", "question": "别的？", "answers": ["1"]},
    ]  # fmt: skip
    file = tmp_path / "asks.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = run_asks(file, settings, {"A": settings.index}, tmp_path / "out")
    assert found["questions"] == 1 and found["evidence_3"] == 1
    print_asks(found)
    assert "figure" in capsys.readouterr().out
    (line,) = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert {"id", "status", "text", "short"} <= set(json.loads(line))
