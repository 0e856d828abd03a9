from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from eval.errors import EvaluationError
from eval.questions import Evidence, Selection, load_questions, parse_question


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_only_the_question_is_needed(tmp_path: Path) -> None:
    loaded = load_questions(write(tmp_path / "q.jsonl", '\n{"question": "谁？"}\n'))
    [question] = loaded.questions
    assert (question.id, question.text, question.answerable) == ("2", "谁？", None)
    assert question.fields == {"question": "谁？", "id": "2"}


def test_answers_evidence_and_type_are_read(tmp_path: Path) -> None:
    row = {
        "id": 7,
        "question": "谁？",
        "answers": ["甲"],
        "type": "entity",
        "other": {"x": 1},
        "evidence": [{"doc": "a.txt", "quote": "是甲"}],
        "reference": "甲做的。",
    }
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
    lines = [
        '{"question": "一？"}',
        '{"question": ',
        '["二？"]',
        '{"question": " "}',
        '{"question": "三？", "answers": [3]}',
        '{"question": "\\ud800"}',
        '{"question": "四？", "evidence": [{"doc": "a"}]}',
        '{"question": "五？"}',
    ]
    loaded = load_questions(write(tmp_path / "q.jsonl", "\n".join(lines)))
    assert [question.text for question in loaded.questions] == ["一？", "五？"]
    assert [problem.line for problem in loaded.problems] == [2, 3, 4, 5, 6, 7]
    assert str(loaded.problems[0]).startswith("line 2: not JSON")
    assert "`answers` must be a list of texts" in loaded.problems[3].reason


def test_duplicate_ids_and_blank_answers_are_refused_with_their_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.jsonl",
        '{"id": "a", "question": "一？"}\n'
        '{"id": "a", "question": "二？", "answers": ["x", " \u3000"]}',
    )
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
    text = (
        "id,question,answers,evidence,doc,type,note\r\n"
        'a,"谁，\n何时？",甲|乙,是甲和乙做的,a.txt,list,\r\n'
        'b,多少？,"[""3|4""]",,,,\r\n'
    )
    first, second = load_questions(write(tmp_path / "q.csv", text, encoding)).questions
    assert (first.text, first.answers, first.kind) == ("谁，\n何时？", (("甲",), ("乙",)), "list")
    assert first.evidence == (Evidence("a.txt", "是甲和乙做的"),)
    assert second.answers == (("3|4",),)
    assert second.evidence == ()
    assert "note" not in first.fields


def test_broken_rows_of_a_table(tmp_path: Path) -> None:
    text = "question\tanswers\n一？\t[1\n二？\tx\ty\n三？\tx\n"
    loaded = load_questions(write(tmp_path / "q.tsv", text))
    assert [question.text for question in loaded.questions] == ["三？"]
    assert [problem.line for problem in loaded.problems] == [2, 3]
    with pytest.raises(EvaluationError, match="no column `question`"):
        load_questions(write(tmp_path / "p.csv", "frage\n谁？\n"))


def test_turns_before_a_question() -> None:
    turns = [{"question": "红河？", "answer": "三米。"}, {"question": "蓝山？"}]
    assert parse_question({"question": "？", "history": turns}, 1).history == (
        ("红河？", "三米。"),
        ("蓝山？", ""),
    )
    assert parse_question({"question": "？"}, 1).history == ()
    for wrong in ("红河？", ["红河？"], [{"answer": "三米。"}], [{"question": "？", "answer": 3}]):
        with pytest.raises(ValueError, match="`history` must be a list"):
            parse_question({"question": "？", "history": wrong}, 1)


COLUMNS = [("问题", "答案", "证据", "文档", "类型"), ("Query", "Answer", "quote", "File", "KIND")]


@pytest.mark.parametrize("names", COLUMNS)
def test_common_names_of_columns_are_known(tmp_path: Path, names: tuple[str, ...]) -> None:
    row = ["桥多长？", "42米|四十二米", "桥长42米。", "桥.txt", "number"]
    table = "\n".join(",".join(cells) for cells in (names, row))
    (question,) = load_questions(write(tmp_path / "q.csv", table)).questions
    assert (question.text, question.answers) == ("桥多长？", (("42米",), ("四十二米",)))
    assert question.evidence == (Evidence("桥.txt", "桥长42米。"),)
    assert question.kind == "number"
    assert list(question.fields) == [*names, "id"]  # as the file has them
    line = dict(zip(names, row, strict=True))
    (same,) = load_questions(write(tmp_path / "q.jsonl", json.dumps(line))).questions
    assert (same.text, same.evidence, same.kind) == (question.text, question.evidence, "number")


def test_our_own_names_come_first() -> None:
    question = parse_question(
        {"question": "一？", "问题": "二？", "answers": ["甲"], "答案": "乙"}, 1
    )
    assert (question.text, question.answers) == ("一？", (("甲",),))


def test_a_workbook_is_a_table(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "问题", "答案", "证据", None])
    sheet.append([7, "哪一年？", 2023, "建于2023年。", "x"])
    sheet.append([None, None, None, None, None])
    sheet.append([8, "哪一天？", date(2024, 5, 6), None, None])
    sheet.append([9, None, "无", None, None])
    book.save(tmp_path / "q.xlsx")
    loaded = load_questions(tmp_path / "q.xlsx")
    first, second = loaded.questions
    assert (first.id, first.answers) == ("7", (("2023",),))
    assert first.evidence == (Evidence("", "建于2023年。"),)
    assert (second.id, second.answers) == ("8", (("2024-05-06",),))
    assert [problem.line for problem in loaded.problems] == [5]
    (tmp_path / "bad.xlsx").write_bytes(b"PK")
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_questions(tmp_path / "bad.xlsx")
    empty = Workbook()
    empty.save(tmp_path / "empty.xlsx")
    with pytest.raises(EvaluationError, match="no column `question`"):
        load_questions(tmp_path / "empty.xlsx")


def test_a_part_of_the_questions_is_drawn_and_drawn_again(tmp_path: Path) -> None:
    rows = [
        {"id": n, "question": f"{n}？", "类型": "ab"[n % 2], "tags": [n % 3]} for n in range(60)
    ]
    path = write(tmp_path / "q.jsonl", "\n".join(map(json.dumps, rows)))
    loaded = load_questions(path)

    def ids(selection: Selection) -> list[int]:
        return [int(question.id) for question in selection.of(loaded).questions]

    some = ids(Selection(sample=10))
    assert len(some) == 10 and some == sorted(some) == ids(Selection(sample=10))
    assert some != ids(Selection(sample=10, seed=1))
    assert ids(Selection(sample=100)) == list(range(60))
    assert ids(Selection((("type", "a", True),))) == list(range(0, 60, 2))
    assert ids(Selection((("类型", "a", False), ("tags", "2", True)))) == list(range(5, 60, 6))
    with pytest.raises(EvaluationError, match="no question has type=c"):
        ids(Selection((("type", "c", True),)))
