"""Questions changed: said in other words, asked of another name or year, asking for another
detail. The first have the answer that they had; the others, as good as always, none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from rag.models.reader import RESERVED, Vocabulary
from rag.retrieval.query import parse_query
from rag.text.normalize import fold
from rag.text.segment import tagged

REPLACED, DROPPED = 0.35, 0.1  # shares of a question's words
NEAREST, LEAST_COSINE = 5, 0.5
SHORTEST = 5  # characters of a question said in other words
YEARS_AWAY = (1, 2, 3, 4, 6, 9, 12)
FIRST_YEAR, LAST_YEAR = 1000, 2100
SHORTEST_TOPIC, LONGEST_TOPIC = 3, 30
_KEPT = ("nr", "ns", "nt", "nz", "eng", "m", "t")
_NAMES = ("nr", "ns", "nt", "nz")
_ASKED = re.compile(
    r"(?:究竟|到底|主要|分别|大约|约|共)?(?:[是为在有于由被]|叫做?)?"
    r"(?:什么|谁|哪|何|多少|几|怎|如何|为什么).*$"
)

# What can be asked of a person, work, place, body or event, and the words by which a text would
# speak of it.
_DETAILS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("员工", "职工", "雇员"), ("有多少名员工",)),
    (
        ("营收", "营业收入", "收入", "营业额"),
        ("的年营业收入是多少亿元", "去年的营收是多少"),
    ),
    (("面积", "平方公里", "公顷", "亩"), ("的面积是多少平方公里", "占地多少亩")),
    (("造价", "耗资", "斥资", "费用", "投资"), ("一共花了多少钱", "的造价是多少万元")),
    (("票价", "售价", "价格", "收费"), ("的售价是多少元", "要收多少钱")),
    (("产量", "年产", "产能"), ("的年产量是多少吨",)),
    (("利润", "盈利"), ("的净利润是多少",)),
    (("高度", "米高", "高达"), ("有多高",)),
    (("死亡", "遇难", "丧生", "身亡"), ("造成多少人死亡",)),
    (("参数",), ("有多少个参数",)),
    (("董事长", "总裁", "总经理"), ("的董事长是谁",)),
    (("设计",), ("是谁设计的", "的设计师叫什么名字")),
    (("创始人", "创办", "创立", "创建"), ("的创始人是谁",)),
    (("翻译", "译者"), ("的译者是谁",)),
    (("校长", "院长"), ("的校长叫什么名字",)),
    (("妻子", "丈夫", "结婚", "嫁"), ("的妻子是谁", "是哪一年结婚的")),
    (("总部",), ("的总部设在哪里",)),
    (("墓", "葬"), ("葬在哪里",)),
    (("厂",), ("的工厂建在哪里",)),
    (("上市",), ("是哪一天上市的",)),
    (("停产", "关闭", "停业", "停办"), ("是什么时候关闭的",)),
    (("更名", "改名", "原名"), ("是哪一年更名的",)),
    (("投产", "投入使用", "启用"), ("预计哪一年投产", "什么时候启用")),
    (("去世", "逝世", "病逝", "死"), ("是哪一年去世的",)),
    (("出生", "生于"), ("是哪一年出生的", "出生在哪个城市")),
    (("份额", "市占", "占有率"), ("的市场份额是百分之多少",)),
    (("率",), ("的毛利率是百分之多少", "的投票率是多少")),
    (("出口",), ("的出口比例是多少",)),
    (("奖",), ("获得过什么奖", "哪一年获的奖")),
    (("股东", "持股", "股份"), ("的最大股东是谁",)),
    (("寿命", "使用年限"), ("的使用寿命是多少年",)),
    (("客流", "游客", "观众", "乘客"), ("一年有多少游客", "2023年的客流量是多少")),
    (("排名", "第三", "名列"), ("排名第三的是哪一个",)),
    (("负责人", "主任", "主管"), ("的负责人叫什么",)),
    (("电话", "号码", "邮箱"), ("的联系电话是多少",)),
    (("重量", "公斤", "千克", "吨"), ("重多少公斤",)),
    (("温度", "摄氏"), ("的最高温度是多少度",)),
    (("招聘", "招收", "录取"), ("每年招收多少人",)),
    (("预算", "拨款", "补贴"), ("得到了多少补贴",)),
)


class Wording:
    """Says a question in other words, those that stand near its own in the reader's table."""

    def __init__(self, words: Sequence[str], table: np.ndarray) -> None:
        """Takes the words and their vectors, row for row, the reserved ones first."""
        self._words = words
        self._rows = {word: row for row, word in enumerate(words)}
        centred = table - table[len(RESERVED) :].mean(0)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        self._table = centred / np.maximum(length, 1e-9)

    @classmethod
    def load(cls, folder: Path) -> Wording:
        """That of the reader that lies in `folder`."""
        vocabulary = Vocabulary.parse((folder / "vocabulary.json").read_bytes())
        model = onnx.load(folder / "model.onnx")
        table = next(w for w in model.graph.initializer if w.name.startswith("table"))
        return cls(list(vocabulary.words), numpy_helper.to_array(table).astype(np.float32))

    def reworded(self, text: str, random: np.random.Generator) -> str:
        """The question with some of its words replaced or left out; names and numbers stay."""
        content = set(parse_query(text).words)
        said = []
        for word, tag in tagged(text):
            own = fold(word)
            if own in content and not tag.startswith(_KEPT) and not any(map(str.isdigit, own)):
                chance = random.random()
                if chance < DROPPED:
                    continue
                near = self._near(own) if chance < DROPPED + REPLACED else []
                said.append(near[int(random.integers(len(near)))] if near else word)
            else:
                said.append(word)
        changed = "".join(said)
        return changed if len(changed) >= SHORTEST else text

    def _near(self, word: str) -> list[str]:
        row = self._rows.get(word)
        if row is None:
            return []
        likeness = self._table @ self._table[row]
        nearest = np.argsort(-likeness)[1 : NEAREST + 1].tolist()
        return [
            self._words[other]
            for other in nearest
            if likeness[other] >= LEAST_COSINE and not self._words[other].isdigit()
        ]


