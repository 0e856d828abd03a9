"""Claims into sentences with citations, each with what supports it.

It alone decides which quotations a sentence rests on. No model of language judges: `statements`
says what a sentence states, `alignment` where the passages say it, `figures`, `wording` and
`contradictions` whether that supports it. Here is which passages are asked, what is quoted, and
whether the lines beside a sentence support it: its facts first, then its wording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from rag.answering.alignment import Alignment, align
from rag.answering.contradictions import failures, is_computed, shifted, sides
from rag.answering.figures import figure_words, keyed, matches
from rag.answering.statements import (
    PassageLine,
    Statements,
    above,
    clauses,
    facts,
    lines_of,
    year_of,
)
from rag.answering.wording import FEATURES, measured, model
from rag.retrieval.english import phrases
from rag.retrieval.references import clause_at
from rag.text.normalize import fold_aligned, squeeze
from rag.text.quantities import UnitClass
from rag.types import (
    ROW,
    Citation,
    Claim,
    Document,
    Passage,
    Remark,
    RemarkKind,
    Sentence,
    Span,
    Support,
)

_HAN = re.compile(r"[\u3400-\u9fff]")
_CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")
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
    lines: tuple[PassageLine, ...]


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
    carried = _carried(found) and features[FEATURES.index("gap")] <= LONGEST_GAP
    if probability >= model().supported * (CARRIED if carried else 1.0):
        if otherwise is None:
            return Verdict(Support.SUPPORTED, None, probability, found.lines)
        return Verdict(Support.PARTLY, otherwise, probability, found.lines)
    support = Support.PARTLY if probability >= model().partly else Support.UNSUPPORTED
    reason = otherwise or Remark(RemarkKind.COVERAGE, (f"{features[0]:.0%}",))
    return Verdict(support, reason, probability, found.lines)


# Where the lines give two or more of a sentence's figures and dates, each beside its words, the
# facts carry it: its wording may be this much less likely.
CARRIED, BOUND = 0.2, 0.4
# But where so many of its words in a row are missing, it may tell of something else.
LONGEST_GAP = 2


def _carried(found: Alignment) -> bool:
    given = [
        one
        for one in found.figures
        if (one.line is not None and one.bound >= BOUND)
        or (one.line is None and is_computed(found, one.quantity))
    ]
    dates = sum(len(clause.periods) for clause in found.claim.clauses)
    return len(given) == len(found.figures) and len(given) + dates > 1


def _of_another_language(claim: Statements, passages: Sequence[Passage]) -> Verdict:
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
    rival = _rival_in_english(claim, found)
    if rival is not None:
        return Verdict(Support.UNSUPPORTED, rival, share, found.lines)
    if _turned_in_english(claim, found):
        return Verdict(Support.UNSUPPORTED, Remark(RemarkKind.DIRECTION), share, found.lines)
    least = TRANSLATED_BESIDE_FACTS if given else TRANSLATED
    if len(shares) > 1 and share >= least:
        return Verdict(Support.SUPPORTED, None, share, found.lines)
    if given or share:
        return Verdict(Support.PARTLY, Remark(RemarkKind.LANGUAGE), share, found.lines)
    return Verdict(Support.UNSUPPORTED, Remark(RemarkKind.NOT_QUOTED), 0.0, found.lines)


def _translated(claim: Statements, known: dict[str, tuple[str, ...]]) -> Statements:
    """The claim with Chinese words in the place of its own, for the choice of lines."""
    senses = (sense for senses in known.values() for sense in senses[:3])
    words = tuple(dict.fromkeys((*senses, *claim.names, *_CHINESE.findall(claim.text))))
    clauses = tuple(
        replace(clause, words=words if number == 0 else (), names=(), verbs=())
        for number, clause in enumerate(claim.clauses)
    )
    return replace(claim, clauses=clauses, quoted=(), kinds=())


def _rival_in_english(claim: Statements, found: Alignment) -> Remark | None:
    """A figure that the passages give of something else than the claim: where more of the words
    beside it stand, in Chinese, with another figure of the kind."""
    given = {one for p in found.passages for line in lines_of(p) for one in keyed(line)}
    for clause in claim.clauses:
        for quantity, beside, _ in figure_words(clause.text, clause.quantities):
            senses = [*phrases(beside).values()]
            if len(clause.quantities) == 1:
                senses += [(word,) for word in _CHINESE.findall(clause.text)]
            own = [one for one in given if matches(quantity, one.quantity)]
            rivals = [
                one
                for one in given
                if one not in own and one.unit.name and one.unit.base == quantity.unit.base
            ]
            for rival in rivals if own else ():
                more = [
                    sum(_any_in(s, rival.told) - _any_in(s, one.told) for s in senses)
                    for one in own
                ]
                if min(more) >= 1:
                    return Remark(RemarkKind.NUMBER, (quantity.text, rival.quantity.text))
    return None


def _any_in(senses: Sequence[str], text: str) -> bool:
    return any(sense in text for sense in senses)


def _turned_in_english(claim: Statements, found: Alignment) -> bool:
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


# So many of the passages that a claim does not cite are asked, those with most of its words.
OTHERS = 4
# What another passage than the cited ones must say this surely.
SURE, TOGETHER = 0.6, 0.8
MORE = 2.5  # or so many times as surely as those
_CONTRADICTIONS = (
    RemarkKind.DIRECTION, RemarkKind.NEGATION, RemarkKind.CERTAINTY, RemarkKind.SCOPE,
    RemarkKind.NEGATED,
)  # fmt: skip
NOT_QUOTED = Remark(RemarkKind.NOT_QUOTED)
NOT_CITED = Remark(RemarkKind.NOT_CITED)

_NAMED = re.compile(
    r"(?:根据|据|按照?|如|见)?(?:段落|资料|passage)\s?(\d{1,3})(?:\s?[、,，和与]\s?(\d{1,3})(?!\d|[年月日%]))?"
    "(?:所述|显示|提到|指出|中|的内容)?[，,：:]?",
    re.IGNORECASE,
)
# What a sentence claims nothing by: lead-ins, closings, remarks on what the passages lack.
_SOURCE = (
    "(?:资料|段落|文档|文中|文章|原文|材料|报道|上述|以上|所给|给出的|提供的|检索|引文|文件|来源|信息|内容|并|尚|也|均|都"
    "|passages?|documents?|sources?|text|information|they|it)"
)
_LACKS = re.compile(
    rf"{_SOURCE}[^，。；]{{0,24}}?(?:没有|未|并未|没|不|无法|无)(?:有)?(?:[^，。；]{{0,8}}?)"
    "(?:提到|提及|写明|说明|给出|涉及|包含|找到|披露|明确|提供|交代|说到|列出|指明|介绍|回答|记载|标明|标注|直接|具体|相关|有关|进一步|详细"
    "|出现|显示|体现|涵盖|反映|描述|讨论|公布|单独|谈到|谈及|讲到)"
    rf"|^(?:但|不过|然而|可惜)?(?:根据|在|从|按)?(?:目前|已?提供的?|给出的|所给的?|上述|以上|这些|检索到的)?{_SOURCE}"
    "(?:中|里|内)?[，,]?(?:都|均|并|也|还|尚|却)?(?:没有|没|未|无法|无从|不能|无)"
    r"|^(?:the\s)?(?:provided\s|given\s)?(?:passages?|documents?|sources?|text)\s(?:do\sno|does\sno|gives?\sno|contains?\sno|ha(?:s|ve)\sno)"
    "|^(?:但|不过|然而|只是|而且)?(?:并|也|尚|还|均|都)?(?:没有|未|没)(?:明确|具体|直接|进一步|单独)?"
    "(?:说明(?!书)|提到|提及|给出|写明|列出|提供|披露|交代|涉及|介绍|公布|指出)"
    "|(?:无法|不能|难以)(?:[^，。；]{0,6})(?:确定|回答|判断|得知|确认|得出|给出|知道|推断)"
    "|(?:no|not|n't)\\s(?:\\w+\\s){0,3}(?:mention|state|provide|contain|say|give|specif|answer|include|evidence|information)",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    "^\\s*(?:好的|是的|没错|对的?|嗯|yes|sure|certainly)[，,。.!！]\\s*", re.IGNORECASE
)
_BY_THEM = re.compile(
    rf"(?:根据|按照?|从|据|基于|就)?[^，。]{{0,6}}?{_SOURCE}(?:中|里|内|来看|看)?"
)
_ONLY = re.compile(
    "(?:给出的|所给的?|以上|上述)?(?:资料|段落|文档|文中|文章|原文|材料)(?:中|里)?(?:的[^，。]{0,10})?(?:只|仅)"
    "(?:包含|列出|提到|说到?|涉及|给出|有|写)了?"
)
_LEAD_IN = re.compile(
    r"(?:如下|以下|下列|包括|方面|几点|[一二两三四五六七八九十\d]\s?(?:个|点|项|种|条|类|大)|原因|情况|内容|要点|分别|回答|看|说|following|follows|reasons|points|below)?"
    r"[^，。；：:]{0,8}[：:]\s*$"
)
_CLOSING = re.compile(
    r"^\s*(?:综上|总之|总而言之|总的来(?:说|看)|总体(?:来看|而言|上看|上)|由此可见|可见|概括来说|简而言之|一句话|归纳起来|以上(?:就是|是|内容|信息|回答)"
    r"|In summary|Overall|In conclusion|To sum up|In short)",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^\s*(?:希望(?:以上|这)|如(?:需|果您|有)(?:更多|进一步|其他|需要)|请(?:注意|参考|核实|以)|好的|当然|您好|谢谢|注[:：]|答[:：]?$"
    r"|根据(?:以上|上述|所给|提供的|给出的)?(?:资料|段落|文档|材料|信息|内容)[，,]?\s*(?:回答|答案|整理|总结|可以)?[^，。]{0,6}[：:]?$"
    r"|Hope this|Let me know|Please note|Sure|Here (?:is|are))",
    re.IGNORECASE,
)

Source = Callable[[str], Document]
"""A document by its name."""


def verify(claim: Claim, passages: Sequence[Passage], source: Source) -> Sentence:
    """The claim as a checked sentence; a row of a table is held as what its cells say under their
    header, and a header claims nothing. See `_verified`."""
    if claim.lead == ROW and not claim.header and not facts(claim.text).quantities:
        return Sentence(claim.text, Support.NONE, None, (), claim.lead)
    said = replace(claim, text=_spelt_out(claim))
    return replace(_verified(said, passages, source), text=claim.text, lead=claim.lead)


def _spelt_out(claim: Claim) -> str:
    """A row as a sentence: each cell behind the header of its column, a bare figure with the unit
    in parentheses there.

    >>> _spelt_out(Claim("甲公司\\t12", (), ROW, ("公司", "营收（亿元）")))
    '公司甲公司，营收12亿元'
    """
    if claim.lead != ROW:
        return claim.text
    said = []
    for label, cell in zip_longest(claim.header, claim.text.split("\t"), fillvalue=""):
        unit = _COLUMN_UNIT.search(label)
        bare = unit is not None and _BARE.fullmatch(cell.strip()) is not None
        name = label[: unit.start()] if unit is not None and bare else label
        said.append(f"{name}{cell.strip()}{unit[1] if unit is not None and bare else ''}")
    return "，".join(filter(None, said))


_COLUMN_UNIT = re.compile(r"[（(]([^（）()]{1,12})[）)]\s{0,4}$")
_BARE = re.compile(r"[-+−约]?[\d,.]{1,24}")


def _verified(claim: Claim, passages: Sequence[Passage], source: Source) -> Sentence:
    """The claim with the quotations that it rests on: in the passages that it cites, else moved
    to others that support it by the same checks. Without any it is partly supported or
    unsupported, and keeps the quotations that came nearest among those that it cites. What claims
    nothing has the support `NONE`."""
    text = without_remarks(claim.text)
    if not text.strip():
        return Sentence(claim.text, Support.NONE, None, ())
    by_rank = {passage.rank: passage for passage in passages}
    cited = [by_rank[rank] for rank in dict.fromkeys(claim.cited) if rank in by_rank]
    quoted = _word_for_word(text, cited)
    if quoted:
        return _sentence(claim, Support.SUPPORTED, None, quoted, source)
    verdict, moved = _verdict(text, cited, passages)
    if is_lead_in(claim.text) and not _fails(verdict, text):
        return Sentence(claim.text, Support.NONE, None, ())
    spans = list(_spans(verdict.lines))
    if verdict.support is Support.SUPPORTED:
        reason = NOT_CITED if moved and cited else None
        return _sentence(claim, Support.SUPPORTED, reason, spans, source)
    if verdict.support is Support.PARTLY and cited:
        return _sentence(claim, Support.PARTLY, verdict.reason, spans, source)
    reason = verdict.reason if cited else NOT_QUOTED
    return Sentence(claim.text, Support.UNSUPPORTED, reason, ())


def _verdict(
    text: str, cited: Sequence[Passage], passages: Sequence[Passage]
) -> tuple[Verdict, bool]:
    """The verdict by the cited passages, else by others, alone or beside them, and whether others
    decided."""
    own = _judged(text, cited) if cited else None
    if own is not None and (own.support is Support.SUPPORTED or _contradicted(own)):
        return own, False
    others = _likely(text, [passage for passage in passages if passage not in cited])
    for passage in others:
        found = _judged(text, [passage])
        # Where what is cited tells of something else altogether, its number is what is wrong.
        least = 0.0 if own is None else min(SURE, MORE * own.probability)
        if found.support is Support.SUPPORTED and found.probability >= least:
            return found, True
    # A name that what is cited lacks is not lent by a passage that tells of something else.
    beside = () if own is not None and _of_another(own) else others[:2]
    for passage in beside:
        found = _judged(text, [*cited, passage] if cited else others[:2])
        if found.support is Support.SUPPORTED and found.probability >= TOGETHER:
            return found, True
        if not cited:
            break
    if own is None:
        own = _judged(text, others[:1])
    return own, False


def _contradicted(verdict: Verdict) -> bool:
    """Whether what is cited says it otherwise: then no other passage is asked to say it."""
    reason = verdict.reason
    if reason is None:
        return False
    said_otherwise = reason.kind in _CONTRADICTIONS or (
        reason.kind in (RemarkKind.NUMBER, RemarkKind.DATE) and len(reason.values) > 1
    )
    return said_otherwise and verdict.probability >= SURE


def _of_another(verdict: Verdict) -> bool:
    return verdict.reason is not None and verdict.reason.kind is RemarkKind.NAME


def _judged(text: str, passages: Sequence[Passage]) -> Verdict:
    years = {year_of(passage) for passage in passages} - {None}
    verdicts = [judge(text, passages, year) for year in sorted(filter(None, years))[:2] or (None,)]
    return max(verdicts, key=lambda found: (found.support is Support.SUPPORTED, found.probability))


def _likely(text: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages that have most of the claim's words and digits, best first."""
    claim = facts(text)
    words = [*claim.words, *(q.text for c in claim.clauses for q in c.quantities)]
    scored = []
    for passage in passages:
        whole = squeeze(passage.text)
        score = sum(word in whole for word in words)
        if score:
            scored.append((score, passage))
    scored.sort(key=lambda one: -one[0])
    return [passage for _, passage in scored[:OTHERS]]


