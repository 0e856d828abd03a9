"""Which sentences are said: enumerations whole, pieces of a sentence together, none twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from rag import Assistant
from rag.retrieval.evidence import Mark, last_mark, mark_of
from tests.answering.conftest import build

TEXTS = {
    "规划.txt": (
        "港区规划\n\n港区今后三年有四项任务。\n\n一是疏浚东航道，挖深到十二米。\n\n"
        "东航道去年淤积严重，大船只能候潮进港。\n\n二是新建两座冷库。\n\n三是把老仓库改成展厅；展厅对市民免费。\n\n"
        "四是为拖轮换上电池。\n\n五一假期港区照常开放。\n"
    ),
    "合同.txt": (
        "仓库租约\n\n甲级仓库：每平方米每月30元；乙级仓库：每平方米每月22元；丙级仓库：每平方米每月15元。\n"
    ),
    "医院.txt": (
        "海滨医院扩建\n\n海滨医院扩建工程的意向书由市卫生局与两家设计院共同起草，此事曾多次见报。\n\n"
        "意向书于2019年作废。\n"
    ),
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("choice"), TEXTS)


def test_a_list_is_said_whole_and_in_order(assistant: Assistant) -> None:
    answer = assistant.ask("港区今后三年有哪些任务？")
    places = [answer.text.find(word) for word in ("疏浚", "冷库", "展厅", "电池")]
    assert -1 not in places and places == sorted(places)
    assert "五一假期" not in answer.text


def test_pieces_parted_by_semicolons_are_one_sentence(assistant: Assistant) -> None:
    answer = assistant.ask("乙级仓库每平方米每月多少元？")
    (rent,) = [s for s in answer.sentences if "22元" in s.text]
    assert rent.text.startswith("甲级") and rent.text.endswith("15元。")
    assert rent.citations[0].quote == rent.text


def test_the_date_that_is_asked_for_is_said_with_the_sentence_it_belongs_to(
    assistant: Assistant,
) -> None:
    answer = assistant.ask("市卫生局与两家设计院共同起草的海滨医院扩建意向书是哪年作废的？")
    assert "2019年" in answer.text


def test_a_row_of_a_table_comes_with_its_header(tmp_path: Path) -> None:
    table = (
        "| 年份 | 发电量（万千瓦时） | 停机（天） |\n|---|---|---|\n"
        "| 2022 | 8,910 | 6 |\n| 2023 | 10,545 | 9 |\n"
    )
    answer = build(tmp_path, {"电站.md": f"# 电站年报\n\n## 历年发电量\n\n{table}"}).ask(
        "电站2023年的发电量是多少万千瓦时？"
    )
    said = [sentence.text.split("\t") for sentence in answer.sentences]
    assert (
        said[0] == ["年份", "发电量（万千瓦时）", "停机（天）"] and ["2023", "10,545", "9"] in said
    )


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    sentence = "渔港大桥全长1080米，设双向六车道，桥面宽31米。"
    texts = {f"{n}.txt": f"通稿{n}\n\n{sentence}\n\n第{n}版另有照片一张。\n" for n in "一二三"}
    answer = build(tmp_path, texts).ask("渔港大桥全长多少米？")
    assert [s.text for s in answer.sentences].count(sentence) == 1


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("第二，国有股东不同。", Mark(0, 2)),
        ("第三季度增长。", None),
        ("其一，明确目标。", Mark(1, 1)),
        ("二是北交所。", Mark(2, 2)),
        ("一些人。", None),
        ("（十二）其他。", Mark(3, 12)),
        ("3.9亿元。", None),
        ("3. 材料", Mark(4, 3)),
        ("③支持企业。", Mark(5, 3)),
        ("最后是算法。", Mark(6, 2)),
    ],
)
def test_marks_of_items(text: str, mark: Mark | None) -> None:
    assert mark_of(text) == mark


def test_the_last_item_inside_a_sentence_counts() -> None:
    assert last_mark("有三个标志:一、品牌;二、市场;") == Mark(2, 2)
    assert last_mark("没有列举。") is None


def test_no_part_of_a_long_sentence_is_said_twice(tmp_path: Path) -> None:
    costs = "；".join(
        f"第{i}号仓库的租金收入为{i}7万元，同比增长{i}%，租户{i}3家" for i in range(1, 16)
    )
    assistant = build(tmp_path, {"租金.txt": f"仓库租金\n\n{costs}。\n"})
    answer = assistant.ask("第7号仓库的租金收入是多少？")
    assert answer.text.count("第7号仓库") == 1
    spans = sorted(c.span for s in answer.sentences for c in s.citations)
    assert all(not one.overlaps(other) for one, other in pairwise(spans))
