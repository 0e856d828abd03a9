import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from training.batches import Batch, Pairs, Ragged, Spans, encode

COUNT = 40


def _passages(lengths: list[int]) -> Ragged:
    """Passage `i` is the ids 1000 i, 1000 i + 1, …"""
    texts = [np.arange(1000 * i, 1000 * i + n, dtype=np.int32) for i, n in enumerate(lengths)]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.concatenate(texts), starts)


def _assert_spans(batch: Batch, passages: Ragged) -> None:
    for query, document, row in zip(batch.queries, batch.documents, batch.keys, strict=True):
        whole = passages[int(row)]
        start = int(query[0] - whole[0])
        assert query.tolist() == whole[start : start + len(query)].tolist()
        rest = [*whole[:start], *whole[start + len(query) :]]
        assert document.tolist() in (rest, whole.tolist())


@given(st.lists(st.integers(0, 60), min_size=COUNT, max_size=COUNT), st.integers(0, 1000))
def test_query_and_document_are_parts_of_one_passage(lengths: list[int], seed: int) -> None:
    passages = _passages(lengths)
    batch = Spans(passages).draw(np.random.default_rng(seed), 16)
    _assert_spans(batch, passages)
    assert all(len(passages[int(row)]) >= 6 for row in batch.keys)
    assert len(set(batch.keys)) == len(batch.keys)


def test_a_pair_is_followed_by_its_hard_negatives() -> None:
    passages = _passages([5] * 4)
    source = Pairs(passages, passages, np.arange(4), np.array([[1], [2], [3], [0]]), hard=1)
    batch = source.draw(np.random.default_rng(0), 4)
    assert [int(q[0]) // 1000 for q in batch.queries] == batch.keys[:4].tolist()
    assert batch.keys[4:].tolist() == [(row + 1) % 4 for row in batch.keys[:4]]
    assert [int(d[0]) // 1000 for d in batch.documents] == batch.keys.tolist()


def test_texts_are_folded_before_they_are_tokenized() -> None:
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "湾": 1}, merges=[]))
    found = encode(tokenizer, ["Ａ灣", "", "?a"])
    assert [found[i].tolist() for i in range(len(found))] == [[0, 1], [], [0]]
