"""Hits are put in order by the sentence in them that answers best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rag import Assistant
from rag.models.encoder import Float32
from rag.models.reader import ReaderMarks
from rag.retrieval.evidence import OTHER_YEAR_LOSS, weigh_sentences
from rag.retrieval.query import parse_query, weigh
from rag.retrieval.retrieve import ScoredChunk, retrieve
from rag.retrieval.search import (
    DEPTH,
    READ,
    READER_WEIGHT,
    SENTENCE_WEIGHT,
    TYPED_WEIGHT,
    VECTOR_WEIGHT,
    rerank,
)
from rag.settings import Retrieval


def found(small: Assistant, question: str) -> tuple[list[ScoredChunk], list[ScoredChunk]]:
    query = parse_query(question)
    weights = weigh(query, small.index)
    before = retrieve(query, weights, small.index, Retrieval(), 10)
    return before, rerank(query, weights, before)


def test_nothing_is_lost_and_scores_fall(small: Assistant) -> None:
    before, after = found(small, "渡轮的单程票价是多少？")
    assert {one.hit.chunk.id for one in after} == {one.hit.chunk.id for one in before}
    scores = [one.hit.score for one in after]
    assert scores == sorted(scores, reverse=True)


def test_the_score_is_the_hit_s_and_the_best_sentence_s(small: Assistant) -> None:
    question = "渡轮的单程票价是多少？"
    query = parse_query(question)
    weights = weigh(query, small.index)
    before, after = found(small, question)
    first = after[0]
    chunk = first.hit.chunk
    above = (first.document.title, *chunk.headings, *chunk.lead)
    sentences = weigh_sentences(query, weights, chunk.text, above)
    old = next(one.hit.score for one in before if one.hit.chunk.id == chunk.id)
    best = max(sentence.score for sentence in sentences)
    typed = TYPED_WEIGHT * any(sentence.typed for sentence in sentences)
    cosine = next(part.score for part in first.hit.parts if part.name == "vector")
    assert cosine > 0.1
    expected = old / before[0].hit.score + SENTENCE_WEIGHT * best + typed + VECTOR_WEIGHT * cosine
    assert abs(first.hit.score - expected) < 1e-9
    assert first.hit.parts[-1].name == "answering_sentence"
    assert "4元" in chunk.text


def test_few_or_no_hits(small: Assistant) -> None:
    query = parse_query("鳄梨")
    assert rerank(query, weigh(query, small.index), []) == []
    assert DEPTH >= 10


def test_a_sentence_of_another_year_is_worth_less(small: Assistant) -> None:
    query = parse_query("渡轮2020年的票价有变动吗？")
    weights = weigh(query, small.index)
    (fare,) = (
        one
        for one in rerank(query, weights, retrieve(query, weights, small.index, Retrieval(), 10))
        if "2023年票价" in one.hit.chunk.text
    )
    chunk = fare.hit.chunk
    above = (fare.document.title, *chunk.headings, *chunk.lead)
    scores = {s.text: s.score for s in weigh_sentences(query, weights, chunk.text, above)}
    expected = max(score - OTHER_YEAR_LOSS * ("2023年" in text) for text, score in scores.items())
    assert fare.hit.parts[-1].score == pytest.approx(expected)
    assert expected < max(scores.values())


class Finder:
    """A reader that is sure where it sees a word, and reads nothing else than it is given."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.texts: list[str] = []

    def read(self, question: str, passages: Sequence[str]) -> list[ReaderMarks]:
        assert question
        self.texts += passages
        return [_reading(0.999 if self.word in text else 0.001) for text in passages]


def _reading(has_answer: float) -> ReaderMarks:
    share = np.array([has_answer], np.float32)
    return ReaderMarks(np.array([0]), np.array([1]), share, share)


def test_what_the_reader_takes_for_an_answer_rises(small: Assistant) -> None:
    query = parse_query("渡轮的航线")
    weights = weigh(query, small.index)
    before = retrieve(query, weights, small.index, Retrieval(), 10)
    unread = rerank(query, weights, before)
    second = unread[1].hit
    reader = Finder(second.chunk.text)
    read = rerank(query, weights, before, reader=reader)
    scores = [one.hit.score for one in read]
    assert scores == sorted(scores, reverse=True)
    (risen,) = (one for one in read if one.hit.chunk.id == second.chunk.id)
    assert risen.reading is not None and risen.hit.parts[-1].name == "reader"
    gain = READER_WEIGHT * math.log(0.999 / 0.001)
    assert risen.hit.score == pytest.approx(second.score + gain, abs=1e-4)
    assert len(reader.texts) == len(set(reader.texts)) == len(read)


def test_only_the_first_hits_are_read_and_the_others_stay_behind(small: Assistant) -> None:
    query = parse_query("渡轮的航线")
    weights = weigh(query, small.index)
    (one, *_) = retrieve(query, weights, small.index, Retrieval(), 10)
    many = [
        replace(one, hit=replace(one.hit, chunk=replace(one.hit.chunk, id=f"{i:03d}")))
        for i in range(DEPTH + 2)
    ]
    reader = Finder("没有这个词")
    after = rerank(query, weights, many, reader=reader)
    assert len(reader.texts) == READ
    assert [one.reading is None for one in after] == [False] * READ + [True] * (DEPTH + 2 - READ)
    assert [one.hit.chunk.id for one in after] == [f"{i:03d}" for i in range(DEPTH + 2)]


def test_an_english_question_is_not_read(small: Assistant) -> None:
    query = parse_query("How many ferry lines are there?")
    reader = Finder("渡轮")
    rerank(query, weigh(query, small.index), found(small, "渡轮的航线")[0], reader=reader)
    assert reader.texts == []


class Longest:
    """A reranker that likes long passages."""

    name = "longest"

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        assert question == "渡轮的单程票价是多少？"
        return np.array([len(passage) / 1000 for passage in passages], np.float32)


def test_a_model_that_is_given_decides_alone(small: Assistant) -> None:
    query = parse_query("渡轮的单程票价是多少？")
    weights = weigh(query, small.index)
    before = retrieve(query, weights, small.index, Retrieval(), 10)
    after = rerank(query, weights, before, Longest())
    lengths = [len(_shown(one)) for one in after]
    assert lengths == sorted(lengths, reverse=True)
    assert sorted(one.hit.chunk.id for one in after) == sorted(one.hit.chunk.id for one in before)
    assert after[0].hit.parts[-1].name == "reranker"
    assert after[0].hit.score == pytest.approx(lengths[0] / 1000)


def _shown(one: ScoredChunk) -> str:
    chunk = one.hit.chunk
    return "\n".join((one.document.title, *chunk.headings, *chunk.lead, chunk.text))
