"""Encoders and rerankers by name or path, through sentence-transformers (third party:
sentence-transformers, huggingface_hub). Nothing is downloaded and no code of a model is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import ModelUnavailable
from rag.models.vectors import Float32, logistic, normalised
from rag.settings import Encoder as EncoderSettings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

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
            raise ModelUnavailable(f"model {settings.name!r} does not say how long its vectors are")
        self.dimension = dimension

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages; see `rag.models.encoder.Encoder`."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode_document(
            list(texts), batch_size=self._batch_size, show_progress_bar=False
        )
        return normalised(np.asarray(vectors, np.float32))

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions, each after the query prompt of the settings, or else after the
        model's own; see `rag.models.encoder.Encoder`."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode_query(
            list(texts), prompt=self._prompt, batch_size=self._batch_size, show_progress_bar=False
        )
        return normalised(np.asarray(vectors, np.float32))


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
                f"model {name!r} gives {self._model.num_labels} numbers for a question and a "
                "passage, a reranker gives 1; choose another with the setting retrieval.reranker"
            )
        self.name = f"{Path(name).name}@{checksum(folder)[:12]}"

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """See `rag.models.reranker.Reranker`."""
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
        raise ModelUnavailable(f"model {name!r} needs sentence-transformers: {INSTALL}") from None
    for full in (name, f"{DEFAULT_OWNER}/{name}"):
        try:
            return Path(snapshot_download(full, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError):
            continue
    raise ModelUnavailable(
        f"model {name!r} is neither a folder nor in the local model cache, and Wenju downloads "
        f"nothing by itself; get it with `hf download {name}`, or give the path of its folder"
    )


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
        raise ModelUnavailable(f"model {name!r} needs sentence-transformers: {INSTALL}") from None
    except Exception as error:  # noqa: BLE001 - a damaged model may raise anything
        reason = str(error).strip().partition("\n")[0]
        raise ModelUnavailable(
            f"model {name!r} in {folder} cannot be loaded: {type(error).__name__}: {reason}; "
            f"get it again, or choose another with the setting {setting}"
        ) from None


def _encoder(folder: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder, local_files_only=True, trust_remote_code=False)


def _cross_encoder(folder: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    model: CrossEncoder = CrossEncoder(folder, local_files_only=True, trust_remote_code=False)
    return model
