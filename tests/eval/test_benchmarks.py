"""Loaders are held against small files written here in each set's format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.asking import result
from eval.benchmarks import domainrag, squad
from eval.benchmarks.given import Collection, GivenIndex
from eval.benchmarks.running import asking_given, load_benchmark
from eval.errors import EvaluationError
from rag.index.protocol import Field
from rag.models.encoder import load_encoder
from rag.settings import Settings
from rag.text.segment import words

CONTEXT = "红河发源于西山。它在春天涨水三米，在秋天涨水一米。渔民多在冬天出船。"


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        "".join(json.dumps(row) + "\n" for row in value)
        if isinstance(value, list)
        else (json.dumps(value))
    )
    path.write_text(text, encoding="utf-8")
    return path


def squad_file(*qas: dict[str, Any]) -> dict[str, Any]:
    # Two paragraphs share a passage.
    paragraphs = [{"context": CONTEXT, "qas": [qa]} for qa in qas]
    return {"version": "1", "data": [{"paragraphs": paragraphs}]}


def test_squad_takes_answers_evidence_and_unanswerable_questions(tmp_path: Path) -> None:
    path = write(
        tmp_path / "dev.json",
        squad_file(
            {
                "id": "1",
                "question": "春天涨水多少？",
                "answers": [
                    {"text": "三米", "answer_start": 13},
                    {"text": "三米", "answer_start": 13},
                ],
            },
            {
                "id": "2",
                "question": "何时出船？",
                "answers": [{"text": "冬天", "answer_start": -1}],
            },
            {"id": "3", "question": "谁是船长？", "answers": [], "is_impossible": True},
            {"id": "4", "question": "源头？", "answers": [{"text": "东山", "answer_start": 4}]},
            {"id": "5", "question": "", "answers": [{"text": "东山", "answer_start": 4}]},
            {
                "id": "6",
                "question": "证据？",
                "answers": [{"text": "西山", "answer_start": 5}],
                "evidences": [["渔民多在冬天出船。"]],
            },
        ),
    )
    benchmark = load_benchmark("CMRC2018", path)
    assert benchmark.passages == {"000001.txt": CONTEXT}
    assert [question.id for question in benchmark.open] == ["1", "2", "3", "4", "6"]
    assert benchmark.problems == (
        "question 5: `question` must be a text that is not empty, got ''",
    )
    first, second, none, absent, expmrc = benchmark.open
    assert first.answers == (("三米",),)
    assert first.quotations == ("它在春天涨水三米，在秋天涨水一米。",)
    assert second.quotations == ("渔民多在冬天出船。",)
    assert (none.answerable, none.kind) == (False, "unanswerable")
    assert (absent.quotations, absent.answerable) == ((), True)
    assert expmrc.quotations == ("渔民多在冬天出船。",)
    assert {item.passages for item in benchmark.given} == {("000001.txt",)}


def test_answer_sentence_prefers_the_stated_place() -> None:
    text = "甲在北。乙在北。"
    assert squad.answer_sentence(text, "在北", 5) == "乙在北。"
    assert squad.answer_sentence(text, "在北", -1) == "甲在北。"
    assert squad.answer_sentence(text, "北。乙", 2) == text
    assert squad.answer_sentence(text, "在南", 2) == ""


def test_rgb_gives_noise_first_and_makes_noise_alone_unanswerable(tmp_path: Path) -> None:
    path = write(
        tmp_path / "zh.json",
        [
            {
                "id": 3,
                "query": "甲和乙各多少？",
                "answer": ["1", ["2", "二"]],
                "positive": [["甲是1。", "甲为1。"], ["乙是2。"]],
                "negative": [f"噪声{i}。" for i in range(6)],
            }
        ],
    )
    benchmark = load_benchmark("rgb", path)
    [question] = benchmark.open
    assert question.all_required
    assert question.answers == (("1",), ("2", "二"))
    assert len(question.relevant) == 3
    given = {
        item.question.kind: [benchmark.passages[name] for name in item.passages]
        for item in benchmark.given
    }
    assert given["noise 0.0"] == ["甲是1。", "乙是2。", "甲为1。"]
    assert given["noise 0.6"] == ["噪声0。", "噪声1。", "噪声2。", "甲是1。", "乙是2。"]
    assert given["unanswerable"] == [f"噪声{i}。" for i in range(5)]
    assert len(benchmark.given) == 6


def test_rgb_facts_come_with_planted_wrong_ones(tmp_path: Path) -> None:
    path = write(
        tmp_path / "zh_fact.json",
        [
            {
                "id": 0,
                "query": "多少？",
                "answer": "70",
                "fakeanswer": "170",
                "positive": ["是70。"],
                "positive_wrong": ["是170。"],
                "negative": ["无关。"],
            }
        ],
    )
    last = load_benchmark("rgb", path).given[-1]
    assert last.question.kind == "counterfactual"
    assert last.question.fields["fakeanswer"] == "170"


def test_beir_judges_documents(tmp_path: Path) -> None:
    write(
        tmp_path / "corpus.jsonl",
        [{"_id": "x", "title": "题", "text": "文一"}, {"_id": "y", "title": "", "text": "文二"}],
    )
    write(
        tmp_path / "queries.jsonl", [{"_id": "q1", "text": "问一"}, {"_id": "q2", "text": "问二"}]
    )
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ty\t2\nq1\tz\t1\n")
    benchmark = load_benchmark("beir", tmp_path)
    assert benchmark.passages == {"000001.txt": "题\n\n文一", "000002.txt": "文二"}
    [question] = benchmark.open
    assert question.relevant == (("000002.txt", 2.0), ("missing z", 1.0))
    assert benchmark.given == ()


def test_dbqa_groups_the_lines_of_a_question(tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text("问一\t是甲。\t1\n问一\t是乙。\t0\n问二\t是丙。\t0\n")
    benchmark = load_benchmark("dbqa", tmp_path)
    first, second = benchmark.given
    assert first.question.quotations == ("是甲。",)
    assert first.passages == ("000001.txt", "000002.txt")
    assert second.question.answerable is False
    (tmp_path / "d.tsv").write_text("问一\t是甲。\n")
    with pytest.raises(EvaluationError, match="line 1: not"):
        load_benchmark("dbqa", tmp_path)


def test_domainrag_loses_the_tokenisers_spaces(tmp_path: Path) -> None:
    write(
        tmp_path / "time.jsonl",
        [
            {
                "question": "院长是谁？",
                "answers": [["林某", "林老师"]],
                "date": "2023",
                "positive_reference": [
                    {
                        "title": "新闻",
                        "date": "2023-12-20",
                        "contents": "12 月 ， AI Lab 的 \n 院长 林某",
                    }
                ],
            }
        ],
    )
    [item] = load_benchmark("domainrag", tmp_path).given
    assert item.question.answers == (("林某", "林老师"),)
    assert item.question.kind == "time-sensitive"
    benchmark = domainrag.load(tmp_path)
    assert list(benchmark.passages.values()) == ["新闻\n\n2023-12-20\n\n12月，AI Lab的\n\n院长林某"]


def test_domainrag_conversations_keep_their_turns(tmp_path: Path) -> None:
    page = {"title": "学院", "contents": "学院 成立 于 1939 年 。"}
    other = {"title": "系", "contents": "系 里 有 三 人 。"}
    write(
        tmp_path / "talk.jsonl",
        [
            {
                "question": "它成立于哪一年",
                "answers": ["1939年"],
                "positive_reference": page,
                "history_qa": [
                    {"question": "系里有谁", "answers": ["三人"], "positive_reference": other}
                ],
            }
        ],
    )
    benchmark = load_benchmark("domainrag", tmp_path)
    [item] = benchmark.given
    assert item.question.text == "它成立于哪一年"
    assert item.question.history == (("系里有谁", "三人"),)
    assert item.question.kind == "conversation"
    assert list(benchmark.passages.values()) == ["学院\n\n学院成立于1939年。", "系\n\n系里有三人。"]


def test_unknown_sets_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="unknown benchmark 'trivia'; there are: beir"):
        load_benchmark("trivia", tmp_path)
    with pytest.raises(EvaluationError, match="does not exist"):
        load_benchmark("squad", tmp_path / "no")
    with pytest.raises(EvaluationError, match=r"holds no \*\.json or \*\.zip"):
        load_benchmark("squad", tmp_path)
    with pytest.raises(EvaluationError, match="lacks the field `data`"):
        load_benchmark("squad", write(tmp_path / "x.json", {"rows": 1}))


def test_given_passages_are_all_found_and_ordered_by_their_words() -> None:
    passages = {"a": "渔民在冬天出船。", "b": CONTEXT, "c": "别的集合里的文字。"}
    index = GivenIndex(Collection(passages, load_encoder(Settings().encoder)), ["a", "b"])
    [vector] = index.encoder.encode_queries(["渔民在冬天出船。"])
    [(first, cosine), (second, less)] = index.rank_vectors(vector, 10)
    assert (first, second) == (0, 1)
    assert cosine == pytest.approx(1.0, abs=1e-5)
    assert less < cosine
    terms = {Field.WORDS: dict.fromkeys(words("红河春天涨水"), 1.0)}
    ranked = index.rank_words(terms, 10)
    assert [row for row, _ in ranked] == [1, 0]
    assert ranked[1][1] == 0.0
    assert index.frequencies(Field.WORDS, words("冬天")) == {"冬天": 2}
    assert index.count == 3


def test_the_assistant_answers_from_given_passages_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "dev.json",
        squad_file(
            {
                "id": "1",
                "question": "红河在春天涨水多少米？",
                "answers": [{"text": "三米", "answer_start": 13}],
            }
        ),
    )
    benchmark = load_benchmark("squad", path)
    row = result(benchmark.open[0], asking_given(benchmark, Settings()))
    assert row["status"] == "answered"
    assert "三米" in row["text"]
    assert row["passages"][0]["document"] == "000001.txt"
    assert row["measured"]["citations_exact"] == row["measured"]["citations_checked"] > 0
