"""Every text has its words in each language, with the same values; every code is used, and each use
gives the values that its text wants."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from rag.errors import DocumentError, FilterError, RagError, SettingsError, StoreError
from rag.i18n import LANGUAGES, catalog, said, say, told
from rag.serving.collections import checked_collection_name
from rag.serving.routes.preferences import Changes, Preferences
from rag.settings import Settings
from rag.types import Filter, RemarkKind

ROOT = Path(__file__).resolve().parents[2] / "rag"
APART = {"page", "remark"}  # texts of another form, with tests of their own
COMPOSED = {"value"}  # codes made of the kinds of another library
CODES = {
    f"{section}.{key}" for section in set(catalog("en")) - APART for key in catalog("en")[section]
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def uses() -> Iterator[tuple[str, set[str]]]:
    """The code of each message that a source makes, and the names of its values."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                code = node.args[0] if node.func.id == "say" and node.args else None
                if isinstance(code, ast.Constant) and str(code.value) not in catalog("en")["page"]:
                    yield str(code.value), {word.arg or "" for word in node.keywords}


def test_languages_have_the_same_texts() -> None:
    english, chinese = (catalog(language) for language in ("en", "zh"))
    assert list(LANGUAGES) == ["zh", "en"]
    assert {s: list(texts) for s, texts in english.items()} == {
        s: list(texts) for s, texts in chinese.items()
    }


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_text_has_the_same_values_in_each_language(code: str) -> None:
    section, _, key = code.partition(".")
    english, chinese = catalog("en")[section][key], catalog("zh")[section][key]
    # What a reason in English says may be left out where Chinese advice says enough.
    assert fields(chinese) <= fields(english)
    assert chinese != english


def test_every_code_is_used_with_its_values() -> None:
    found = dict(uses())
    assert set(found) | {c for c in CODES if c.partition(".")[0] in COMPOSED} == CODES
    for code, names in uses():
        section, _, key = code.partition(".")
        assert names == fields(catalog("en")[section][key]), code


def test_remarks_have_their_words() -> None:
    kinds = {kind.value for kind in RemarkKind}
    assert set(catalog("zh")["remark"]) == kinds | {"given", "pause", "end"}


def test_a_message_is_english_and_told_in_chinese() -> None:
    message = say("collection.exists", name="甲")
    assert message == "there is a collection '甲' already; choose another name"
    assert told(message, "zh") == "已经有文档集 '甲'，请换个名称"
    pickled = pickle.dumps(message)
    for copied in (pickle.loads(pickled), copy.deepcopy(message)):  # noqa: S301 (our own)
        assert told(copied, "zh") == told(message, "zh")


def test_values_may_be_messages_and_errors() -> None:
    inner = StoreError(say("documents.none"))
    message = say("collection.not_renamed", name="{x}", error=inner)
    assert message == "{x} cannot be renamed: no documents yet; add files first"
    assert told(message, "zh") == "{x} 改不了名：还没有文档，请先添加文件"
    assert said(inner) == "no documents yet; add files first"
    assert told(said(inner), "zh") == "还没有文档，请先添加文件"


def test_errors_as_they_are_raised() -> None:
    def refused(kind: type[RagError], call: object, *given: object) -> str:
        with pytest.raises(kind) as caught:
            call(*given)  # type: ignore[operator]
        return told(caught.value, "zh")

    assert refused(FilterError, Filter, (), "2024-13").startswith("'2024-13' 不是日期")
    assert refused(DocumentError, checked_collection_name, "甲/乙").startswith("'甲/乙' 不能作")
    assert refused(FilterError, Filter, ("",)) == "筛选 documents 里有空的名称；不筛选就留空"
    preferences = Preferences(Settings(), lambda _: None, fixed_server=False)
    wrong = Changes.model_construct(k=0, min_confidence=2.0)
    text = refused(SettingsError, preferences.changed, wrong)
    assert text == "retrieval.k：不能小于 1；answering.min_confidence：不能大于 1"


def test_what_is_no_message_stays_as_it_is() -> None:
    for text in ("", "无", "Segmentation fault {0} {x}"):
        assert (told(text, "zh"), told(text, "en"), told(text, "fr")) == (text, text, text)
