"""JSON files: records as sections or rows, and the way back to the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.detect import Cleaned
from rag.documents.formats.records import (
    Array,
    Malformed,
    Object,
    Scalar,
    Value,
    parse_json,
    parse_json_lines,
    read_json,
    read_json_lines,
)
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind, Document

NEWS = [
    {"title": "双礁大桥通车", "date": "2023-12-28", "来源": "港城日报", "id": 17,
     "content": "双礁大桥今天通车。工程总投资为12.4亿元，其中银行贷款占七成，其余由市财政承担，全长1860米。\n市民说：\"方便多了。\"",
     "标签": ["交通", "工程"]},
    {"title": "潮汐电站发电", "date": "2021年5月1日", "来源": "港城日报",
     "content": "潮汐电站并网发电，装机容量为三百兆瓦，是全省最大的一座，每年可以供应二十万户居民用电。"},
]  # fmt: skip


def read(value: object, **options: Any) -> Cleaned:
    return read_json(json.dumps(value, **options).encode(), Reading())


def test_an_object_with_a_title_is_a_section() -> None:
    cleaned = read(NEWS, ensure_ascii=False, indent=1)
    lines = cleaned.text.split("\n")
    assert lines == [
        "双礁大桥通车", "date: 2023-12-28 来源: 港城日报 id: 17",
        "双礁大桥今天通车。工程总投资为12.4亿元，其中银行贷款占七成，其余由市财政承担，全长1860米。",
        '市民说："方便多了。"', "标签: 交通 标签: 工程",
        "潮汐电站发电", "date: 2021年5月1日 来源: 港城日报",
        "潮汐电站并网发电，装机容量为三百兆瓦，是全省最大的一座，每年可以供应二十万户居民用电。",
    ]  # fmt: skip
    assert cleaned.blocks[2].headings == ("双礁大桥通车",)
    assert cleaned.blocks[7].headings == ("潮汐电站发电",)
    assert (cleaned.blocks[0].kind, cleaned.blocks[0].lines) == (BlockKind.HEADING, (3, 3))
    assert cleaned.blocks[1].lines == (4, 6)
    assert (cleaned.date, cleaned.date_inferred, cleaned.title) == ("2023-12-28", False, None)
    check_origin(cleaned)


def test_records_on_lines() -> None:
    data = "\n".join(json.dumps(item, ensure_ascii=False) for item in NEWS)
    cleaned = read_json_lines(f"\ufeff{data}\n\nno json\n{{\n".encode(), Reading())
    assert [block.lines for block in cleaned.blocks] == [(1, 1)] * 5 + [(2, 2)] * 3
    assert cleaned.warnings == ("2 lines are no JSON and are missing (line 4, 5)",)
    check_origin(cleaned)


def test_alike_records_are_rows_led_by_their_keys() -> None:
    rows = [{"港口": "红河", "吨位": 1200}, {"港口": "白沙", "吨位": None}, {"吨位": 3, "港口": ""}]
    cleaned = read({"名称": "吞吐量", "港": rows}, ensure_ascii=False)
    assert cleaned.text.split("\n") == ["吞吐量", "港口\t吨位", "红河\t1200", "白沙", "\t3"]
    assert cleaned.blocks[2].kind is BlockKind.TABLE_ROW
    assert cleaned.blocks[2].lead == ("港口\t吨位",)
    assert cleaned.blocks[2].headings == ("吞吐量",)
    assert cleaned.title == "吞吐量"
    check_origin(cleaned)


def test_escaped_characters_make_it_a_text_of_its_own() -> None:
    cleaned = read(NEWS)  # every Chinese character as \\u….
    assert cleaned.source is None
    assert cleaned.origin == ()
    assert "双礁大桥今天通车。" in cleaned.text
    assert cleaned.blocks[2].headings == ("双礁大桥通车",)
    assert all(block.lines is None for block in cleaned.blocks)


def test_nested_fields_say_where_they_belong() -> None:
    cleaned = read({"作者": {"姓名": "林望", "单位": {"城市": "双礁"}}, "无": None, "空": ""},
                   ensure_ascii=False)  # fmt: skip
    assert cleaned.text == "作者 姓名: 林望 作者 单位 城市: 双礁"


def test_several_values_in_one_file() -> None:
    values = list(parse_json('{"a": 1}\n[2, "三",]  "四" NaN'))
    assert [type(value).__name__ for value in values] == ["Object", "Array", "Scalar", "Scalar"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"), ("no json here", "line 1, near 'no json here'"), ('{"a": 1', "no JSON"),
        ('{"a" 1}', "line 1"), ('[1\n2]', "line 2"), ("{1: 2}", "no JSON"), ("[]", "no text"),
        ('{"a": [[[]]]}', "no text"), ("[" * 200 + "]" * 200, "more than 100 deep"),
        ('"open string', "no JSON"), ("\x00\x01\x02\x03\x04", "binary"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_json(text.encode(), Reading())


def test_a_large_array_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.documents.formats.records.MAX_VALUES", 1_000)
    assert read([["字"] * 900], ensure_ascii=False).text
    with pytest.raises(UnreadableDocument, match="more than 1,000 values; split it"):
        read([["字"] * 1_001])


WORDS = st.text(st.sampled_from('港口吨位 ab12.,:"\\/\n\t😀\u2028'), max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.sampled_from(["title", "content", "date"]), inner, max_size=4)
    ),
    max_leaves=20,
)


def plain(value: Value) -> object:
    """What Python's own parser gives, its scalars as they are written."""
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Array):
        return [plain(item) for item in value.items]
    return {key.text: plain(item) for key, item in value.fields}


