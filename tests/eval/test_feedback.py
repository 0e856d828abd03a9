"""From a thumb on the page to a question set, and through a run of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.feedback import FILL_IN, judged_questions
from eval.questions import load_questions
from rag import Assistant, Index
from rag.page.chat import FILE, Conversations
from rag.page.turns import Feedback, Judgement, Turn
from rag.serving.collections import kept_beside
from rag.types import Status

TEXT = "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。\n\n青石桥的维修共花费人民币38万元。\n"
ASKED = "青石桥的维修花了多少钱？"
REFUSED = "火星基地的食堂几点开门？"
GOOD, BAD = Feedback(Judgement.GOOD), Feedback(Judgement.BAD, "少了“预算”")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index folder with a conversation beside it: judged good, bad, good and not at all."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "桥.txt").write_text(TEXT, encoding="utf-8")
    folder = tmp_path / "index"
    assistant = Assistant(Index.build([tmp_path / "texts"], folder))
    kept = Conversations(kept_beside(folder) / FILE)
    name: str | None = None
    history: list[tuple[str, str]] = []
    for question, feedback in ((ASKED, GOOD), ("预算呢？", BAD), (REFUSED, GOOD), (ASKED, None)):
        answer = replace(assistant.ask(question, history), question=question)
        turn = Turn(question, answer.passages, answer.sentences, answer=answer)
        name = kept.keep(name, turn.rated(feedback)).conversation
        history.append((question, answer.text))
    kept.keep(name, Turn("没答完", stopped=True).rated(GOOD))
    return folder


def test_judged_answers_are_questions(index: Path) -> None:
    good, bad, refused = judged_questions(index)
    assert (good["question"], good["feedback"]) == (ASKED, "good")
    assert "38万元" in good["answers"][0]
    assert {"doc": "桥.txt", "quote": "青石桥的维修共花费人民币38万元。"} in good["evidence"]
    assert "history" not in good
    assert (bad["question"], bad["fill_in"], bad["comment"]) == ("预算呢？", FILL_IN, "少了“预算”")
    assert bad["rejected"] and "answers" not in bad
    assert bad["history"] == [{"question": ASKED, "answer": bad["history"][0]["answer"]}]
    assert (refused["type"], refused["answers"]) == ("unanswerable", [])
    assert len(refused["history"]) == 2


def test_they_are_read_and_run(index: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "judged.jsonl", tmp_path / "out"
    assert main(["questions", "--from", str(index), "--out", str(questions)]) == 0
    loaded = load_questions(questions)
    assert loaded.problems == ()
    assert [question.answerable for question in loaded.questions] == [True, None, False]
    assert main(["run", str(questions), "--index", str(index), "--out", str(out)]) == 0
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    first, _, third = map(json.loads, lines)
    assert (first["text"], third["status"]) == (
        first["reference"] + "[1]",
        Status.NO_EVIDENCE.value,
    )
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["overall"]
    assert (metrics["answer_hit"], metrics["evidence_f1"], metrics["refused_unanswerable"]) == (
        1,
        1,
        1,
    )


def test_nothing_is_written_over_and_nothing_judged_is_said(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine")
    assert main(["questions", "--from", str(index), "--out", str(there)]) == 1
    assert there.read_text() == "mine"
    assert main(["questions", "--from", str(tmp_path / "none")]) == 1
    error = capsys.readouterr().err
    assert "File exists" in error and "has been judged" in error and "is not there" in error
    assert not kept_beside(tmp_path / "none").exists()
    assert main(["questions", "--from", str(index)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
