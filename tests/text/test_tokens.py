import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import offline
from rag.errors import ModelError
from rag.text.sentences import RANKS, count_tokens, load_encoding, parse_ranks


@given(st.text())
def test_tokens_give_back_the_text(text: str) -> None:
    encoding = load_encoding()
    assert encoding.decode(encoding.encode_ordinary(text)) == text


@given(st.text(), st.text())
def test_joining_two_texts_costs_no_more_than_their_last_pieces(one: str, two: str) -> None:
    # Pieces are at most 33 characters of up to 4 bytes long.
    assert count_tokens(one + two) <= count_tokens(one) + count_tokens(two) + 132


def test_chinese_text_takes_fewer_tokens_than_characters() -> None:
    text = "国务院印发关于加强基础设施建设的意见,要求各地区各部门认真贯彻落实。"
    assert 10 <= count_tokens(text) <= 22


def test_special_tokens_in_a_text_are_plain_text() -> None:
    assert count_tokens("<|endoftext|>") > 1


def test_a_lone_surrogate_is_counted() -> None:
    assert count_tokens("\ud800") == count_tokens("\ufffd")


def test_one_long_word_is_encoded_in_bounded_pieces() -> None:
    assert count_tokens("甲" * 3200) == 100 * count_tokens("甲" * 32)


def test_vocabulary_holds_every_byte_and_no_repeats() -> None:
    ranks = parse_ranks(offline.load_builtin(RANKS))
    assert sorted(ranks.values()) == list(range(len(ranks)))
    assert all(bytes([byte]) in ranks for byte in range(256))


SINGLE_BYTES = [base64.b64encode(bytes([byte])) for byte in range(256)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not gzip", "malformed"),
        # no time in the name of a case: every process of one run must name it alike
        (gzip.compress(b"%%%", mtime=0), "malformed"),
        (gzip.compress(b"\n".join(SINGLE_BYTES[1:]), mtime=0), "lacks or repeats"),
        (gzip.compress(b"\n".join([*SINGLE_BYTES, SINGLE_BYTES[7]]), mtime=0), "lacks or repeats"),
    ],
)
def test_malformed_ranks_are_a_model_error(content: bytes, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        parse_ranks(content)


def test_ranks_follow_the_lines() -> None:
    content = gzip.compress(b"\n".join([*SINGLE_BYTES, base64.b64encode(b"ab")]), mtime=0)
    assert parse_ranks(content)[b"ab"] == 256
