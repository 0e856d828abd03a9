"""Where in the passages a sentence stands, and whether it relates things as they do.

The lines that a sentence rests on and what of it they hold; then who does what to whom, and which
words of a line belong together: what a sentence relates otherwise than its lines, though they have
all of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from rag.answering.figures import MEMBERS, RESPECTIVELY, BoundFigure, agree, find_figures, given
from rag.answering.statements import (
    BESIDE,
    BODY,
    DOWN,
    ELSEWHERE,
    LOOKED_AT,
    SAME_SIDE,
    UP,
    Clause,
    PassageLine,
    Statements,
    above,
    facts,
    held,
    label_periods,
    line_figures,
    lines_of,
    pairs,
    year_of,
    years_above,
    years_before,
)
from rag.models.reader import rarity
from rag.text.normalize import squeeze
from rag.text.quantities import Period, Quantity, figures, months, quantities
from rag.text.segment import first_nouns, is_ordinary, tagged
from rag.types import Passage

MOST_LINES = 4
# A further line must hold a fact or this share of the words that those before it lack.
LINE_GAIN = 0.12
FACT_WEIGHT = 2.0
# Rarity (ln N/n over Chinese at large) of a word that counts 1.
COMMON = 4.5


@dataclass(frozen=True, slots=True)
class Alignment:
    """A claim beside the lines that it rests on, best first."""

    claim: Statements
    lines: tuple[PassageLine, ...]
    passages: tuple[Passage, ...]
    figures: tuple[BoundFigure, ...]
    missing_dates: tuple[Period, ...]
    far_dates: int
    credit: dict[str, float]
    """For each content word how surely it is found, from 0 to 1."""


def align(claim: Statements, passages: Sequence[Passage]) -> Alignment:
    """The claim beside the lines of `passages` that it rests on, at most `MOST_LINES`."""
    weights = word_weights(claim)
    wanted = [quantity for clause in claim.clauses for quantity in clause.quantities]
    ranked = _ranked(claim, weights, passages)
    chosen = _chosen(weights, wanted, ranked)
    figures_found = find_figures(claim, wanted, chosen, ranked, weights)
    for found in figures_found:
        if found.line is not None and found.line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(found.line)
    missing, far, dated = _dates(claim, chosen, passages)
    for line in dated:
        if line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(line)
    credit = _credit(weights, chosen, passages)
    return Alignment(claim, tuple(chosen), tuple(passages), figures_found, missing, far, credit)


def word_weights(claim: Statements) -> dict[str, float]:
    """What each content word of the claim counts: more for a name, less for a common word."""
    names = set(claim.names)
    return {
        word: 1.5 if word in names else min(1.5, max(0.3, rarity(word) / COMMON))
        for word in claim.words
    }


def _ranked(
    claim: Statements, weights: dict[str, float], passages: Sequence[Passage]
) -> list[tuple[float, PassageLine]]:
    """The lines that share words or digits with the claim, best first."""
    wanted = list(_all(claim))
    digits = ["".join(c for c in q.text if c.isdigit() or c == ".") for q in wanted]
    found = []
    for passage in passages:
        for line in lines_of(passage):
            score = sum(weight * held(word, line.squeezed) for word, weight in weights.items())
            plain = line.squeezed.replace(",", "") if digits else ""
            score += sum(
                1.0
                for part, quantity in zip(digits, wanted, strict=True)
                if len(part) > 1 and (part in plain or given(quantity, line))
            )
            row = squeeze(line.text.partition("\t")[0]) if "\t" in line.text else ""
            score += len(row) > 1 and row in claim.squeezed  # also where it is no word (南线)
            if score:
                found.append((score, line))
    found.sort(key=lambda one: -one[0])
    return found[: LOOKED_AT * max(1, min(3, len(passages)))]


def _all(claim: Statements) -> Iterator[Quantity]:
    return (quantity for clause in claim.clauses for quantity in clause.quantities)


def _chosen(
    weights: dict[str, float],
    wanted: Sequence[Quantity],
    ranked: Sequence[tuple[float, PassageLine]],
) -> list[PassageLine]:
    """Lines one after another, each the one that adds most of what is still missing."""
    total = sum(weights.values()) + FACT_WEIGHT * len(wanted)
    have: dict[str, float] = {}
    left = list(wanted)
    pool = [line for _, line in ranked[:LOOKED_AT]]
    chosen: list[PassageLine] = []
    while pool and len(chosen) < MOST_LINES - 1:
        best, gain = None, 0.0
        for line in pool:
            worth = sum(
                weight * max(0.0, held(word, line.squeezed) - have.get(word, 0.0))
                for word, weight in weights.items()
            )
            worth += FACT_WEIGHT * sum(given(q, line) for q in left)
            if worth > gain:
                best, gain = line, worth
        least = 0.0 if not chosen else LINE_GAIN * total
        if best is None or gain < least:
            break
        chosen.append(best)
        pool.remove(best)
        left = [q for q in left if not given(q, best)]
        for word in weights:
            have[word] = max(have.get(word, 0.0), held(word, best.squeezed))
    return chosen


def _dates(
    claim: Statements, chosen: Sequence[PassageLine], passages: Sequence[Passage]
) -> tuple[tuple[Period, ...], int, list[PassageLine]]:
    """The periods of the claim that nothing gives, how many stand only far from the chosen lines,
    and the lines that give those."""
    missing: list[Period] = []
    far = 0
    dated: list[PassageLine] = []
    for period in (period for clause in claim.clauses for period in clause.periods):
        lines = [line for passage in passages for line in lines_of(passage)]
        if any(_dated(period, line) for line in chosen) or _dated_above(period, passages):
            continue
        place = next((line for line in lines if _dated(period, line)), None)
        if place is not None:
            far += 1
            dated.append(place)
        elif period.to is None or not all(
            any(_dated(end, line) for line in lines) or _dated_above(end, passages)
            for end in (replace(period, to=None), period.to)
        ):
            missing.append(period)
    return tuple(missing), far, dated


def _dated(period: Period, line: PassageLine) -> bool:
    """Whether a line, or the header of one of its columns, gives a period, its year taken from
    above it where it leaves that out."""
    found = (*line_figures(line)[1], *label_periods(line))
    if not found:
        return False
    ends = [end for one in found for end in (one, one.to) if end is not None]
    years = frozenset(end.year for end in ends if end.year is not None)
    years |= years_above(line.passage) | years_before(line)
    span = months(period)
    if span is not None and any(months(one) == span and _year(period, one, years) for one in found):
        return True
    own = (period,) if period.to is None else (period, period.to)
    return all(
        any(_part_of(one, end, years) and agree(one, end, line) for end in ends)
        or (one.month is None and one.part is None and one.day is None and one.year in years)
        for one in own
    )


def _year(said: Period, given: Period, years: frozenset[int]) -> bool:
    """Whether `given` can be of the year that `said` names: it says so, leaves it to one of
    `years`, or counts it (去年) from a date that nobody knows."""
    if said.year is None or said.year == given.year:
        return True
    return given.year is None and (said.year in years or given.relative is not None)


def _part_of(said: Period, given: Period, years: frozenset[int]) -> bool:
    """Whether `given` names what `said` does; a month left out beside a day may be the date's."""
    month = (
        said.month is None
        or said.month == given.month
        or (given.month is None and given.day is not None)
    )
    day = said.day is None or said.day == given.day
    part = said.part is None or said.part == given.part
    relative = said.year is not None or said.relative is None or said.relative == given.relative
    return _year(said, given, years) and month and day and part and relative


