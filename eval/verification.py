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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.answering.verify import check
from rag.text.fold import fold
from rag.text.segment import proper_names
from rag.text.sentences import sentences
from rag.types import Support

KINDS = ("number", "date", "name", "direction")
SEED = 20261121
ARTICLES = 400
# What each kind must reach: precision and recall.
REQUIRED = {
    "number": (0.95, 0.90), "date": (0.95, 0.90), "name": (0.90, 0.75), "direction": (0.90, 0.75),
}  # fmt: skip

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
    for a sentence that still says the same. `year` is the year of the passage's document."""

    sentence: str
    passage: str
    altered: str
    year: int | None


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
    return pairs


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


def measure(pairs: Sequence[Pair]) -> tuple[dict[str, Figures], float]:
    """Precision and recall of each kind, and the share of unaltered sentences supported.

    precision(K) = altered as K and reported for K / reported for K;
    recall(K) = altered as K and not supported / altered as K. A term in quotation marks that is
    missing counts as a name, a negation as a direction. A kind never reported has precision 1.
    """
    found = [(pair.altered, _held(pair)) for pair in pairs]
    figures = {}
    for kind in KINDS:
        reported = [altered for altered, (reason, _) in found if reason == kind]
        wanted = [supported for altered, (_, supported) in found if altered == kind]
        figures[kind] = Figures(
            len(wanted),
            reported.count(kind) / len(reported) if reported else 1.0,
            1 - sum(wanted) / len(wanted) if wanted else 1.0,
        )
    same = [supported for altered, (_, supported) in found if altered == "same"]
    return figures, sum(same) / len(same) if same else 1.0


def _held(pair: Pair) -> tuple[str, bool]:
    """The kind reported for a pair by its best quotation, and whether it is supported."""
    spans = sentences(pair.passage)
    best = max(
        (
            check(pair.sentence, pair.passage[a.start : b.end], pair.passage, pair.year)
            for i, a in enumerate(spans)
            for b in spans[i : i + 3]
        ),
        key=lambda found: (found.support is Support.SUPPORTED, found.support is Support.PARTLY,
                           found.covered),
    )  # fmt: skip
    kind = {"quoted": "name", "negation": "direction"}.get(best.kind, best.kind)
    return kind, best.support is Support.SUPPORTED


def table(folder: Path) -> str:
    """The figures as text, each beside what is required."""
    pairs = make_pairs(folder)
    figures, supported = measure(pairs)
    lines = [f"{len(pairs)} pairs of a sentence and the passage that it cites", ""]
    lines.append(f"{'altered':<12}{'pairs':>6}{'precision':>11}{'recall':>9}   required")
    for kind, figure in figures.items():
        precision, recall = REQUIRED[kind]
        reached = figure.precision >= precision and figure.recall >= recall
        lines.append(
            f"{kind:<12}{figure.pairs:>6}{figure.precision:>11.3f}{figure.recall:>9.3f}"
            f"   ≥ {precision:.2f} / ≥ {recall:.2f}  {'reached' if reached else 'MISSED'}"
        )
    count = sum(pair.altered == "same" for pair in pairs)
    lines.append(f"{'unaltered':<12}{count:>6}   supported {supported:.3f}")
    return "\n".join(lines)
