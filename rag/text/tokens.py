"""Counting tokens. Third party: tiktoken.

The encoding `wenju` is built from ranks that ship with Wenju; tiktoken's own need a download and
are used only where their files already lie in tiktoken's cache. No network is tried.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag import builtin
from rag.errors import ModelError, ModelUnavailable, SettingsError

if TYPE_CHECKING:
    from tiktoken import Encoding

BUILTIN = "wenju"
RANKS = "tokens.gz"
PATTERN = r" ?\p{L}{1,32}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,32}|\s{1,32}"
"""Pieces that are encoded one by one. Their length is bounded: encoding a piece takes time that
grows with the square of its length."""

_HOST = "https://openaipublic.blob.core.windows.net"
_FILES = {
    "vocab": (
        f"{_HOST}/gpt-2/encodings/main/vocab.bpe",
        "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    ),
    "encoder": (
        f"{_HOST}/gpt-2/encodings/main/encoder.json",
        "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    ),
    "r50k": (
        f"{_HOST}/encodings/r50k_base.tiktoken",
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    ),
    "p50k": (
        f"{_HOST}/encodings/p50k_base.tiktoken",
        "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    ),
    "cl100k": (
        f"{_HOST}/encodings/cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k": (
        f"{_HOST}/encodings/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
# Encoding -> the files that it is made of. Addresses and SHA-256 as in tiktoken_ext 0.14;
# tiktoken names a cached file after the SHA-1 of its address.
_NEEDED = {
    "gpt2": ("vocab", "encoder"),
    "r50k_base": ("r50k",),
    "p50k_base": ("p50k",),
    "p50k_edit": ("p50k",),
    "cl100k_base": ("cl100k",),
    "o200k_base": ("o200k",),
    "o200k_harmony": ("o200k",),
}


def count_tokens(text: str, encoding: str = BUILTIN) -> int:
    """The number of tokens of `text`; special tokens written in it count as plain text.

    >>> count_tokens("")
    0

    Raises: as `load_encoding`.
    """
    return len(load_encoding(encoding).encode_ordinary(text))


@cache
def load_encoding(name: str = BUILTIN) -> Encoding:
    """The tiktoken encoding of that name.

    Raises:
        SettingsError: there is no such encoding.
        ModelUnavailable: it is not in tiktoken's cache on this machine.
        ModelError: the built-in ranks are damaged.
    """
    import tiktoken

    if name == BUILTIN:
        ranks = parse_ranks(builtin.read(RANKS))
        return tiktoken.Encoding(BUILTIN, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    if name not in _NEEDED:
        known = ", ".join((BUILTIN, *_NEEDED))
        raise SettingsError(f"unknown token encoding {name!r}; known: {known}")
    _require_cached(name)
    return tiktoken.get_encoding(name)


def parse_ranks(content: bytes) -> dict[bytes, int]:
    """Ranks of byte sequences from a gzip file with one base64 token a line, in rank order.

    Raises:
        ModelError: malformed content, or one of the 256 single bytes is missing.
    """
    try:
        lines = gzip.decompress(content).split()
        ranks = {base64.b64decode(line, validate=True): rank for rank, line in enumerate(lines)}
    except (OSError, EOFError, ValueError) as error:
        raise ModelError(f"built-in file {RANKS} is malformed: {error}; {builtin.ADVICE}") from None
    if len(ranks) != len(lines) or any(bytes([byte]) not in ranks for byte in range(256)):
        raise ModelError(f"built-in file {RANKS} lacks or repeats tokens; {builtin.ADVICE}")
    return ranks


def _require_cached(name: str) -> None:
    """Raises unless tiktoken will find every file of the encoding in its cache, sound; it would
    download the others."""
    folder = _cache_folder()
    for key in _NEEDED[name]:
        address, expected = _FILES[key]
        path = folder / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
        problem = "is not there"
        if path.is_file():
            if hashlib.sha256(path.read_bytes()).hexdigest() == expected:
                continue
            problem = "is damaged"
        raise ModelUnavailable(
            f"token encoding {name!r} is not in tiktoken's cache ({path} {problem}) and Wenju "
            f'downloads nothing by itself; run `python -c "import tiktoken; '
            f"tiktoken.get_encoding('{name}')\"` once, or set chunking.encoding to {BUILTIN!r}"
        )


def _cache_folder() -> Path:
    """Where tiktoken keeps its files. Source: tiktoken.load.read_file_cached, 0.14."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            if not os.environ[variable]:
                raise ModelUnavailable(
                    f"the variable {variable} is empty, which switches tiktoken's cache off; "
                    f"unset it, or set chunking.encoding to {BUILTIN!r}"
                )
            return Path(os.environ[variable])
    return Path(tempfile.gettempdir()) / "data-gym-cache"
