"""English words and pinyin into Chinese."""

from __future__ import annotations

import pytest

from rag.text.segment import english_dictionary


@pytest.mark.parametrize(
    ("phrase", "word", "share"),
    [
        ("population density", "人口密度", 1.0),
        ("company", "公司", 1 / 3),
        ("shanghai", "上海", 1.0),
        ("earthquake", "地震", 1.0),
        ("bark", "树皮", 0.25),
        ("increase", "增加", 0.25),
        ("louis", "路易", 1.0),
    ],
)
def test_what_an_english_phrase_means(phrase: str, word: str, share: float) -> None:
    assert english_dictionary().senses[phrase][word] == pytest.approx(share)


def test_a_name_of_a_place_is_not_the_word_for_its_opera() -> None:
    assert "沪剧" not in english_dictionary().senses["shanghai"]
    assert "zebra quantum" not in english_dictionary().senses


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("Shicheng", ("shi", "cheng")),
        ("Xian", ("xian",)),
        ("Xi'an", ("xi", "an")),
        ("Yinan", ("yi", "nan")),
        ("Xiaoou", ("xiao", "ou")),
        ("Lü", ("lu:",)),
        ("Smith", ()),
        ("Monteiro", ()),
        ("", ()),
    ],
)
def test_pinyin_is_cut_into_syllables(word: str, syllables: tuple[str, ...]) -> None:
    assert english_dictionary().syllables(word) == syllables


def test_characters_and_surnames_of_a_syllable() -> None:
    assert {"欧", "鸥"} <= set(english_dictionary().characters["ou"])
    assert (
        "欧" in english_dictionary().surnames["ou"]
        and "欧阳" in english_dictionary().surnames["ouyang"]
    )
