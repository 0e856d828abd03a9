"""How far the wording of a sentence stands in its lines: features, and a fitted model over them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from rag.answering.alignment import Alignment, best_clause, forms_of, joined, word_weights
from rag.answering.statements import (
    ASIDE,
    BESIDE,
    CAUSES,
    CERTAIN,
    DONE,
    ELSEWHERE,
    HEDGES,
    LIMITS,
    NEGATIONS,
    ROUGHLY,
    UNIVERSAL,
    Clause,
    PassageLine,
    Statements,
    above,
    denials,
    facts,
    held,
    is_planned,
    pairs,
    whole,
)
from rag.errors import ModelError
from rag.offline import load_builtin
from rag.text.normalize import squeeze
from rag.text.segment import begins_with_surname, is_ordinary, tagged

FILE = "verdict.json"
# A word of the sentence counts as found from this credit on (see `Alignment.credit`).
FOUND = 0.5
# A clause with less weight of content words is no statement of its own.
LEAST_CLAUSE = 2.2
NEAR = 0.3
_WHO = ("nr", "nt")
# What the tagger takes two characters for that are no name, where they begin with no surname.
_UNSURE = ("nr", "nt", "nz")
_PASSIVE = ("被", "由", "获", "对", "向", "受")
FEATURES = (
    "covered", "covered_by_lines", "pairs", "weakest_clause", "weakest_pairs", "gap", "new_words",
    "names_far", "names_missing", "rival_name", "lines", "bound", "crossed", "far_dates",
    "negation_added", "negation_gone", "hedge_dropped", "hedge_added", "certain_added",
    "limit_dropped", "universal_added", "planned_as_done", "cause_added", "subject", "subject_near",
    "verbs", "last_word", "names_inverted", "inverted", "best_line", "apart",
    "together", "name_crossed", "noun_crossed", "done_added",
)  # fmt: skip

_JOINED = ("together", "name_crossed", "noun_crossed")


def measured(found: Alignment) -> tuple[float, ...]:
    """The features of an alignment, in the order of `FEATURES`."""
    claim = found.claim
    weights = word_weights(claim)
    total = sum(weights.values()) or 1.0
    credit = found.credit
    in_lines = {
        w: max((held(w, line.squeezed) for line in found.lines), default=0.0) for w in weights
    }
    line_pairs = frozenset().union(*(pairs(line.squeezed) for line in found.lines))
    own_pairs = _wording(claim)
    clause_shares = [_clause_share(clause, weights, credit) for clause in claim.clauses]
    shares = [share for share in clause_shares if share is not None]
    pair_shares = [
        len(p & line_pairs) / len(p)
        for c in claim.clauses
        if sum(weights[w] for w in c.words) >= LEAST_CLAUSE and (p := pairs(c.squeezed))
    ]
    marks = _marks(found)
    subject, subject_near = _subject(found)
    values = {
        "covered": sum(weights[w] * credit[w] for w in weights) / total if weights else 1.0,
        "covered_by_lines": sum(weights[w] * in_lines[w] for w in weights) / total
        if weights
        else 1.0,
        "pairs": len(own_pairs & line_pairs) / len(own_pairs) if own_pairs else 1.0,
        "weakest_clause": min(shares, default=1.0),
        "weakest_pairs": min(pair_shares, default=1.0),
        "gap": _gap(claim, credit),
        "new_words": sum(weights[w] for w in weights if credit[w] < 0.3),
        "names_far": float(sum(0 < in_line(n, found) < 1 for n in claim.names)),
        "names_missing": float(len(missing_names(found))),
        "rival_name": float(bool(of_another(found))),
        "lines": float(len(found.lines)),
        "bound": min((f.bound for f in found.figures if f.line), default=1.0),
        "crossed": max((f.crossed for f in found.figures if f.line), default=0.0),
        "far_dates": float(found.far_dates),
        "names_inverted": float(_inverted(found)),
        "inverted": _out_of_order(found),
        "verbs": _verbs(claim, weights, credit),
        "last_word": credit[claim.words[-1]] if claim.words else 1.0,
        "subject": subject,
        "subject_near": subject_near,
        "best_line": max((_share_of(line, weights) for line in found.lines), default=0.0),
        "apart": float(_apart(found)),
        **dict(zip(_JOINED, joined(found, weights, LEAST_CLAUSE), strict=True)),
        **marks,
    }
    return tuple(values[name] for name in FEATURES)


def missing_names(found: Alignment) -> list[str]:
    """The names of a claim that stand nowhere in the passages; no words that only look like names,
    and no body of which all words stand there."""
    kinds = dict(found.claim.kinds)
    missing = [name for name in found.claim.names if in_line(name, found) == 0]
    return [
        name
        for name in missing
        if not (is_ordinary(name) or _named_by_parts(name, found))
        and not (kinds[name] in _UNSURE and len(name) == 2 and not begins_with_surname(name))
    ]


def _named_by_parts(name: str, found: Alignment) -> bool:
    parts = [word for word, _ in tagged(name)]
    return len(parts) > 1 and all(in_line(part, found) > 0 for part in parts)


def in_line(name: str, found: Alignment) -> float:
    """1 where a name, or the longer half of it, stands in a line, .7 before or above one, .35
    elsewhere in the passages."""
    forms = forms_of(name)
    if _any(forms, (line.squeezed for line in found.lines)):
        return 1.0
    if _any(forms, (line.before + above(line.passage) for line in found.lines)):
        return BESIDE
    return ELSEWHERE if _any(forms, map(whole, found.passages)) else 0.0


def _any(forms: Sequence[str], texts: Iterable[str]) -> bool:
    return any(form in text for text in texts for form in forms)


def _wording(claim: Statements) -> frozenset[str]:
    return frozenset().union(*(pairs(clause.squeezed) for clause in claim.clauses))


def _clause_share(
    clause: Clause, weights: dict[str, float], credit: dict[str, float]
) -> float | None:
    total = sum(weights[w] for w in clause.words)
    if total < LEAST_CLAUSE:
        return None
    return sum(weights[w] * credit[w] for w in clause.words) / total


def _gap(claim: Statements, credit: dict[str, float]) -> float:
    """The longest row of content words of the claim that are not found."""
    longest = row = 0
    for clause in claim.clauses:
        for word in clause.words:
            row = row + 1 if credit[word] < FOUND else 0
            longest = max(longest, row)
    return float(longest)


def of_another(found: Alignment) -> list[str]:
    """Names of a clause that the line of its aligned clause lacks, while that clause names another
    of the kind, which the claim does not name: of persons and bodies also where the line before
    has them, of places only where nothing above or before the line has."""
    kinds = dict(found.claim.kinds)
    instead: list[str] = []
    for clause in found.claim.clauses:
        share, other, line = best_clause(clause, found.lines) if clause.names else (0, None, None)
        if other is None or line is None or share < NEAR:
            continue
        theirs = dict(facts(line.text, line.year).kinds)
        rivals = {theirs.get(n) for n in other.names if n not in found.claim.squeezed}
        for name in clause.names:
            near = line.squeezed
            if kinds.get(name) not in _WHO and not any(map(str.isdigit, name)):
                near += line.before + above(line.passage)
            absent = kinds.get(name) in rivals and not _any(forms_of(name), (near,))
            if absent and not is_ordinary(name) and not _named_by_parts(name, found):
                instead.append(name)
    return instead


def _inverted(found: Alignment) -> bool:
    """Whether two names of a clause stand in the other order in a line that has both."""
    for clause in found.claim.clauses:
        names = sorted(clause.names, key=clause.squeezed.find)
        for first, second in pairwise(names):
            for line in found.lines:
                a, b = line.squeezed.find(first), line.squeezed.find(second)
                if a > b >= 0 and not any(p in clause.squeezed + line.squeezed for p in _PASSIVE):
                    return True
    return False


def _out_of_order(found: Alignment) -> float:
    """The largest share, over the clauses, of successive content words that stand in the other
    order in the line that has most of them."""
    worst = 0.0
    for clause in found.claim.clauses:
        best: list[int] = []
        for line in found.lines:
            places = [p for word in clause.words if (p := line.squeezed.find(word)) >= 0]
            best = places if len(places) > len(best) else best
        if len(best) > 2:
            turned = sum(a > b for a, b in pairwise(best))
            worst = max(worst, turned / (len(best) - 1))
    return worst


def _verbs(claim: Statements, weights: dict[str, float], credit: dict[str, float]) -> float:
    """The share of the claim's verbs that are found, by weight."""
    verbs = [verb for clause in claim.clauses for verb in clause.verbs]
    total = sum(weights[verb] for verb in verbs)
    return sum(weights[v] * credit[v] for v in verbs) / total if total else 1.0


