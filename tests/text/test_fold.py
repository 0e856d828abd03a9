"""Folding, and the way back to the offsets of the original."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.normalize import fold, fold_aligned, simplify, squeeze

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("ＡＢＣ１２３", "abc123"),
        ("（全角），。", "(全角),。"),
        ("㎡ ㈱ Ⅳ ½", "m2 (株) iv 1⁄2"),
        ("臺灣積體電路", "台湾积体电路"),
        ("頭髮發展", "头发发展"),
        ("ﬁ", "fi"),
        ("İ", "i̇"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_simplify_leaves_case_and_width() -> None:
    assert simplify("Ａ國") == "Ａ国"
    assert simplify("ABC") == "ABC"


def test_squeeze_takes_out_all_white_space() -> None:
    assert squeeze(" Ａ　b\n\tＣ\u00a0") == "abc"


def test_no_character_folds_to_nothing() -> None:
    assert all(unicodedata.normalize("NFKC", chr(code)).lower() for code in range(0x110000))


@given(TEXTS)
def test_every_folded_character_knows_where_it_came_from(text: str) -> None:
    folded = fold_aligned(text)
    assert len(folded.offsets) == len(folded.text) + 1
    assert folded.offsets[-1] == len(text)
    assert (folded.offsets[1:] >= folded.offsets[:-1]).all()
    for start, character in zip(folded.offsets, folded.text, strict=False):
        assert len(fold_aligned(text[start]).text) >= 1, character


@given(st.text(alphabet="中文字ＡＢc１２㎡,。 \n", max_size=60))
def test_aligned_folding_is_folding(text: str) -> None:
    folded = fold_aligned(text)
    assert folded.text == fold(text)
    for i in range(len(folded.text)):
        assert folded.text[i] in fold(text[folded.offsets[i]])
