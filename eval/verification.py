"""How well the verification of answers tells right sentences from altered ones.

Pairs of a sentence and the passage that it cites are made from texts by rule, with a fixed
seed: a sentence as it stands but written otherwise (supported), or with one figure, date, name
or direction altered (not supported). What is altered is known, so no one has to judge.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from eval.retold import MEASURE, SAME, retold
from rag.answering.contradictions import FOREMOST, LIMITING
from rag.answering.statements import HEDGES, LIMITS, NEGATIONS, facts
from rag.answering.verify import judge
from rag.text.normalize import fold
from rag.text.quantities import quantities
from rag.text.segment import proper_names, tagged
from rag.text.sentences import sentences
from rag.types import Passage, Span, Support

KINDS = ("number", "date", "name", "direction")
# Kinds of which only the recall is measured: a name for another of the passage, a part for the
# whole, what may be for what is. Each at most so many times.
FURTHER = ("entity", "scope", "certainty", "limit")
MOST_FURTHER = 200
PARAPHRASE, MOST_PARAPHRASES = "paraphrase", 500
SEED = 20261121
ARTICLES = 800
# What each kind must reach: precision and recall.
REQUIRED = {
    "number": (0.95, 0.95),
    "date": (0.95, 0.95),
    "name": (0.90, 0.95),
    "direction": (0.90, 0.95),
}
REQUIRED_FURTHER, REQUIRED_PARAPHRASES = 0.80, 0.95  # fmt: skip

_FIGURE = re.compile(
    r"(?<![\d.])(\d{1,3}(?:\.\d+)?)(万亿|亿|万)?(美元|元|吨|人次|人|家|个|%|公里|户)"
)
_DAY = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日")
_YEAR = re.compile(r"((?:19|20)\d{2})年")
_TURNS = (
    ("增长", "下降"), ("上升", "下降"), ("提高", "降低"), ("上涨", "下跌"), ("增加", "减少"),
    ("扩大", "缩小"), ("回升", "回落"), ("高于", "低于"),
)  # fmt: skip
_HAN = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence, the passage that it cites, and what was altered: one of `KINDS`, or `same`
    for a sentence that still says the same, `PARAPHRASE` for one that says it in other figures or
    joined with another. `year` is the year of the passage's document; `second` is the text of a
    second passage that is cited, empty for none."""

    sentence: str
    passage: str
    altered: str
    year: int | None
    second: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind: pairs altered so, how many of them are caught, and of the sentences reported
    for this reason how many were altered so."""

    pairs: int
    precision: float
    recall: float


def make_pairs(folder: Path) -> list[Pair]:
    """Pairs from the news, ExpMRC and the development questions in the shared `folder`."""
    chance = random.Random(SEED)
    pairs: list[Pair] = []
    contexts = list(_contexts(folder))
    names = sorted({name for text, _ in contexts for name in proper_names(text)})
    for text, year in contexts:
        spans = sentences(text)
        if not spans:
            continue
        span = chance.choice(spans)
        sentence = span.of(text)
        if not 18 <= len(sentence) <= 120:
            continue
        for altered, alter in _ALTERATIONS:
            changed = alter(sentence, text, chance, names)
            if changed is not None and changed != sentence:
                pairs.append(Pair(changed, text, altered, year))
        pairs += _further(sentence, text, year, chance)
        pairs += _paraphrases(sentence, text, year, chance, contexts)
    counts: Counter[str] = Counter()
    return [pair for pair in pairs if _counted(pair, counts)]


def _counted(pair: Pair, counts: Counter[str]) -> bool:
    """Whether a pair is still wanted: of some kinds only so many are."""
    counts[pair.altered] += 1
    most = {**dict.fromkeys(FURTHER, MOST_FURTHER), PARAPHRASE: MOST_PARAPHRASES}
    return counts[pair.altered] <= most.get(pair.altered, len(pair.sentence) + counts.total())


def _further(sentence: str, text: str, year: int | None, chance: random.Random) -> Iterator[Pair]:
    """Faults of entity, scope and certainty, by words that stand in the sentence."""
    kinds = dict(facts(text).kinds)
    own = [name for name in facts(sentence).names if name in sentence and name in kinds]
    if own:
        old = chance.choice(own)
        others = [
            name
            for name, kind in kinds.items()
            if kind == kinds[old] and name not in sentence and name in text
        ]
        if others and kinds[old] != "en":
            yield Pair(sentence.replace(old, chance.choice(others)), text, "entity", year)
    limit = LIMITS.search(sentence)
    if limit and limit.group() in _PARTS:
        whole = chance.choice(("全部", "所有", ""))
        yield Pair(_put(sentence, limit, whole), text, "scope", year)
    else:
        every = before_verb(sentence, chance, ("全部", "一律", "始终"))
        if every and "都" not in sentence and "全" not in sentence:
            yield Pair(every, text, "scope", year)
    wider = _without_limit(sentence)
    if wider:
        yield Pair(wider, text, "limit", year)
    hedge = HEDGES.search(sentence)
    if hedge and not NEGATIONS.search(hedge.group()):
        surely = _put(sentence, hedge, chance.choice(("已", "已经", "必然")))
        yield Pair(surely, text, "certainty", year)


def _without_limit(sentence: str) -> str:
    """The sentence without the word of place, side or time that stands before the first or most of
    something; empty where none does."""
    for match in FOREMOST.finditer(sentence):
        end = match.start() - sentence[: match.start()].endswith("的")
        before = tagged(sentence[:end])
        if before and before[-1][1] in LIMITING:
            word = before[-1][0]
            left = sentence[: end - len(word)] + sentence[match.start() :]
            return left if word not in left else ""
    return ""


_PARTS = frozenset(
    ("部分", "一些", "多数", "大多", "少数", "主要", "一般", "通常", "往往", "个别", "某些", "基本")
)


def _put(sentence: str, match: re.Match[str], word: str) -> str:
    return sentence[: match.start()] + word + sentence[match.end() :]


def before_verb(
    sentence: str, chance: random.Random, words: Sequence[str], after: int = 3
) -> str | None:
    """The sentence with one of `words` before one of its verbs of two characters or more, both by
    chance; of verbs that begin behind the first `after` characters only. None without one."""
    places, at = [], 0
    for word, tag in tagged(sentence):
        if tag == "v" and at > after and len(word) > 1:
            places.append(at)
        at += len(word)
    if not places:
        return None
    place = chance.choice(places)
    return sentence[:place] + chance.choice(words) + sentence[place:]


def _paraphrases(
    sentence: str,
    text: str,
    year: int | None,
    chance: random.Random,
    contexts: Sequence[tuple[str, int | None]],
) -> Iterator[Pair]:
    """Faithful sentences: rounded, in another unit, with a computed value, of two passages."""
    rounded = _ROUNDED.search(sentence)
    if rounded and sentence[max(0, rounded.start() - 1) : rounded.start()] not in "约近超第":
        about = f"约{round(float(rounded[1]))}"
        said = sentence[: rounded.start(1)] + about + sentence[rounded.end(1) :]
        yield Pair(said, text, PARAPHRASE, year)
    scaled = _SCALED.search(sentence)
    if scaled:
        other = f"{round(float(scaled[1]) * 10000):,}万{scaled[2]}"
        yield Pair(_put(sentence, scaled, other), text, PARAPHRASE, year)
    money = [
        q for q in quantities(sentence)
        if q.unit.name in ("元", "美元", "人", "吨") and not q.is_range and q.low > 100
    ]  # fmt: skip
    if len(money) == 2 and money[0].unit is money[1].unit and money[0].low != money[1].low:
        less = abs(money[0].low - money[1].low)
        said = f"{sentence.rstrip('。；')}，两者相差{_written(less)}{money[0].unit.name}。"
        yield Pair(said, text, PARAPHRASE, year)
    second, other_year = chance.choice(contexts)
    spans = [span for span in sentences(second) if 18 <= len(span) <= 80]
    if spans and other_year == year and chance.random() < 0.4:
        joined = sentence.rstrip("。；！") + "；此外，" + chance.choice(spans).of(second)
        yield Pair(joined, text, PARAPHRASE, year, second)


_ROUNDED = re.compile(r"(?<![\d.,])(\d{2,4}\.\d{1,3})(?=亿|万|%)")
_SCALED = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3})?)亿(元|美元|吨|人)")


def _written(value: Fraction) -> str:
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            return f"{float(value / size):.6f}".rstrip("0").rstrip(".") + name
    return f"{float(value):.4f}".rstrip("0").rstrip(".")


def _contexts(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Passages of two to five sentences with their year."""
    with lzma.open(folder / "data" / "news.jsonl.xz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number >= ARTICLES * 50:
                break
            if number % 50 == 0:
                article = json.loads(line)
                year = str(article["date"] or "")[:4]
                yield from _passages(article["text"], int(year) if year.isdigit() else None)
    for line in (folder / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        quotes = [evidence["quote"] for evidence in json.loads(line)["evidence"]]
        if quotes:
            yield "\n".join(quotes), None


def _passages(text: str, year: int | None) -> Iterator[tuple[str, int | None]]:
    spans = [span for span in sentences(text) if len(span) >= 12]
    for start in range(0, min(len(spans), 12), 4):
        part = spans[start : start + 4]
        yield text[part[0].start : part[-1].end], year


Alter = Callable[[str, str, random.Random, Sequence[str]], str | None]


def _rewritten(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The same figures written otherwise: 1.2亿 as 12,000万, 30% as 三成, full-width digits."""
    del text, names

    def otherwise(match: re.Match[str]) -> str:
        number, scale, unit = match[1], match[2], match[3]
        if unit == "%" and number.isdigit() and 0 < int(number) < 100 and int(number) % 10 == 0:
            return f"{_HAN[int(number) // 10]}成"
        if scale == "亿":
            return f"{round(float(number) * 10000):,}万{unit}"
        return match.group().translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    changed = _FIGURE.sub(otherwise, sentence)
    return changed if changed != sentence or chance.random() < 0.2 else None


def _shortened(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    """The sentence without one of its clauses."""
    del text, names
    clauses = re.split(r"(?<=[，；])", sentence)
    if len(clauses) < 3:
        return None
    del clauses[chance.randrange(1, len(clauses) - 1)]
    return "".join(clauses)


def _number(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    del names
    matches = list(_FIGURE.finditer(sentence))
    if not matches:
        return None
    match = chance.choice(matches)
    digits = list(match[1])
    place = chance.choice([i for i, digit in enumerate(digits) if digit.isdigit()])
    digits[place] = chance.choice([d for d in "123456789" if d != digits[place]])
    figure = "".join(digits)
    if f"{figure}{match[2] or ''}{match[3]}" in text:
        return None
    return sentence[: match.start(1)] + figure + sentence[match.end(1) :]


def _date(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    del names
    matches = [*_YEAR.finditer(sentence), *_DAY.finditer(sentence)]
    if not matches:
        return None
    match = chance.choice(matches)
    old = int(match[1])
    new = old + chance.choice((-3, -2, -1, 1, 2, 3))
    if match.re is _DAY:
        new = (old + chance.randrange(1, 11)) % 12 + 1
    if new == old or f"{new}{match.group()[len(match[1]) :]}" in text or f"{new}年" in text:
        return None
    return sentence[: match.start(1)] + str(new) + sentence[match.end(1) :]


def _name(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    own = [name for name in proper_names(sentence) if name in sentence]
    if not own:
        return None
    old = chance.choice(own)
    new = chance.choice([name for name in names if abs(len(name) - len(old)) <= 1])
    return None if new in fold(text) else sentence.replace(old, new)


def _direction(sentence: str, text: str, chance: random.Random, names: Sequence[str]) -> str | None:
    del text, names
    found = [
        (old, new)
        for pair in _TURNS
        for old, new in (pair, pair[::-1])
        if sentence.count(old) == 1 and new not in sentence
    ]
    if not found:
        return None
    old, new = chance.choice(found)
    return sentence.replace(old, new)


_ALTERATIONS: tuple[tuple[str, Alter], ...] = (
    ("same", _rewritten), ("same", _shortened), ("number", _number), ("date", _date),
    ("name", _name), ("direction", _direction),
)  # fmt: skip


def measure(pairs: Sequence[Pair]) -> tuple[dict[str, Figures], dict[str, tuple[int, float]]]:
    """Precision and recall of each kind; for the further kinds their number and the share that is
    not supported, for unaltered sentences and paraphrases that which is.

    precision(K) = altered as K and reported for K / reported for K;
    recall(K) = altered as K and not supported / altered as K. A term in quotation marks that is
    missing counts as a name, a negation as a direction. A kind never reported has precision 1.
    """
    found = [(pair.altered, _held(pair)) for pair in pairs]
    figures = {}
    for kind in KINDS:
        reported = [
            altered for altered, (reason, _) in found
            if reason == kind and altered in (*KINDS, "same")
        ]  # fmt: skip
        wanted = [supported for altered, (_, supported) in found if altered == kind]
        figures[kind] = Figures(
            len(wanted),
            reported.count(kind) / len(reported) if reported else 1.0,
            1 - sum(wanted) / len(wanted) if wanted else 1.0,
        )
    shares = {}
    for kind in (*FURTHER, "same", PARAPHRASE):
        kept = [supported for altered, (_, supported) in found if altered == kind]
        if kept:
            share = sum(kept) / len(kept)
            shares[kind] = (len(kept), 1 - share if kind in FURTHER else share)
    return figures, shares


def retold_shares(folder: Path) -> tuple[list[bool], list[bool]]:
    """Of the sentences of `eval.retold` that are there to measure with: of each faithful one
    whether it is supported, of each with a fault whether it is not."""
    kept: list[bool] = []
    caught: list[bool] = []
    for one in retold(folder / "data", MEASURE):
        found = judge(one.sentence, [_passage(one.passage, 1, one.year)], one.year)
        supported = found.support is Support.SUPPORTED
        kept += [supported] * (one.what == SAME)
        caught += [not supported] * (one.what != SAME)
    return kept, caught


def _held(pair: Pair) -> tuple[str, bool]:
    """The kind reported for a pair, and whether it is supported."""
    cited = [_passage(pair.passage, 1, pair.year)]
    if pair.second:
        cited.append(_passage(pair.second, 2, pair.year))
    found = judge(pair.sentence, cited, pair.year)
    kind = "" if found.reason is None else found.reason.kind.value
    kind = {"quoted": "name", "negation": "direction", "negated": "direction"}.get(kind, kind)
    return kind, found.support is Support.SUPPORTED


def _passage(text: str, rank: int, year: int | None) -> Passage:
    return Passage(
        rank, 0.0, str(rank), str(rank), "", str(year) if year else None, False, (), None, None,
        Span(0, len(text)), text, (),
    )  # fmt: skip


def table(folder: Path) -> str:
    """The figures as text, each beside what is required."""
    pairs = make_pairs(folder)
    figures, shares = measure(pairs)
    lines = [f"{len(pairs)} pairs of a sentence and the passage that it cites", ""]
    lines.append(f"{'altered':<12}{'pairs':>6}{'precision':>11}{'recall':>9}   required")
    for kind, figure in figures.items():
        precision, recall = REQUIRED[kind]
        reached = figure.precision >= precision and figure.recall >= recall
        lines.append(
            f"{kind:<12}{figure.pairs:>6}{figure.precision:>11.3f}{figure.recall:>9.3f}"
            f"   ≥ {precision:.2f} / ≥ {recall:.2f}  {'reached' if reached else 'MISSED'}"
        )
    for kind, (count, share) in shares.items():
        wanted = REQUIRED_FURTHER if kind in FURTHER else REQUIRED_PARAPHRASES
        what = "not supported" if kind in FURTHER else "supported"
        met = "reached" if share >= wanted else "MISSED"
        lines.append(f"{kind:<12}{count:>6}   {what} {share:.3f}   ≥ {wanted:.2f}  {met}")
    for name, hits in zip(("kept", "caught"), retold_shares(folder), strict=True):
        lines.append(f"retold {name:<11}{sum(hits):>4} of {len(hits)}: {sum(hits) / len(hits):.3f}")
    return "\n".join(lines)