def _dated_above(period: Period, passages: Sequence[Passage]) -> bool:
    for passage in passages:
        given = figures("\n".join(passage.above) + "\n" + (passage.date or ""), year_of(passage))[1]
        years = years_above(passage)
        if any(_part_of(period, one, years) for one in given if one.year is not None):
            return True
        if period.month is None and period.part is None and period.year in years:
            return True
        if (
            period.year is None
            and period.relative is None
            and period.month is None
            and not period.day
        ):
            return False
    return False


def _credit(
    weights: dict[str, float], chosen: Sequence[PassageLine], passages: Sequence[Passage]
) -> dict[str, float]:
    """How surely each word is found: in the lines, above or before them, or elsewhere."""
    near = "\n".join(line.before + above(line.passage) for line in chosen)
    credit: dict[str, float] = {}
    wide: str | None = None
    for word in weights:
        best = max((held(word, line.squeezed) for line in chosen), default=0.0)
        for form in (UP, DOWN):
            if best < SAME_SIDE and form.fullmatch(word):
                best = SAME_SIDE * any(form.search(line.squeezed) for line in chosen)
        if best < BESIDE:
            best = max(best, BESIDE * held(word, near))
        if best < ELSEWHERE:
            if wide is None:
                wide = "\n".join(
                    above(passage) + "".join(line.squeezed for line in lines_of(passage))
                    for passage in passages
                )
            best = max(best, ELSEWHERE * held(word, wide))
        credit[word] = best
    return credit


