"""The sentence part against the terms of the sentences themselves."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.errors import StoreCorrupt
from rag.index.local.content import SENTENCES, Sentences, SentenceWriter, chunk_terms, sentence_rows
from rag.index.local.rows import RowIds
from rag.retrieval.query import sentence_terms
from rag.text.sentences import sentences
from rag.types import Chunk, Span

TEXTS = [
    "灯塔高42米。守塔人老周工作了三十年；灯光每晚亮起。",
    "第四条 总造价为12.5亿元。\n第五条 大桥全长3.6公里。",
    "……\n灯塔高42米。",
    "No word in common. OceanProtocol uses 14nm chips.",
]
TERMS = ["灯塔", "42", "第4条", "14", "纳米", "大桥", "老周", "无此词"]
KEYS = [11, 12, 15, 20]
TERM = st.text("ab1中文字𠀀é", min_size=1, max_size=40)
TERM_LIST = st.lists(TERM, max_size=5)


def chunk(text: str) -> Chunk:
    return Chunk("0" * 16, "0" * 64, 0, Span(0, len(text)), text, (), (), None, None)


def written(texts: list[str], keys: list[int]) -> SentenceWriter:
    writer = SentenceWriter()
    terms = list(chunk_terms([("", chunk(text)) for text in texts]))
    rows = sentence_rows([one[0] for one in terms], [one[1] for one in terms])
    for key, row in zip(keys, rows, strict=True):
        writer.add(key, row)
    return writer


@given(st.lists(st.lists(st.tuples(TERM_LIST, TERM_LIST), min_size=1, max_size=4), max_size=5))
@example([[(["中" * 30, "a" * 33], ["𠀀𠀁", "中𠀁"])]])
def test_rows_hold_checksum_length_and_terms_of_each_sentence(
    chunks: list[list[tuple[list[str], list[str]]]],
) -> None:
    """As computed term by term."""
    found = sentence_rows(
        *(["\n".join(" ".join(one[side]) for one in chunk) for chunk in chunks] for side in (0, 1))
    )
    for row, chunk in zip(found, chunks, strict=True):
        numbers = np.frombuffer(row, "<u4").tolist()
        heads: list[int] = []
        terms: list[int] = []
        for own, pairs in chunk:
            several = {crc32(term.encode()) for term in (*own, *pairs)}
            heads += [crc32(" ".join(own).encode()), sum(map(len, own)), len(several)]
            terms += sorted(several)
        assert numbers == [len(chunk), *heads, *terms]


def check(part: Sentences, texts: list[str]) -> None:
    for text, found in zip(texts, part.of(range(len(texts)), TERMS), strict=True):
        expected = [one.terms & frozenset(TERMS) for one in sentence_terms(text)]
        assert [one.terms for one in found] == expected


def test_in_memory_and_on_disk_the_terms_of_each_sentence(tmp_path: Path) -> None:
    rows = RowIds(np.array(KEYS))
    check(written(TEXTS, KEYS).part(rows), TEXTS)
    stems = [tmp_path / "11-1", tmp_path / "15-2"]
    for stem, some in zip(stems, (slice(0, 2), slice(2, 4)), strict=True):
        written(TEXTS[some], KEYS[some]).save(stem)
    check(Sentences.open(stems, rows), TEXTS)


def test_rows_in_any_order_and_none() -> None:
    part = written(TEXTS, KEYS).part(RowIds(np.array([20, 11, 15, 12])))
    assert [len(found) for found in part.of([0, 1], [])] == [2, 3]
    assert part.of([2, 1], ["灯塔"])[0][1].terms == {"灯塔"}
    assert part.of([], ["灯塔"]) == []


def test_the_same_sentence_has_the_same_checksum_wherever_it_stands() -> None:
    part = written(TEXTS, KEYS).part(RowIds(np.array(KEYS)))
    first, _, third, _ = part.of([0, 1, 2, 3], [])
    assert first[0] == third[-1]
    assert first[0].characters == len("灯塔高42米")
    assert len({one.checksum for one in first}) == len(first) == len(list(sentences(TEXTS[0])))


def test_chunks_that_are_gone_are_passed_over_and_a_missing_one_is_damage() -> None:
    writer = written(TEXTS, KEYS)
    check(writer.part(RowIds(np.array([11, 15]))), [TEXTS[0], TEXTS[2]])
    with pytest.raises(StoreCorrupt, match="lacks 1 rows"):
        writer.part(RowIds(np.array([11, 99])))


def test_a_row_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = written(TEXTS, KEYS).save(tmp_path / "11-1")
    data = bytearray(path.read_bytes())
    data[24 + 16 * len(KEYS)] += 1  # how many sentences the first chunk has
    path.write_bytes(data)
    part = Sentences.open([tmp_path / "11-1"], RowIds(np.array(KEYS)))
    assert part.of([1], ["大桥"])[0][1].terms == {"大桥"}
    with pytest.raises(StoreCorrupt, match="row 0"):
        part.of([0], ["大桥"])


def test_a_cut_or_changed_file_is_refused(tmp_path: Path) -> None:
    path = written(TEXTS, KEYS).save(tmp_path / "11-1")
    assert path.name == "11-1" + SENTENCES
    data = path.read_bytes()
    rows = RowIds(np.array(KEYS))
    ends = 24 + 8 * len(KEYS)
    broken = [data[:10], data[:-4], b"x" + data[1:], data[:ends] + b"\xff" * 8 + data[ends + 8 :]]
    for wrong in broken:
        path.unlink()
        path.write_bytes(wrong)
        with pytest.raises(StoreCorrupt, match=r"11-1\.sentences"):
            Sentences.open([tmp_path / "11-1"], rows)
