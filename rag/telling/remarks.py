"""Remarks on sentences and answers in words."""

from __future__ import annotations

from collections.abc import Mapping

from rag.telling.errors import error_text
from rag.types import Remark
from rag.types import RemarkKind as Kind

DEFAULT = "zh"
_TEXTS: Mapping[str, Mapping[Kind, str]] = {
    "zh": {
        Kind.NOT_QUOTED: "检索到的段落里没有这句话的依据",
        Kind.NOT_CITED: "依据在另一段，引用已改到那里",
        Kind.NUMBER: "引文里没有数字 {0}",
        Kind.DATE: "引文里没有日期 {0}",
        Kind.QUOTED: "引文里没有“{0}”",
        Kind.NAME: "引文里没有：{all}",
        Kind.DIRECTION: "引文说的升降方向相反",
        Kind.NEGATION: "引文对“{0}”的肯定与否定相反",
        Kind.COVERAGE: "引文只支持这句话的一部分（{0}）",
        Kind.NEGATED: "句子与引文一方否定、一方肯定",
        Kind.CERTAINTY: "引文说得没有这样肯定",
        Kind.SCOPE: "引文说的范围没有这样大",
        Kind.LANGUAGE: "措辞是另一种语言，只核对了数字、日期和名称",
        Kind.ASKED_NAME: "引文没有提到：{all}",
        Kind.ASKED_YEAR: "问的是{0}年，引文说的是{1}年",
        Kind.ASKED_DIRECTION: "问题说“{0}”，引文说的是“{1}”",
        Kind.ASKED_NUMBER: "问题说{0}，引文说的是{1}",
        Kind.ASKED_HOLDER: "问题说{0}是{1}，引文说的是{2}",
        Kind.EXTRACT_INSTEAD: "对话模型没有给出完整的回答，这里是原文摘录。{0}",
        Kind.WITHHELD: "严格模式：模型写的 {0} 句话没有出处支持，没有显示",
    },
    "en": {
        Kind.NOT_QUOTED: "none of the passages found says this",
        Kind.NOT_CITED: "another passage says it; the citation was moved there",
        Kind.NUMBER: "the figure {0} is not in the quotation",
        Kind.DATE: "the date {0} is not in the quotation",
        Kind.QUOTED: "“{0}” is not in the quotation",
        Kind.NAME: "not in the quotation: {all}",
        Kind.DIRECTION: "the quotation says the opposite of a rise or fall",
        Kind.NEGATION: "only one of sentence and quotation negates “{0}”",
        Kind.COVERAGE: "the quotation supports a part of the sentence ({0})",
        Kind.NEGATED: "only one of sentence and quotation negates what both say",
        Kind.CERTAINTY: "the quotation does not say it that surely",
        Kind.SCOPE: "the quotation does not say it of that much",
        Kind.LANGUAGE: "wording in another language; only figures, dates and names were checked",
        Kind.ASKED_NAME: "the quotation does not mention: {all}",
        Kind.ASKED_YEAR: "the question is about {0}, the quotation about {1}",
        Kind.ASKED_DIRECTION: "the question says “{0}”, the quotation “{1}”",
        Kind.ASKED_NUMBER: "the question says {0}, the quotation {1}",
        Kind.ASKED_HOLDER: "the question says that the {0} is {1}, the quotation {2}",
        Kind.EXTRACT_INSTEAD: "The chat model gave no complete answer; these are sentences of the "
        "documents. {0}",
        Kind.WITHHELD: "Strict mode: sentences of the model that no source supports, not shown: "
        "{0}",
    },
}
# What a quotation gives in the place of a figure or date, where it gives one of the kind.
_GIVEN = {"zh": "引文里是 {1}，不是 {0}", "en": "the quotation has {1}, not {0}"}
_PAUSES = {"zh": "、", "en": ", "}
_ENDS = {"zh": "。", "en": "."}


def remark_text(remark: Remark | None, language: str = DEFAULT) -> str:
    """The remark in words, without its passage; empty for none.

    >>> remark_text(Remark(Kind.NUMBER, ("13万元",)))
    '引文里没有数字 13万元'
    >>> remark_text(Remark(Kind.NUMBER, ("15.2%", "12.5%")))
    '引文里是 12.5%，不是 15.2%'
    """
    if remark is None:
        return ""
    values = [error_text(value, language) for value in remark.values]
    if remark.kind in (Kind.NUMBER, Kind.DATE) and len(values) > 1:
        return _GIVEN[language].format(*values)
    return _TEXTS[language][remark.kind].format(*values, all=_PAUSES[language].join(values))


def remark_sentence(remark: Remark, language: str = DEFAULT) -> str:
    """The remark as a sentence, with the marker of its passage where it has one.

    >>> remark_sentence(Remark(Kind.ASKED_YEAR, ("2021", "2023"), 2), "en")
    'The question is about 2021, the quotation about 2023[2].'
    """
    text = remark_text(remark, language)
    text = text[:1].upper() + text[1:]
    marker = "" if remark.n is None else f"[{remark.n}]"
    ended = text.endswith(tuple("。.！？!?")) and not marker
    return text if ended else f"{text}{marker}{_ENDS[language]}"