def best_clause(
    clause: Clause, lines: Sequence[PassageLine]
) -> tuple[float, Clause | None, PassageLine | None]:
    """The clause of the lines that is most like `clause`: by the mean of the shares of its pairs of
    characters and of its content words that it has, which comes first."""
    own = pairs(clause.squeezed)
    best: tuple[float, Clause | None, PassageLine | None] = (0.0, None, None)
    if not own:
        return best
    for line in lines:
        for other in facts(line.text, line.year).clauses:
            share = len(own & pairs(other.squeezed)) / len(own)
            if clause.words:
                words = sum(held(word, other.squeezed) for word in clause.words)
                share = (share + words / len(clause.words)) / 2
            if share > best[0]:
                best = (share, other, line)
    return best


# What words for persons and bodies end in.
_WHO = re.compile(
    "[人者员民家司院局会部队方厂行校团社警官长生师国县市省区村店商署委]$|政府$|集团$"
    "|机构$|组织$|中心$"
)
# Characters behind a verb within which what it is done to stands.
REACH = 24
# Shares of a member's pairs of characters in what the lines tell of it, and of another.
TOLD, FOREIGN = 0.6, 0.2
_SEGMENT = re.compile("[，。；！？：:;!?\n\t]")
# What stands before the doer, and what before one that is no doer.
_DOER = re.compile("被|由|遭|受|获|经|为(?=.{1,12}所)")
_NO_DOER = re.compile("向|给|对|为|把|将|从|在|于|据|以|比|让|使|令|请|要求|包括|除了?")
_TOGETHER = re.compile("[和与同跟及、]|以及|联合|携手")
_THAN = "比"
_LATIN = re.compile("[a-z0-9]+")


def turned_roles(found: Alignment) -> tuple[str, str] | None:
    """Two things of a clause of which the one does to the other what in the lines the other does to
    it (甲收购乙 for 乙收购甲, 甲由乙批准 for 乙由甲批准); None for none."""
    for clause in found.claim.clauses:
        verbs = {verb for verb in clause.verbs if len(verb) > 1}
        if _THAN in clause.squeezed:
            verbs.add(_THAN)
        words = [w for w in dict.fromkeys((*clause.names, *clause.words)) if w not in verbs]
        kinds = dict(found.claim.kinds)
        things = [word for word in words if len(word) > 1 and _acts(word, kinds)]
        things += [n + w for n in clause.names for w in things if n + w in clause.squeezed]
        for line in found.lines:
            if clause.squeezed in line.squeezed:
                break
            shared = [thing for thing in things if thing in line.squeezed]
            for verb in verbs if len(shared) > 1 else ():
                own = list(_roles(clause.squeezed, verb, shared))
                theirs = list(_roles(line.squeezed, verb, shared)) if own else []
                for a, b in permutations(shared, 2) if theirs else ():
                    if a in b or b in a:
                        continue
                    said = any(a in doers and b in others for doers, others in own)
                    same = any(a in doers and b in others for doers, others in theirs)
                    turned = any(b in doers and a in others for doers, others in theirs)
                    if said and turned and not same:
                        return a, b
    return None


def _acts(word: str, kinds: dict[str, str]) -> bool:
    return kinds.get(word, "ns") != "ns" or _WHO.search(word) is not None


def _roles(text: str, verb: str, things: Sequence[str]) -> Iterator[tuple[set[str], set[str]]]:
    """For each place of a verb in a squeezed text: which of `things` do it, and which others stand
    with it. Where its own part of the text has none before it, the first thing of the part before
    that has one is who does it."""
    leading: set[str] = set()
    for part in _SEGMENT.split(text):
        placed = _placed(part, things)
        for match in re.finditer(re.escape(verb), part):
            doers, others = _around(part, match.start(), match.end(), placed, verb == _THAN)
            if not doers and not _DOER.search(part):
                doers = leading - others
            if doers:
                yield doers, others - doers
        if placed and not _NO_DOER.search(part[: placed[0][0]]):
            leading = {placed[0][1]}


