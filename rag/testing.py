"""What a parser, encoder or reranker of another package has to hold, as functions for its tests.

    from rag.testing import check_encoder
    check_encoder(load(EncoderSettings(name="mine")))

Each raises AssertionError with what is wrong. Wenju's own are held against the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rag.index.protocol import Encoder
from rag.models.encoder import Reranker
from rag.settings import Reading

# Of several lengths and scripts; empty, blank and half a character are what broken files hold.
TEXTS = (
    "青石桥建成于一七二三年。",
    "The bridge was built in 1723.",
    "水位 3.5 米，" * 400,
    "",
    " \n",
    "①②③ ÄÖÜ 🚇",
    "半个字符 \ud83d",
)


def check_parser(parse: Callable[[bytes, Reading], str], data: bytes) -> str:
    """Holds a parser against a file that it reads; gives its Markdown.

    Damaged copies of the file may be refused with any error, but not answered with anything else
    than a text, and the same bytes give the same text.
    """
    settings = Reading()
    text = parse(data, settings)
    _hold(isinstance(text, str), f"the parser gave {type(text).__name__}, not a text")
    _hold(text.strip(), "the parser gave no text")
    _hold(parse(data, settings) == text, "the same bytes gave another text")
    for damaged in (b"", data[: len(data) // 2], data[::-1], b"\0" * 100, data + b"\xff" * 100):
        try:
            other = parse(damaged, settings)
        except Exception:  # noqa: BLE001 (a refusal, whatever its class)
            continue
        _hold(isinstance(other, str), f"of a damaged file it gave {type(other).__name__}")
    return text


def check_encoder(encoder: Encoder) -> None:
    """Holds an encoder against its protocol (`rag.index.protocol.Encoder`)."""
    _hold(isinstance(encoder.name, str), f"its name is {encoder.name!r}, not a text")
    _hold(encoder.name, "its name is empty")
    _hold(encoder.dimension >= 1, f"its dimension is {encoder.dimension}")
    for encode in (encoder.encode_documents, encoder.encode_queries):
        _hold(encode(()).shape == (0, encoder.dimension), "no texts are no rows")
        vectors = encode(TEXTS)
        _hold(vectors.dtype == np.float32, f"its vectors are {vectors.dtype}, not float32")
        _hold(vectors.shape == (len(TEXTS), encoder.dimension), f"shape {vectors.shape}")
        lengths = np.linalg.norm(vectors, axis=1)
        sound = np.isclose(lengths, 1, atol=1e-3) | (lengths == 0)
        _hold(sound.all(), f"vectors of lengths {lengths.tolist()}: 1, or 0 where nothing is known")
        alone = np.concatenate([encode((text,)) for text in TEXTS])
        _hold(np.allclose(vectors, alone, atol=1e-3), "a text's vector depends on its neighbours")


def check_reranker(reranker: Reranker) -> None:
    """Holds a reranker against its protocol (`rag.models.encoder.Reranker`)."""
    _hold(isinstance(reranker.name, str), f"its name is {reranker.name!r}, not a text")
    _hold(reranker.name, "its name is empty")
    question = "青石桥是哪一年建成的？"
    _hold(reranker.scores(question, ()).shape == (0,), "no passages have no scores")
    scores = reranker.scores(question, TEXTS)
    _hold(scores.shape == (len(TEXTS),), f"shape {scores.shape} for {len(TEXTS)} passages")
    _hold(np.isfinite(scores).all(), "a score is not finite")
    _hold(((scores >= 0) & (scores <= 1)).all(), f"scores {scores.tolist()}: between 0 and 1")
    alone = [float(reranker.scores(question, (text,))[0]) for text in TEXTS]
    _hold(np.allclose(scores, alone, atol=1e-3), "a passage's score depends on its neighbours")


def _hold(holds: object, otherwise: str) -> None:
    # no `assert`: python -O leaves it out
    if not holds:
        raise AssertionError(otherwise)