Names = Mapping[str, Sequence[str]]
"""Names by their tag."""


def names_of(texts: Iterable[str]) -> Names:
    """The names in texts, by the tags of the dictionary."""
    found: dict[str, list[str]] = {tag: [] for tag in _NAMES}
    for text in texts:
        for word, tag in tagged(text):
            if tag[:2] in found and len(word) > 1:
                found[tag[:2]].append(word)
    return found


def renamed(text: str, names: Names, random: np.random.Generator) -> str | None:
    """The question asked of another name of the same sort, or of another year; None where it has
    neither."""
    pieces = tagged(text)
    places = [
        (place, tag[:2])
        for place, (word, tag) in enumerate(pieces)
        if (tag[:2] in names and len(word) > 1) or is_year(word)
    ]
    if not places:
        return None
    place, tag = places[int(random.integers(len(places)))]
    word = pieces[place][0]
    if is_year(word):
        away = int(random.choice(YEARS_AWAY)) * int(random.choice((-1, 1)))
        other = str(int(word) + away)
    else:
        other = names[tag][int(random.integers(len(names[tag])))] if names[tag] else word
    if other == word:
        return None
    return "".join(other if i == place else own for i, (own, _) in enumerate(pieces))


def is_year(word: str) -> bool:
    """Whether a word is a year in four digits."""
    return len(word) == 4 and word.isdigit() and FIRST_YEAR <= int(word) <= LAST_YEAR


@dataclass(frozen=True, slots=True)
class Detail:
    """A question for a detail; a text that gives it has one of `words`."""

    text: str
    words: tuple[str, ...]


def other_detail(text: str, random: np.random.Generator) -> Detail | None:
    """What stands in the question before it asks, asked for something else; None where that is
    no topic.

    >>> other_detail("海灯市的灯塔在哪里？", np.random.default_rng(1)).text
    '海灯市的灯塔的工厂建在哪里？'
    """
    asked = _ASKED.search(text)
    topic = text[: asked.start()].rstrip("的，,是") if asked else ""
    if not SHORTEST_TOPIC <= len(topic) <= LONGEST_TOPIC:
        return None
    words, endings = _DETAILS[int(random.integers(len(_DETAILS)))]
    ending = endings[int(random.integers(len(endings)))]
    return Detail(f"{topic}{ending}？", words)