def _placed(part: str, things: Sequence[str]) -> list[tuple[int, str]]:
    """Where the things stand in a part of a text, in order; of two at one place the longer."""
    found: list[tuple[int, str]] = []
    for thing in sorted(things, key=len, reverse=True):
        for match in re.finditer(re.escape(thing), part):
            if not any(at <= match.start() < at + len(other) for at, other in found):
                found.append((match.start(), thing))
    return sorted(found)


def _around(
    part: str, start: int, end: int, placed: Sequence[tuple[int, str]], compares: bool
) -> tuple[set[str], set[str]]:
    """Who does what stands at `start` to `end` of a part, and which other things stand with it."""
    doers: set[str] = set()
    others: set[str] = set()
    bare: set[str] = set()
    passive = _DOER.search(part) is not None
    edge, last = 0, others
    for at, thing in placed:
        stop = at + len(thing)
        if stop <= start:
            gap = part[edge:at]
            if not compares and part[stop : stop + 1] == "的":
                edge = stop
                continue  # of it, not it
            if _heads_no_phrase(part[stop:start], placed):
                edge = stop
                continue
            if not _TOGETHER.fullmatch(gap):
                last = others if _NO_DOER.search(gap) else bare
                last = doers if _DOER.search(gap) else last
            last.add(thing)
            edge = stop
        elif at >= end and at - end <= REACH and not passive:
            others.add(thing)
    if passive:
        return doers, others | bare
    return bare, others


def _heads_no_phrase(behind: str, placed: Sequence[tuple[int, str]]) -> bool:
    """Whether a noun that is none of the things follows, which the thing before only tells more of
    (保定市消防支队)."""
    if not behind or any(behind.startswith(thing) for _, thing in placed):
        return False
    return tagged(behind[:6])[0][1].startswith("n")


def crossed_members(found: Alignment) -> tuple[str, str] | None:
    """Of a sentence that parts two rows by 分别: two members of the first, of each of which the
    lines tell what the sentence tells of the other; None for none."""
    text = found.claim.text
    for match in RESPECTIVELY.finditer(text):
        said = re.split("[。；;，,：:]", text[: match.start()])[-1]
        if quantities(text[match.end() :]):
            continue  # figures are bound by themselves
        names = MEMBERS.split(said)
        told = MEMBERS.split(re.split("[。；;，,]", text[match.end() :])[0])
        if len(names) != len(told) or len(names) < 2:
            continue
        own, theirs = _telling(names), _telling(told)
        for i, j in permutations(range(len(names)), 2):
            parts = [
                clause.squeezed
                for line in found.lines
                for clause in facts(line.text, line.year).clauses
            ]
            place = max(parts, key=lambda part: share_of(theirs[i], part), default="")
            if share_of(own[j], place) >= TOLD and share_of(own[i], place) <= FOREIGN:
                return names[i], names[j]
    return None


def _telling(members: Sequence[str]) -> list[frozenset[str]]:
    """The Latin words and pairs of characters that each member has alone."""
    every = [_LATIN.findall(squeeze(m)) + list(pairs(squeeze(m))) for m in members]
    return [
        frozenset(one) - {t for other in every if other is not one for t in other} for one in every
    ]


def share_of(tokens: frozenset[str], text: str) -> float:
    """The share of `tokens` that stand in a text; 0 of none."""
    return sum(token in text for token in tokens) / len(tokens) if tokens else 0.0


_EDGE = "(?:^|$|[，。；：:;,!?！？、])"


def forms_of(name: str) -> tuple[str, ...]:
    """A name, the longer halves of a long one, and one of three characters without a last one that
    the tagger took along (高宇于)."""
    if len(name) == LONG_NAME - 1 and name[-1] in "于在与和对向为是的被将从由以及称说所":
        return name, name[:-1]
    if len(name) == LONG_NAME - 1 and name[0] in "经由比据":
        return name, name[1:]
    if len(name) >= LONG_NAME:
        half = len(name) // 2 + 1
        if BODY.search(name[-half:]):
            return name, name[:half]  # 丰田汽车公司 is not any 汽车公司
        return name, name[:half], name[-half:]
    return (name,)


LONG_NAME = 4
# Characters on each side of a name that tell its place.
CONTEXT = 2


def substituted(found: Alignment) -> str | None:
    """A name of the claim in whose place, between the same characters, a line has something else,
    while no line has the name there; None for none."""
    texts = [line.squeezed for line in found.lines]
    for clause in found.claim.clauses:
        for name in clause.names:
            beside = _beside(name, clause.squeezed)
            if beside is None:
                continue
            left, right = beside
            if any(form in text for form in forms_of(name)[1:] for text in texts):
                continue
            if any(left + name in text or name + right in text for text in texts):
                continue
            place = _between(left, right, 1, len(name))
            for match in filter(None, map(place.search, texts)):
                if not _alike(match[1], name) and _fits(match[1], name, found):
                    return name
    return None


