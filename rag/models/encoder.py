"""Encoders and rerankers: the built-in one, and those that are named.

An encoder makes texts into vectors that lie near each other when the texts are about the same. The
built-in one is a table of token vectors, read with numpy and tokenizers (third party: tokenizers,
safetensors). Others are loaded by name or path through sentence-transformers (third party:
sentence-transformers, huggingface_hub); nothing is downloaded and no code of a model is run. Those
of other packages (`rag.plugins`) are checked at every call.

No reranker is built in: hits are ordered by their best sentence, their cosine and the reader
(`rag.retrieval.search`); one that is named takes the place of all of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from rag.errors import ModelError, ModelUnavailable
from rag.i18n import say
from rag.offline import load_builtin
from rag.plugins import Group, Plugin, broken, plugins
from rag.settings import EncoderSettings
from rag.text.normalize import fold

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer


Float32 = npt.NDArray[np.float32]

MAX_DIMENSION = 1 << 16
LARGEST_LOGIT = 15.0  # beyond it two scores are the same in float32


def normalised(vectors: Float32) -> Float32:
    """The rows at length 1; rows that are zero or not finite become zero.

    >>> normalised(np.array([[3, 4], [0, 0], [np.nan, 1]], np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    sound = np.isfinite(lengths) & (lengths > 0)
    scaled: Float32 = np.where(sound, vectors / np.where(sound, lengths, 1), 0)
    return scaled.astype(np.float32, copy=False)


def logistic(logits: Float32) -> Float32:
    """Logits into [0, 1], in their order; NaN counts as the least.

    >>> logistic(np.array([0.0, 99.0, np.nan], np.float32)).round(3).tolist()
    [0.5, 1.0, 0.0]
    """
    known = np.nan_to_num(logits, nan=-LARGEST_LOGIT)
    shares = 1 / (1 + np.exp(-np.clip(known, -LARGEST_LOGIT, LARGEST_LOGIT)))
    return shares.astype(np.float32)


BUILTIN = "wenju"
TABLE = "embedding.weight"
ENCODED_AT_ONCE = 1024
"""Texts tokenized in one call; smaller and larger calls were slower on two cores."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""What no tokenizer takes: half a character, as broken files hold it."""


def load_encoder(settings: EncoderSettings) -> BuiltinEncoder | BroughtEncoder | NamedEncoder:
    """The encoder that the settings name: `wenju`, one that another package brings (see
    `rag.plugins`), or a sentence-transformers name or path.

    Raises:
        ModelUnavailable: the named model is not on this machine, or cannot be loaded.
        ModelError: the built-in files are damaged.
        PluginError: the package's encoder cannot be loaded, or breaks its contract.
    """
    if settings.name == BUILTIN:
        return BuiltinEncoder(
            load_builtin("encoder/model.safetensors"), load_builtin("encoder/tokenizer.json")
        )

    if brought := plugins(Group.ENCODERS).get(settings.name):
        return BroughtEncoder(brought, settings)
    return NamedEncoder(settings)


class BuiltinEncoder:
    """A text's vector is the mean of its tokens' vectors, at length 1. Questions and passages
    are treated alike.

    Texts are folded (`rag.text.normalize.fold`) before they are tokenized: folding is no part of
    the tokenizer, so that index and encoder fold by the same code. The same files, opened with
    `SentenceTransformer(path)`, give the same vectors for folded text, up to their length.
    """

    def __init__(self, weights: bytes, tokenizer: bytes) -> None:
        """Takes the contents of `model.safetensors` and `tokenizer.json`.

        Raises:
            ModelError: they are malformed, or do not belong together.
        """
        self._table = _table(weights)
        self._tokenizer = _parse_tokenizer(tokenizer)
        size = self._tokenizer.get_vocab_size()
        if len(self._table) != size:
            raise ModelError(say("encoder.length", found=len(self._table), size=size))
        digest = hashlib.sha256(weights + tokenizer).hexdigest()
        self.name = f"{BUILTIN}@{digest[:12]}"
        self.dimension = int(self._table.shape[1])

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages; see `Encoder`."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), ENCODED_AT_ONCE):
            batch = [_prepare(text) for text in texts[first : first + ENCODED_AT_ONCE]]
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encodings, first):
                self._table.take(encoding.ids, axis=0).sum(axis=0, out=vectors[row])
        return normalised(vectors)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions; see `Encoder`."""
        return self.encode_documents(texts)


def _prepare(text: str) -> str:
    """Folded, and without lone surrogates, which the tokenizer refuses."""
    return fold(text if text.isascii() else _SURROGATE.sub(" ", text))


def _table(weights: bytes) -> Float32:
    try:
        table = load_tensors(weights)[TABLE]
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(say("encoder.weights", error=error)) from None
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ModelError(say("encoder.not_finite"))
    return table.astype(np.float32)


def _parse_tokenizer(content: bytes) -> Tokenizer:
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # noqa: BLE001 - tokenizers raises plain Exception
        raise ModelError(say("encoder.tokenizer", error=error)) from None
    return tokenizer


INSTALL = 'pip install "wenju[models]"'
DEFAULT_OWNER = "sentence-transformers"
# Everything that shapes a vector; documentation and copies for other runtimes do not.
SHAPING = {".safetensors", ".bin", ".json", ".txt", ".model"}
OTHER_RUNTIMES = {"onnx", "openvino"}


class NamedEncoder:
    """Any sentence-transformers model. Texts go to it as they are, not folded; what is longer
    than the model's own limit is cut by the model."""

    def __init__(self, settings: EncoderSettings) -> None:
        """Loads the model.

        Raises:
            ModelUnavailable: it is not on this machine, needs code of its own, or is damaged.
        """
        folder = find_model(settings.name)
        self._model: SentenceTransformer = _load(settings.name, folder, "encoder.name", _encoder)
        self._prompt = settings.query_prompt or None
        self._batch_size = settings.batch_size
        self.name = f"{Path(settings.name).name}@{checksum(folder)[:12]}"
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise ModelUnavailable(say("model.no_dimension", name=settings.name))
        self.dimension = dimension

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages; see `rag.index.protocol.Encoder`."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode_document(
            list(texts), batch_size=self._batch_size, show_progress_bar=False
        )
        return normalised(np.asarray(vectors, np.float32))

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions, each after the query prompt of the settings, or else after the
        model's own; see `rag.index.protocol.Encoder`."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode_query(
            list(texts), prompt=self._prompt, batch_size=self._batch_size, show_progress_bar=False
        )
        return normalised(np.asarray(vectors, np.float32))


