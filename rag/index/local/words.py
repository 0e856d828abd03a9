"""The word part of an index: BM25 over words and character bigrams. Third party: Tantivy.

Terms come cut and folded; Tantivy only counts them. A chunk is found by its key, kept in a
column of its own, so that the order in which Tantivy keeps its documents does not matter.

Segments are written one by one and never changed: a Tantivy index is composed of their files and
a list of them. So no merge of Tantivy's own ever runs, and what was removed is gone with the
segment that held it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rag.errors import StoreCorrupt, StoreError
from rag.i18n import say
from rag.index.local.rows import Bools, RowIds
from rag.index.protocol import Field, Terms

_KEY = "key"
_HITS_PER_KEY = 10
"""Among some rows, either hits are taken until enough of them are such rows, or these are looked
for by their keys, one of which costs what ten hits do: of 200,000 rows 4,000 cost 9 ms by keys,
1,000 cost 6 ms, 100 cost 1 ms; 20,000 hits cost 6 ms, 50,000 cost 14 ms."""
_WRITER_BYTES = 64_000_000
MANIFEST = "meta.json"
"""The file in which Tantivy lists its segments."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The terms of one chunk, repeats kept, white space between them, in the order of `Field`.
    Without a catalog the key is the row number."""

    key: int
    terms: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class WordSegment:
    """A segment as Tantivy's list has it: `name` is a UUID without hyphens, with which the names
    of its files begin, `rows` the number of chunks."""

    name: str
    rows: int


def write_words(folder: Path, chunks: Iterable[Counted]) -> list[WordSegment]:
    """Writes the chunks into an empty `folder`, as one segment or, where memory was too small
    for it, several.

    Raises:
        StoreError: the disk is full, the folder cannot be written to.
    """
    with _errors(folder):
        _write(folder, chunks)
        return _listed(folder)


def _listed(folder: Path) -> list[WordSegment]:
    listed = json.loads((folder / MANIFEST).read_text("utf-8"))["segments"]
    return [WordSegment(item["segment_id"].replace("-", ""), item["max_doc"]) for item in listed]


def compose(folder: Path, segments: Iterable[WordSegment]) -> None:
    """Makes one index of the segments whose files lie in `folder`.

    Raises:
        StoreError: the disk is full, the folder cannot be written to.
    """
    import tantivy

    with _errors(folder):
        tantivy.Index(_schema(), path=str(folder))
        for path in folder.glob(".*"):  # locks and the list for a writer
            path.unlink()
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest["segments"] = [
            {"segment_id": _hyphened(item.name), "max_doc": item.rows, "deletes": None}
            for item in segments
        ]
        (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def merge_words(folder: Path, segments: Sequence[WordSegment]) -> list[WordSegment]:
    """Makes one segment, beside them, of eight or more segments whose files lie in `folder` and
    that hold about as many rows; returns what is then listed.

    Raises:
        StoreError: the disk is full, the folder cannot be written to.
    """
    import tantivy

    with _errors(folder):
        compose(folder, segments)
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WRITER_BYTES, 1)
        writer.commit()  # this is when Tantivy looks for what to merge
        writer.wait_merging_threads()
        return _listed(folder)


class Lexical:
    """An open word part. Searching is safe from several threads."""

    def __init__(
        self, index: Any, rows: RowIds, links: TemporaryDirectory[str] | None = None
    ) -> None:
        """Used by `build` and `open`; `links` is a folder that goes with this."""
        self._index = index
        self._rows = rows
        self._links = links
        self._searcher = index.searcher()

    @classmethod
    def build(cls, chunks: Iterable[Counted], rows: RowIds | None = None) -> Lexical:
        """In memory."""
        with _errors(None):
            index = _write(None, chunks)
            index.reload()
            count = int(index.searcher().num_docs)
            return cls(index, rows or RowIds(np.arange(count, dtype=np.int64)))

    @classmethod
    def open(cls, folder: Path, rows: RowIds) -> Lexical:
        """Opens what `compose` made. Chunks that `rows` does not know are found by no query.

        Raises:
            StoreCorrupt: it cannot be read.
        """
        with _errors(folder):
            if os.access(folder, os.W_OK):
                return cls(_opened(folder), rows)
            # Tantivy puts a lock beside the files that it reads: beside links to them, then.
            links = TemporaryDirectory(prefix="wenju-")
            for path in folder.glob("[!.]*"):
                Path(links.name, path.name).symlink_to(path.absolute())
            return cls(_opened(Path(links.name)), rows, links)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def rank(self, terms: Terms, k: int, among: Bools | None = None) -> list[tuple[int, float]]:
        """The `k` best rows and their scores, best first, ties by row; `[]` without terms. With
        `among` `(n,)` only of the rows that it marks, with the scores that they have among all.

        The score is the sum over terms t of weight(t) · BM25(t) with k1 = 1.2, b = 0.75 and
        idf = ln(1 + (N − n + ½) / (n + ½)); lengths are rounded to Tantivy's 256 steps.

        Source: Robertson, Zaragoza, The Probabilistic Relevance Framework (2009), 3.4; the
        constants and rounding are Tantivy's.
        """
        query = self._query(terms)
        if query is None or k < 1:
            return []
        wanted = k + 1
        if among is not None:
            count = int(np.count_nonzero(among))
            if not count:
                return []
            hits = 2 * wanted * len(among) // count
            if count * _HITS_PER_KEY < hits:
                query = self._only(query, among)
            else:
                wanted = hits
        while True:  # until the last score is lower than that of place k, so that ties are whole
            with _errors(None):
                hits = self._searcher.search(query, limit=wanted, count=False).hits
                keys = self._searcher.fast_field_values(_KEY, [address for _, address in hits])
            rows = self._rows.of(np.array(keys, np.int64))
            scored = [
                (int(row), float(score))
                for row, (score, _) in zip(rows, hits, strict=True)
                if row >= 0 and (among is None or among[row])
            ]
            whole = len(scored) > k and hits[-1][0] < scored[k - 1][1]
            if whole or len(hits) < wanted:
                scored.sort(key=lambda pair: (-pair[1], pair[0]))
                return scored[:k]
            wanted *= 4

    def _only(self, query: Any, among: Bools) -> Any:
        """The query, restricted to a few rows; scores stay as they are."""
        from tantivy import Occur, Query

        keys = self._rows.keys(np.flatnonzero(among)).tolist()
        own = Query.term_set_query(self._index.schema, _KEY, keys)
        return Query.boolean_query(
            [(Occur.Must, query), (Occur.Must, Query.const_score_query(own, 0.0))]
        )

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """In how many rows each term stands in a field."""
        with _errors(None):
            return {term: int(self._searcher.doc_freq(field.value, term)) for term in terms}

    def _query(self, terms: Terms) -> Any:
        from tantivy import Occur, Query

        schema = self._index.schema
        parts = [
            (
                Occur.Should,
                Query.boost_query(Query.term_query(schema, field.value, term, "freq"), weight),
            )
            for field, weights in terms.items()
            for term, weight in weights.items()
            if weight > 0 and term
        ]
        return Query.boolean_query(parts) if parts else None


def _opened(folder: Path) -> Any:
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder), reuse=True)
    index.config_reader("manual")  # no thread that watches the folder and reads it again
    index.reload()
    return index


def _write(folder: Path | None, chunks: Iterable[Counted]) -> Any:
    """A Tantivy index of the chunks."""
    import tantivy

    index = tantivy.Index(_schema(), path=None if folder is None else str(folder))
    writer = index.writer(_WRITER_BYTES, 1)
    names = [field.value for field in Field]
    for counted in chunks:
        document = tantivy.Document()
        document.add_unsigned(_KEY, counted.key)
        for name, terms in zip(names, counted.terms, strict=True):
            document.add_text(name, terms)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    return index


def _hyphened(name: str) -> str:
    return "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:]))


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_KEY, fast=True, indexed=True)
    for field in Field:
        builder.add_text_field(field.value, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


@contextmanager
def _errors(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        where = "the word index" if folder is None else f"the word index {folder}"
        kind = StoreError if isinstance(error, OSError) else StoreCorrupt
        raise kind(f"{where} cannot be used: {error}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Tantivy, on files that make no sense
            raise
        raise StoreCorrupt(say("parts.words", error=error)) from None