def _fails(verdict: Verdict, text: str) -> bool:
    """Whether a lead-in or closing states figures that no passage gives."""
    stated = any(clause.quantities or clause.periods for clause in facts(text).clauses)
    failing = (RemarkKind.NUMBER, RemarkKind.DATE, RemarkKind.DIRECTION, RemarkKind.NEGATION)
    return stated and verdict.reason is not None and verdict.reason.kind in failing


def _word_for_word(text: str, cited: Sequence[Passage]) -> list[tuple[Passage, Span]]:
    """Where a claim stands as it is; a bare figure proves nothing, a row of a table and a line
    that is a date with its year and month do."""
    stated = facts(text)
    dated = any(p.text == text.strip() and p.year and p.month for p in stated.periods)
    if not (stated.words or dated or "\t" in text.strip()):
        return []
    return [(passage, span) for passage in cited if (span := locate(text, passage))]


def _spans(lines: Sequence[PassageLine]) -> Iterator[tuple[Passage, Span]]:
    """The lines as spans of their documents, successive ones of a passage as one, in the order of
    the first line of each passage."""
    by_passage: dict[Passage, list[PassageLine]] = {}
    for line in lines:
        by_passage.setdefault(line.passage, []).append(line)
    for passage, chosen in by_passage.items():
        every = lines_of(passage)
        run: Span | None = None
        for line in sorted(chosen, key=lambda one: one.span):
            follows = run is not None and not any(
                run.end <= other.span.start and other.span.end <= line.span.start for other in every
            )
            if run is not None and follows:
                run = Span(run.start, line.span.end)
                continue
            if run is not None:
                yield passage, _placed(passage, run)
            run = line.span
        if run is not None:
            yield passage, _placed(passage, run)


