"""Whether the lines beside a sentence support it: its facts first, then its wording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.alignment import Alignment, align
from rag.answering.binding import matches
from rag.answering.contradictions import failures, shifted, sides
from rag.answering.english import phrases
from rag.answering.facts import Facts, facts
from rag.answering.lines import Line, above
from rag.answering.wording import measured, model
from rag.types import Passage, Remark, RemarkKind, Support

_HAN = re.compile(r"[\u3400-\u9fff]")
_RISE = re.compile(
    r"\b(?:up|rose|rises?|increas\w*|grew|grow\w*|higher|gain\w*|climb\w*|expand\w*)\b"
)
_FALL = re.compile(
    r"\b(?:down|fell|falls?|decreas\w*|declin\w*|drop\w*|lower|loss\w*|shr[aiu]nk\w*)\b"
)
# Shares of what the glossary knows of a sentence that the lines must hold.
TRANSLATED, TRANSLATED_BESIDE_FACTS = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a sentence compares with the lines that it rests on: the support, what failed, None for
    nothing, the probability that the wording is supported, and the lines."""

    support: Support
    reason: Remark | None
    probability: float
    lines: tuple[Line, ...]


def judge(text: str, passages: Sequence[Passage], year: int | None) -> Verdict:
    """The verdict on a sentence held against passages alone; `year` is the one of 今年."""
    claim = facts(text, year)
    if claim.foreign and any(_HAN.search(passage.text) for passage in passages):
        return _of_another_language(claim, passages)
    found = align(claim, passages)
    features = measured(found)
    probability = model().probability(features)
    failed = next(failures(found), None)
    if failed is not None:
        return Verdict(Support.UNSUPPORTED, failed, probability, found.lines)
    if not found.lines or not (claim.words or claim.quoted or claim.names):
        return Verdict(Support.UNSUPPORTED, Remark(RemarkKind.NOT_QUOTED), 0.0, found.lines)
    otherwise = shifted(found, features)
    if probability >= (model().supported * CARRIED if _carried(found) else model().supported):
        if otherwise is None:
            return Verdict(Support.SUPPORTED, None, probability, found.lines)
        return Verdict(Support.PARTLY, otherwise, probability, found.lines)
    support = Support.PARTLY if probability >= model().partly else Support.UNSUPPORTED
    reason = otherwise or Remark(RemarkKind.COVERAGE, (f"{features[0]:.0%}",))
    return Verdict(support, reason, probability, found.lines)


# Where the lines give two or more of a sentence's figures and dates, each beside its words, the
# facts carry it: its wording may be this much less likely.
CARRIED, BOUND = 0.4, 0.4


def _carried(found: Alignment) -> bool:
    given = [one for one in found.figures if one.line is not None and one.bound >= BOUND]
    dates = sum(len(clause.periods) for clause in found.claim.clauses)
    return len(given) == len(found.figures) and len(given) + dates > 1


def _of_another_language(claim: Facts, passages: Sequence[Passage]) -> Verdict:
    """The verdict on a sentence in English about Chinese passages: figures, dates and Latin names
    are held against them as ever, the words as far as the glossary has them in Chinese. What
    cannot be told so is partly supported, for being in another language."""
    known = {word: senses for word, senses in phrases(claim.text).items() if senses}
    found = align(_translated(claim, known), passages)
    failed = next((f for f in failures(found) if f.kind is not RemarkKind.NEGATION), None)
    if failed is not None:
        return Verdict(Support.UNSUPPORTED, failed, 0.0, found.lines)
    text = "".join(line.squeezed + line.before + above(line.passage) for line in found.lines)
    shares = [float(any(sense in text for sense in senses)) for senses in known.values()]
    share = sum(shares) / len(shares) if shares else 0.0
    given = sum(one.line is not None for one in found.figures)
    given += sum(len(clause.periods) for clause in claim.clauses)
    given += sum(name in text for name in claim.names)
    if _turned_in_english(claim, found):
        return Verdict(Support.UNSUPPORTED, Remark(RemarkKind.DIRECTION), share, found.lines)
    least = TRANSLATED_BESIDE_FACTS if given else TRANSLATED
    if len(shares) > 1 and share >= least:
        return Verdict(Support.SUPPORTED, None, share, found.lines)
    if given or share:
        return Verdict(Support.PARTLY, Remark(RemarkKind.LANGUAGE), share, found.lines)
    return Verdict(Support.UNSUPPORTED, Remark(RemarkKind.NOT_QUOTED), 0.0, found.lines)


def _translated(claim: Facts, known: dict[str, tuple[str, ...]]) -> Facts:
    """The claim with Chinese words in the place of its own, for the choice of lines."""
    words = tuple(sense for senses in known.values() for sense in senses[:3])
    clauses = tuple(
        replace(clause, words=words if number == 0 else (), names=(), verbs=())
        for number, clause in enumerate(claim.clauses)
    )
    return replace(claim, clauses=clauses, quoted=(), kinds=())


def _turned_in_english(claim: Facts, found: Alignment) -> bool:
    for clause in claim.clauses:
        said = clause.text.lower()
        own = {side for side, form in (("up", _RISE), ("down", _FALL)) if form.search(said)}
        if len(own) != 1:
            continue
        for one in found.figures:
            if one.line is not None and one.quantity in clause.quantities:
                for other in facts(one.line.text, one.line.year).clauses:
                    if any(matches(one.quantity, q, one.line) for q in other.quantities):
                        theirs = sides(other.squeezed)
                        if len(theirs) == 1 and theirs != own:
                            return True
    return False
