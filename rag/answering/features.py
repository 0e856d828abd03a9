"""What tells a sentence that answers a question from one that does not, as numbers.

Each number has a name; the fitted models (`rag.models.trees`) know
them by it. NaN is what a question or passage does not tell: a question without names has no share
of names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.models.reader import ReaderMarks, log_odds, rarity
from rag.retrieval.analysis import Asked, ordinals_in
from rag.retrieval.evidence import Evidence
from rag.retrieval.query import Weights
from rag.text.normalize import squeeze
from rag.text.quantities import Period, Quantity, figures
from rag.text.segment import proper_names, tagged

NAN = math.nan
BEFORE = 2
"""Sentences before one in which its subject may stand."""
ABBREVIATED = 0.7
"""What a word counts whose characters stand in a text in their order, close together (营收 in
营业收入)."""
LARGEST_LEAD = 5.0
# In a row of a table a bare 2023 is a year where it is a whole cell.
_CELL_OF_A_YEAR = re.compile(r"(?<![^\t])((?:19|20)[0-9]{2})(?![^\t])")
NARROWER, FURTHER = 0.6, 0.1
_STRETCH = 3  # characters of a text for each of an abbreviation, at most


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A sentence as it is compared: `flat` is folded, without white space."""

    text: str
    flat: str
    quantities: tuple[Quantity, ...]
    periods: tuple[Period, ...]


