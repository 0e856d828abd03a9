"""The reader: its vocabulary, its input, its network, and what it makes of a passage.

The reader: marks the words of a passage that answer a question, and says how likely it is that
there are any. Third party: onnxruntime, loaded with the first network, on one thread of the CPU.

What the reader's network is given: the words of a text as numbers, and how each word of a
passage stands to the question.

What a reader makes of a passage: where the answer begins and ends, and whether there is one.

How rare a word is in Chinese at large: a small collection cannot tell.

Counted over the 25 million characters that the built-in reader's vocabulary was made of.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError, ModelUnavailable
from rag.i18n import say
from rag.offline import load_builtin, without_telemetry
from rag.text.normalize import fold_aligned
from rag.text.segment import STOP_WORDS, cut
from rag.text.sentences import sentences
from rag.types import Span

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

PADDING, UNKNOWN, LATIN = 0, 1, 2
RESERVED = ("", "<unknown>", "<latin>")
"""The first words of a vocabulary. A number is looked up as zeros, one for each digit."""

_LATIN = re.compile(r"[a-zà-ÿ]")
_NUMERAL = re.compile(r"[一二三四五六七八九十百千万亿两半几]")
_DATE = re.compile(r"[年月日号]|世纪|时期|朝|代")
_END = re.compile(r"[。！？!?；;]")
_OPEN, _CLOSE = frozenset("“「『《（([【‘"), frozenset("”」』》）)]】’")
_COMMA = frozenset("，、,：:")
FORM, STATIC, MATCHING = 11, 15, 11
FEATURES = STATIC + MATCHING
_NARROW, _WIDE = 8, 24  # characters on either side
_IDF_SCALE = 10.0
_FORMS_KEPT = 1 << 15


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Rows of words and characters in the network's tables, and the words' rarity."""

    words: Mapping[str, int]
    characters: Mapping[str, int]
    idf: Floats

    @classmethod
    def parse(cls, content: bytes) -> Vocabulary:
        """Reads `{"words": […], "characters": […], "idf": […]}`; the lists' order gives the rows.

        Raises:
            ValueError, KeyError, TypeError: it is of another form.
        """
        value = json.loads(content)
        idf = np.array(value["idf"], np.float32)
        words = {str(word): row for row, word in enumerate(value["words"])}
        if len(words) != len(idf):
            raise ValueError(f"{len(words)} words, {len(idf)} idf values")
        return cls(words, {str(c): row for row, c in enumerate(value["characters"])}, idf)

    def word(self, token: str) -> int:
        """The row of a word; numbers by their form, what is unknown by its script."""
        if token.isdigit():
            token = "0" * min(len(token), 5)
        known = self.words.get(token)
        if known is not None:
            return known
        return LATIN if _LATIN.match(token) else UNKNOWN

    def character(self, token: str) -> int:
        """The row of a character."""
        return self.characters.get(token, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Words:
    """A text cut into n words. `starts`, `ends`: code points of the text as it was given;
    `cuts`: n + 1 places in `folded`; `sentence`: which sentence each word stands in."""

    folded: str
    tokens: tuple[str, ...]
    starts: Ints
    ends: Ints
    cuts: Ints
    sentence: Ints
    words: Ints
    first: Ints
    last: Ints
    static: Floats
    idf: Floats

    def __len__(self) -> int:
        return len(self.tokens)

    def first_of(self, count: int) -> Words:
        """The first `count` words."""
        if len(self) <= count:
            return self
        cut_off = {
            field.name: getattr(self, field.name)[:count]
            for field in fields(self)
            if field.name != "folded"
        }
        return replace(self, **cut_off)


def read_words(text: str, vocabulary: Vocabulary) -> Words:
    """Cuts a text into words, folded; white space is passed over."""
    folded = fold_aligned(text)
    pieces, place = [], 0
    for piece in cut(folded.text):
        if not piece.isspace():
            pieces.append((piece, place))
        place += len(piece)
    tokens = tuple(piece for piece, _ in pieces)
    begin = np.array([at for _, at in pieces], np.int64)
    end = begin + np.array([len(token) for token in tokens], np.int64)
    rows = np.array(list(map(vocabulary.word, tokens)), np.int64)
    starts = folded.offsets[begin]
    edges = np.array([span.start for span in sentences(text)], np.int64)
    sentence = np.maximum(np.searchsorted(edges, starts, "right") - 1, 0)
    idf = vocabulary.idf[rows]
    return Words(
        folded=folded.text,
        tokens=tokens,
        starts=starts,
        ends=folded.offsets[end - 1] + 1 if tokens else starts,
        cuts=np.stack((begin, end), 1) if tokens else np.zeros((0, 2), np.int64),
        sentence=sentence,
        words=rows,
        first=np.array([vocabulary.character(token[0]) for token in tokens], np.int64),
        last=np.array([vocabulary.character(token[-1]) for token in tokens], np.int64),
        static=_static(tokens, rows, idf, sentence),
        idf=idf,
    )


def _static(tokens: Sequence[str], rows: Ints, idf: Floats, sentence: Ints) -> Floats:
    """Features of the words alone, (tokens, STATIC)."""
    found = np.zeros((len(tokens), STATIC), np.float32)
    forms = np.frombuffer(b"".join(map(_form, tokens)), np.float32)
    found[:, :FORM] = forms.reshape(len(tokens), FORM)
    found[:, 11] = idf / _IDF_SCALE
    found[:, 12] = rows == UNKNOWN
    if len(tokens):
        found[0, 13] = 1
        found[1:, 13] = sentence[1:] != sentence[:-1]
        found[:, 14] = np.minimum(sentence, 10) / 10
    return found


@lru_cache(_FORMS_KEPT)
def _form(token: str) -> bytes:
    """What the look of a word tells, FORM float32 numbers."""
    form = (
        min(len(token), 4) / 4,
        any(c.isdigit() and c.isascii() for c in token),
        bool(_NUMERAL.search(token)),
        bool(_LATIN.search(token)),
        not any(map(str.isalnum, token)),
        bool(_END.search(token)),
        bool(_DATE.search(token)),
        token[0] in _OPEN,
        token[-1] in _CLOSE,
        token in _COMMA,
        token in STOP_WORDS,
    )
    return np.array(form, np.float32).tobytes()


def match(question: Words, passage: Words) -> Floats:
    """How the words of a passage stand to a question, (tokens, FEATURES): `static` and the
    matches of words, characters, pairs and triples, near them and in their sentence."""
    found = np.zeros((len(passage), FEATURES), np.float32)
    found[:, :STATIC] = passage.static
    if not len(passage) or not len(question):
        return found
    weights = {
        t: float(w)
        for t, w in zip(question.tokens, question.idf, strict=True)
        if t not in STOP_WORDS and any(map(str.isalnum, t))
    }
    asked = frozenset(question.tokens)
    exact = np.array([token in asked for token in passage.tokens], np.float32)
    content = np.array([token in weights for token in passage.tokens], np.float32)
    runs = _runs(question.folded, passage.folded)
    own = found[:, STATIC:]
    own[:, 0], own[:, 1], own[:, 2] = exact, content, content * passage.idf / _IDF_SCALE
    sums = np.zeros((len(runs) + 1, 3), np.float32)
    runs.cumsum(0, out=sums[1:])
    own[:, 3:6] = _mean(sums, passage.cuts[:, 0], passage.cuts[:, 1])
    for column, reach in ((6, _NARROW), (7, _WIDE)):
        begin = np.maximum(passage.cuts[:, 0] - reach, 0)
        end = np.minimum(passage.cuts[:, 1] + reach, len(passage.folded))
        own[:, column] = _mean(sums[:, 1:2], begin, end)[:, 0]
    covered = _covered(weights, passage, content)
    own[:, 8] = covered[passage.sentence]
    own[:, 9] = own[:, 8] / max(float(covered.max()), 1e-6)
    own[:, 10] = _pairs_covered(question.folded, passage)[passage.sentence]
    return found


def _runs(question: str, passage: str) -> Floats:
    """For each character of the passage whether it stands in the question alone, in a pair, in
    a triple of its neighbours, (characters, 3)."""
    found = np.zeros((len(passage), 3), np.float32)
    for length in (1, 2, 3):
        places: list[int] = []
        for gram in set(_grams(question, length)):
            if gram.isalnum() and (length > 1 or gram not in STOP_WORDS):
                at = passage.find(gram)
                while at >= 0:
                    places.append(at)
                    at = passage.find(gram, at + 1)
        for step in range(length):
            found[np.array(places, np.int64) + step, length - 1] = 1
    return found


def _grams(text: str, length: int) -> list[str]:
    return [text[i : i + length] for i in range(len(text) - length + 1)]


def _mean(sums: Floats, begin: Ints, end: Ints) -> Floats:
    """The means of the rows from `begin` to `end`, given the sums of all rows before each."""
    means: Floats = (sums[end] - sums[begin]) / np.maximum(end - begin, 1)[:, None]
    return means


def _covered(weights: Mapping[str, float], passage: Words, content: Floats) -> Floats:
    """The share of the question's weight in each sentence; `content` is 1 for words that have
    a weight."""
    held: dict[int, set[str]] = {}
    for place in np.flatnonzero(content).tolist():
        held.setdefault(int(passage.sentence[place]), set()).add(passage.tokens[place])
    total = max(math.fsum(weights.values()), 1e-6)
    found = np.zeros(int(passage.sentence.max()) + 1, np.float32)
    for sentence, tokens in held.items():
        found[sentence] = sum(weights[token] for token in sorted(tokens)) / total
    return found


def _pairs_covered(question: str, passage: Words) -> Floats:
    """The share of the question's character pairs in each sentence."""
    asked = {pair for pair in _grams(question, 2) if pair.isalnum()}
    found = np.zeros(int(passage.sentence.max()) + 1, np.float32)
    # Words stand in the order of their sentences; a sentence may have none.
    edges = np.searchsorted(passage.sentence, np.arange(len(found) + 1)).tolist()
    for sentence, (first, end) in enumerate(pairwise(edges)):
        if first < end:
            text = passage.folded[passage.cuts[first, 0] : passage.cuts[end - 1, 1]]
            found[sentence] = sum(pair in text for pair in asked) / max(len(asked), 1)
    return found


_LEAST = 0.001  # of a probability, beside its log odds
LONGEST_SPAN = 50  # words; 98% of the answers of CMRC train are shorter


@dataclass(frozen=True, slots=True)
class ReaderMarks:
    """What the reader makes of a passage of n words: `starts` and `ends` are the code points at
    which the words begin and end, `begins` and `closes` the probabilities that the answer begins
    or ends with each word. Both sum to the probability that the passage holds an answer."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    begins: Floats
    closes: Floats

    @property
    def has_answer(self) -> float:
        """The probability in [0, 1] that the passage holds an answer."""
        return float(self.begins.sum() + self.closes.sum()) / 2

    def within(self, span: Span) -> float:
        """The probability that the answer stands in a part of the passage."""
        inside = self.inside(span)
        return float(self.begins[inside].sum() + self.closes[inside].sum()) / 2

    def best(self, span: Span) -> tuple[Span, float]:
        """The likeliest answer in a part of the passage, and its probability; an empty span and
        0 where no word begins there."""
        inside = self.inside(span)
        length = inside.stop - inside.start
        if not length:
            return Span(span.start, span.start), 0.0
        together = np.triu(np.outer(self.begins[inside], self.closes[inside]))
        together -= np.triu(together, LONGEST_SPAN)
        first, last = divmod(int(together.argmax()), length)
        found = Span(int(self.starts[inside.start + first]), int(self.ends[inside.start + last]))
        return found, float(together[first, last])

    def inside(self, span: Span) -> slice:
        """Which of the words begin in a part of the passage."""
        first, end = np.searchsorted(self.starts, (span.start, span.end)).tolist()
        return slice(first, end)


class PassageReader(Protocol):
    """Marks the answer in passages."""

    def read(self, question: str, passages: Sequence[str]) -> list[ReaderMarks]:
        """Reads the passages for a question, one result each, in their order."""


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), at most ±6.9.

    >>> round(log_odds(0.9), 2), round(log_odds(0.0), 1)
    (2.2, -6.9)
    """
    likely = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(likely / (1 - likely))


def shares(scores: Floats) -> Floats:
    """Scores of the places that there are into probabilities."""
    powers = np.exp(scores - scores.max())
    shares: Floats = powers / powers.sum()
    return shares


class Network:
    """A network that gives arrays for arrays. Safe to use from several threads."""

    def __init__(self, content: bytes, name: str) -> None:
        """Takes the content of an ONNX file; `name` is what an error calls it.

        Raises:
            ModelError: it is malformed.
        """
        without_telemetry()
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its exceptions share no base but Exception
            if "bad_alloc" in str(error):
                raise MemoryError from None
            raise ModelError(say("model.network", name=name, error=error)) from None

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """The outputs for named inputs, in the network's order."""
        outputs: list[npt.NDArray[Any]] = self._session.run(None, dict(inputs))
        return outputs


BUILTIN = "wenju"
LONGEST_TEXT = 600  # words read of a passage
LARGEST = 64 << 20  # bytes of a file of a reader
_FILES = ("model.onnx", "vocabulary.json")
_TEXTS_KEPT = 2048
_PARTS = ("words", "first", "last", "features", "lengths")


class Reader:
    """The built-in reader. Safe to use from several threads."""

    def __init__(self, model: bytes, vocabulary: bytes) -> None:
        """Takes the contents of `model.onnx` and `vocabulary.json`.

        Raises:
            ModelError: they are malformed, or do not belong together.
        """
        try:
            self._vocabulary = Vocabulary.parse(vocabulary)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(say("model.vocabulary", error=error)) from None
        self._network = Network(model, "reader")
        self._words = lru_cache(_TEXTS_KEPT)(self._read_words)

    def read(self, question: str, passages: Sequence[str]) -> list[ReaderMarks]:
        """Reads the passages for a question, one result each, in their order."""
        asked = self._words(question)
        texts = [self._words(passage) for passage in passages]
        rows = [i for i, text in enumerate(texts) if len(text)]
        if not rows or not len(asked):
            return [_nothing(text) for text in texts]
        rows.sort(key=lambda i: len(texts[i]))
        found: dict[int, ReaderMarks] = {}
        # The shorter half is not padded to the length of the longer one: a seventh of the time.
        for half in filter(None, (rows[: len(rows) // 2], rows[len(rows) // 2 :])):
            found |= zip(half, self._read_together(asked, [texts[i] for i in half]), strict=True)
        return [found.get(i, _nothing(text)) for i, text in enumerate(texts)]

    def _read_together(self, asked: Words, texts: Sequence[Words]) -> list[ReaderMarks]:
        inputs = _inputs("question", [asked] * len(texts), [_plain(asked)] * len(texts))
        inputs |= _inputs("passage", texts, [match(asked, text) for text in texts])
        start, end = self._network.run(inputs)
        return list(map(_reading, texts, start, end))

    def _read_words(self, text: str) -> Words:
        return read_words(text, self._vocabulary).first_of(LONGEST_TEXT)


@cache
def load_reader(name: str = BUILTIN) -> PassageReader:
    """The reader of that name, loaded once: `wenju`, or a folder with the files of another one.

    Raises:
        ModelUnavailable: the files are not in that folder, or larger than what is loaded.
        ModelError: they are malformed, or the built-in ones are damaged.
    """
    if name == BUILTIN:
        return Reader(*(load_builtin(f"reader/{file}") for file in _FILES))
    return Reader(*(_content(Path(name) / file) for file in _FILES))


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ModelUnavailable(say("model.too_large", path=path, found=size, limit=LARGEST))
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            say("model.no_reader", folder=path.parent, error=error, builtin=BUILTIN)
        ) from None


def _plain(words: Words) -> Floats:
    features = np.zeros((len(words), FEATURES), np.float32)
    features[:, :STATIC] = words.static
    return features


def _inputs(
    side: str, texts: Sequence[Words], features: Sequence[Floats]
) -> dict[str, npt.NDArray[Any]]:
    """The texts side by side, zeros behind the shorter ones."""
    lengths = [len(text) for text in texts]
    ids = np.zeros((3, len(texts), max(lengths)), np.int64)
    values = np.zeros((len(texts), max(lengths), FEATURES), np.float32)
    for i, text in enumerate(texts):
        ids[0, i, : len(text)] = text.words
        ids[1, i, : len(text)] = text.first
        ids[2, i, : len(text)] = text.last
        values[i, : len(text)] = features[i]
    given = (ids[0], ids[1], ids[2], values, np.array(lengths, np.int64))
    return {f"{side}_{part}": value for part, value in zip(_PARTS, given, strict=True)}


def _nothing(text: Words) -> ReaderMarks:
    nothing = np.zeros(len(text), np.float32)
    return ReaderMarks(text.starts, text.ends, nothing, nothing)


def _reading(text: Words, start: Floats, end: Floats) -> ReaderMarks:
    length = len(text)
    return ReaderMarks(text.starts, text.ends, shares(start)[:length], shares(end)[:length])


def rarity(word: str) -> float:
    """ln(N / n) of a folded word that n of N texts hold; the highest there is for a word that
    the vocabulary does not have.

    >>> rarity("红烧肉") > rarity("做") > 0
    True

    Raises:
        ModelError: the built-in file is damaged.
    """
    vocabulary, highest = _vocabulary()
    row = vocabulary.words.get(word)
    return highest if row is None else float(vocabulary.idf[row])


@cache
def _vocabulary() -> tuple[Vocabulary, float]:
    vocabulary = Vocabulary.parse(load_builtin("reader/vocabulary.json"))
    return vocabulary, float(vocabulary.idf.max())
