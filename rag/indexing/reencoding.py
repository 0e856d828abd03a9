"""All vectors of an index made anew by another encoder, while the present ones answer.

The new vectors gather in a table of their own, a batch and a commit at a time, so that a run that
ends early is gone on with; then one transaction puts them in the place of the old ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rag.indexing.catalog import Catalog
from rag.indexing.content import embedding_text
from rag.indexing.fingerprint import Fingerprint
from rag.indexing.loading import ENCODER, LazyEncoder
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.parts import Parts
from rag.indexing.records import Float32
from rag.indexing.snapshot import Series, record
from rag.models.encoder import Encoder

_AT_ONCE = 128


def reencode(folder: Path, wanted: LazyEncoder, pause: Callable[[], None]) -> bool:
    """Makes `wanted` the encoder of the index; documents may come and go meanwhile. `pause` is
    called after each batch and may raise to end the run. Returns whether there was anything to do.

    Raises:
        StoreLocked: another process is writing; what was done until then is kept.
        StoreCorrupt: a row of the catalog is not what was stored.
        ModelUnavailable, ModelError: the encoder cannot be loaded.
    """
    encoder = wanted.get()
    while True:
        catalog = Catalog.open_reader(folder)
        try:
            target = _target(catalog, encoder)
            if target is None:
                return False
            batch = [
                (key, embedding_text(title, chunk))
                for key, title, chunk in catalog.to_encode(_name(target), _AT_ONCE)
            ]
        finally:
            catalog.close()
        if batch:
            vectors = encoder.encode_documents([text for _, text in batch])
            _keep(folder, target, [key for key, _ in batch], vectors)
        elif _switch(folder, encoder, wanted.described):
            return True
        pause()


def _target(catalog: Catalog, encoder: Encoder) -> Fingerprint | None:
    """The index's fingerprint with that encoder; None where it is that already."""
    recorded = record(catalog)[1]
    target = replace(recorded, encoder=encoder.name, dimension=encoder.dimension)
    return None if target == recorded else target


def _name(target: Fingerprint) -> str:
    return f"{target.encoder}, {target.dimension}"


def _keep(folder: Path, target: Fingerprint, keys: list[int], vectors: Float32) -> None:
    with write_lock(folder, PATIENCE_SECONDS):
        catalog = Catalog.open_writer(folder)
        try:
            catalog.put_next_vectors(_name(target), keys, vectors)
            catalog.commit()
        finally:
            catalog.close()


def _switch(folder: Path, encoder: Encoder, described: str) -> bool:
    """Makes the new vectors current; not where chunks have come that have none yet."""
    with write_lock(folder, PATIENCE_SECONDS):
        catalog = Catalog.open_writer(folder)
        try:
            target = _target(catalog, encoder)
            if target is None:
                return True
            if any(True for _ in catalog.to_encode(_name(target), 1)):
                return False
            generation, recorded, _ = record(catalog)
            catalog.take_next_vectors(recorded.made_with, target.made_with)
            catalog.set_meta(ENCODER, described)
            Series(folder, catalog, target, generation, Parts.none()).finish()
        finally:
            catalog.close()
    return True
