"""Follow-ups into questions of their own, by rule.

"那2021年呢？" after "2020年营收是多少？" is "2021年营收是多少？"; "它的总部在哪？" gets the name of
what was talked about. What no rule knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.scope import asked_names
from rag.text.segment import first_nouns, tagged

# Earlier turns that are looked at; the one before may itself be a follow-up.
MAX_TURNS = 4

_ELLIPSIS = re.compile(
    r"(?:那么?|而|还有|再说)?[，,\s]*(.{1,30}?)(?:的)?呢[？?]?"
    r"|(?:and|what about|how about)\s+(?:(?:in|for)\s+)?(.{1,40}?)\??",
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
_MORE = re.compile(r"(?:那么?)?(?:还有|其他的?|别的|另外)(?:呢|吗|什么|哪些)?[？?]?")
_THIS = re.compile(r"(?<![应本活不])该(?=[\u4e00-\u9fff])")
# A question without a subject: it begins with what asks or with a verb, and is short.
_ASKS_FIRST = re.compile(
    r"(?:什么时候|何时|何年|哪一?[年天月]|几[年月号]|怎么|怎样|如何|在哪[里儿]?|花了?多少)[^，,]{1,8}[？?]?"
)
_SHORT = 16
_VERBS = ("v", "p", "c")
_NAMES = ("nr", "ns", "nt", "nz", "eng")
_JOINED = re.compile(r"[和与、]")
_MEASURE = re.compile(r"(?<=..)(?:全长|总长|长度|高度|面积|人口|总投资|造价)$")
_ASKED_OF = re.compile(r"(?:是|为|有|达到?)?多少[\u4e00-\u9fff]{0,2}[？?]?$")
_VALUE = re.compile(r"\d+(?:\.\d+)?")


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
    continued = _continued(question, earlier)
    if continued is not None:
        return continued
    if leading := _LEADING.match(question):
        question = question[leading.end() :]
    return _pointing(question, earlier) or _with_subject(question, earlier)


def _continued(question: str, earlier: str) -> str | None:
    """A question that only goes on with the earlier one; None where it is more."""
    if _MORE.fullmatch(question):
        return f"{earlier.rstrip(_MARKS)}，还有呢？"
    if _BARE.fullmatch(question):
        return f"{earlier.rstrip(_MARKS)}，{question}"
    ellipsis = _ELLIPSIS.fullmatch(question)
    if ellipsis is None:
        return None
    subject = ellipsis[1] or ellipsis[2]
    return _swap_value(subject, earlier) or _swap_noun(subject, earlier)


def _pointing(question: str, earlier: str) -> str | None:
    """A question that points at the topic of the earlier one, with the topic in its place; None
    where it points at nothing, or the topic is unknown or named."""
    topic = _topic(earlier)
    if topic and (found := _PRONOUN.search(question)):
        own = question[: found.start()] + question[found.end() :]
        if topic not in own:
            between = "的" if found[0] == "其" else ""
            return question[: found.start()] + topic + between + question[found.end() :]
    if topic and (this := _THIS.search(question)):
        rest = question[this.end() :]
        return question[: this.start()] + topic + rest.removeprefix(first_nouns(rest))
    if question.isascii() and _ENGLISH_PRONOUN.search(question):
        return f"{question} ({earlier})"
    return None


def _with_subject(question: str, earlier: str) -> str:
    return _topic(earlier) + question if _lacks_subject(question) else question


def _lacks_subject(question: str) -> bool:
    """Whether a short question names nobody and nothing that it is about."""
    if len(question) > _SHORT or _QUOTED.search(question):
        return False
    words = tagged(question)
    if not words or any(tag.startswith(_NAMES) for _, tag in words):
        return False
    nouns = any(tag[:1] in "nj" for _, tag in words)
    return (
        (not nouns and not question.isascii())
        or words[0][1].startswith(_VERBS)
        or _ASKS_FIRST.fullmatch(question) is not None
    )


def _swap_value(subject: str, earlier: str) -> str | None:
    """The earlier question with a year, a part of a year or another value in the place of its
    like; None where `subject` is no such thing or has no like there."""
    for form in _ALIKE:
        if form.fullmatch(subject):
            found = form.search(earlier)
            if not found:
                return f"{subject}{earlier}"
            year = "年" if found[0].endswith("年") and subject[-1].isdigit() else ""
            return earlier[: found.start()] + subject + year + earlier[found.end() :]
    shape = _VALUE.sub(lambda _: r"\d+(?:\.\d+)?", re.escape(subject))
    like = re.search(shape, earlier) if _VALUE.search(subject) else None
    return earlier[: like.start()] + subject + earlier[like.end() :] if like else None


def _swap_noun(subject: str, earlier: str) -> str:
    """The earlier question with `subject` in the place of a noun that ends alike, else of what
    was asked of a name, else of the topic."""
    for run in _noun_runs(earlier):
        if len(subject) > 1 and subject[-1] in run and subject not in run:
            return earlier.replace(run, subject + run[run.index(subject[-1]) + 1 :], 1)
    topic = _topic(earlier)
    if not topic:
        return f"{subject}，{earlier}"
    behind = earlier[earlier.index(topic) + len(topic) :]
    if _JOINED.match(behind) and (second := first_nouns(behind[1:])):
        joined = topic + behind[0] + second
        return earlier.replace(joined, subject, 1).replace("分别", "", 1)
    named = _is_name(subject) or asked_names(subject)
    attribute = _attribute(earlier, topic) if _is_name(topic) and not named else ""
    return earlier.replace(attribute or topic, subject, 1)


def _noun_runs(text: str) -> list[str]:
    """The nouns in a row of a text, each row once, in order."""
    runs, run = [], ""
    for word, tag in (*tagged(text), ("", "x")):
        if tag[:1] in "njbz" and word:
            run += word
        else:
            runs += [run] if run else []
            run = ""
    return runs


def _is_name(text: str) -> bool:
    return any(tag.startswith(_NAMES) for _, tag in tagged(text))


def _attribute(question: str, topic: str) -> str:
    """What of the topic is asked: the nouns after the last 的, or else those right before what
    asks; empty where there are none."""
    _, of, rest = question.rpartition("的")
    if not of:
        asking = _ASKED_OF.search(question)
        return _last_words(question[: asking.start()], topic) if asking else ""
    nouns = first_nouns(rest)
    return nouns if nouns and rest.startswith(nouns) and nouns != topic else ""


def _last_words(text: str, topic: str) -> str:
    """The nouns and verbs in a row that end a text, without the topic."""
    run = ""
    for word, tag in reversed(tagged(text)):
        if tag[:1] not in "njbzv" or tag.startswith(_NAMES) or word in topic:
            break
        run = word + run
    return run


def _topic(question: str) -> str:
    """What a question is about: a title or quotation in it, else its first nouns."""
    quoted = _QUOTED.search(question)
    return quoted[0] if quoted else _MEASURE.sub("", first_nouns(question))
