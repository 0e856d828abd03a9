"""Terms for keyword search: what must meet does meet, on both sides alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.text.segment import STOP_WORDS, bigrams, line_terms, words


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("投资1,750亿元", "1750"),
        ("共１，７５０台", "1750"),
        ("1,234,567人", "1234567"),
        ("增长47.53%", "47.53"),
        ("约4.2万人", "4.2"),
        ("OceanProtocol发布", "Ocean Protocol"),
        ("Ocean Protocol发布", "OceanProtocol"),
        ("Ocean Protocol发布", "oceanprotocol"),
        ("ＯceanＰrotocol", "ocean protocol"),
        ("ChatGPT", "chatgpt"),
        ("采用14nm工艺", "14 纳米"),
        ("采用 14 纳米工艺", "14nm"),
        ("采用14纳米工艺", "14 nm"),
        ("装机3.5GW", "3.5吉瓦"),
        ("长5km", "5公里"),
        ("长5千米", "5公里"),
        ("面积100㎡", "100平方米"),
        ("重20kg", "20千克"),
        ("内存16GB", "16 GB"),
        ("气温20℃", "20摄氏度"),
        ("物项3B090", "3b090"),
        ("A-1号", "A1"),
        ("5G-A网络", "5ga"),
        ("GPT-4", "GPT4"),
        ("Mate 60手机", "Mate60"),
        ("COVID-19", "covid19"),
        ("2023-03-15", "2023年3月15日"),
        ("第四条", "第 4 条"),
        ("第 4 条", "第4条"),
        ("第二百三十八条", "第238条"),
        ("第十二届", "第12届"),
        ("第二〇章", "第20章"),
        ("臺灣積體電路", "台湾积体电路"),
        ("人 工 智 能", "人工智能"),
        ("AI 大 模型", "大模型"),
        ("C++和C#", "c++ c#"),
        ("５０％", "50%"),
    ],
)
def test_terms_that_must_meet(written: str, asked: str) -> None:
    text = set(words(written))
    query = [term for term in words(asked) if term.strip("年月日第条章号")]
    missing = [term for term in query if term not in text]
    assert query
    # one whole form in common is enough: the parts of a name need not all stand in the text
    assert not missing or any(len(term) > 2 and term in text for term in query), missing


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("，。！　\n\t…——", []),
        ("在22，300人", ["在", "22", "300", "人"]),
        ("第4条", ["第", "4", "条", "第4条"]),
        ("5万kW", ["5", "万", "千瓦"]),
        ("5G网络", ["5g", "网络"]),
        ("H100芯片", ["h100", "芯片"]),
        ("1.2.3版", ["1.2.3", "版"]),
        ("-5度", ["5", "度"]),
        ("中文\ud800字", ["中文", "字"]),
        ("12:30", ["12", "30"]),
        ("research-based", ["research", "based", "researchbased"]),
    ],
)
def test_terms_exactly(text: str, terms: list[str]) -> None:
    assert words(text) == terms


def test_long_words_come_whole_and_in_parts() -> None:
    found = words("中国科学院计算技术研究所")
    assert {"中国科学院计算技术研究所", "科学院", "计算", "技术", "研究所"} <= set(found)
    assert words("中国科学院计算技术研究所的14nm", parts=False) == [
        "中国科学院计算技术研究所",
        "的",
        "14",
        "纳米",
    ]


def test_a_line_break_parts_words() -> None:
    assert "北京" not in words("北\n京") and words("北 京") == ["北京"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("人", []),
        ("白泽", ["白泽"]),
        ("桑达尔 · 皮查伊", ["桑达", "达尔", "皮查", "查伊"]),
        ("桑 达 尔", ["桑达", "达尔"]),
        ("臺灣AI協會", ["台湾", "协会"]),
        ("甲\n乙丙", ["乙丙"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("abc 123", []),
    ],
)
def test_bigrams(text: str, pairs: list[str]) -> None:
    assert bigrams(text) == pairs


@given(st.text(alphabet=st.characters(codec=None), max_size=80))
def test_terms_of_any_text_are_folded_and_hold_no_white_space(text: str) -> None:
    for term in words(text) + bigrams(text):
        assert term
        assert term.split() == [term]
        assert not any("A" <= character <= "Z" for character in term)
    assert all(len(pair) == 2 for pair in bigrams(text))


@given(st.text(alphabet="中文字A1,.-% 第条十GPTnm", max_size=30))
def test_the_same_text_gives_the_same_terms(text: str) -> None:
    assert words(text) == words(text)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=4),
        max_size=4,
    )
)
@example([["第 四 条", "", "AI芯片 5 亿元", "x"], [], ["十亿"], [""]])
def test_lines_have_the_terms_of_each_line(texts: list[list[str]]) -> None:
    lines = [[" ".join(line.split()) for line in text] or [""] for text in texts]
    found = line_terms(["\n".join(text) for text in lines])
    assert len(found) == len(lines)
    for (own, pairs), text in zip(found, lines, strict=True):
        assert [line.split() for line in own.split("\n")] == [words(line) for line in text]
        assert [line.split() for line in pairs.split("\n")] == [bigrams(line) for line in text]


def test_threads_agree() -> None:
    texts = [f"第{i}条 投资{i},{i:03}亿元，采用{i}nm工艺的OceanProtocol" for i in range(1, 200)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(words, texts)) == [words(text) for text in texts]


@pytest.mark.parametrize("text", ["a" * 100_000, "aA" * 50_000, "1," * 50_000, "a-" * 50_000])
def test_long_tokens_take_no_quadratic_time(text: str) -> None:
    assert set("".join(words(text))) <= {"a", "1"} and words(text)


def test_stop_words_are_folded_terms() -> None:
    assert {"的", "什么", "多少", "which"} <= STOP_WORDS
    assert all(word == word.lower() and word.strip() == word for word in STOP_WORDS)
