"""Questions that ask for several things, taken apart by rule, each part to be searched for by
itself: "A和B的营收分别是多少" asks for A's and for B's, "哪年出台，到哪年见效" asks twice.
"""

from __future__ import annotations

import re

from rag.text.segment import tagged

MOST_PARTS = 4
# A clause that asks by itself; what it asks with is cut off to get its topic.
_ASKS = re.compile(
    r"多少|几[个家人名项次条所种座台款倍年月天成]|多[大高长久远重快]|谁|何[时地年]|为什么|为何|什么|怎么|怎样|如何"
    r"|哪[一两三四五六七八九十几]?[年月天日个家位款座种类条项里儿些部国省市所]|哪里|吗$|差在哪|结果"
)
_CLAUSES = re.compile(r"[？?；;]+|[，,](?=\S)")
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
    topic = _ASKS.sub("", groups[0]).strip("，,的是有 ")
    return (groups[0], *(f"{topic}，{group}" for group in groups[1:]))


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
