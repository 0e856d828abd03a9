from __future__ import annotations

import numpy as np
import pytest

from rag.models.reader import FEATURES, STATIC, Vocabulary, match, read_words

VOCABULARY = Vocabulary(
    {"": 0, "<unknown>": 1, "<latin>": 2, "苹果": 3, "0000": 4, "年": 5, "买": 6},
    {"": 0, "<unknown>": 1, "苹": 2, "果": 3},
    np.array([5, 5, 5, 2, 3, 1, 4], np.float32),
)


def test_words_slice_back_to_the_text() -> None:
    text = "１９８７年 他買了Ａpple。㎡\n蘋果！"
    words = read_words(text, VOCABULARY)
    pieces = [text[a:b] for a, b in zip(words.starts, words.ends, strict=True)]
    assert "".join(pieces).replace("㎡㎡", "㎡") == "".join(text.split())
    assert words.tokens[:2] == ("1987", "年")
    assert pieces[:2] == ["１９８７", "年"] and pieces[-2:] == ["蘋果", "！"]


def test_rows_and_forms() -> None:
    words = read_words("1987年苹果abc喵。", VOCABULARY)
    by_token = dict(zip(words.tokens, words.words.tolist(), strict=True))
    assert by_token["1987"] == 4 and by_token["年"] == 5 and by_token["苹果"] == 3
    assert by_token["abc"] == 2 and by_token["喵"] == 1
    assert words.first[words.tokens.index("苹果")] == 2
    assert words.last[words.tokens.index("苹果")] == 3
    assert words.static.shape == (len(words), STATIC)
    number, stop = words.tokens.index("1987"), words.tokens.index("。")
    assert words.static[number, 1] == 1 and words.static[stop, 1] == 0
    assert words.static[stop, 5] == 1 and words.static[0, 13] == 1


def test_sentences_of_words() -> None:
    words = read_words("苹果红。梨黄。", VOCABULARY)
    edge = words.tokens.index("。") + 1
    assert words.sentence[:edge].tolist() == [0] * edge
    assert set(words.sentence[edge:].tolist()) == {1}


def test_matches_with_the_question() -> None:
    passage = read_words("我买苹果。梨黄。", VOCABULARY)
    found = match(read_words("谁买苹果", VOCABULARY), passage)
    assert found.shape == (len(passage), FEATURES)
    own = dict(zip(passage.tokens, found[:, STATIC:], strict=True))
    assert own["苹果"][0] == own["苹果"][1] == 1
    assert own["苹果"][2] == pytest.approx(0.2)  # idf 2 of 10
    assert own["苹果"][3:6].tolist() == [1, 1, 1]  # 买苹果 stands in both
    assert own["梨"][:6].tolist() == [0] * 6
    assert own["苹果"][8] == own["我"][8] == pytest.approx(1.0)  # both words of the question
    assert own["梨"][8] == 0
    assert own["苹果"][10] == pytest.approx(2 / 3)  # 买苹, 苹果 of three pairs


def test_nothing_to_match() -> None:
    empty, some = read_words(" ", VOCABULARY), read_words("苹果", VOCABULARY)
    assert len(empty) == 0 and match(some, empty).shape == (0, FEATURES)
    assert match(empty, some)[:, STATIC:].sum() == 0


def test_a_text_can_be_cut_short() -> None:
    words = read_words("苹果红。梨黄。", VOCABULARY)
    assert words.first_of(100) is words
    short = words.first_of(2)
    assert len(short) == 2 and short.static.shape == (2, STATIC) and short.folded == words.folded


def test_a_vocabulary_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="2 words, 1 idf"):
        Vocabulary.parse(b'{"words": ["", "a"], "characters": [""], "idf": [1]}')
