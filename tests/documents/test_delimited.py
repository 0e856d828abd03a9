"""Delimited values: cells, headers, and the way back to the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.formats.records import delimiter_of, read_csv
from rag.errors import UnreadableDocument
from rag.settings import Reading
from tests.documents.conftest import Open, find


def test_rows_are_led_by_the_header() -> None:
    read = read_csv('港口,吨位\n红河,"1,200"\n白沙,300\n'.encode("gb18030"), Reading())
    assert read.text.split("\n") == ["港口\t吨位", "红河\t1,200", "白沙\t300"]
    assert read.blocks[2].lead == ("港口\t吨位",)
    assert read.blocks[1].lines == (2, 2)


def test_quoted_cells() -> None:
    source = '名称,说明\n甲,"他说：""好""，\n走了。"\n乙,完\n'
    read = read_csv(source.encode(), Reading())
    assert read.text.split("\n")[1] == '甲\t他说："好"， 走了。'
    assert [block.lines for block in read.blocks] == [(1, 1), (2, 3), (4, 4)]


CELLS = st.text(st.sampled_from('甲乙a1,;"\n \t'), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6))
def test_every_character_can_be_followed_to_the_file(rows: list[list[str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    source = "\n".join(quoted)
    try:
        read = read_csv(source.encode(), Reading())
    except UnreadableDocument:
        assert not "".join("".join(row) for row in rows).strip()
        return
    covered = set[int]()
    for run in read.origin:
        assert (
            source[run.source : run.source + run.length]
            == read.text[run.start : run.start + run.length]
        )
        covered.update(range(run.start, run.start + run.length))
    assert all(i in covered for i, c in enumerate(read.text) if not c.isspace())


def test_delimiters() -> None:
    assert delimiter_of("a\tb\n1\t2,3\n") == "\t"
    assert delimiter_of("a|b|c\n1|2|3\n") == "|"
    assert delimiter_of("只有一列\n") in ",\t;|"


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "SEP=;\r"])
def test_the_line_that_names_the_delimiter_is_no_row(first: str) -> None:
    cleaned = read_csv((first + "门店;客流,人次\n桂花巷店;4,12\n").encode(), Reading())
    assert cleaned.text == "门店\t客流,人次\n桂花巷店\t4,12"
    assert cleaned.blocks[1].lines == (3, 3)
    assert "sep" not in "".join(cleaned.blocks[1].lead)


def test_an_unclosed_quotation_mark_ends_with_the_file() -> None:
    assert read_csv('甲,"乙\n丙,丁'.encode(), Reading()).text == "甲\t乙 丙,丁"


def test_a_real_table(real: Open) -> None:
    issues = real("chatchat_langchain-ChatGLM_closed.csv")
    found = find(issues, "请问：纯cpu可以吗？")
    assert found.lead == ("\ttitle\tfile\turl\tdetail\tid",)
    assert issues.source is not None
    pieces = issues.pieces(found.span)
    assert "".join(issues.source[p.start : p.end] for p in pieces).startswith(
        "5请问：纯cpu可以吗？"
    )


@pytest.mark.parametrize("data", [b"", b",,,\n,,,\n"])
def test_empty_tables(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="empty"):
        read_csv(data, Reading())
