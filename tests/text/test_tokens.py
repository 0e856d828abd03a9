import base64
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import builtin
from rag.errors import ModelError, ModelUnavailable, SettingsError
from rag.text.tokens import RANKS, count_tokens, load_encoding, parse_ranks

CACHE_VARIABLES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
CL100K_FILE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty tiktoken cache, and a network that cannot be used."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    for variable in CACHE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    yield tmp_path


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
    ranks = parse_ranks(builtin.read(RANKS))
    assert sorted(ranks.values()) == list(range(len(ranks)))
    assert all(bytes([byte]) in ranks for byte in range(256))


def test_an_unknown_encoding_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match=r"unknown token encoding 'cl100k'.*cl100k_base"):
        load_encoding("cl100k")


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_harmony"])
def test_an_encoding_that_is_not_cached_is_not_downloaded(cache_folder: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable, match=f"'{name}'.*is not there.*'wenju'"):
        load_encoding(name)
    assert list(cache_folder.iterdir()) == []


def test_a_damaged_cache_file_is_neither_used_nor_fetched_again(cache_folder: Path) -> None:
    path = cache_folder / CL100K_FILE
    path.write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="is damaged"):
        load_encoding("cl100k_base")
    assert path.read_bytes() == b"damaged"


def test_name_of_the_cached_file_is_tiktokens() -> None:
    address = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
    assert hashlib.sha1(address.encode()).hexdigest() == CL100K_FILE


@pytest.mark.usefixtures("cache_folder")
def test_a_cache_that_is_switched_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    with pytest.raises(ModelUnavailable, match="TIKTOKEN_CACHE_DIR is empty"):
        load_encoding("cl100k_base")


SINGLE_BYTES = [base64.b64encode(bytes([byte])) for byte in range(256)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not gzip", "malformed"),
        (gzip.compress(b"%%%"), "malformed"),
        (gzip.compress(b"\n".join(SINGLE_BYTES[1:])), "lacks or repeats"),
        (gzip.compress(b"\n".join([*SINGLE_BYTES, SINGLE_BYTES[7]])), "lacks or repeats"),
    ],
)
def test_malformed_ranks_are_a_model_error(content: bytes, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        parse_ranks(content)


def test_ranks_follow_the_lines() -> None:
    content = gzip.compress(b"\n".join([*SINGLE_BYTES, base64.b64encode(b"ab")]))
    assert parse_ranks(content)[b"ab"] == 256
