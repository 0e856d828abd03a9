"""Words of neighbouring segments merged, so that a search looks each term up in fewer places.

The segments keep their own files: where one of them is made anew, the others are merged with it
again, in a second, and no text has to be cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rag.indexing.lexical import WordSegment, merge_words
from rag.indexing.parts import Merged, Parts, Segment, link, part_file, remove, sync

MERGED_SEGMENTS = 8
"""How many are merged into one. Of 326,000 chunks a question's terms took 9 ms in 39 segments,
most of it looking them up; eight are merged in 1 s."""

_OWN = ".merge"

Bring = Callable[[str], None]
"""Puts a file of the generation before, given by its name, into the new folder."""


def merge_segments(
    place: Path, segments: Sequence[Segment], old: Parts, bring: Bring
) -> tuple[Merged, ...]:
    """Merges runs of segments whose files lie in `place`; what of `old` still fits is kept."""
    names = [segment.vectors for segment in segments]
    at = {name: i for i, name in enumerate(names)}
    merged: dict[int, Merged] = {}
    for group in old.merged:
        first = at.get(group.of[0], len(names))
        if tuple(names[first : first + len(group.of)]) == group.of:
            for file in group.files:
                bring(file.name)
            merged[first] = group
    first = 0
    while first + MERGED_SEGMENTS <= len(segments):
        taken = [i for i in range(first, first + MERGED_SEGMENTS) if i in merged]
        if taken:
            first = taken[-1] + len(merged[taken[-1]].of)
            continue
        new = _merge(place, segments[first : first + MERGED_SEGMENTS])
        if new is not None:
            merged[first] = new
        first += MERGED_SEGMENTS
    return tuple(merged[i] for i in sorted(merged))


def searched_words(segments: Sequence[Segment], merged: Sequence[Merged]) -> list[WordSegment]:
    """The word segments of which an index is composed: those merged, and those of the others."""
    within = {name for group in merged for name in group.of}
    single = [word for one in segments if one.vectors not in within for word in one.words]
    return [group.words for group in merged] + single


def _merge(place: Path, segments: Sequence[Segment]) -> Merged | None:
    """One segment of the words of all, or None where Tantivy sees no reason to merge them."""
    own = place / _OWN
    own.mkdir()
    words = [word for segment in segments for word in segment.words]
    for segment in segments:
        for file in segment.files:
            if any(file.name.startswith(f"{word.name}.") for word in words):
                link(place / file.name, own / file.name)
    found = merge_words(own, words)
    paths = []
    if len(found) == 1:
        for path in sorted(own.glob(f"{found[0].name}.*")):
            paths.append(path.replace(place / path.name))
    remove(own)
    if not paths:
        return None
    for path in paths:
        sync(path)
    files = tuple(map(part_file, paths))
    return Merged(tuple(segment.vectors for segment in segments), found[0], files)
