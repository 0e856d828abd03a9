"""What the engine says in English is told in Chinese, and what is told is what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.documents.detect import decode
from rag.errors import RagError
from rag.i18n import TEXTS, error_text
from rag.retrieval.query import parse_query

ROOT = Path(__file__).resolve().parents[2] / "rag"
# What is put together of several texts.
JOINTS = re.compile("(?<=stopped talking) |(?<=said nothing) |(?<=crashed on this file) ")


def said(node: ast.AST) -> str | None:
    """A text of a source, its values as `{}`."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts() -> Iterator[str]:
    for path in ROOT.rglob("*.py"):
        if path.parent.name != "i18n":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from filter(None, map(said, ast.walk(tree)))


def test_every_text_is_one_of_the_sources() -> None:
    everything = "\n".join(texts())
    missing = [
        english
        for english in TEXTS
        for part in JOINTS.sub("{}", english).split("{}")
        if part.strip("(); ") not in everything
    ]
    assert missing == []


@pytest.mark.parametrize(("english", "chinese"), TEXTS.items())
def test_every_text_is_told_with_its_values(english: str, chinese: str) -> None:
    values = [f"<{n}>" for n in range(english.count("{}"))]
    assert error_text(english.format(*values), "zh") == chinese.format(*values)


def refused(call: object, *given: object) -> str:
    with pytest.raises(RagError) as caught:
        call(*given)  # type: ignore[operator]
    return error_text(str(caught.value), "zh")


def test_errors_as_they_are_raised() -> None:
    assert refused(parse_query, " ") == "问题是空的，请先输入问题"
    assert refused(parse_query, "问" * 2001) == "问题有 2,001 个字，上限是 2,000 个，请缩短"
    assert refused(decode, b"") == "文件是空的"


def test_what_is_not_known_stays_as_it_is() -> None:
    for text in ("", "无", "Segmentation fault {0} {x}", "the file is empty " * 1000):
        assert error_text(text, "zh") == text
        assert error_text(text, "en") == text
