"""What is searched for: the parts of hard questions, English questions in Chinese words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from rag import Assistant
from rag.answering.extract import extract
from rag.models.reader import ReaderMarks, load_reader
from rag.retrieval.decomposition import parts
from rag.retrieval.english import Documents, in_chinese, is_english
from rag.retrieval.query import parse_query
from rag.retrieval.search import SearchModels, find, plan
from rag.types import Status
from tests.answering.conftest import build

TEXTS = {
    "青浦.txt": "青浦厂年报\n\n2023年青浦厂的净利润为3.2亿元，同比增长12%。青浦厂有员工900人。\n",
    "白沙.txt": "白沙厂年报\n\n2023年白沙厂的净利润为1.9亿元，同比下降4%。白沙厂的总部在灯塔路。\n",
    "其他.txt": "行业简报\n\n2023年各厂净利润普遍增长，行业总体向好。净利润最高的厂家来自南方。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("parts"), TEXTS)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "2022年和2023年春运首日分别是哪天？",
            ["2022年春运首日是哪天？", "2023年春运首日是哪天？"],
        ),
        ("上海和北京的高考人数", ["上海的高考人数", "北京的高考人数"]),
        ("国葬的时间和地点？", ["国葬的时间？", "国葬的地点？"]),
        (
            "2021年北京和上海相比，谁的产业更大？",
            ["2021年北京的产业是多少？", "2021年上海的产业是多少？"],
        ),
        ("大华和浪潮谁的研发投入高", ["大华的研发投入是多少？", "浪潮的研发投入是多少？"]),
        ("均胜和歌尔2022年营收哪个高", ["均胜2022年营收是多少？", "歌尔2022年营收是多少？"]),
        ("新规是哪年出台的，由谁执行？", ["新规是哪年出台的", "新规是出台，由谁执行"]),
        (
            "早年到印度考察又放弃的那家芯片巨头，如今扩产要花多少钱？",
            ["早年到印度考察又放弃的芯片巨头", "如今扩产要花多少钱？"],
        ),
        ("渡轮的票价是多少？", []),
        ("为什么停航？", []),
        ("规范和发展的意见是何时发布的？", []),
        ("在这家公司里，谁管钱？", []),
    ],
)
def test_parts_of_a_question(question: str, expected: Sequence[str]) -> None:
    assert list(parts(question)) == expected


def test_both_sides_of_a_comparison_are_answered(assistant: Assistant) -> None:
    answer = assistant.ask("青浦厂和白沙厂2023年的净利润分别是多少？")
    assert "3.2亿元" in answer.text and "1.9亿元" in answer.text
    assert answer.searched == "青浦厂2023年的净利润是多少？；白沙厂2023年的净利润是多少？"
    assert [p.rank for p in answer.passages] == list(range(1, len(answer.passages) + 1))


def test_passages_of_all_queries_keep_one_numbering(assistant: Assistant) -> None:
    query = parse_query("青浦厂和白沙厂2023年的净利润分别是多少？")
    index = assistant.index.pinned()
    passages, searches = find(plan(query, index), index, assistant.settings.retrieval, 3)
    assert len(searches) == 3 and searches[0].query is query
    by_rank = {passage.rank: passage.span for passage in passages}
    for search in searches:
        assert all(by_rank[passage.rank] == passage.span for passage in search.passages)
        scores = [passage.score for passage in search.passages]
        assert scores == sorted(scores, reverse=True)
    assert searches[1].passages[0].document == "青浦.txt"
    assert searches[2].passages[0].document == "白沙.txt"


class Counting:
    """The built-in reader, with the texts that it was given for each question."""

    def __init__(self) -> None:
        self.given: dict[str, list[str]] = {}

    def read(self, question: str, passages: Sequence[str]) -> list[ReaderMarks]:
        self.given.setdefault(question, []).extend(passages)
        return load_reader().read(question, passages)


@pytest.mark.parametrize("k", [2, 20])
def test_what_a_search_has_read_is_not_read_again(assistant: Assistant, k: int) -> None:
    query = parse_query("青浦厂和白沙厂2023年的净利润分别是多少？")
    index, reader = assistant.index.pinned(), Counting()
    queries = plan(query, index)
    _, searches = find(queries, index, assistant.settings.retrieval, k, SearchModels(reader))
    assert query.text not in reader.given and len(reader.given) == 2
    assert {None} == set(searches[0].readings)
    for search in searches[1:]:
        texts = reader.given[search.query.text]
        assert all(passage.text in texts for passage in search.passages)
        assert all(reading is not None for reading in search.readings)
    extract(searches, assistant.settings.answering, reader)
    for search in searches:
        texts = reader.given[search.query.text]
        assert len(texts) == len(set(texts))
        assert {passage.text for passage in search.passages} <= set(texts)


class Told:
    """Documents that have the words of a text, separated by spaces, and their pairs."""

    def __init__(self, text: str) -> None:
        self.words = text.split()

    def documents(self) -> Documents:
        return Documents(self.words.count, self._pairs)

    def _pairs(self, pairs: Collection[str]) -> dict[str, int]:
        return {pair: sum(pair in word for word in self.words) for pair in pairs}


@pytest.mark.parametrize(
    ("question", "text", "chinese", "again"),
    [
        ("What was the net profit in 2023?", "净利润", "净利润 2023年", set()),
        ("Which banks closed on 5 March 2024?", "银行 关闭", "银行 关闭 2024年3月5日", set()),
        ("Who met Andrew Sheng (沈联涛) in May 2023?", "Andrew 遇到", "遇到 Andrew sheng 沈联涛 2023年5月", set()),
        ("How large is Chengdu in square kilometers?", "成都 平方公里", "成都 平方公里", set()),
        ("What is the capital of the company?", "资本 首都 公司", "资本 首都 公司", {"首都"}),
        ("What did Ou Muchuan weave?", "欧沐川 编织", "欧沐川 编织", set()),
        ("Where is Qingpu?", "青浦厂", "青浦", set()),
        ("Who lost 2.5 million?", "失去", "失去 250万", set()),
        ("What is zebra quantum?", "票价", "斑马 量子", set()),
        ("Is it so?", "票价", "", set()),
    ],
)  # fmt: skip
def test_chinese_words_of_an_english_question(
    question: str, text: str, chinese: str, again: set[str]
) -> None:
    found = in_chinese(question, Told(text).documents())
    assert (found.text.lower(), set(found.again)) == (chinese.lower(), again)


def test_an_english_word_that_is_common_in_the_documents_is_kept() -> None:
    common = Told("机器人 " * 60 + "robot " * 50)
    assert in_chinese("the robot", common.documents()).text == "机器人 robot"
    rare = Told("机器人 " * 60 + "robot " * 2)
    assert in_chinese("the robots", rare.documents()).text == "机器人"


def test_what_is_english() -> None:
    assert is_english("How old is the “tower”?") and not is_english("2023年GDP")
    assert not is_english("3.5") and not is_english("")


def test_english_questions_are_answered_from_chinese_documents(assistant: Assistant) -> None:
    answer = assistant.ask("How many employees does the factory 青浦厂 have?")
    assert "900人" in answer.text
    assert answer.searched.startswith("员工 ") and answer.searched.endswith("青浦厂")
    assert assistant.ask("What is zebra quantum?").status is Status.NO_EVIDENCE


def test_english_documents_are_found_by_their_words(tmp_path: Path) -> None:
    texts = {
        "tide.txt": "Tide report\n\nThe net profit of the plant was 3 million dollars in 2023.\n"
    }
    assert "3 million" in build(tmp_path, texts).ask("What was the net profit of the plant?").text
