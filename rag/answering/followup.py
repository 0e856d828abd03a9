"""Follow-ups into questions of their own, by rule.

"那2021年呢？" after "2020年营收是多少？" is "2021年营收是多少？"; "它的总部在哪？" gets the name of
what was talked about. What no rule knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.segment import first_nouns

# Earlier turns that are looked at; the one before may itself be a follow-up.
MAX_TURNS = 4

_ELLIPSIS = re.compile(
    r"(?:那么?|而|还有|再说)?[，,\s]*(.{1,30}?)(?:的)?呢[？?]?"
    r"|(?:and|what about|how about)\s+(.{1,40}?)\??",
    re.IGNORECASE,
)
# What can take the place of its like in the question before: years, parts of a year.
_ALIKE = (
    re.compile(r"(?:19|20)\d\d年?|[今去前明]年"),
    re.compile(r"第?[一二三四1-4]季度|[上下]半年|\d{1,2}月份?"),
)
_PRONOUN = re.compile(
    r"它们|他们|她们|它|她|(?<!其)(?<!吉)他(?!人|国|乡)|[该这那此](?:家|个|座|条|份|项)?"
    r"(?:公司|机构|银行|城市|项目|报告|文件|法律|条例|产品|平台|学校|企业|基金)"
    r"|上述(?:公司|机构|项目|文件)?|(?<![尤极与])其(?![他中次实余它])"
)
_ENGLISH_PRONOUN = re.compile(r"\b(?:it|its|they|their|them|he|his|she|her)\b", re.IGNORECASE)
_BARE = re.compile(
    r"(?:那么?|具体|是?为什么|原因|是|有|多少|几个|哪一?[年月天些个家里]|哪[里儿]|什么时候|什么|怎么样?"
    r"|如何|谁|何时|何地|在|的|呢|吗|[，,？?\s])+"
)
_QUOTED = re.compile(r"《[^》]+》|“[^”]+”")
_LEADING = re.compile(r"那么?[，,\s]*(?![里儿些个家座项份条年月天时种样边])")
_MARKS = "？?。！! "


def standalone(question: str, history: Sequence[tuple[str, str]]) -> str:
    """The question with what it leaves out filled in from the questions of `history`, a sequence
    of (question, answer), the latest last; unchanged where nothing is missing or known.

    >>> standalone("那2021年呢？", [("2020年营收是多少？", "")])
    '2021年营收是多少？'
    """
    earlier = ""
    for asked, _ in history[-MAX_TURNS:]:
        earlier = _resolve(asked.strip(), earlier)
    return _resolve(question.strip(), earlier)


def _resolve(question: str, earlier: str) -> str:
    if not earlier:
        return question
    if _BARE.fullmatch(question):
        return f"{earlier.rstrip(_MARKS)}，{question}"
    if ellipsis := _ELLIPSIS.fullmatch(question):
        return _swap(ellipsis[1] or ellipsis[2], earlier)
    if leading := _LEADING.match(question):
        question = question[leading.end() :]
    if found := _PRONOUN.search(question):
        own = question[: found.start()] + question[found.end() :]
        topic = _topic(earlier)
        if topic and topic not in own:
            between = "的" if found[0] == "其" else ""
            return question[: found.start()] + topic + between + question[found.end() :]
    if _ENGLISH_PRONOUN.search(question) and question.isascii():
        return f"{question} ({earlier})"
    return question


def _swap(subject: str, earlier: str) -> str:
    """The earlier question with `subject` in the place of its like."""
    for form in _ALIKE:
        if form.fullmatch(subject):
            found = form.search(earlier)
            if not found:
                return f"{subject}{earlier}"
            year = "年" if found[0].endswith("年") and subject[-1].isdigit() else ""
            return earlier[: found.start()] + subject + year + earlier[found.end() :]
    topic = _topic(earlier)
    return earlier.replace(topic, subject, 1) if topic else f"{subject}，{earlier}"


def _topic(question: str) -> str:
    """What a question is about: a title or quotation in it, else its first nouns."""
    quoted = _QUOTED.search(question)
    return quoted[0] if quoted else first_nouns(question)