class BroughtEncoder:
    """An encoder of another package, its vectors checked and brought to length 1."""

    def __init__(self, plugin: Plugin, settings: EncoderSettings) -> None:
        """Makes it.

        Raises:
            PluginError: it cannot be made, or does not say what it is.
        """
        self._plugin = plugin
        self._encoder = _made(plugin, settings)
        name = getattr(self._encoder, "name", None)
        dimension = getattr(self._encoder, "dimension", None)
        if not isinstance(name, str) or not name:
            raise broken(plugin, f"its name is {name!r}, not a text")
        if not isinstance(dimension, int) or not 1 <= dimension <= MAX_DIMENSION:
            raise broken(plugin, f"its dimension is {dimension!r}, not 1 to {MAX_DIMENSION:,}")
        self.name, self.dimension = name, dimension

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages; see `rag.index.protocol.Encoder`."""
        return self._checked(self._encoder.encode_documents, texts)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions; see `rag.index.protocol.Encoder`."""
        return self._checked(self._encoder.encode_queries, texts)

    def _checked(self, encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> Float32:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = _numbers(self._plugin, lambda: encode(list(texts)))
        if vectors.shape != (len(texts), self.dimension):
            wanted = (len(texts), self.dimension)
            raise broken(self._plugin, f"its vectors are of shape {vectors.shape}, not {wanted}")
        return normalised(vectors)


class BroughtReranker:
    """A reranker of another package, its scores checked."""

    def __init__(self, plugin: Plugin) -> None:
        """Makes it.

        Raises:
            PluginError: it cannot be made.
        """
        self._plugin = plugin
        self._reranker: Reranker = _made(plugin)
        self.name = str(getattr(self._reranker, "name", plugin.name))

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """See `rag.models.encoder.Reranker`."""
        if not passages:
            return np.zeros(0, np.float32)
        given = _numbers(self._plugin, lambda: self._reranker.scores(question, list(passages)))
        if given.shape != (len(passages),):
            raise broken(
                self._plugin, f"its scores are of shape {given.shape}, not ({len(passages)},)"
            )
        if not np.isfinite(given).all() or given.min() < 0 or given.max() > 1:
            raise broken(self._plugin, "its scores are not between 0 and 1")
        return given


def _made(plugin: Plugin, *arguments: Any) -> Any:
    make = plugin.load()
    try:
        return make(*arguments)
    except Exception as error:  # noqa: BLE001 (a foreign object may raise anything)
        raise broken(plugin, f"{type(error).__name__}: {error}") from None


def _numbers(plugin: Plugin, give: Callable[[], Any]) -> Float32:
    try:
        return np.asarray(give(), np.float32)
    except Exception as error:  # noqa: BLE001 (a foreign model may raise anything)
        raise broken(plugin, f"{type(error).__name__}: {error}") from None


class NamedReranker:
    """Any sentence-transformers CrossEncoder with one output. What is longer than the model's own
    limit is cut by the model."""

    def __init__(self, name: str) -> None:
        """Loads the model.

        Raises:
            ModelUnavailable: it is not on this machine, needs code of its own, is damaged, or
                gives more than one number for a pair of texts.
        """
        folder = find_model(name)
        self._model: CrossEncoder = _load(name, folder, "retrieval.reranker", _cross_encoder)
        if self._model.num_labels != 1:
            raise ModelUnavailable(
                say("model.no_reranker", name=name, found=self._model.num_labels)
            )
        self.name = f"{Path(name).name}@{checksum(folder)[:12]}"

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """See `rag.models.encoder.Reranker`."""
        if not passages:
            return np.zeros(0, np.float32)
        raw = self._model.predict(
            [(question, passage) for passage in passages],
            activation_fn=_as_it_is,
            show_progress_bar=False,
        )
        return logistic(np.asarray(raw, np.float32))


def _as_it_is(logits: Any) -> Any:
    return logits


def find_model(name: str) -> Path:
    """The folder of a model on this machine: a path, or a name in the Hugging Face cache.

    Raises:
        ModelUnavailable: there is none; the message says how to get it.
    """
    if name and (folder := Path(name)).is_dir():
        return folder
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise ModelUnavailable(say("model.no_library", name=name)) from None
    for full in (name, f"{DEFAULT_OWNER}/{name}"):
        try:
            return Path(snapshot_download(full, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError):
            continue
    raise ModelUnavailable(say("model.not_here", name=name))


def checksum(folder: Path) -> str:
    """SHA-256, in hexadecimal digits, over names and contents of the files that shape vectors."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix in SHAPING and path.is_file() and not OTHER_RUNTIMES & set(inside.parts):
            digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _load(name: str, folder: Path, setting: str, make: Callable[[str], Any]) -> Any:
    try:
        return make(str(folder))
    except ImportError:
        raise ModelUnavailable(say("model.no_library", name=name)) from None
    except Exception as error:  # noqa: BLE001 - a damaged model may raise anything
        reason = str(error).strip().partition("\n")[0]
        raise ModelUnavailable(
            say(
                "model.not_loaded",
                name=name,
                folder=folder,
                kind=type(error).__name__,
                error=reason,
                setting=setting,
            )
        ) from None


def _encoder(folder: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder, local_files_only=True, trust_remote_code=False)


def _cross_encoder(folder: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    model: CrossEncoder = CrossEncoder(folder, local_files_only=True, trust_remote_code=False)
    return model


class Reranker(Protocol):
    """Reads a question with each passage."""

    @property
    def name(self) -> str:
        """Tells models apart."""

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """How well each passage answers, in [0, 1], higher is better, in the passages' order."""


@lru_cache(1)
def load_reranker(name: str) -> Reranker:
    """The reranker that another package brings under a name, or of a sentence-transformers name or
    path, loaded once.

    Raises:
        ModelUnavailable: it is not on this machine, is no reranker, or cannot be loaded.
        PluginError: the package's reranker cannot be loaded, or breaks its contract.
    """
    if brought := plugins(Group.RERANKERS).get(name):
        return BroughtReranker(brought)
    return NamedReranker(name)
