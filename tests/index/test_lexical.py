"""The word part against BM25 as in the textbook."""

from __future__ import annotations

import math
import random
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rag.errors import StoreCorrupt, StoreError
from rag.index.local.rows import RowIds
from rag.index.local.words import Counted, Lexical, compose, write_words
from rag.index.protocol import Field

K1, B = 1.2, 0.75


def rows_of(texts: list[list[str]]) -> list[Counted]:
    return [Counted(row, (" ".join(terms), "", "", "")) for row, terms in enumerate(texts)]


def textbook(texts: list[list[str]], query: dict[str, float]) -> dict[int, float]:
    """BM25 with idf = ln(1 + (N - n + 1/2) / (n + 1/2))."""
    average = sum(map(len, texts)) / len(texts)
    scores: dict[int, float] = {}
    for row, terms in enumerate(texts):
        counts = Counter(terms)
        for term, weight in query.items():
            if counts[term]:
                having = sum(term in other for other in texts)
                idf = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
                length = K1 * (1 - B + B * len(terms) / average)
                part = counts[term] * (K1 + 1) / (counts[term] + length)
                scores[row] = scores.get(row, 0.0) + weight * idf * part
    return scores


@pytest.fixture
def texts() -> list[list[str]]:
    """Lengths up to 39 terms, which Tantivy keeps exactly."""
    source = random.Random(4)
    vocabulary = [f"词{i}" for i in range(60)]
    weights = [1 / (i + 1) for i in range(60)]
    return [source.choices(vocabulary, weights, k=source.randint(1, 39)) for _ in range(300)]


@pytest.mark.parametrize(
    "query",
    [{"词3": 1.0}, {"词0": 1.0, "词17": 1.0, "词59": 1.0}, {"词5": 0.5, "词30": 2.0}, {"无": 1.0}],
)
def test_scores_are_bm25(texts: list[list[str]], query: dict[str, float]) -> None:
    expected = textbook(texts, query)
    found = Lexical.build(rows_of(texts)).rank({Field.WORDS: query}, 300)
    assert {row for row, _ in found} == set(expected)
    for row, score in found:
        assert score == pytest.approx(expected[row], rel=1e-5)
    assert [(-score, row) for row, score in found] == sorted((-s, r) for r, s in found)


def test_the_first_k_are_the_first_of_all(texts: list[list[str]]) -> None:
    lexical = Lexical.build(rows_of(texts))
    query = {Field.WORDS: {"词1": 1.0, "词2": 1.0}}
    everything = lexical.rank(query, 1000)
    for k in (1, 2, 10, 50):
        assert lexical.rank(query, k) == everything[:k]


def test_ties_go_by_row_even_at_the_last_place() -> None:
    lexical = Lexical.build(reversed(rows_of([["同"], ["异"], *[["同"]] * 40])))
    assert [row for row, _ in lexical.rank({Field.WORDS: {"同": 1.0}}, 3)] == [0, 2, 3]


def test_fields_are_apart_and_add_up() -> None:
    lexical = Lexical.build(
        [
            Counted(0, ("灯塔", "灯塔", "", "")),
            Counted(1, ("大桥", "", "灯塔", "")),
            Counted(2, ("", "", "", "灯塔")),
        ],
    )
    for field, row in zip(Field, (0, 0, 1, 2), strict=True):
        assert [found for found, _ in lexical.rank({field: {"灯塔": 1.0}}, 5)] == [row]
    both = {Field.WORDS: {"灯塔": 1.0}, Field.CONTEXT_WORDS: {"灯塔": 3.0, "大桥": 1.0}}
    assert [row for row, _ in lexical.rank(both, 5)] == [1, 0]


def test_no_terms_no_rows() -> None:
    lexical = Lexical.build(rows_of([["甲"]]))
    assert lexical.rank({}, 5) == []
    assert lexical.rank({Field.WORDS: {"甲": 0.0, "": 1.0}}, 5) == []
    assert lexical.rank({Field.WORDS: {"甲": 1.0}}, 0) == []
    assert Lexical.build([]).rank({Field.WORDS: {"甲": 1.0}}, 5) == []


def test_frequencies_count_rows(texts: list[list[str]]) -> None:
    lexical = Lexical.build(rows_of(texts))
    found = lexical.frequencies(Field.WORDS, ["词0", "词40", "无"])
    assert found == {term: sum(term in text for text in texts) for term in ("词0", "词40", "无")}


def composed(folder: Path, texts: list[list[str]], keys: list[int], cuts: list[int]) -> None:
    """An index in `folder` of the texts with these keys, cut into segments."""
    segments = []
    for first, last in zip([0, *cuts], [*cuts, len(texts)], strict=True):
        own = folder / "own"
        own.mkdir(parents=True)
        some = [Counted(keys[i], (" ".join(texts[i]), "", "", "")) for i in range(first, last)]
        found = write_words(own, some)
        assert sum(segment.rows for segment in found) == last - first
        segments += found
        for path in own.iterdir():
            if path.name[:32] in {segment.name for segment in found}:
                path.rename(folder / path.name)
        shutil.rmtree(own)
    compose(folder, segments)


def test_segments_search_as_one_index(tmp_path: Path, texts: list[list[str]]) -> None:
    query = {Field.WORDS: {"词1": 1.0, "词9": 1.0}}
    one = Lexical.build(rows_of(texts))
    keys = [1000 + 3 * i for i in range(300)]
    composed(tmp_path, texts, keys, [10, 150, 299])
    several = Lexical.open(tmp_path, RowIds(np.array(keys, np.int64)))
    assert len(several) == 300
    for k in (1, 20, 300):
        assert several.rank(query, k) == one.rank(query, k)
    wanted = ["词0", "词40", "无"]
    assert several.frequencies(Field.WORDS, wanted) == one.frequencies(Field.WORDS, wanted)


def test_what_is_no_longer_there_is_passed_over(tmp_path: Path, texts: list[list[str]]) -> None:
    query = {Field.WORDS: {"词1": 1.0}}
    composed(tmp_path, texts, list(range(300)), [100])
    everything = Lexical.open(tmp_path, RowIds(np.arange(300))).rank(query, 300)
    left = np.array([row for row in range(300) if row % 7], np.int64)
    some = Lexical.open(tmp_path, RowIds(left))
    expected = [(left.tolist().index(row), score) for row, score in everything if row % 7]
    for k in (1, 10, 300):
        assert some.rank(query, k) == expected[:k]


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(StoreCorrupt, match="word index"):
        Lexical.open(tmp_path, RowIds(np.arange(1)))


def test_cut_files_never_kill(tmp_path: Path, texts: list[list[str]]) -> None:
    composed(tmp_path, texts, list(range(300)), [])
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        path.unlink()  # not cut in place: Tantivy may still read it
        path.write_bytes(data[: len(data) // 2])
        with suppress(StoreError):
            Lexical.open(tmp_path, RowIds(np.arange(300))).rank({Field.WORDS: {"词1": 1.0}}, 9)
        path.unlink()
        path.write_bytes(data)
    assert len(Lexical.open(tmp_path, RowIds(np.arange(300)))) == 300
