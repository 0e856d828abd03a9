"""Documents that mention a term: the same as reading every text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag.index.local import snapshot as filtering
from rag.index.local.index import Index
from rag.settings import Chunking, Settings
from rag.text.normalize import squeeze
from tests.fakes import CharacterEncoder

LETTERS = "灯塔港口渔船潮汐"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Documents of few characters, with short lines and chunks that end anywhere."""
    folder = tmp_path_factory.mktemp("mentions")
    source = random.Random(8)
    for number in range(60):
        parts = []
        for _ in range(source.randint(1, 40)):
            parts.append("".join(source.choices(LETTERS, k=source.randint(1, 9))))
            parts.append(
                source.choice(["", " ", "\n", "\n\n", "。", "，", "。\n\n", "\u3000", "A"])
            )
        text = "".join(parts)
        (folder / f"{number}.txt").write_text(text + source.choice(["", "臺灣㍿", "ＡＢ"]), "utf-8")
    settings = Settings(
        index=folder / "index", chunking=Chunking(target_characters=40, max_characters=50)
    )
    return Index.build([folder], settings=settings, encoder=CharacterEncoder())


def read(index: Index, term: str) -> list[str]:
    texts = ((info.name, index.document(info.name).text) for info in index.documents())
    return [name for name, text in texts if squeeze(term) in squeeze(text)]


@pytest.mark.parametrize("most", [0.0, 0.5, 100.0])
def test_as_if_every_text_were_read(
    index: Index, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtering, "_MOST", most)
    source = random.Random(9)
    whole = [index.document(info.name).text for info in index.documents()]
    terms = ["台湾株式会社", "ａｂ", "港 口\n渔", "", " ", "灯灯灯", "无此", "没有这个词"]
    for _ in range(150):
        text = source.choice(whole)
        start = source.randrange(len(text))
        terms.append(text[start : start + source.randint(1, 12)])
    for term in terms:
        assert [info.name for info in index.documents(term)] == read(index, term), term


def test_a_term_across_the_end_of_a_chunk(index: Index) -> None:
    ends = 0
    for row in range(index.count - 1):
        one, two = index.chunks([row, row + 1])
        if one.document_id == two.document_id:
            term = squeeze(one.text)[-2:] + squeeze(two.text)[:2]
            found = [info.name for info in index.documents(term)]
            assert index.row_document(row).name in found
            ends += 1
    assert ends > 20


def test_few_texts_are_read(docs: Path, settings: Settings) -> None:
    for number in range(30):
        (docs / f"{number}.txt").write_text("潮水每天涨落两次，渔船清晨出海。\n" * 3, "utf-8")
    built = Index.build([docs], settings=settings, encoder=CharacterEncoder())
    snapshot = built._snapshot
    keys = filtering._candidates(snapshot, "守塔人")
    assert snapshot.catalog.texts(keys.tolist())[0][0] == "灯塔.txt"
    assert len(keys) == 1
    assert len(filtering._candidates(snapshot, "渔船清晨")) == 33
    assert len(filtering._candidates(snapshot, "守塔")) == 33
