"""What must hold before an index is used: its lock, its fingerprint, its encoder.

One writer at a time: an advisory lock that the system frees when its holder dies. Third party:
`filelock`, which has it on every system.

What shaped an index: recorded in its catalog, compared with the program that opens it.

The encoder of an index, loaded when it is first needed.

Which model is loaded is decided by the settings of this user alone. An index may come from
somebody else: what its catalog says of its encoder is compared with the settings, never opened.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import lock_descriptor

from rag.documents import READER_VERSION
from rag.errors import StoreCorrupt, StoreError, StoreLocked, StoreMismatch
from rag.i18n import say
from rag.index.local.catalog import Catalog
from rag.index.local.content import EMBEDDING_VERSION
from rag.settings import Chunking, EncoderSettings
from rag.sqlite import NO_FOLLOW
from rag.text.normalize import FOLDING_VERSION
from rag.text.segment import SEGMENTER_VERSION

if TYPE_CHECKING:
    from rag.index.protocol import Encoder


LOCK_FILE = "writer.lock"
PATIENCE_SECONDS = 3.0
"""How long a change waits for the lock: a reader that finds a part missing, or empties the log,
holds it for moments."""

_POLL_SECONDS = 0.02
_TEXT_FROM = 1
"""Where the holder's name begins: Windows locks the first byte against readers, too."""


