"""Searching some documents only: like searching all of them and leaving out the others."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import Assistant
from rag.documents.discover import expression
from rag.errors import FilterError
from rag.index.local import vectors, words
from rag.index.local.index import Index
from rag.index.local.rows import Bools, RowIds
from rag.index.local.snapshot import Fits
from rag.index.local.vectors import Dense, VectorFile, write_vectors
from rag.index.local.words import Counted, Lexical
from rag.index.protocol import Field
from rag.settings import Settings
from rag.types import DocumentInfo, Filter
from tests.fakes import CharacterEncoder


def mark(seed: int, rows: int, share: float) -> Bools:
    return np.random.default_rng(seed).random(rows) < share


def some(ranked: list[tuple[int, float]], among: Bools, k: int) -> list[tuple[int, float]]:
    return [(row, score) for row, score in ranked if among[row]][:k]


@pytest.mark.parametrize("cost", [0, 10, 1 << 40])
@pytest.mark.parametrize("share", [0.0, 0.004, 0.1, 0.9, 1.0])
def test_words_are_ranked_among_some_rows(
    cost: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_HITS_PER_KEY", cost)
    source = random.Random(5)
    names = [f"词{i}" for i in range(40)]
    texts = [source.choices(names, k=source.randint(1, 30)) for _ in range(1500)]
    built = Lexical.build(
        Counted(row, (" ".join(terms), "", "", "")) for row, terms in enumerate(texts)
    )
    query = {Field.WORDS: {"词1": 1.0, "词7": 0.5, "词8": 2.0}}
    everything = built.rank(query, 1500)
    among = mark(1, 1500, share)
    for k in (1, 10, 1500):
        assert built.rank(query, k, among) == some(everything, among, k)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_vectors_are_ranked_among_some_rows(
    tmp_path: Path, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = np.random.default_rng(2).standard_normal((3000, 32)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[::50] = 0
    among = mark(3, 3000, share)
    query = np.random.default_rng(4).standard_normal(32).astype(np.float32)
    everything = Dense.build(matrix).rank(query, 3000)
    for k in (1, 10, 3000):
        assert Dense.build(matrix).rank(query, k, among) == some(everything, among, k)
    monkeypatch.setattr(vectors, "_EXACT_NUMBERS", 0)
    write_vectors(tmp_path / "1", np.arange(3000), matrix)
    coded = Dense.open([VectorFile(tmp_path / "1", 3000)], 32, RowIds(np.arange(3000)))
    found = coded.rank(query, 10, among)
    wanted = some(everything, among, 10)
    assert [row for row, _ in found] == [row for row, _ in wanted]
    assert [score for _, score in found] == pytest.approx([s for _, s in wanted], abs=2e-6)


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*.pdf", ["a.pdf", "x/y/b.pdf"], ["a.pdfx", "a.txt"]),
        ("年报", ["年报/2023.pdf", "x/年报/a.txt", "年报"], ["年报2.txt", "2年报/a.txt"]),
        ("年报/", ["年报/2023.pdf"], ["年报.txt"]),
        ("年报/*", ["年报/2023.pdf", "年报/x/y.txt"], ["x/年报/a.txt"]),
        ("年报/**/附注*", ["年报/附注1", "年报/a/b/附注"], ["附注", "x/年报/附注"]),
        ("20[12]?.txt", ["201x.txt", "a/2023.txt"], ["2033.txt", "20/3.txt"]),
        ("[!a]*.md", ["b.md"], ["a.md"]),
        ("a*b*c", ["abc", "axxbyyc", "aabbcc/x"], ["a/b/c", "acb"]),
        ("[", ["["], ["a"]),
    ],
)
def test_patterns_of_names(pattern: str, fits: list[str], others: list[str]) -> None:
    test = Fits(Filter(documents=(pattern,)))
    assert [name for name in [*fits, *others] if test(info(name))] == fits


def test_no_pattern_takes_for_ever() -> None:
    for pattern, path in (("*a" * 200 + "b", "a" * 400), ("**/a/" * 4 + "c", "a/" * 100)):
        assert not re.fullmatch(expression(pattern), path, re.DOTALL)


def info(
    name: str, date: str | None = None, publisher: str | None = None, tags: tuple[str, ...] = ()
) -> DocumentInfo:
    return DocumentInfo("i", name, name, name, date, True, 1, 1, 0, publisher, tags)


@pytest.mark.parametrize(
    ("since", "until", "inside"),
    [
        ("2023", None, ["2023", "2023-05", "2023-05-07", "2024"]),
        ("2023-05-08", None, ["2023", "2023-05", "2024"]),
        ("2023-06", None, ["2023", "2024"]),
        (None, "2023-05-06", ["2022-12-31", "2023", "2023-05"]),
        (None, "2022", ["2022-12-31"]),
        ("2023-05-07", "2023-05-07", ["2023", "2023-05", "2023-05-07"]),
    ],
)
def test_a_date_is_inside_a_range_that_it_overlaps(
    since: str | None, until: str | None, inside: list[str]
) -> None:
    test = Fits(Filter(since=since, until=until))
    dates = ["2022-12-31", "2023", "2023-05", "2023-05-07", "2024"]
    assert [date for date in dates if test(info("a", date))] == inside
    assert not test(info("a"))


def test_sources_and_tags_are_compared_folded() -> None:
    test = Fits(Filter(sources=("人民日報", "B"), tags=("Ａ", "年报")))
    assert test(info("a", None, "人民日报", ("x", "a")))
    assert not test(info("a", None, "人民日报", ("x",)))
    assert not test(info("a", None, None, ("a",)))
    assert Fits(Filter())(info("a"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"since": "2023-02-30"}, "since '2023-02-30' is no date"),
        ({"until": "last year"}, "until 'last year' is no date"),
        ({"until": "２０２３"}, "is no date"),
        ({"since": "2024", "until": "2023-12"}, "nothing is since 2024 and until 2023-12"),
        ({"tags": (" ",)}, "an empty name in tags"),
        ({"documents": ("a" * 501,)}, "longer than 500"),
        ({"documents": ("**/" * 5,)}, "more than 4 times"),
    ],
)
def test_what_is_no_filter_is_refused(fields: dict[str, str], said: str) -> None:
    with pytest.raises(FilterError, match=said):
        Filter(**fields)  # type: ignore[arg-type]


def test_an_index_restricted_to_some_documents(docs: Path, settings: Settings) -> None:
    index = Index.build([docs], settings=settings, encoder=CharacterEncoder())
    where = Filter(documents=("*.txt",), since="2000")
    assert [found.name for found in index.documents(where=where)] == ["渔业/年报.txt"]
    only = index.restricted(where)
    terms = {Field.WORDS: {"灯塔": 1.0, "大桥": 1.0, "渔获量": 1.0}}
    vector = index.encoder.encode_queries(["大桥渔获量灯塔"])[0]
    for ranked, everything in (
        (only.rank_words(terms, 9), index.rank_words(terms, 9)),
        (only.rank_vectors(vector, 9), index.rank_vectors(vector, 9)),
    ):
        names = [index.row_document(row).name for row, _ in everything]
        kept = zip(everything, names, strict=True)
        assert ranked == [pair for pair, name in kept if name == "渔业/年报.txt"]
        assert ranked
    assert only.frequencies(Field.WORDS, ["灯塔"]) == index.frequencies(Field.WORDS, ["灯塔"])
    assert only.count == index.count
    nothing = index.restricted(Filter(tags=("无",)))
    assert nothing.rank_words(terms, 9) == nothing.rank_vectors(vector, 9) == []


def test_an_assistant_answers_from_some_documents(docs: Path, settings: Settings) -> None:
    index = Index.build([docs], settings=settings, encoder=CharacterEncoder())
    assistant = Assistant(index, settings)
    where = Filter(documents=("桥梁.md",))
    everywhere = assistant.search("灯塔高多少米？大桥全长多少？")
    some = assistant.search("灯塔高多少米？大桥全长多少？", where=where)
    assert {passage.document for passage in everywhere} > {"桥梁.md"}
    assert {passage.document for passage in some} == {"桥梁.md"}
    assert "42米" in assistant.ask("灯塔高多少米？").text
    assert "42米" not in assistant.ask("灯塔高多少米？", where=where).text
    assert {p.document for p in assistant.ask("大桥全长多少公里？", where=where).passages} == {
        "桥梁.md"
    }
