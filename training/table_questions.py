"""Tables made up from names of open text, and questions on their cells: what a column says of a
row, and what neither says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.data import Question
from training.hard_negatives import NOWHERE

ROWS, COLUMNS = (3, 8), (2, 5)  # fewest and most, the head not counted
FIRST_YEAR, LAST_YEAR = 2008, 2025
UNANSWERED = 0.45
MISSING = ("—", "-", "/", "无", "暂缺")

# What a table gives of a body, place or thing; its units; how many digits it has.
_FIGURES: tuple[tuple[str, tuple[str, ...], tuple[int, int]], ...] = (
    ("营业收入", ("万元", "亿元", "元"), (2, 7)), ("净利润", ("万元", "亿元"), (2, 6)),
    ("总资产", ("万元", "亿元"), (3, 7)), ("研发投入", ("万元",), (2, 5)),
    ("投资额", ("万元", "亿元"), (2, 6)), ("预算", ("万元",), (2, 5)),
    ("销量", ("台", "件", "万吨", "辆"), (2, 6)), ("产量", ("吨", "万吨"), (2, 6)),
    ("单价", ("元",), (1, 4)), ("数量", ("个", "套", "台"), (1, 4)),
    ("员工人数", ("人",), (2, 5)), ("面积", ("平方米", "公顷", "平方公里"), (2, 5)),
    ("人口", ("万人", "人"), (2, 6)), ("户数", ("户",), (2, 5)), ("补贴", ("万元",), (1, 4)),
    ("增长率", ("%",), (1, 2)), ("占比", ("%",), (1, 2)), ("毛利率", ("%",), (1, 2)),
    ("完成率", ("%",), (2, 2)), ("客流量", ("万人次",), (2, 4)), ("出口额", ("亿美元",), (1, 4)),
    ("质保期", ("个月", "年"), (1, 2)), ("工期", ("天", "个月"), (1, 3)), ("学分", ("",), (1, 1)),
    ("最低分", ("分",), (3, 3)), ("招生人数", ("人",), (1, 3)), ("里程", ("公里",), (1, 4)),
    ("床位数", ("张",), (2, 4)), ("保额", ("万元",), (1, 3)), ("电压", ("V",), (2, 3)),
)  # fmt: skip
_OTHERS = ("负责人", "开工日期", "完工日期", "所在地", "供应商", "联系人")
_WHO = frozenset(("负责人", "联系人"))
_WHERE = frozenset(("所在地", "供应商"))
_HEADS = ("项目", "名称", "单位", "公司", "指标", "地区", "产品", "类别")
_TOTALS = ("合计", "总计", "小计")
_INTRODUCED = ("{}如下表：", "{}见下表。", "表{n} {}", "{}", "附表：{}")


@dataclass(frozen=True, slots=True)
class Names:
    """Names to fill tables with."""

    bodies: Sequence[str]
    people: Sequence[str]
    places: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Table:
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    subject: str
    """What the whole table is about, part of each question: a body, an attribute, or nothing."""


def table_questions(names: Names, count: int, random: np.random.Generator) -> Iterator[Question]:
    """Questions on tables of their own, some of which their table does not answer."""
    made = (_by_attribute, _by_year, _of_one)
    for _ in range(count):
        table = made[int(random.integers(len(made)))](names, random)
        question = _ask(table, random)
        if question is not None:
            yield question


def _by_attribute(names: Names, random: np.random.Generator) -> _Table:
    """A row for each body, a column for each attribute, of one year."""
    bodies = _draw(names.bodies, int(random.integers(*ROWS)), random)
    columns = _draw([*_attributes(), *_OTHERS], int(random.integers(*COLUMNS)), random)
    year = str(int(random.integers(FIRST_YEAR, LAST_YEAR)))
    filled = [_column(column, len(bodies), names, random) for column in columns]
    rows = tuple((body, *(c[1][i] for c in filled)) for i, body in enumerate(bodies))
    head = (_pick(_HEADS, random), *(c[0] for c in filled))
    return _Table(f"{year}年情况", head, rows, f"{year}年")


def _by_year(names: Names, random: np.random.Generator) -> _Table:
    """A row for each body, a column for each year, of one attribute; now and then with a sum."""
    bodies = _draw(names.bodies, int(random.integers(*ROWS)), random)
    attribute = _pick(_attributes(), random)
    years = _years(random)
    label, first = _column(attribute, len(bodies), names, random)
    filled = [first, *(_column(attribute, len(bodies), names, random)[1] for _ in years[1:])]
    rows = [(body, *(c[i] for c in filled)) for i, body in enumerate(bodies)]
    if random.random() < 0.4:
        rows.append((_pick(_TOTALS, random), *(str(random.integers(10**5, 10**7)) for _ in years)))
    head = (_pick(_HEADS, random), *(f"{year}年" for year in years))
    return _Table(f"各单位{label}", head, tuple(rows), attribute)


def _of_one(names: Names, random: np.random.Generator) -> _Table:
    """A row for each attribute, a column for each year, of one body."""
    body = _pick(names.bodies, random)
    attributes = _draw(_attributes(), int(random.integers(*ROWS)), random)
    years = _years(random)
    rows = []
    for attribute in attributes:
        label, values = _column(attribute, len(years), names, random)
        rows.append((label, *values))
    head = (_pick(_HEADS, random), *(f"{year}年" for year in years))
    return _Table(f"{body}主要数据", head, tuple(rows), body)


def _ask(table: _Table, random: np.random.Generator) -> Question | None:
    row = int(random.integers(len(table.rows)))
    column = int(random.integers(1, len(table.head)))
    label, head = table.rows[row][0], table.head[column]
    rows = [list(cells) for cells in table.rows]
    answered = random.random() >= UNANSWERED
    kept = list(table.head)
    if not answered:
        way = int(random.integers(3))
        if way == 0 and len(rows) > 2:
            del rows[row]
        elif way == 1 and len(kept) > 2:
            del kept[column]
            for cells in rows:
                del cells[column]
        else:
            rows[row][column] = _pick(MISSING, random)
    lines = "".join("\t".join(cells) + "\n" for cells in (kept, *rows))
    introduced = _pick(_INTRODUCED, random).format(table.caption, n=int(random.integers(1, 9)))
    before = f"{introduced}\n"
    text = _worded(table.subject, _bare(label), _bare(head), random)
    if not answered:
        return Question(text, before + lines, "", NOWHERE)
    answer = rows[row][column]
    at = len(before) + sum(len("\t".join(c)) + 1 for c in (kept, *rows[:row]))
    at += sum(len(cell) + 1 for cell in rows[row][:column])
    return Question(text, before + lines, answer, at)


def _worded(subject: str, label: str, head: str, random: np.random.Generator) -> str:
    """The three parts in an order that is said, and the word that asks."""
    parts = {subject, label, head}
    year = next((p for p in (subject, head) if p[:4].isdigit()), "")
    attribute = next((p for p in (head, label, subject) if p in _KNOWN), head)
    body = next((p for p in (label, subject, head) if p not in (year, attribute)), "")
    if len(parts) < 2:
        return f"{body}的{attribute}是多少？"
    asking = (
        "是谁" if attribute in _WHO else "是什么" if attribute in _WHERE
        else "是哪天" if "日期" in attribute else "是多少"
    )  # fmt: skip
    ways = (
        f"{year}{body}的{attribute}{asking}？", f"{body}{year}的{attribute}{asking}？",
        f"{body}在{year}的{attribute}{asking}", f"{year}{body}{attribute}{asking[1:]}？",
        f"{body}的{attribute}{asking}？", f"请问{body}{year}{attribute}是怎样的？",
    )  # fmt: skip
    return _pick(ways if year else ways[4:], random)


def _column(
    attribute: str, count: int, names: Names, random: np.random.Generator
) -> tuple[str, list[str]]:
    """The head of a column and its cells."""
    if attribute in _WHO:
        return attribute, [_pick(names.people, random) for _ in range(count)]
    if attribute in _WHERE:
        return attribute, [_pick(names.places, random) for _ in range(count)]
    if "日期" in attribute:
        return attribute, [
            f"{random.integers(FIRST_YEAR, LAST_YEAR)}年{random.integers(1, 13)}月"
            f"{random.integers(1, 29)}日"
            for _ in range(count)
        ]
    units, (fewest, most) = _KNOWN[attribute]
    unit = _pick(units, random)
    digits = int(random.integers(fewest, most + 1))
    decimals = int(random.choice((0, 0, 1, 2)))
    grouped = random.random() < 0.5
    values = [float(random.uniform(10 ** (digits - 1), 10**digits)) for _ in range(count)]
    said = [f"{v:,.{decimals}f}" if grouped else f"{v:.{decimals}f}" for v in values]
    if unit and random.random() < 0.5:
        return f"{attribute}（{unit}）", said
    return attribute, [f"{v}{unit}" for v in said]


_KNOWN = {name: (units, digits) for name, units, digits in _FIGURES}


def _attributes() -> list[str]:
    return list(_KNOWN)


def _bare(head: str) -> str:
    return head.partition("（")[0]


def _years(random: np.random.Generator) -> list[str]:
    count = int(random.integers(2, 5))
    first = int(random.integers(FIRST_YEAR, LAST_YEAR - count))
    years = [str(first + i) for i in range(count)]
    return years[::-1] if random.random() < 0.5 else years


def _draw(pool: Sequence[str], count: int, random: np.random.Generator) -> list[str]:
    return [pool[i] for i in random.permutation(len(pool))[:count].tolist()]


def _pick(pool: Sequence[str], random: np.random.Generator) -> str:
    return pool[int(random.integers(len(pool)))]