def spelled(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\t", " ")
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if isinstance(value, dict):
        return {spelled(key): spelled(item) for key, item in value.items()}
    return json.dumps(value)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_values_are_those_of_the_standard_parser(
    value: object, ascii_only: bool, indent: int | None
) -> None:
    source = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    (found,) = parse_json(source)
    assert plain(found) == spelled(value)
    if indent is None:
        (line,) = parse_json_lines(source.replace("\u2028", "?"))
        assert not isinstance(line, Malformed)


@given(VALUES, st.booleans())
def test_every_character_can_be_followed_to_the_file(value: object, ascii_only: bool) -> None:
    source = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    try:
        cleaned = read_json(source.encode(), Reading())
    except UnreadableDocument as error:
        assert "no text" in str(error)
        return
    check_origin(cleaned)


@given(st.text(st.sampled_from('{}[]",:\\ua1\n 字'), max_size=40))
def test_anything_is_read_or_refused(text: str) -> None:
    for read_any in (read_json, read_json_lines):
        try:
            check_origin(read_any(text.encode(), Reading()))
        except UnreadableDocument:
            continue


def check_origin(cleaned: Cleaned) -> None:
    document = Document("i", "n", "p", "t", None, False, cleaned.text, cleaned.blocks,
                        cleaned.origin, cleaned.source)  # fmt: skip
    for block in cleaned.blocks:
        quote = block.span.of(cleaned.text)
        if cleaned.source is not None:
            pieces = "".join(piece.of(cleaned.source) for piece in document.pieces(block.span))
            assert "".join(pieces.split()) == "".join(quote.split())


def test_the_types_are_those_of_json() -> None:
    (value,) = parse_json('{"甲": [true, -1.5e3, "乙\\u4e19\\n"]}')
    assert isinstance(value, Object)
    ((key, array),) = value.fields
    assert isinstance(array, Array)
    assert [item.text for item in array.items if isinstance(item, Scalar)] == [
        "true",
        "-1.5e3",
        "乙丙\n",
    ]
    assert (key.text, key.quoted) == ("甲", True)
    last = array.items[2]
    assert isinstance(last, Scalar)
    assert last.pieces == ((22, "乙"), (-1, "丙"), (-1, "\n"))
