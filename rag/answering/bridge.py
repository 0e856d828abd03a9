"""Questions of which one part asks for the name that the other part is about: "谁是X的CEO，他毕业于
哪所大学？" By rule: the first part is a question of its own, its short answer goes into the second.
One step, never more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.query import Kind, parse_query
from rag.answering.scope import persons
from rag.text.fold import squeeze

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
_ASKS_PERSON = re.compile(r"谁|哪一?位")
_WHO = re.compile(r"谁|哪一?[位个家所座款本部]|什么(?:人|公司|机构)|叫什么")
_BACK = re.compile(
    r"^(?P<who>它们?|他们?|她们?|[该这那](?:个|家|位|座|所)?(?:人|公司|企业|机构|大学|学校|银行|城市|产品|平台|教授|作者)|其)"
    r"(?P<rest>.{2,})$"
)
_THAT = re.compile(
    r"^(?P<what>.{3,60}?)的[那这]一?(?P<measure>[家座个款位所本部])(?P<noun>[一-龥]{1,8}?)"
    r"[，,]?(?P<rest>(?:现在|目前|后来|的)?[是在有叫于出毕总哪什多何几成创].{2,})$"
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
    return _pointing(question) or _described(question) or _owned(question)


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
    return not _ASKS_NAME.match(rest) and parse_query(rest).kind is not Kind.OTHER


def _pointing(question: str) -> Bridge | None:
    """A clause that asks for a name, and one that goes on with a pronoun."""
    cut = _CLAUSE.search(question)
    if cut is None:
        return None
    first, second = question[: cut.start()], question[cut.end() :]
    back = _BACK.match(second.removeprefix("而").removeprefix("那么").removeprefix("那"))
    if back is None or not _WHO.search(first) or parse_query(first).kind is not Kind.ENTITY:
        return None
    between = "的" if back["who"] == "其" else ""
    return Bridge(f"{first}？", "", between + back["rest"])


def _described(question: str) -> Bridge | None:
    """ "…的那位教授，出生在哪里": what describes a thing, and what is asked of it."""
    match = _THAT.match(question)
    if match is None or _WHO.search(match["what"]) or not _asks(match["rest"]):
        return None
    asks = "是谁" if match["measure"] == "位" else f"是哪{match['measure']}{match['noun']}"
    return Bridge(f"{match['what']}的{asks}？", "", match["rest"].removeprefix("的"))


def _owned(question: str) -> Bridge | None:
    """ "X的创始人毕业于哪所大学": what belongs to X, and what is asked of it."""
    match = _OF.match(question)
    if match is None or _WHO.search(match["of"]) or not _asks(match["rest"]):
        return None
    if match["rest"][0] in "，,、和与及":
        return None
    asks = "是谁" if _IS_PERSON.fullmatch(match["role"]) else "是哪家公司"
    return Bridge(f"{match['of']}的{match['role']}{asks}？", "", match["rest"].removeprefix("的"))
