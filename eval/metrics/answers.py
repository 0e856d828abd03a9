"""Measures of the answer's words against the listed answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from eval.metrics.folding import count_characters, fold

ALL_REQUIRED = frozenset({"list", "cause", "definition", "comparison", "multi-hop", "summary"})
"""Question types of which every listed answer is a required part (eval/README.md)."""

SHORT_TYPES = frozenset({"number", "date", "entity"})
"""Question types that a few words answer (eval/README.md)."""

# Punctuation that the CMRC 2018 script removes, and its NFKC forms.
_PUNCTUATION = frozenset("-:_*^/\\~`+=，。：？！“”；’《》…·、「」（）－～『』")
_DROPPED = _PUNCTUATION | frozenset(unicodedata.normalize("NFKC", "".join(_PUNCTUATION)))
_TOKEN = re.compile(r"[\u4e00-\u9fff]|\d+(?:[.,]\d+)*|[^\W\d\u4e00-\u9fff]+|[^\w\s]")
_MARKER = re.compile(r"\[\d+\]")


def answer_hit(
    text: str, answers: Sequence[str | Sequence[str]], *, all_required: bool = False
) -> float:
    """The share of the listed answers that stand in the answer's text where all are required
    (see `ALL_REQUIRED`); else 1 when any one does, 0 when none. An answer may be a list of
    ways to say the same. A refusal's text is passed as the empty string and gives 0. Undefined
    for no listed answer.

    Source: eval/README.md, Measures.

    >>> answer_hit("甲和乙。[1]", ["甲", "丙"], all_required=True)
    0.5
    >>> answer_hit("甲和乙。[1]", ["丙", ["甲", "佳"]])
    1.0
    """
    folded = fold(text)
    found = [
        any(
            fold(way) and fold(way) in folded
            for way in ([answer] if isinstance(answer, str) else answer)
        )
        for answer in answers
    ]
    return sum(found) / len(found) if all_required else float(any(found))


def answer_characters(text: str) -> int:
    """Characters of an answer, white space and citation markers not counted.

    >>> answer_characters("是 三成。[1][2]")
    4
    """
    return count_characters(_MARKER.sub("", text))


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1 when the prediction equals one of the answers after folding, with punctuation out.
    Without an answer (an unanswerable question of SQuAD 2): 1 when the prediction is empty.

    Source: cmrc2018_evaluate.py (ymcui/cmrc2018), calc_em_score; for unanswerable questions
    the SQuAD 2.0 script.

    >>> exact_match("《三体》", ["三体"]), exact_match("", [])
    (1.0, 1.0)
    """
    if not answers:
        return float(not prediction.strip())
    bare = _bare(prediction)
    return float(any(bare == _bare(answer) for answer in answers))


def character_f1(prediction: str, answers: Sequence[str]) -> float:
    """max over answers a of 2PR/(P+R) with P = L/|p|, R = L/|a|: L is the length of the longest
    common *substring* of tokens, |p| and |a| the tokens of prediction and answer; a token is a
    Chinese character, a word in another script or a number. 0 when nothing is common; without
    an answer as in `exact_match`.

    Source: cmrc2018_evaluate.py (ymcui/cmrc2018), calc_f1_score. Words of other scripts are
    told apart by character class here, by NLTK there.

    >>> character_f1("北京大学", ["北京"])
    0.6666666666666666
    """
    if not answers:
        return float(not prediction.strip())
    tokens = _tokens(prediction)
    return max(_substring_f1(tokens, _tokens(answer)) for answer in answers)


def rouge_l(prediction: str, reference: str) -> float:
    """2PR/(P+R) with P = L/|p|, R = L/|r|: L is the length of the longest common subsequence
    of the folded characters of prediction p and reference r. 0 when either is empty.

    Source: Lin, ROUGE (2004), 3.2, with beta = 1.

    >>> rouge_l("甲乙丙", "甲丙丁")
    0.6666666666666666
    """
    p, r = fold(prediction), fold(reference)
    common = _common_subsequence(p, r)
    return 2 * common / (len(p) + len(r)) if common else 0.0


def sentence_right(quotations: Sequence[str], answers: Sequence[str]) -> float:
    """1 when one of the quotations that the short answer's sentence rests on holds a listed
    answer, else 0 (also for a refusal, which has no quotation). Undefined for no answer.

    >>> sentence_right(["他生于1881年。"], ["1881年"])
    1.0
    """
    return float(any(answer_hit(quotation, answers) for quotation in quotations))


def _bare(text: str) -> str:
    return "".join(character for character in fold(text) if character not in _DROPPED)


def _tokens(text: str) -> list[str]:
    plain = _MARKER.sub("", unicodedata.normalize("NFKC", text).lower())
    return [token for token in _TOKEN.findall(plain) if token not in _DROPPED]


def _substring_f1(p: list[str], a: list[str]) -> float:
    common = SequenceMatcher(None, p, a, autojunk=False).find_longest_match().size
    return 2 * common / (len(p) + len(a)) if common else 0.0


def _common_subsequence(a: str, b: str) -> int:
    """Length of the longest common subsequence, by bit vectors.

    Source: Crochemore et al., A fast and practical bit-vector algorithm for the LCS (2001).
    """
    places: dict[str, int] = {}
    for i, character in enumerate(a):
        places[character] = places.get(character, 0) | 1 << i
    full = (1 << len(a)) - 1
    row = full
    for character in b:
        match = row & places.get(character, 0)
        row = (row + match | row - match) & full
    return len(a) - row.bit_count()
