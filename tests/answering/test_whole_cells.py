"""The cell whose labels hold all that is asked is the short answer; one that lacks a word, the
year or the row is none."""

from __future__ import annotations

import pytest

from rag import Assistant
from tests.answering.conftest import build

TEXTS = {
    "港务.md": (
        "# 汐湾港务公司2023年年报\n\n## 港区吞吐量\n\n单位：万吨\n\n"
        "| 港区 | 2021年 | 2022年 | 2023年 | 比上年增减（%） |\n|---|---|---|---|---|\n"
        "| 东港区 | 1,204 | 1,377 | 1,456 | 5.74 |\n"
        "| 西港区 | 880 | 902 | 861 | -4.55 |\n"
        "| 合计 | 2,084 | 2,279 | 2,317 | 1.67 |\n\n"
        "## 费用\n\n| 项目 | 本期发生额 | 上期发生额 |\n|---|---|---|\n"
        "| 疏浚费 | 35.2万元 | 41.8万元 |\n| 引航费 | 12.6万元 | 暂缺 |\n\n"
        "## 装卸队排名\n\n| 名次 | 队名 | 负责人 |\n|---|---|---|\n"
        "| 1 | 海燕队 | 周启明 |\n| 2 | 白鹭队 | 沈立新 |\n| 3 | 青松队 | 韩默 |\n"
    ),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("port"), TEXTS)


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("东港区2022年的吞吐量是多少？", "1,377万吨"),
        ("2021年西港区吞吐量有多少万吨？", "880万吨"),
        ("西港区吞吐量比上年减少了百分之几？", "-4.55%"),
        ("疏浚费上期发生额是多少？", "41.8万元"),
        ("装卸队排名里青松队的名次是多少？", "3"),
        ("白鹭队的负责人是谁？", "沈立新"),
    ],
)
def test_a_cell_that_holds_all_that_is_asked(port: Assistant, question: str, short: str) -> None:
    answer = port.ask(question)
    assert answer.short == short
    assert answer.confidence >= 0.95


@pytest.mark.parametrize(
    "question",
    [
        "南港区2022年的吞吐量是多少？",
        "东港区2019年的吞吐量是多少？",
        "东港区2022年的集装箱吞吐量是多少？",
        "引航费上期发生额是多少？",
        "引航费发生额是多少？",  # one of the two years has none
        "疏浚费是多少？",  # of which of the two years
    ],
)
def test_a_word_a_year_or_a_row_is_missing(port: Assistant, question: str) -> None:
    assert port.ask(question).short is None
