"""Hits are put in order by the sentence in them that answers best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag import Assistant
from rag.answering.evidence import weigh_sentences
from rag.answering.query import parse_query
from rag.answering.rerank import DEPTH, SENTENCE_WEIGHT, TYPED_WEIGHT, rerank
from rag.answering.retrieve import Found, retrieve
from rag.answering.terms import weigh
from rag.models.vectors import Float32
from rag.settings import Retrieval


def found(small: Assistant, question: str) -> tuple[list[Found], list[Found]]:
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
    expected = old / before[0].hit.score + SENTENCE_WEIGHT * best + typed
    assert abs(first.hit.score - expected) < 1e-9
    assert first.hit.parts[-1].name == "answering_sentence"
    assert "4元" in chunk.text


def test_few_or_no_hits(small: Assistant) -> None:
    query = parse_query("鳄梨")
    assert rerank(query, weigh(query, small.index), []) == []
    assert DEPTH >= 10


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


def _shown(one: Found) -> str:
    chunk = one.hit.chunk
    return "\n".join((one.document.title, *chunk.headings, *chunk.lead, chunk.text))
