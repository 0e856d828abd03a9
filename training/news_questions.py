"""Questions made from news: a sentence with a figure, a date or a name left out and asked for.

What is asked keeps the sentence's words but not its form: what leads it in is cut off, clauses are
left out at random, and so are single words in every second question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from rag.text.segment import STOP_WORDS, cut
from rag.text.sentences import sentences
from training.data import Question, passages

SHORTEST, LONGEST = 12, 48  # characters of a question
SHORTEST_SENTENCE, LONGEST_SENTENCE = 18, 120
FEWEST_WORDS = 5
KEEP_CLAUSE, KEEP_REST, THIN, DROP = 0.6, 0.7, 0.5, 0.15

_LEAD = re.compile(
    r"^(?:此外|同时|另外|其中|不过|但|而|并且|目前|据悉|据了解|据介绍|值得一提的是|数据显示|资料显示"
    r"|(?:IT之家|新华社|央视|人民网|中新)[^，。]{0,24}(?:消息|电|讯)|据[^，。]{1,14}(?:报道|消息|介绍|数据))[，,:：]?"
)
_CLAUSE = re.compile(r"[，,；;：:]")
_COUNTED = "个家人名项次条所种座台款户层吨元倍岁米年天亩册件辆架艘宗起股部"
_NUMBER = re.compile(
    rf"(?P<said>[0-9]+(?:[,，][0-9]{{3}})*(?:\.[0-9]+)?)(?P<unit>\s?(?:%|[万亿千百]{{0,2}}余?(?:美元|公里|平方米|千瓦时|小时|[{_COUNTED}])))"
)
_DATE = re.compile(
    r"(?:[0-9]{4}\s?年\s?)?(?<![0-9.])[0-9]{1,2}\s?月(?!度|份?[0-9])(?P<day>\s?[0-9]{1,2}\s?[日号])?|[0-9]{4}\s?年"
)
_WORK = re.compile(r"《[^《》]{2,24}》")
_NO_FACT = re.compile(r"消息|原标题|记者|配图|责任编辑|来源|本报讯")


def news_questions(articles: Iterable[str], random: np.random.Generator) -> Iterator[Question]:
    """One question on a passage of each article, where one can be made."""
    for article in articles:
        parts = passages(article)
        for place in random.permutation(len(parts)).tolist():
            question = _ask(parts[place], random)
            if question is not None:
                yield question
                break


def _ask(passage: str, random: np.random.Generator) -> Question | None:
    spans = [
        s
        for s in sentences(passage)
        if SHORTEST_SENTENCE <= len(s) <= LONGEST_SENTENCE and not _NO_FACT.search(s.of(passage))
    ]
    for place in random.permutation(len(spans)).tolist():
        sentence = spans[place].of(passage)
        targets = list(_targets(sentence))
        if not targets:
            continue
        start, end, asking = targets[int(random.integers(len(targets)))]
        text = _question(sentence, start, end, asking, random)
        if text is not None:
            at = spans[place].start + start
            return Question(text, passage, sentence[start:end], at)
    return None


def _targets(sentence: str) -> Iterator[tuple[int, int, str]]:
    """What can be asked for: its place and the words that ask."""
    taken = []
    for match in _DATE.finditer(sentence):
        taken.append(match.span())
        asking = "哪一天" if match["day"] else "什么时候" if "月" in match.group() else "哪一年"
        yield *match.span(), asking
    for match in _NUMBER.finditer(sentence):
        unit = match["unit"].strip()
        if any(start <= match.start() < end for start, end in taken):
            continue
        yield *match.span(), "百分之多少" if unit == "%" else f"多少{unit}"
    for match in _WORK.finditer(sentence):
        yield *match.span(), "什么"


def _question(
    sentence: str, start: int, end: int, asking: str, random: np.random.Generator
) -> str | None:
    lead = _LEAD.match(sentence)
    begin = lead.end() if lead and lead.end() <= start else 0
    edges = [m.end() for m in _CLAUSE.finditer(sentence, begin, start)]
    own = edges[-1] if edges else begin
    clauses = list(zip([begin, *edges][:-1], edges, strict=True)) if edges else []
    kept = [
        sentence[a:b]
        for i, (a, b) in enumerate(clauses)
        if random.random() < (0.9 if i == 0 else KEEP_CLAUSE)
    ]
    close = _CLAUSE.search(sentence, end)
    rest = sentence[end : close.start() if close else len(sentence)].rstrip("。！？!?；;”）)")
    if random.random() > KEEP_REST and sentence[own:start].strip():
        rest = ""
    drop = DROP if random.random() < THIN else 0.0
    before = _thinned("".join(kept) + sentence[own:start], drop, random)
    after = _thinned(rest, drop, random)
    text = f"{before}{asking}{after}？"
    said = [w for w in cut(f"{before} {after}") if w not in STOP_WORDS and w.isalnum()]
    answer = sentence[start:end]
    if not SHORTEST <= len(text) <= LONGEST or len(said) < FEWEST_WORDS or answer in text:
        return None
    return text


def _thinned(text: str, share: float, random: np.random.Generator) -> str:
    """Without a share of its words; figures stay, they say which one is meant."""
    return "".join(word for word in cut(text) if word.isdigit() or random.random() >= share)