def _subject(found: Alignment) -> tuple[float, float]:
    """How surely the first word of the claim that a sentence can be about stands in the line with
    most of its words, and in that, before or above it."""
    if not found.lines or not found.claim.words:
        return 1.0, 1.0
    line = next((one.line for one in found.figures if one.line is not None), None) or max(
        found.lines, key=lambda one: sum(held(w, one.squeezed) for w in found.claim.words)
    )
    names = [n for n in found.claim.clauses[0].names if n]
    word = names[0] if names else found.claim.words[0]
    own = held(word, line.squeezed)
    return own, max(own, held(word, line.before + above(line.passage)))


def _share_of(line: PassageLine, weights: dict[str, float]) -> float:
    total = sum(weights.values())
    return (
        sum(w * held(word, line.squeezed) for word, w in weights.items()) / total if total else 1.0
    )


def _apart(found: Alignment) -> int:
    """How many names and figures of the claim stand in another line than most of its words."""
    if not found.lines:
        return 0
    line = found.lines[0]
    names = sum(name not in line.squeezed for name in found.claim.names)
    return names + sum(one.line is not None and one.line is not line for one in found.figures)


def _marks(found: Alignment) -> dict[str, float]:
    """What negates, softens, bounds or causes on one side only, clause by clause."""
    values = dict.fromkeys(
        ("negation_added", "negation_gone", "hedge_dropped", "hedge_added", "certain_added",
         "limit_dropped", "universal_added", "planned_as_done", "cause_added", "done_added"), 0.0,
    )  # fmt: skip
    lines = "".join(line.squeezed for line in found.lines)
    text = found.claim.squeezed
    for clause in found.claim.clauses:
        share, other, line = best_clause(clause, found.lines)
        if other is None or line is None or share < NEAR:
            continue
        own, theirs = clause.squeezed, other.squeezed
        main = squeeze(ASIDE.sub("", other.text))
        if denials(theirs, own) and not NEGATIONS.search(text):
            values["negation_gone"] = max(values["negation_gone"], share)
        if _hedged(main, text):
            values["hedge_dropped"] = max(values["hedge_dropped"], share)
        if HEDGES.search(own) and not HEDGES.search(lines):
            values["hedge_added"] = max(values["hedge_added"], share)
        if CERTAIN.search(own) and not CERTAIN.search(theirs):
            values["certain_added"] = max(values["certain_added"], share)
        if LIMITS.search(main) and not (LIMITS.search(text) or _AMONG_OTHERS.search(text)):
            values["limit_dropped"] = max(values["limit_dropped"], share)
        if DONE.search(own) and is_planned(theirs) and not is_planned(own):
            values["planned_as_done"] = max(values["planned_as_done"], share)
        if UNIVERSAL.search(own) and not UNIVERSAL.search(lines):
            values["universal_added"] = max(values["universal_added"], share)
        if not NEGATIONS.search(theirs) and denials(own, lines):
            there = 1.0 if not NEGATIONS.search(lines) else share
            values["negation_added"] = max(values["negation_added"], there)
        done = _ALREADY.search(lines) or DONE.search(theirs)
        values["done_added"] = max(
            values["done_added"], float(not done and bool(_ALREADY.search(own)))
        )
    if CAUSES.search(text) and not CAUSES.search(lines):
        values["cause_added"] = 1.0 if len(found.lines) < 2 else 2.0
    return values