@lru_cache(8192)
def part_of(text: str, year: int | None) -> FoldedText:
    """A sentence with what it holds; `year` is that of its document. In a row of a table the places
    of its periods may be off by some characters."""
    found, periods = figures(text, year)
    if "\t" in text:
        periods = figures(_CELL_OF_A_YEAR.sub(r"\1年", text), year)[1]
    return FoldedText(text, squeeze(text), found, periods)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A sentence among its neighbours: what stands above its passage, before it, in its passage,
    all folded and without white space. `earlier` are the periods of the sentences before it, `told`
    those of them that stand in no row of a table, `above_periods` those above the passage."""

    evidence: Evidence
    part: FoldedText
    above: str
    before: str
    passage: str
    earlier: tuple[Period, ...]
    told: tuple[Period, ...]
    above_periods: tuple[Period, ...]
    year: int | None


def places(ranked: Sequence[Evidence]) -> list[Surroundings]:
    """Each sentence among its neighbours, in the order of `ranked`."""
    rows: dict[int, list[Evidence]] = {}
    for one in sorted(ranked, key=lambda e: e.order):
        rows.setdefault(one.passage.rank, []).append(one)
    found: dict[tuple[int, int], Surroundings] = {}
    for rank, row in rows.items():
        passage = row[0].passage
        year = int(passage.date[:4]) if passage.date else None
        above_text = "\n".join(passage.above)
        above = squeeze(above_text)
        above_periods = figures(above_text, year)[1]
        parts = [part_of(one.text, year) for one in row]
        whole = "".join(part.flat for part in parts)
        for i, one in enumerate(row):
            earlier = parts[max(0, i - BEFORE) : i]
            found[rank, one.order] = Surroundings(
                one,
                parts[i],
                above,
                "".join(part.flat for part in earlier),
                whole,
                tuple(period for part in parts[:i] for period in part.periods),
                tuple(p for part in parts[:i] if "\t" not in part.text for p in part.periods),
                above_periods,
                year,
            )
    return [found[one.passage.rank, one.order] for one in ranked]


def held(word: str, flat: str) -> float:
    """How far a word stands in a squeezed text: 1 as it is, `ABBREVIATED` where its characters
    follow one another in a stretch thrice as long, else the share of its pairs of characters.

    >>> held("净利润", "归母净利润下降"), held("营收", "营业收入"), held("员工", "收入")
    (1.0, 0.7, 0.0)
    """
    if word in flat:
        return 1.0
    if len(word) < 2 or word.isascii():
        return 0.0
    at = flat.find(word[0])
    while at >= 0:
        end, stretch = at, at + _STRETCH * len(word)
        for character in word[1:]:
            end = flat.find(character, end + 1, stretch)
            if end < 0:
                break
        else:
            return ABBREVIATED
        at = flat.find(word[0], at + 1)
    if len(word) < 3:
        return 0.0
    pairs = sum(word[i : i + 2] in flat for i in range(len(word) - 1)) / (len(word) - 1)
    return ABBREVIATED * pairs


def share(content: Iterable[tuple[str, float]], flat: str) -> tuple[float, float]:
    """The share of the words' weight that a squeezed text holds, and the weight of the heaviest
    word that it lacks, by the scale of rarity; (NaN, NaN) without words."""
    total = found = missing = 0.0
    for word, weight in content:
        has = held(word, flat)
        total += weight
        found += has * weight
        missing = max(missing, (1 - has) * weight)
    return (found / total, missing) if total else (NAN, NAN)


def mean_held(words: Sequence[str], flat: str) -> float:
    """The mean of `held`, NaN for no words."""
    return sum(held(word, flat) for word in words) / len(words) if words else NAN


def least_held(words: Sequence[str], flat: str) -> float:
    """The least of `held`, NaN for no words."""
    return min((held(word, flat) for word in words), default=NAN)


# --- periods ---------------------------------------------------------------------------------


def _agrees(asked: Period, other: Period, years: frozenset[int]) -> bool | None:
    """Whether a period can be the one that is asked for: True where it says at least as much,
    False where it says otherwise, None where neither."""
    if asked.within(other, years):
        return True
    pairs = (
        (asked.year, other.year),
        (asked.month, other.month),
        (asked.day, other.day),
        (asked.part, other.part),
    )
    if any(mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs):
        return False
    if (asked.month is not None and other.part is not None) or (
        asked.part is not None and other.month is not None
    ):
        return False
    return None


def agreement(
    asked: Sequence[Period], groups: Sequence[Sequence[Period]], year: int | None
) -> float:
    """How the periods near a place agree with those that are asked for, nearest group first: 1 for
    the same, `NARROWER` for a part of it, ½ for one that says less, −1 for another, each a little
    less extreme the further away it stands, 0 for none; NaN where none is asked for. Of several
    that are asked for the one that agrees best counts: one place seldom speaks of all."""
    if not asked:
        return NAN
    years = frozenset(p.year for group in groups for p in group if p.year is not None)
    years |= frozenset((year,)) if year is not None else frozenset()
    best = -1.0
    for one in asked:
        verdict = 0.0
        for place, group in enumerate(groups):
            told = [_agrees(one, other, years) for other in group]
            if True in told:
                whole = any(
                    verdict and _as_wide(one, other)
                    for verdict, other in zip(told, group, strict=True)
                )
                verdict = (1.0 if whole else NARROWER) - FURTHER * place
                break
            if False in told:
                verdict = -1.0 + FURTHER * place
                break
            if told:
                verdict = 0.5
        if not verdict and _is_year(one, year):
            verdict = 0.5
        best = max(best, verdict)
    return best


def _is_year(asked: Period, year: int | None) -> bool:
    """Whether a period is just the year of the document."""
    return year is not None and asked.year == year and asked.month is None and asked.part is None


def _as_wide(asked: Period, other: Period) -> bool:
    """Whether a period is not only a part of the one that is asked for: a half or month of the
    year."""
    return asked.month is not None or asked.part is not None or other.part is None


JOINED_BY = 2
"""Characters that may stand between two joined nouns (市场的规模)."""

# --- sentences -------------------------------------------------------------------------------


def sentence_features(
    asked: Asked,
    weights: Weights,
    place: Surroundings,
    reading: ReaderMarks | None,
    best_score: float,
) -> dict[str, float]:
    """The features of a sentence by itself and among its neighbours."""
    one, part = place.evidence, place.part
    flat, near = part.flat, place.above + place.before + part.flat
    everything = place.above + place.passage
    own, own_missing = share(asked.content, flat)
    close, close_missing = share(asked.content, near)
    wide, wide_missing = share(asked.content, everything)
    covered = weights.covered(one.terms)
    names = asked.names
    name_own, name_near = least_held(names, flat), least_held(names, near)
    rivals = _rivals(asked, part) if names and name_own < 1 else 0.0
    return {
        "worth": one.score,
        "rank": float(one.passage.rank),
        "score": one.passage.score / best_score,
        "covered": covered,
        "covered_near": one.covered,
        "own": own,
        "own_missing": own_missing,
        "near": close,
        "near_missing": close_missing,
        "wide": wide,
        "wide_missing": wide_missing,
        "name_own": name_own,
        "name_near": name_near,
        "name_wide": least_held(names, everything),
        "name_mean": mean_held(names, near),
        "rivals": rivals,
        "subject_own": _stands(asked.subject, flat),
        "subject_near": _stands(asked.subject, near),
        "subject_wide": _stands(asked.subject, everything),
        "subject_rarity": rarity(asked.subject) if asked.subject else NAN,
        "ordinal_near": ordinals(asked, near),
        "ordinal_own": ordinals(asked, flat),
        "period_own": agreement(asked.periods, [part.periods], place.year),
        "period_near": agreement(
            asked.periods,
            [part.periods, place.earlier[-2:], place.above_periods],
            place.year,
        ),
        "attribute_own": least_held(asked.attribute, flat),
        "attribute_near": least_held(asked.attribute, near),
        "attribute_wide": least_held(asked.attribute, everything),
        "read": reading.within(one.span) if reading else NAN,
        "has_answer": log_odds(reading.has_answer) if reading else NAN,
        "row": float("\t" in one.text),
        "length": float(min(len(one.text), 200)),
        "ends": float(one.text.endswith(("。", "！", "；", "”", ".", "!"))),
        "asks": float(one.text.endswith(("？", "?"))),
        "first": float(one.order == 0),
        "typed": float(one.typed),
        "compound": compounded(asked, flat),
    }


def compounded(asked: Asked, flat: str) -> float:
    """Of an attribute of two joined nouns (市场规模): 1 where a text has both in a row, −1 where
    it has the second alone, and another noun before it (参数规模), else 0; NaN for other
    attributes."""
    if not asked.compound:
        return NAN
    first, second = asked.compound
    at, verdict = flat.find(second), 0.0
    while at >= 0:
        before = flat[max(0, at - len(first) - JOINED_BY) : at]
        if first in before:
            return 1.0
        if first not in flat and _ends_with_noun(before):
            verdict = -1.0
        at = flat.find(second, at + 1)
    return verdict


@lru_cache(4096)
def _ends_with_noun(text: str) -> bool:
    words = tagged(text)
    return bool(words) and len(words[-1][0]) > 1 and words[-1][1][:1] == "n"


def _stands(subject: str, flat: str) -> float:
    """How far a subject stands in a squeezed text (`held`); NaN for none."""
    return held(subject, flat) if subject else NAN


def _rivals(asked: Asked, part: FoldedText) -> float:
    """How many names the sentence has that the question has not."""
    return float(sum(name not in asked.squeezed for name in set(proper_names(part.text))))


def ordinals(asked: Asked, flat: str) -> float:
    """1 where all that tells one of a row from the others stands in a text, −1 where the text has
    another of the same measure instead, else 0; NaN where the question has none."""
    if not asked.ordinals:
        return NAN
    there = ordinals_in(flat)
    least = 1.0
    for one in asked.ordinals:
        measure = one.lstrip("0123456789")
        if one in there or one in flat:
            continue
        other = any(two.endswith(measure) for two in there)
        least = min(least, -1.0 if other else 0.0)
    return least


ANYWHERE = ("wide", "name_wide", "attribute_wide", "has_answer", "near")


def anywhere(rows: Sequence[dict[str, float]]) -> None:
    """Adds to each row the best that any of the rows has of the features `ANYWHERE`, as
    `NAME_any`: what stands nowhere can hardly be answered."""
    for name in ANYWHERE:
        known = [row[name] for row in rows if not math.isnan(row[name])]
        best = max(known, default=NAN)
        for row in rows:
            row[f"{name}_any"] = best


def beside_rivals(
    rows: Sequence[dict[str, float]], names: Sequence[str], *, least: Sequence[str] = ()
) -> None:
    """Adds to each row how its features `names` stand to the best of the other rows, as
    `NAME_lead`: own value less that one, at most `LARGEST_LEAD` (also where there is no other); NaN
    where the own value is. Of the features `least` the smallest is the best."""
    for name in names:
        values = np.array([row[name] for row in rows], np.float64)
        if name in least:
            values = -values
        known = np.where(np.isnan(values), -np.inf, values)
        order = np.sort(known)[::-1]
        first, second = (
            (order[0], order[1] if len(order) > 1 else -np.inf) if len(order) else (0, 0)
        )
        for row, own in zip(rows, known.tolist(), strict=True):
            other = second if own == first else first
            lead = LARGEST_LEAD if np.isinf(other) else min(own - other, LARGEST_LEAD)
            row[f"{name}_lead"] = NAN if np.isinf(own) else float(lead)