def _beside(name: str, text: str) -> tuple[str, str] | None:
    """The characters that tell the place of a name in a squeezed text, before it and behind it;
    None where it does not stand there, or too few are beside it."""
    at = text.find(name)
    left = text[max(0, at - CONTEXT) : at]
    right = text[at + len(name) :][: CONTEXT if left else CONTEXT + 1]
    return (left, right) if at >= 0 and len(left + right) > CONTEXT else None


def _between(left: str, right: str, least: int, length: int) -> re.Pattern[str]:
    """What stands between these characters, of `least` characters and at most three more than
    `length`; the edge of a clause in the place of none."""
    before, behind = re.escape(left) or _EDGE, re.escape(right) or f"(?={_EDGE})"
    return re.compile(f"{before}(.{{{least},{length + 3}}}?){behind}")


def supplanted(found: Alignment) -> str | None:
    """What a claim has in the place of a name of its lines, between the same characters, where it
    is no ordinary word and no line has it; None for none. Not every name looks like one by itself
    (伍家岭表示)."""
    texts = [line.squeezed for line in found.lines]
    own = found.claim.squeezed
    for line in found.lines:
        for name in facts(line.text, line.year).names:
            beside = None if name in own else _beside(name, line.squeezed)
            if beside is None:
                continue
            match = _between(*beside, 2, len(name)).search(own)
            if match is None or _SEGMENT.search(match[1]) or any(match[1] in t for t in texts):
                continue
            if not _alike(match[1], name) and not is_ordinary(match[1]) and not _links(match[1]):
                return match[1]
    return None


def _links(text: str) -> bool:
    """Whether a text holds a pronoun, conjunction, adverb, preposition, particle or number."""
    return any(tag[0] in "rcdpum" for _, tag in tagged(text))


def _fits(there: str, name: str, found: Alignment) -> bool:
    """Whether what a line has in a name's place can be another name: of an ordinary word that only
    looks like one a name alone."""
    if len(there) < 2 or _SEGMENT.search(there):
        return False
    if not is_ordinary(name):
        return True
    names = {n for line in found.lines for n in facts(line.text, line.year).names}
    return any(there in n or n in there for n in names)


def _alike(one: str, other: str) -> bool:
    shared = len(set(one) & set(other))
    return shared * 2 >= min(len(one), len(other))


def joined(found: Alignment, weights: dict[str, float], least: float) -> tuple[float, float, float]:
    """How far the words of a clause stand together in one clause of the lines, by weight: the least
    share, over the clauses of the claim that weigh `least`, of the clause of the lines that has
    most; the most weight of a name, and of another noun, that stands elsewhere in the passages
    while the clause that has most names another in its place."""
    together, name_crossed, noun_crossed = 1.0, 0.0, 0.0
    told = [one for line in found.lines for one in _told(line)]
    everywhere = "\n".join(line.squeezed for line in found.lines)
    for clause in found.claim.clauses:
        total = sum(weights[word] for word in clause.words)
        if total < least or not told:
            continue
        best, (there, near) = max(
            (
                (sum(weights[w] * held(w, o.squeezed + beside) for w in clause.words), (o, beside))
                for o, beside in told
            ),
            key=lambda one: one[0],
        )
        together = min(together, best / total)
        rivals = [w for w in there.words if w not in there.verbs and not held(w, clause.squeezed)]
        names = set(there.names)
        for word in clause.words:
            if word in clause.verbs or held(word, there.squeezed + near) or word not in everywhere:
                continue
            if word in clause.names:
                if any(rival in names for rival in rivals):
                    name_crossed = max(name_crossed, weights[word])
            elif rivals:
                noun_crossed = max(noun_crossed, weights[word])
    return together, name_crossed, noun_crossed


def _told(line: PassageLine) -> Iterator[tuple[Clause, str]]:
    """The clauses of a line, each with what stands above the line and what the line begins with."""
    clauses = facts(line.text, line.year).clauses
    subject = squeeze(first_nouns(clauses[0].text[:20])) if clauses else ""
    for clause in clauses:
        yield clause, f"\n{above(line.passage)}\n{subject}"