def _placed(passage: Passage, span: Span) -> Span:
    return Span(passage.span.start + span.start, passage.span.start + span.end)


def _sentence(
    claim: Claim,
    support: Support,
    reason: Remark | None,
    quotes: Sequence[tuple[Passage, Span]],
    source: Source,
) -> Sentence:
    citations = tuple(_cite(passage, span, source) for passage, span in quotes)
    return Sentence(claim.text, support, reason, citations)


def locate(sentence: str, passage: Passage) -> Span | None:
    """Where `sentence` stands in the passage, as a span of the document's text; compared folded
    and without white space, its last mark as far as it is there. None where it does not stand
    there, or is empty."""
    wanted = squeeze(sentence)
    core = wanted.rstrip("。.；;")
    if not core:
        return None
    folded = fold_aligned(passage.text)
    kept = [i for i, character in enumerate(folded.text) if not character.isspace()]
    squeezed = "".join(folded.text[i] for i in kept)
    if wanted not in squeezed:
        wanted = core
    at = squeezed.find(wanted)
    if at < 0:
        return None
    start = int(folded.offsets[kept[at]])
    last = int(folded.offsets[kept[at + len(wanted) - 1]])
    return Span(passage.span.start + start, passage.span.start + last + 1)


def _cite(passage: Passage, span: Span, source: Source) -> Citation:
    document = source(passage.document)
    inside = document.blocks_of(span)
    lines = [block.lines for block in inside if block.lines]
    return Citation(
        n=passage.rank,
        document=passage.document,
        title=passage.title,
        page=inside[0].page if inside else passage.page,
        lines=(lines[0][0], lines[-1][1]) if lines else passage.lines,
        span=span,
        quote=span.of(document.text),
        source=document.pieces(span) if document.source is not None else None,
        clause=clause_at(document, span.start),
    )


