"""Merged words are searched like the segments that they were made of."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np

from rag.index.local.rows import RowIds
from rag.index.local.segments import (
    MERGED_SEGMENTS,
    PartFile,
    Parts,
    Segment,
    merge_segments,
    part_file,
    searched_words,
)
from rag.index.local.words import Counted, Lexical, compose, write_words
from rag.index.protocol import Field

ROWS = 20
QUERY = {Field.WORDS: {"词1": 1.0, "词9": 1.0}}


def segment(place: Path, number: int) -> Segment:
    """A segment of words alone, its files in `place`."""
    source = random.Random(number)
    vocabulary = [f"词{i}" for i in range(60)]
    own = place / "own"
    own.mkdir(parents=True)
    first = number * ROWS
    words = write_words(
        own,
        (
            Counted(
                first + i,
                (" ".join(source.choices(vocabulary, k=source.randint(1, 39))), "", "", ""),
            )
            for i in range(ROWS)
        ),
    )
    files = []
    for path in sorted(own.iterdir()):
        if path.name.startswith(words[0].name):
            files.append(part_file(path.replace(place / path.name)))
        else:
            path.unlink()
    own.rmdir()
    return Segment(first, first + ROWS - 1, ROWS, f"{first}-1", tuple(words), tuple(files))


def no_file(name: str) -> None:
    raise AssertionError(f"{name} is of no use")


def parts(segments: list[Segment], old: Parts) -> Parts:
    return replace(old, segments=tuple(segments))


def test_merged_segments_find_the_same(tmp_path: Path) -> None:
    segments = [segment(tmp_path, number) for number in range(2 * MERGED_SEGMENTS + 3)]
    rows = RowIds(np.arange(len(segments) * ROWS))
    compose(tmp_path, [word for one in segments for word in one.words])
    before = Lexical.open(tmp_path, rows)

    merged = merge_segments(tmp_path, segments, Parts.none(), no_file)
    searched = searched_words(segments, merged)
    compose(tmp_path, searched)
    after = Lexical.open(tmp_path, rows)

    assert [group.words.rows for group in merged] == [MERGED_SEGMENTS * ROWS] * 2
    assert len(searched) == 2 + 3
    assert len(after) == len(before) == len(segments) * ROWS
    for k in (1, 50, 1000):
        assert after.rank(QUERY, k) == before.rank(QUERY, k)


def test_what_has_not_changed_is_kept_and_the_rest_merged_again(tmp_path: Path) -> None:
    segments = [segment(tmp_path, number) for number in range(2 * MERGED_SEGMENTS)]
    old = replace(
        Parts("parts-1", PartFile("meta.json", 0, "0" * 64), tuple(segments)),
        merged=merge_segments(tmp_path, segments, Parts.none(), no_file),
    )
    assert Parts.from_json(parts([], old).to_json()).merged == old.merged

    brought: list[str] = []
    assert merge_segments(tmp_path, segments, old, brought.append) == old.merged
    assert brought == [file.name for group in old.merged for file in group.files]

    changed = [*segments[:3], replace(segments[3], vectors="60-2"), *segments[4:]]
    again = merge_segments(tmp_path, changed, old, lambda _: None)
    assert again[1] == old.merged[1]
    assert again[0].of == tuple(one.vectors for one in changed[:MERGED_SEGMENTS])
    assert again[0].words != old.merged[0].words


def test_few_segments_stay_as_they_are(tmp_path: Path) -> None:
    segments = [segment(tmp_path, number) for number in range(MERGED_SEGMENTS - 1)]
    assert merge_segments(tmp_path, segments, Parts.none(), no_file) == ()
    assert len(searched_words(segments, ())) == len(segments)
