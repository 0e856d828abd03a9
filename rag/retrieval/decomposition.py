"""Questions that are several: parts, and a part that asks for what another is about.

Questions that ask for several things, taken apart by rule, each part to be searched for by
itself: "A和B的营收分别是多少" asks for A's and for B's, "哪年出台，到哪年见效" asks twice.

Questions of which one part asks for the name that the other part is about: "谁是X的CEO，他毕业于
哪所大学？" By rule: the first part is a question of its own, its short answer goes into the second.
One step, never more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.retrieval.entities import persons
from rag.retrieval.query import AnswerKind, parse_query
from rag.text.normalize import squeeze
from rag.text.segment import tagged

MOST_PARTS = 4
# A clause that asks by itself; what it asks with is cut off to get its topic.
_ASKS = re.compile(
    r"多少|几[个家人名项次条所种座台款倍年月天成]|多[大高长久远重快]|谁|何[时地年]|为什么|为何|什么|怎么|怎样|如何"
    r"|哪[一两三四五六七八九十几]?[年月天日个家位款座种类条项里儿些部国省市所]|哪里|吗$|差在哪|结果"
)
_CLAUSES = re.compile(r"[？?；;]+|[，,](?=\S)")
_IS_WHO = re.compile(
    r"^(?P<topic>[^，,？?]{2,40}?)(?:是|由|叫|为)(?:谁|哪一?[位家个]|什么)[^，,？?]{0,8}$"
)
_SENTENCE = re.compile(r"[？?；;]")
# Signs that each of several things is asked about.
_EACH = re.compile(
    r"分别|各[是有为自]|各家|两[者地家国省市人]|更[高低多少大小长短强快早]|谁[更涨高多大]|相比|比较|对比|区别|差别|差异"
    r"|不同|差[在了多]|相差|高出|多出|哪一?[个家国省市]更|(?:谁|哪一?[个家国省市]).{0,8}[高低多大小长短强快早][？?]?$"
)
# Which of two has more of it: each is asked how much it has.
_WHICH = re.compile(r"(?:谁|哪一?[个家国省市])(?P<of>的.{2,12}?)?更?[高低多大小长短强快早][？?]?$")
# Names that the dictionary cuts: 均胜和歌尔 has 和歌 in it.
_PAIR = re.compile(
    r"^(?P<a>[^和与跟，,的]{2,8})[和与跟](?P<b>[^，,的谁哪\d]{2,8}?)(?P<rest>(?:的|谁|哪|(?:19|20)\d\d).+)$"
)
# Who asks for so many things asks for one list.
_LIST_OF = re.compile(r"哪[两二三四五六七八九十][大个项类种条点方根块层款]")
_TOGETHER = re.compile(r"分别|各自的?|各(?=[是有为])|两[者地]|相比[，,]?")
_AND = frozenset(("和", "与", "跟", "同", "及", "以及", "、"))
_YEAR = re.compile(r"(?:19|20)\d{2}年?")
# 的时间和地点？: the last words of the question are what is asked for.
_END = re.compile(
    r"(?:分别)?(?:是|为|有)?(?:谁|什么|多少|哪[一-龥]{0,3}|何时|几[一-龥])?(?:时候)?[？?]?$"
)
_THAT = re.compile(
    r"^(.{6,60}?)的(?:那一?[家座个款位份种场条艘]([一-龥]{1,8})|(公司|企业|机构|城市|国家|银行|省份))[，,](.{4,})$"
)
_LONGEST = 4  # words of one conjunct


def parts(question: str) -> tuple[str, ...]:
    """What a question asks for, each as a question of its own; empty where it asks for one thing.

    >>> parts("2020年河北和青海的粮食产量分别是多少？")
    ('2020年河北的粮食产量是多少？', '2020年青海的粮食产量是多少？')
    >>> parts("渡轮何时停航，由谁宣布？")
    ('渡轮何时停航', '渡轮停航，由谁宣布')
    >>> parts("东线和西线谁的客流多？")
    ('东线的客流是多少？', '西线的客流是多少？')
    >>> parts("渡轮何时停航？")
    ()
    """
    found = _coordinated(question) or _clauses(question) or _described(question)
    return found[:MOST_PARTS] if len(found) > 1 else ()


def _clauses(question: str) -> tuple[str, ...]:
    """The clauses that ask, from the second on with the topic of the first."""
    clauses = [clause.strip() for clause in _CLAUSES.split(question) if clause.strip()]
    groups: list[str] = []
    open_ = ""
    for clause in clauses:
        open_ = f"{open_}，{clause}" if open_ else clause
        if _ASKS.search(clause):
            groups.append(open_)
            open_ = ""
    if len(groups) < 2:
        return ()
    topic = _topic(groups[0])
    return (groups[0], *(f"{topic}，{group}" for group in groups[1:]))


def _topic(first: str) -> str:
    """What the first clause is about: all but what asks; of one that asks for who or what
    something is (A的馆长是谁, A是谁创办的) what stands before that, of A的馆长 A."""
    named = _IS_WHO.match(first)
    if named is None:
        return _ASKS.sub("", first).strip("，,的是有 ")
    of, _, attribute = named["topic"].rpartition("的")
    return of if of and attribute else named["topic"]


def _described(question: str) -> tuple[str, ...]:
    """ "…的那家公司，营收多少？": what describes the thing, and what is asked of it."""
    match = _THAT.match(question)
    if not match or _ASKS.search(match[1]):
        return ()
    return f"{match[1]}的{match[2] or match[3]}", match[4]


def _coordinated(question: str) -> tuple[str, ...]:
    if _LIST_OF.search(question):
        return ()
    words = tagged(question)
    for at, (word, _) in enumerate(words):
        if word not in _AND or not 0 < at < len(words) - 1:
            continue
        left, right = _conjuncts(words, at)
        if not (left and right):
            continue
        before = "".join(w for w, _ in words[: at - left])
        after = "".join(w for w, _ in words[at + 1 + right :])
        ends = _END.fullmatch(after) is not None
        a = "".join(w for w, _ in words[at - left : at])
        b = "".join(w for w, _ in words[at + 1 : at + 1 + right])
        named = _kind(words[at - 1][1]) == _kind(words[at + 1][1]) == "N"
        years = _YEAR.fullmatch(a) and _YEAR.fullmatch(b)
        if years and a.isdecimal() and not b.isdecimal():
            a += "年"
        if _EACH.search(after) or ends or named or years:
            return _of_each(before, a, b, after)
    pair = _PAIR.match(question)
    if pair and _EACH.search(pair["rest"]):
        return _of_each("", pair["a"], pair["b"], pair["rest"])
    return ()


def _of_each(before: str, a: str, b: str, after: str) -> tuple[str, str]:
    """The question about each of two: 谁的产量高 becomes 的产量是多少."""
    after = _TOGETHER.sub("", after)
    which = _WHICH.search(after)
    if which and not _ASKS.search(after[: which.start()]):
        after = f"{after[: which.start()].rstrip('，, ')}{which['of'] or ''}是多少？"
    return f"{before}{a}{after}", f"{before}{b}{after}"


def _conjuncts(words: list[tuple[str, str]], at: int) -> tuple[int, int]:
    """How many words on each side of the conjunction are joined by it: as many as are alike in
    kind, the longest such stretch; 0 where none are."""
    for size in range(min(_LONGEST, at, len(words) - at - 1), 0, -1):
        left = [_kind(tag) for _, tag in words[at - size : at]]
        right = [_kind(tag) for _, tag in words[at + 1 : at + 1 + size]]
        if left == right and left[-1] not in "xud":
            return size, size
    return (1, 1) if words[at - 1][1][:1] == "n" and words[at + 1][1][:1] == "n" else (0, 0)


def _kind(tag: str) -> str:
    if tag in ("nr", "ns", "nt", "nz", "nrt", "nrfg", "eng"):
        return "N"
    return {"m": "m", "t": "m", "q": "q", "v": "v", "u": "u", "x": "x", "d": "d"}.get(tag[:1], "n")


# An answer that can stand for a name in a question.
MOST_CHARACTERS = 24

_PERSONS = (
    r"(?:创始人|创办人|首席执行官|CEO|董事长|总经理|总裁|掌门人|负责人|院长|校长|行长|馆长|作者|导演|发明者|发明人"
    r"|设计师|主编|(?<=的)(?:夫人|妻子|丈夫|父亲|母亲|儿子|女儿|老师))"
)
_BODIES = r"母公司|大股东|控股股东|子公司|开发商|制造商|运营商|出版社|所属公司"
_OF = re.compile(rf"^(?P<of>[^，,？?]{{2,30}}?)的?(?P<role>{_PERSONS}|{_BODIES})(?P<rest>.{{3,}})$")
_IS_PERSON = re.compile(_PERSONS)
# The name itself is what is asked for.
_ASKS_NAME = re.compile(
    r"^(?:的名字|的?姓名|名)?(?:是|叫|为|有)?(?:谁|哪[家位个些几]|什么|几|多少|做)"
)
_ASKS_PERSON = re.compile(r"谁|哪一?位|人叫什么|什么人")
_WHO = re.compile(r"谁|哪一?[位个家所座款本部]|什么(?:人|公司|机构)|叫什么")
_BODY = re.compile("公司|企业|机构|集团|工厂|单位|银行|大学|研究所|团队")
_BACK = re.compile(
    r"^(?P<who>它们?|他们?|她们?|[该这那](?:个|家|位|座|所)?(?:人|公司|企业|机构|大学|学校|银行|城市|产品|平台|教授|作者)|其)"
    r"(?P<rest>.{2,})$"
)
_BRIDGE_THAT = re.compile(
    r"^(?P<what>.{3,60}?)的[那这]一?(?P<measure>[家座个款位所本部])(?P<noun>[一-龥]{1,8}?)"
    r"[，,]?(?P<rest>(?:现在|目前|后来|的)?[是在有叫于出毕总哪什多何几成创].{2,})$"
)
# 创办X的教授, 建造X的公司: a person or body by what it did.
_DOES = re.compile(
    r"^(?P<what>[^，,？?的]{3,40})的(?P<noun>(?:[\u4e00-\u9fff]{0,4}[师者授家员工士长]|人|学者|老师|院士|茶农|船长)"
    r"|(?:[\u4e00-\u9fff]{0,4}(?:公司|企业|机构|集团|工厂|单位|银行|大学|研究所|团队)))"
    r"(?P<rest>(?:现在|目前|后来|的)?(?:是?[在有叫于出毕总哪什多何几成创]|把|为什么|为何).{2,})$"
)
_CLAUSE = re.compile(r"[，,；;。？?]+\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Bridge:
    """The question that asks for a name, and what is asked of it: the text before and behind the
    place of the name."""

    first: str
    before: str
    behind: str

    def then(self, name: str) -> str:
        """What is asked, with the name in its place."""
        return f"{self.before}{name}{self.behind}"


def bridge(question: str) -> Bridge | None:
    """The two steps of a question; None where it has one.

    >>> bridge("谁是海鳐船舶的董事长，他毕业于哪所大学？").then("林岸")
    '林岸毕业于哪所大学？'
    >>> bridge("海鳐船舶的母公司总部在哪里？").first
    '海鳐船舶的母公司是哪家公司？'
    >>> bridge("海鳐船舶的董事长是谁？")
    """
    return _pointing(question) or _bridge_described(question) or _owned(question) or _does(question)


def name_for(step: Bridge, short: str | None, said: Sequence[str]) -> str | None:
    """The name that answers the first step: its short answer, or, where a person is asked for and
    that is none, the first one in the sentences that are said; None where there is none that the
    question does not have itself."""
    asked = squeeze(f"{step.first}{step.behind}")
    if _ASKS_PERSON.search(step.first):
        found = [name for text in (short or "", *said) for name in persons(text)]
        return next((name for name in found if squeeze(name) not in asked), None)
    if short is None or len(short) > MOST_CHARACTERS or squeeze(short) in asked:
        return None
    return short


def _asks(rest: str) -> bool:
    """Whether what follows a name asks for something else than the name."""
    return not _ASKS_NAME.match(rest) and parse_query(rest).kind is not AnswerKind.OTHER


def _pointing(question: str) -> Bridge | None:
    """A clause that asks for a name, and one that goes on with a pronoun."""
    cut = _CLAUSE.search(question)
    if cut is None:
        return None
    first, second = question[: cut.start()], question[cut.end() :]
    back = _BACK.match(second.removeprefix("而").removeprefix("那么").removeprefix("那"))
    if back is None or not _WHO.search(first) or parse_query(first).kind is not AnswerKind.ENTITY:
        return None
    between = "的" if back["who"] == "其" else ""
    return Bridge(f"{first}？", "", between + back["rest"])


def _bridge_described(question: str) -> Bridge | None:
    """ "…的那位教授，出生在哪里": what describes a thing, and what is asked of it."""
    match = _BRIDGE_THAT.match(question)
    if match is None or _WHO.search(match["what"]) or not _asks(match["rest"]):
        return None
    asks = "是谁" if match["measure"] == "位" else f"是哪{match['measure']}{match['noun']}"
    return Bridge(f"{match['what']}的{asks}？", "", match["rest"].removeprefix("的"))


def _does(question: str) -> Bridge | None:
    """创办X的教授毕业于哪所大学: what a person or body does, and what is asked of it."""
    match = _DOES.match(question)
    if match is None or _WHO.search(match["what"]) or not _asks(match["rest"]):
        return None
    if not tagged(match["what"])[0][1].startswith("v"):
        return None
    asks = "是哪家公司" if _BODY.search(match["noun"]) else "是谁"
    rest = match["rest"].removeprefix("的")
    return Bridge(f"{match['what']}的{match['noun']}{asks}？", "", rest)


def _owned(question: str) -> Bridge | None:
    """ "X的创始人毕业于哪所大学": what belongs to X, and what is asked of it."""
    match = _OF.match(question)
    if match is None or _WHO.search(match["of"]) or not _asks(match["rest"]):
        return None
    if match["rest"][0] in "，,、和与及":
        return None
    asks = "是谁" if _IS_PERSON.fullmatch(match["role"]) else "是哪家公司"
    return Bridge(f"{match['of']}的{match['role']}{asks}？", "", match["rest"].removeprefix("的"))
