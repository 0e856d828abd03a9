from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.questions import Evidence, load_questions, parse_question


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_only_the_question_is_needed(tmp_path: Path) -> None:
    loaded = load_questions(write(tmp_path / "q.jsonl", '\n{"question": "谁？"}\n'))
    [question] = loaded.questions
    assert (question.id, question.text, question.answerable) == ("2", "谁？", None)
    assert question.fields == {"question": "谁？", "id": "2"}


def test_answers_evidence_and_type_are_read(tmp_path: Path) -> None:
    row = {"id": 7, "question": "谁？", "answers": ["甲"], "type": "entity", "other": {"x": 1},
           "evidence": [{"doc": "a.txt", "quote": "是甲"}], "reference": "甲做的。"}
    no = {"id": "u", "question": "何时？", "answers": [], "type": "unanswerable"}
    lines = json.dumps(row) + "\n" + json.dumps(no)
    first, second = load_questions(write(tmp_path / "q.jsonl", lines)).questions
    assert (first.id, first.answers, first.kind) == ("7", (("甲",),), "entity")
    assert first.evidence == (Evidence("a.txt", "是甲"),)
    assert first.reference == "甲做的。"
    assert first.fields == row
    assert first.answerable is True
    assert second.answerable is False


def test_a_broken_line_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    lines = ['{"question": "一？"}', '{"question": ', '["二？"]', '{"question": " "}',
             '{"question": "三？", "answers": [3]}', '{"question": "\\ud800"}',
             '{"question": "四？", "evidence": [{"doc": "a"}]}', '{"question": "五？"}']
    loaded = load_questions(write(tmp_path / "q.jsonl", "\n".join(lines)))
    assert [question.text for question in loaded.questions] == ["一？", "五？"]
    assert [problem.line for problem in loaded.problems] == [2, 3, 4, 5, 6, 7]
    assert str(loaded.problems[0]).startswith("line 2: not JSON")
    assert "`answers` must be a list of texts" in loaded.problems[3].reason


def test_duplicate_ids_and_blank_answers_are_refused_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", '{"id": "a", "question": "一？"}\n'
                 '{"id": "a", "question": "二？", "answers": ["x", " \u3000"]}')
    with pytest.raises(EvaluationError) as caught:
        load_questions(path)
    assert "line 2: id 'a' was used on line 1" in str(caught.value)
    assert "line 2: answer 2 is only white space" in str(caught.value)


@pytest.mark.parametrize(("text", "words"), [("", "holds no question"), ("[]", "line 1: not a")])
def test_a_file_without_a_question_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        load_questions(write(tmp_path / "q.jsonl", text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="No such file"):
        load_questions(tmp_path / "no.jsonl")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_as_spreadsheets_save_it(tmp_path: Path, encoding: str) -> None:
    text = ('id,question,answers,evidence,doc,type,note\r\n'
            'a,"谁，\n何时？",甲|乙,是甲和乙做的,a.txt,list,\r\n'
            'b,多少？,"[""3|4""]",,,,\r\n')
    first, second = load_questions(write(tmp_path / "q.csv", text, encoding)).questions
    assert (first.text, first.answers, first.kind) == ("谁，\n何时？", (("甲",), ("乙",)), "list")
    assert first.evidence == (Evidence("a.txt", "是甲和乙做的"),)
    assert second.answers == (("3|4",),)
    assert second.evidence == ()
    assert "note" not in first.fields


def test_broken_rows_of_a_table(tmp_path: Path) -> None:
    text = 'question\tanswers\n一？\t[1\n二？\tx\ty\n三？\tx\n'
    loaded = load_questions(write(tmp_path / "q.tsv", text))
    assert [question.text for question in loaded.questions] == ["三？"]
    assert [problem.line for problem in loaded.problems] == [2, 3]
    with pytest.raises(EvaluationError, match="no column `question`"):
        load_questions(write(tmp_path / "p.csv", "frage\n谁？\n"))


def test_turns_before_a_question() -> None:
    turns = [{"question": "红河？", "answer": "三米。"}, {"question": "蓝山？"}]
    assert parse_question({"question": "？", "history": turns}, 1).history == (
        ("红河？", "三米。"), ("蓝山？", ""))
    assert parse_question({"question": "？"}, 1).history == ()
    for wrong in ("红河？", ["红河？"], [{"answer": "三米。"}], [{"question": "？", "answer": 3}]):
        with pytest.raises(ValueError, match="`history` must be a list"):
            parse_question({"question": "？", "history": wrong}, 1)