def named_passages(text: str) -> tuple[int, ...]:
    """The numbers of passages that a text names in its words.

    >>> named_passages("根据段落1和3，桥长1080米。")
    (1, 3)
    """
    return tuple(int(n) for match in _NAMED.finditer(text) for n in match.groups() if n)


def without_named_passages(text: str) -> str:
    """The text without the words that name passages.

    >>> without_named_passages("根据段落1，桥长1080米。")
    '桥长1080米。'
    """
    return _NAMED.sub("", text)


def without_remarks(text: str) -> str:
    """The sentence without its clauses that only say what the passages lack; empty where nothing
    else is in it.

    >>> without_remarks("资料没有写明票价。")
    ''
    >>> without_remarks("资料没有写明票价，大桥长1080米。")
    '大桥长1080米'
    """
    text = _ASSENT.sub("", without_named_passages(text))
    if (only := _ONLY.search(text)) and _is_about_them(text[only.end() :]):
        return ""
    text = _ONLY.sub("", text)
    every = list(clauses(text))
    kept = [span for span in every if not _LACKS.search(span.of(text))]
    if len(kept) == len(every):
        return text
    if all(_BY_THEM.fullmatch(span.of(text).strip()) for span in kept):
        return ""
    return "，".join(span.of(text).strip() for span in kept)


# What passages are said to consist of, in a remark on what they hold.
_PARTS = re.compile(
    "目录|版次|标题|章节|编号|栏目|各项|其余|第[一二三四五六七八九十0-9]{1,3}[项章节条部]"
)


def _is_about_them(text: str) -> bool:
    """Whether what passages are said to hold alone is a part of a document, without a figure."""
    stated = facts(text)
    counted = [q for q in stated.quantities if q.unit.measures is not UnitClass.ORDINAL]
    return _PARTS.search(text) is not None and not counted and not stated.periods


def is_lead_in(text: str) -> bool:
    """Whether a sentence only announces what follows, closes what was said, or is a courtesy.

    >>> is_lead_in("主要原因有两点："), is_lead_in("综上所述，前景不明。"), is_lead_in("桥长3米。")
    (True, True, False)
    """
    return bool(
        (text.rstrip().endswith(("：", ":")) and _LEAD_IN.search(text))
        or _CLOSING.match(text)
        or _COURTESY.match(text)
    )