@contextmanager
def write_lock(folder: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the index folder's writer lock, waiting for it at most `wait_seconds`; the lock file
    says who holds it.

    Raises:
        StoreLocked: another process or thread holds it.
        StoreError: the folder cannot be written to.
    """
    path = folder / LOCK_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o644)
    except OSError as error:
        raise StoreError(say("index.not_written", folder=folder, error=error)) from None
    try:
        deadline = time.monotonic() + wait_seconds
        while not lock_descriptor(handle, blocking=False):
            if time.monotonic() >= deadline:
                raise StoreLocked(say("index.locked", folder=folder, holder=_holder(handle)))
            time.sleep(_POLL_SECONDS)
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        os.ftruncate(handle, 0)
        os.lseek(handle, _TEXT_FROM, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()} since {since}".encode())
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    os.lseek(handle, _TEXT_FROM, os.SEEK_SET)
    text = os.read(handle, 200).decode("utf-8", "replace").strip()
    return text or "another process"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that shapes chunks, terms and vectors. `reader`, `folding`, `segmenter` and
    `embedding` are versions; sizes are in characters; `tokens` is
    always `wenju`: it named an encoding in which the tokens of chunks were counted."""

    reader: int
    target_characters: int
    max_characters: int
    tokens: str
    folding: int
    segmenter: int
    embedding: int
    encoder: str
    dimension: int

    def to_json(self) -> str:
        """As the catalog stores it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, data: str) -> Fingerprint:
        """What `to_json` gave.

        Raises:
            StoreCorrupt: it is something else.
        """
        try:
            value = cls(**json.loads(data))
            sound = all(
                type(getattr(value, name)) is {"int": int, "str": str}[str(kind)]
                for name, kind in cls.__annotations__.items()
            )
        except (ValueError, TypeError) as error:
            raise StoreCorrupt(say("index.fingerprint", error=error)) from None
        if not sound or not 1 <= value.dimension <= 1 << 16:
            raise StoreCorrupt(say("index.fingerprint_wrong", data=data))
        return value

    @property
    def made_with(self) -> str:
        """A short name of all that shapes a document's chunks and vectors; terms are made anew
        with every update."""
        facts = asdict(self)
        del facts["folding"], facts["segmenter"]
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def shares_parts(self, other: Fingerprint) -> bool:
        """Whether terms and vectors made with one stand beside those of the other."""
        mine = (self.encoder, self.dimension, *self.terms)
        return mine == (other.encoder, other.dimension, *other.terms)

    @property
    def terms(self) -> tuple[int, int]:
        """What shapes the terms."""
        return self.folding, self.segmenter


def fingerprint(chunking: Chunking, encoder: str, dimension: int) -> Fingerprint:
    """The fingerprint of what this program makes with these settings and that encoder."""
    return Fingerprint(
        reader=READER_VERSION,
        target_characters=chunking.target_characters,
        max_characters=chunking.max_characters,
        tokens="wenju",
        folding=FOLDING_VERSION,
        segmenter=SEGMENTER_VERSION,
        embedding=EMBEDDING_VERSION,
        encoder=encoder,
        dimension=dimension,
    )


def check_encoder(folder: Path, recorded: Fingerprint, encoder: Encoder) -> None:
    """Refuses an encoder that did not make the index's vectors.

    Raises:
        StoreMismatch: another name or dimension; the message says what to do.
    """
    if (encoder.name, encoder.dimension) != (recorded.encoder, recorded.dimension):
        raise StoreMismatch(
            say(
                "index.other_encoder",
                folder=folder,
                encoder=recorded.encoder,
                dimension=recorded.dimension,
                named=encoder.name,
                named_dimension=encoder.dimension,
            )
        )


ENCODER = "encoder"
"""The fact in which an index keeps what its encoder puts before a question, as JSON."""

MAX_PROMPT_CHARACTERS = 1_000


class LazyEncoder:
    """The encoder given, or the one that the settings name. Safe to use from several threads."""

    def __init__(
        self, settings: EncoderSettings, encoder: Encoder | None = None, *, earlier: bool = False
    ) -> None:
        """Loads nothing yet. `earlier`: where an index has vectors of another encoder, that one
        is used for it, if it is built in or among the `earlier` ones of the settings."""
        self._settings = settings
        self._encoder = encoder
        self._earlier = earlier
        self._found: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    @property
    def described(self) -> str:
        """What an index keeps of its settings; see `described`."""
        return described(self._settings)

    def get(self) -> Encoder:
        """The encoder.

        Raises:
            ModelUnavailable: it cannot be loaded. ModelError: its files are damaged.
        """
        with self._lock:
            if self._encoder is None:
                from rag.models.encoder import load_encoder

                self._encoder = load_encoder(self._settings)
            return self._encoder

    def checked(self, folder: Path, recorded: Fingerprint) -> Encoder:
        """The encoder, which has to be the one recorded in the index of `folder`.

        Raises:
            StoreMismatch: it is another, or one that the settings do not name.
            ModelUnavailable, ModelError: see `get`.
        """
        encoder = self.get()
        if self._earlier and encoder.name != recorded.encoder:
            encoder = self._recorded(folder, recorded)
        check_encoder(folder, recorded, encoder)
        return encoder

    def _recorded(self, folder: Path, recorded: Fingerprint) -> Encoder:
        """The encoder that made an index, where the settings name it.

        Raises:
            StoreMismatch: they do not.
        """
        with self._lock:
            if recorded.encoder not in self._found:
                from rag.models.encoder import load_encoder

                settings = EncoderSettings(
                    name=self._own_name(folder, recorded), query_prompt=_prompt(folder)
                )
                self._found[recorded.encoder] = load_encoder(settings)
            return self._found[recorded.encoder]

    def _own_name(self, folder: Path, recorded: Fingerprint) -> str:
        """The name or path in the settings that has the name recorded; its checksum is compared
        when it is loaded."""
        from rag.models.encoder import BUILTIN

        base = recorded.encoder.rpartition("@")[0]
        for name in (BUILTIN, *self._settings.earlier):
            if Path(name).name == base:
                return name
        raise StoreMismatch(say("index.unnamed_encoder", folder=folder, encoder=recorded.encoder))


def described(settings: EncoderSettings) -> str:
    """What an index keeps of the settings of the encoder that made it. No name or path: those
    would be of this machine and this user."""
    return json.dumps({"query_prompt": settings.query_prompt}, ensure_ascii=False)


def _prompt(folder: Path) -> str:
    """What the encoder of an index puts before a question; nothing where that is not known."""
    catalog = Catalog.open_reader(folder)
    try:
        found = json.loads(catalog.meta().get(ENCODER, "{}"))
    except (ValueError, RecursionError):
        return ""
    finally:
        catalog.close()
    prompt = found.get("query_prompt") if isinstance(found, dict) else None
    return prompt[:MAX_PROMPT_CHARACTERS] if isinstance(prompt, str) else ""