_ALREADY = re.compile("已(?!知)")

_ESTIMATED = re.compile("预计|预期|估计|大概|预测|预估")
_IF = re.compile("倘若|如果|一旦")
_AMONG_OTHERS = re.compile("等(?![待候于级同到])|包括|之一|其中")


def _hedged(theirs: str, text: str) -> bool:
    """Whether a clause of a line hedges what a text does not: no figure that the text has as
    roughly so, and no condition of which it has the words."""
    if HEDGES.search(text):
        return False
    for match in HEDGES.finditer(theirs):
        if _ESTIMATED.fullmatch(match.group()) and ROUGHLY.search(text):
            continue
        if match.group() == "尚未" and NEGATIONS.search(text):
            continue
        condition = pairs(theirs[match.end() :])
        if not _IF.fullmatch(match.group()) or len(condition & pairs(text)) < NEAR * len(condition):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Model:
    """Boosted trees over the features. Each tree is its nodes: feature, threshold, left, right,
    or -1 and the value of a leaf. `supported` and `partly` are the least probabilities."""

    start: float
    trees: tuple[tuple[tuple[int, float, int, int], ...], ...]
    supported: float
    partly: float

    def probability(self, features: Sequence[float]) -> float:
        """The probability that a sentence with these features is supported."""
        total = self.start
        for tree in self.trees:
            node = tree[0]
            while node[0] >= 0:
                node = tree[node[2] if features[node[0]] <= node[1] else node[3]]
            total += node[1]
        return 1 / (1 + math.exp(-total))


@cache
def model() -> Model:
    """The model that ships.

    Raises:
        ModelError: its file is damaged.
    """
    value = json.loads(load_builtin(FILE))
    if tuple(value["features"]) != FEATURES:
        raise ModelError(f"built-in file {FILE} has other features than this program")
    trees = tuple(
        tuple((int(n[0]), float(n[1]), int(n[2]), int(n[3])) for n in tree)
        for tree in value["trees"]
    )
    return Model(value["start"], trees, value["supported"], value["partly"])
