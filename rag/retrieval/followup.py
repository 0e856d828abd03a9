"""Turns of a conversation: greetings, and follow-ups into questions of their own.

Greetings, thanks and goodbyes ask nothing and get a reply without a search. Follow-ups are
completed by rule: "那2021年呢？" after "2020年营收是多少？" is "2021年营收是多少？";
"它的总部在哪？" gets the name of what was talked about. What no rule knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.retrieval.entities import NO_PLACES, asked_names
from rag.retrieval.query import AnswerKind, parse_query
from rag.text.normalize import squeeze
from rag.text.quantities import dates
from rag.text.segment import first_nouns, tagged

LONGEST = 16
_TAIL = "(?:呀|啊|呢|吗|啦|了|哦|的|您|你|大家|文据|wenju|again|there|somuch|verymuch|alot)*"
_KINDS = tuple(
    (re.compile(f"(?:{form}){_TAIL}"), replies)
    for form, replies in (
        (
            (
                "(?:你|您|大家)好|哈[喽啰罗]|嗨|早上?好?|[上中下]午好|晚上?好|在吗|hello|hi|hey|goodmorning"
                "|goodafternoon|goodevening"
            ),
            ("您好。请提出关于资料的问题。", "Hello. Ask a question about the documents."),
        ),
        (
            "(?:好的?)?(?:非常|十分|多|太)?(?:谢谢|感谢|多谢|谢啦|谢了|辛苦)|thanks|thankyou|thx",
            ("不客气。还可以继续提问。", "You are welcome. Ask on if there is more."),
        ),
        (
            "再见|拜拜|回头见|晚安|bye|goodbye|seeyou|byebye|goodnight",
            ("再见。", "Goodbye."),
        ),
    )
)
_MARKS = re.compile(r"[\s,，.。!！?？~～、…]+")


def reply_to(text: str) -> str | None:
    """What is said to a greeting, thanks or a goodbye, in its language; None for anything that
    asks or says more.

    >>> reply_to("你好！"), reply_to("Thanks a lot"), reply_to("你好，票价是多少？")
    ('您好。请提出关于资料的问题。', 'You are welcome. Ask on if there is more.', None)
    """
    said = _MARKS.sub("", squeeze(text)) if len(text) <= 2 * LONGEST else ""
    if not 0 < len(said) <= LONGEST:
        return None
    for form, (chinese, english) in _KINDS:
        if form.fullmatch(said):
            return english if said.isascii() else chinese
    return None


# Earlier turns that are looked at; the one before may itself be a follow-up.
MAX_TURNS = 4

_ELLIPSIS = re.compile(
    r"^(?:那么?|而|还有|再说)?[，,\s]*+(.{1,30}?)(?:的)?呢[？?]?"
    r"|^(?:那么?|而)[，,\s]*+([^，,？?]{1,12}?)[？?]?|((?:19|20)\d\d年|第[一二三四]季度|[上下]半年)[？?]?"
    r"|^(?:and|what about|how about)\s++(?:(?:in|for)\s++)?"
    r"(?!(?:who|when|where|what|why|how|which|is|are|was|were|did|do|does|has|have|can)\b)(.{1,40}?)\??",
    re.IGNORECASE,
)
# What can take the place of its like in the question before: years, parts of a year.
_ALIKE = (
    re.compile(r"(?:19|20)\d\d年?|[今去前明]年"),
    re.compile(r"第?[一二三四1-4]季度|[上下]半年|\d{1,2}月份?"),
    re.compile(r"第[零一二三四五六七八九十百\d]{1,5}(?:章|节|条|部分|篇|单元|讲|期|届|轮|批)"),
)
_PRONOUN = re.compile(
    r"它们|他们|她们|它|她|(?<!其)(?<!吉)他(?!人|国|乡)|[该这那此](?:家|个|座|条|份|项)?"
    r"(?:公司|机构|银行|城市|项目|报告|文件|法律|条例|产品|平台|学校|企业|基金)"
    r"|上述(?:公司|机构|项目|文件)?|(?<![尤极与])其(?![他中次实余它])"
)
_ENGLISH_PRONOUN = re.compile(r"\b(?:it|its|they|their|them|he|his|she|her)\b", re.IGNORECASE)
# What these point at may stand before them: a name, or a code with digits, but the first word.
_POSSESSIVE = frozenset(("its", "their", "his", "her"))
_ENGLISH_NAME = re.compile(r"(?<= )(?:[A-Z][\w&.-]*|\d+[A-Za-z]\w*)")
_BARE = re.compile(
    r"(?:那么?|具体|是?为什么|原因|是|有|多少|几个|哪一?[年月天些个家里]|哪[里儿]|什么时候|什么|怎么样?"
    r"|如何|谁|何时|何地|在|的|呢|吗|[，,？?\s])+"
)
_QUOTED = re.compile(r"《[^《》]+》|“[^“”]+”")
_LEADING = re.compile(r"那么?[，,\s]*(?![里儿些个家座项份条年月天时种样边])")
# What a figure is held against, or what became of it: it goes on where the earlier question asks.
_ON_FIGURE = re.compile(
    r"(?:同比|环比|[比较](?=上|去|前|[\d一二]|其他)|占|(?:为什么|为何|怎么)?(?:会|又)?(?:增长|下降|上升|上涨|下跌|增加|减少|提高|降低))"
)
_ASKING = re.compile(
    r"(?:[是为在有于由达]|达到|花了?|用了?)?(?:什么|谁|哪|何时|何地|何处|何年|多少|几(?![乎个月])|多[大高长久远重快]|怎么|怎样|如何)"
)
_WHO = re.compile(
    r"(?:谁|哪一?位)(?:是|担任)(?P<a>.{2,30}?)[？?]?|(?P<b>.{2,30}?)(?:是|为)(?:谁|哪一?位)[？?]?"
)
_OWN = re.compile(r"^(?:它们?|他们?|她们?|其|[该这那]家?(?:公司|机构|企业|项目))的?(?=.)")
_INSIDE = re.compile("^(?:这|那)?里(?:面|头)")
# Of the documents of the collection: 最新的是哪份, after a question of how many there are.
_OF_DOCUMENTS = re.compile(
    "^(?P<most>(?:日期)?最[新早近旧老晚])的?(?:一[份篇个])?(?P<which>是?哪一?[份篇个]|是什么|叫什么).{0,4}$"
)
_DOCUMENTS = re.compile("(?:多少|几|哪些|什么)[份篇个]?(?:文档|文件|资料|文章)")
# Of the things that two questions asked about: 两家差多少, 合计多少, 增加了多少.
_BOTH = re.compile(
    "^(?:这?两[家个者地年座条款次]|它们|二者|两者)?(?:之间|加起来|一共|合计|总共|相比)?"
    "(?P<rest>(?:相差|差|合计|一共|总共|加起来|哪一?个?更?[高多大长快低少小短慢]|谁更?[高多大长快低少小]).{0,12})$"
)
_GREW = re.compile(
    "^(?P<rest>(?:增加|增长|减少|下降|上升|下跌|上涨|多|少|涨|降|跌)了?(?:多少|几|百分之几).{0,6})$"
)
_ENDS_NAME = re.compile("[的年是有在0-9]")
_THAN_IT = re.compile(
    "^(?P<one>[^，,比]{2,20})比(?:它|这个|那个|上面|前者|前面)的?(?P<rest>.{2,20})$"
)
_FOLLOWUP_MARKS = "？?。！! "
_MORE = re.compile(r"(?:那么?)?(?:还有|其他的?|别的|另外)(?:呢|吗|什么|哪些)?[？?]?")
_THIS = re.compile(r"(?<![应本活不])该(?=[\u4e00-\u9fff])")
# A question without a subject: it begins with what asks or with a verb, and is short.
_ASKS_FIRST = re.compile(
    r"(?:什么时候|何时|何年|哪一?[年天月]|几[年月号]|怎么|怎样|如何|在哪[里儿]?|花了?多少)[^，,]{1,8}[？?]?"
    r"|(?:为什么|为何|为啥)[^，,]{1,4}[？?]?"
)
_SHORT = 16
_ASKED_KINDS = (AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.ENTITY)
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
    before = earlier = ""
    turns = [asked.strip() for asked, _ in history if reply_to(asked) is None]
    for asked in turns[-MAX_TURNS:]:
        before, earlier = earlier, _resolve(asked, earlier)
    question = question.strip()
    return _of_both(question, before, earlier) or _resolve(question, earlier)


def _of_both(question: str, before: str, earlier: str) -> str | None:
    """A question of what the two before it asked for (两家差多少), where these are one question of
    two things or periods; None for any other."""
    text = question.rstrip(_FOLLOWUP_MARKS)
    text = text.removeprefix("那么").removeprefix("那").lstrip("，, ")
    both, grew = _BOTH.match(text), _GREW.match(text)
    if not (before and (both or grew)):
        return None
    first, second = (
        [word for word, _ in tagged(one.rstrip(_FOLLOWUP_MARKS))] for one in (before, earlier)
    )
    shorter = min(len(first), len(second))
    start = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    most = shorter - start
    end = next((i for i in range(most) if first[-1 - i] != second[-1 - i]), most)
    while end and not _ENDS_NAME.match(second[len(second) - end]):
        end -= 1  # 阿里云, 华为云: not 阿里, 华为
    one, other = (
        "".join(words[start : len(words) - end]).rstrip("的") for words in (first, second)
    )
    head, tail = "".join(second[:start]), "".join(second[len(second) - end :])
    asking = _ASKING.search(tail)
    if not (one and other) or len(one) > _SHORT or len(other) > _SHORT or asking is None:
        return None
    if dates(f"{one}年" if one.isdecimal() else one) and tail.startswith("年"):
        one, other, tail = f"{one}年", f"{other}年", tail[1:]
        asking = _ASKING.search(tail)
    of = tail[: asking.start()].rstrip("了") if asking else ""
    if both:
        return f"{head}{one}和{other}{of}{both['rest']}？"
    if not (grew and dates(one) and dates(other)):
        return None
    return f"{head}{other}{of}比{one}{grew['rest']}？"


def _resolve(question: str, earlier: str) -> str:
    if not earlier:
        return question
    continued = _continued(question, earlier)
    if continued is not None:
        return continued
    if leading := _LEADING.match(question):
        question = question[leading.end() :]
    if (of := _OF_DOCUMENTS.match(question.rstrip(_FOLLOWUP_MARKS))) and _DOCUMENTS.search(earlier):
        return f"{of['most']}的文件{of['which']}？"
    if than := _THAN_IT.match(question.rstrip(_FOLLOWUP_MARKS)):
        compared = _held_against(than["one"], than["rest"], earlier)
        if compared is not None:
            return compared
    if _INSIDE.match(question) and (topic := _topic(earlier)):
        return topic + question
    return _pointing(question, earlier) or _with_subject(question, earlier)


def _continued(question: str, earlier: str) -> str | None:
    """A question that only goes on with the earlier one; None where it is more."""
    if _MORE.fullmatch(question):
        return f"{earlier.rstrip(_FOLLOWUP_MARKS)}，还有呢？"
    if _BARE.fullmatch(question):
        return f"{earlier.rstrip(_FOLLOWUP_MARKS)}，{question}"
    ellipsis = _ELLIPSIS.fullmatch(question)
    if ellipsis is None:
        return None
    subject = _OWN.sub("", next(filter(None, ellipsis.groups())))
    if ellipsis[1] is None and _ASKING.search(subject):
        return None  # 那谁设计的: a question of its own
    swapped = _swap_value(subject, earlier)
    if swapped is None and (period := dates(subject)) and len(subject) > len(period[0].text):
        earlier = _swap_value(period[0].text, earlier) or earlier
        subject = subject.replace(period[0].text, "", 1).strip("的")
    return swapped or _swap_noun(subject, earlier)


def _held_against(one: str, rest: str, earlier: str) -> str | None:
    """A question of how much one thing or period has more than the one that was asked about
    (2023年比它多多少); None where it has no like there."""
    base = _base(earlier)
    period, own = dates(earlier), dates(one)
    if own and period and base:
        return f"{base.replace(period[0].text, own[0].text, 1)}比{period[0].text}{rest}？"
    topic = _topic(earlier)
    if not own and topic and topic in base:
        return f"{base.replace(topic, one, 1)}比{topic}{rest}？"
    return None


def _pointing(question: str, earlier: str) -> str | None:
    """A question that points at the topic of the earlier one, with the topic in its place; None
    where it points at nothing, or the topic is unknown or named."""
    topic = _topic(earlier)
    if _ON_FIGURE.match(question) and (base := _base(earlier)):
        return base + question
    found = _PRONOUN.search(question)
    if found and found[0] in ("他", "她") and (who := _WHO.fullmatch(earlier)):
        topic = who["a"] or who["b"]
    if topic and found:
        own = question[: found.start()] + question[found.end() :]
        if topic not in own:
            between = "的" if found[0] == "其" else ""
            return question[: found.start()] + topic + between + question[found.end() :]
    if topic and (this := _THIS.search(question)):
        rest = question[this.end() :]
        return question[: this.start()] + topic + rest.removeprefix(first_nouns(rest))
    pronoun = _ENGLISH_PRONOUN.search(question) if question.isascii() else None
    if pronoun and not (
        pronoun[0].lower() in _POSSESSIVE and _ENGLISH_NAME.search(question, 0, pronoun.start())
    ):
        return f"{question} ({earlier})"
    return None


def _with_subject(question: str, earlier: str) -> str:
    if _lacks_subject(question):
        return _topic(earlier) + question
    return _of_topic(earlier) + question if _names_attribute(question) else question


def _names_attribute(question: str) -> bool:
    """Whether a short question begins with what is asked of something and does not say of what:
    净利润是多少."""
    asking = _ASKING.search(question)
    if asking is None or len(question) > _SHORT:
        return False
    words = tagged(question[: asking.start()])
    nouns = bool(words) and all(tag[:1] in "nvb" and tag[:2] not in _NAMES for _, tag in words)
    return nouns and parse_query(question[: asking.start()]).kind in _ASKED_KINDS


def _of_topic(earlier: str) -> str:
    """What the earlier question asks something of, with its period: 海鳐船舶2023年的."""
    topic = _topic(earlier)
    attribute = _attribute(earlier, topic)
    if attribute and attribute in (behind := earlier[earlier.index(topic) + len(topic) :]):
        start = len(earlier) - len(behind) + behind.index(attribute)
        return earlier[:start]
    return f"{topic}的" if topic else ""


def _base(earlier: str) -> str:
    """The earlier question up to where it asks: 海鳐船舶2023年的营业收入; its topic, where it asks
    first."""
    asking = _ASKING.search(earlier)
    base = earlier[: asking.start()].rstrip("，,的了") if asking else ""
    return base if len(base) > 1 else _topic(earlier)


def _lacks_subject(question: str) -> bool:
    """Whether a short question names nobody and nothing that it is about."""
    if len(question) > _SHORT or _QUOTED.search(question):
        return False
    words = tagged(question)
    if not words or any(tag.startswith(_NAMES) and word not in NO_PLACES for word, tag in words):
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
            if not found and form is _ALIKE[1] and (of := _ALIKE[0].search(earlier)):
                return earlier[: of.end()] + subject + earlier[of.end() :]
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
    kind = parse_query(subject).kind
    attribute = _attribute(earlier, topic)
    if kind in _ASKED_KINDS:
        asks = "多少" if kind is AnswerKind.NUMBER else "什么"
        replaced = earlier.replace(attribute, subject, 1) if attribute else ""
        return replaced or f"{topic}的{subject}是{asks}？"
    named = _is_name(subject) or asked_names(subject)
    if named or not _is_name(topic) or attribute != first_nouns(attribute):
        attribute = ""
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
    asking = _ASKING.search(rest)
    nouns = rest[: asking.start()] if asking else first_nouns(rest)
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
