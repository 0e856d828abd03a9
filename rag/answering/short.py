"""The short answer inside a sentence: a number with its unit, a date, a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.evidence import Evidence
from rag.answering.query import Kind, Query
from rag.text.fold import fold, squeeze

_DIGITS = r"[0-9０-９]+(?:[,，][0-9]{3})*(?:[.．][0-9]+)?"
_SCALE = r"(?:\s?(?:[十百千万亿]{1,3}|多|余|[–—~-]\s?[0-9.]+)){0,3}"
_UNIT = (
    r"(?:\s?(?:%|％|‰|个百分点|美元|欧元|英镑|日元|港元|元|公里|千米|平方公里|平方米|厘米|毫米|纳米|米"
    r"|吨|公斤|千克|[GMKT]W[hH]?|GW|吉瓦|兆瓦|千瓦时|千瓦|[a-zA-Z]{1,3}(?![a-zA-Z])|倍|成|折|岁"
    r"|[个家人名项次条所种座台款户层天年月周小时分钟秒届位艘辆架件只枚颗类级期步篇万亿起宗股]{1,2}))?"
)
_NUMBERS = re.compile(
    rf"(?:{_DIGITS}{_SCALE}{_UNIT}|[一二两三四五六七八九十]成|[一二三四五六七八九十]+分之[一二三四五六七八九十]+)"
)
_DATES = re.compile(
    r"(?:[0-9]{4}\s?年\s?)?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?[日号])?"
    r"|[0-9]{4}\s?年(?:[^，。；]{0,2}第?[一二三四1-4]季度)?|[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?"
)
_NAMES = re.compile(
    r"《[^》]{2,40}》|“[^”]{2,20}”|[A-Za-z][A-Za-z0-9.&-]*(?:\s[A-Z][A-Za-z0-9.&-]*){0,4}"
    r"|[\u4e00-\u9fff]{2,14}(?:公司|集团|大学|研究院|研究所|研究中心|中心|银行|基金会|基金|委员会|协会|实验室|平台)"
)
_FORMS = {Kind.NUMBER: _NUMBERS, Kind.DATE: _DATES, Kind.ENTITY: _NAMES}
_ASKED_UNIT = re.compile(
    r"(?:多少|几)\s?(?:[十百千万亿]{0,2})(美元|欧元|英镑|港元|公里|平方公里|[\u4e00-\u9fff])"
)
_MONEY = re.compile(r"多少钱|多少资金|金额|融资|营收|收入|市值|估值|规模|投资")
_SHARE = re.compile(r"占比|比例|比重|份额|百分之|增速|率|幅度|几成|share|percent|rate")


def short_answer(query: Query, chosen: Sequence[Evidence]) -> str | None:
    """What answers a question for a number, a date or a name, in the characters of one of the
    chosen sentences; None for other questions or where there is none.

    Of several candidates the one wins whose unit is asked for, then the one in the better
    sentence, then the one nearest to the question's words.
    """
    form = _FORMS.get(query.kind)
    if form is None:
        return None
    found = (
        (mismatch, place, distance, text)
        for place, evidence in enumerate(chosen)
        for mismatch, distance, text in _candidates(query, evidence, form)
    )
    best = min(found, default=None)
    return best[3] if best else None


def _candidates(
    query: Query, evidence: Evidence, form: re.Pattern[str]
) -> Iterator[tuple[int, float, str]]:
    """Candidates as (mismatch of the unit, distance to the question's words, text)."""
    question = squeeze(query.text)
    anchors = _anchors(evidence)
    for match in form.finditer(evidence.text):
        text = match.group().strip()
        if squeeze(text).strip("“”《》") in question:
            continue
        middle = (match.start() + match.end()) / 2
        near = sorted(abs(middle - anchor) for anchor in anchors)[:3]
        distance = sum(near) / len(near) if near else float(match.start())
        yield _mismatch(query, text), distance, text.strip("“”")


def _anchors(evidence: Evidence) -> list[float]:
    folded = fold(evidence.text)
    scale = len(evidence.text) / max(1, len(folded))
    return [
        (match.start() + match.end()) / 2 * scale
        for term in evidence.terms
        for match in re.finditer(re.escape(term), folded)
    ]


def _mismatch(query: Query, text: str) -> int:
    if query.kind is not Kind.NUMBER:
        return 0
    if _SHARE.search(fold(query.text)):
        return 0 if re.search(r"[%％‰成]|百分点|分之", text) else 1
    asked = _ASKED_UNIT.search(query.text)
    if asked and asked[1] != "钱":
        return 0 if asked[1] in text else 1
    return 0 if not _MONEY.search(query.text) or re.search(r"[元镑]", text) else 1
