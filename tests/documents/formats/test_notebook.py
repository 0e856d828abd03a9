"""Notebooks: texts, code, and what it printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind, Document

BOOK = {
    "nbformat": 4,
    "cells": [
        {"cell_type": "markdown", "source": ["# 客运分析\n", "\n", "东港五月有3,100人。"]},
        {"cell_type": "code", "source": "print('```')\ntotal = 3100", "outputs": [
            {"output_type": "stream", "text": ["\x1b[31m合计 3100\x1b[0m\n"]},
            {"output_type": "execute_result", "data": {"text/plain": ["3100"], "image/png": "iVBO"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "没有数据"},
        ]},
        {"cell_type": "raw", "source": "原样的话。"},
    ],
}  # fmt: skip


def read(book: object) -> Document:
    data = book if isinstance(book, bytes) else json.dumps(book).encode()
    return parse_document(data, Path("a.ipynb"), "a.ipynb", Reading())


def test_a_notebook() -> None:
    document = read(BOOK)
    assert document.text.split("\n") == [
        "客运分析", "东港五月有3,100人。", "print('```')", "total = 3100", "合计 3100", "ValueError: 没有数据", "原样的话。",
    ]  # fmt: skip
    assert (document.title, document.source, document.origin) == ("客运分析", None, ())
    assert all(block.lines is None for block in document.blocks)
    assert document.blocks[1].headings == ("客运分析",)
    assert document.warnings == ("1 pictures or other outputs of code are not read",)


def test_one_of_an_older_format() -> None:
    old = {"worksheets": [{"cells": [
        {"cell_type": "heading", "level": 2, "source": "概况"},
        {"cell_type": "code", "input": ["x = 1"], "outputs": [{"output_type": "pyout", "text": ["1"]}]},
    ]}]}  # fmt: skip
    document = read(old)
    assert document.text.split("\n") == ["概况", "x = 1", "1"]
    assert document.blocks[0].kind is BlockKind.HEADING


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"), (b"{", "damaged"), (b"[1]", "no notebook"), (b'{"cells": []}', "holds no text"),
        (b'{"cells": [1, {"source": 5}, {"outputs": [{"data": 3}]}]}', "holds no text"),
        (b"[" * 100_000, "damaged"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read(data)
