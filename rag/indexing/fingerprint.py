"""What shaped an index: recorded in its catalog, compared with the program that opens it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import StoreCorrupt, StoreMismatch
from rag.indexing.content import EMBEDDING_VERSION
from rag.reading.load import READER_VERSION
from rag.settings import Chunking
from rag.text.fold import FOLDING_VERSION
from rag.text.segment import SEGMENTER_VERSION

if TYPE_CHECKING:
    from rag.models.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that shapes chunks, terms and vectors. `reader`, `folding`, `segmenter` and
    `embedding` are versions; sizes are in characters; `tokens` names an encoding."""

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
            raise StoreCorrupt(f"the index's fingerprint cannot be read: {error}") from None
        if not sound or not 1 <= value.dimension <= 1 << 16:
            raise StoreCorrupt(f"the index's fingerprint cannot be right: {data:.200}")
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
        tokens=chunking.encoding,
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
            f"the vectors of index {folder} were made by encoder {recorded.encoder} "
            f"({recorded.dimension} dimensions), the settings name {encoder.name} "
            f"({encoder.dimension}); set encoder.name back, or have all vectors made anew with: "
            f"rag index PATH --rebuild --index {folder} (rag serve does it while it answers)"
        )
