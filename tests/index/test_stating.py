"""What is said of documents: by their files, by `corpus.toml`, by a user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import FilterError, StoreMismatch, UnknownDocument
from rag.index.local.catalog import Catalog, Entry
from rag.index.local.index import Index
from rag.index.local.maintenance import repair
from rag.index.local.rows import document_rows
from rag.index.protocol import Field
from rag.settings import Settings
from rag.types import DocumentInfo, Filter, Stated
from tests.fakes import CharacterEncoder, document_of
from tests.index.test_damage import change

TOWER = "灯塔.txt"


def build(docs: Path, settings: Settings, encoder: CharacterEncoder | None = None) -> Index:
    return Index.build([docs], settings=settings, encoder=encoder or CharacterEncoder())


def facts(index: Index, name: str = TOWER) -> tuple[object, ...]:
    (info,) = (info for info in index.documents() if info.name == name)
    document = index.document(name)
    same = ("title", "date", "date_inferred", "publisher", "tags", "warnings")
    assert [getattr(info, key) for key in same] == [getattr(document, key) for key in same]
    return info.title, info.date, info.date_inferred, info.publisher, info.tags


def state(docs: Path, text: str) -> None:
    (docs / "corpus.toml").write_text(text, encoding="utf-8")


def titled(index: Index, word: str) -> set[str]:
    rows = index.rank_words({Field.CONTEXT_WORDS: {word: 1.0}}, 50)
    return {index.row_document(row).name for row, _ in rows}


def test_a_change_of_the_sidecar_alone_updates_its_documents(
    docs: Path, settings: Settings
) -> None:
    encoder = CharacterEncoder()
    index = build(docs, settings, encoder)
    plain = facts(index)
    assert plain[2:] == (True, None, ())
    encoder.encoded.clear()
    state(docs, '["灯塔*"]\ndate = "2020-03"\nsource = "海事局"\ntags = ["灯塔", "史料"]\n')
    report = index.update([docs])
    assert (report.read, report.unchanged, report.restated) == (0, 3, 1)
    assert facts(index) == (plain[0], "2020-03", False, "海事局", ("灯塔", "史料"))
    assert encoder.encoded == []
    assert [info.name for info in index.documents(where=Filter(tags=("史料",)))] == [TOWER]
    state(docs, '["灯塔*"]\ntitle = "更正录"\n')
    report = index.update([docs])
    assert (report.read, report.restated) == (0, 1)
    assert facts(index) == ("更正录", *plain[1:])
    assert len(encoder.encoded) == index.documents()[-1].chunks
    assert all(text.startswith("更正录\n") for text in encoder.encoded)
    assert titled(index, "更正") == {TOWER}
    (docs / "corpus.toml").unlink()
    assert index.update([docs]).restated == 1
    assert facts(index) == plain
    assert titled(index, "更正") == set()
    report = index.update([docs])
    assert (report.restated, report.unchanged) == (0, 3)
    assert index.verify() == []


def test_a_first_build_knows_the_sidecar(docs: Path, settings: Settings) -> None:
    state(docs, '["渔业"]\ntitle = "渔业统计"\nsource = "统计局"\n')
    index = build(docs, settings)
    assert facts(index, "渔业/年报.txt")[0] == "渔业统计"
    assert titled(index, "渔业") == {"渔业/年报.txt"}
    row = index.rank_words({Field.WORDS: {"渔获量": 1.0}}, 1)[0][0]
    assert index.row_document(row).publisher == "统计局"
    assert index.report is not None and index.report.restated == 0


def test_a_malformed_sidecar_is_a_line_and_what_was_stated_stays(
    docs: Path, settings: Settings
) -> None:
    state(docs, '["*"]\nsource = "甲"\n')
    index = build(docs, settings)
    state(docs, '["*"]\nsource = ')
    (docs / "新.txt").write_text("新的一份。\n", encoding="utf-8")
    report = index.update([docs])
    assert [skipped.document for skipped in report.skipped] == ["corpus.toml"]
    assert report.skipped[0].reason.startswith("it is no TOML: ")
    assert (report.read, report.restated) == (1, 0)
    assert facts(index)[3] == "甲"
    assert facts(index, "新.txt")[3] is None


def test_a_part_of_the_folder_keeps_what_the_whole_states(docs: Path, settings: Settings) -> None:
    state(docs, '["*"]\nsource = "甲"\n')
    index = build(docs, settings)
    assert index.update([docs / "渔业"]).restated == 0
    assert facts(index, "渔业/年报.txt")[3] == "甲"


def test_front_matter_is_kept_and_the_sidecar_counts_more(docs: Path, settings: Settings) -> None:
    text = "---\ntitle: 甲\nsource: 乙报\ntags: [丙]\n---\n\n正文。\n"
    (docs / "a.md").write_text(text, encoding="utf-8")
    index = build(docs, settings)
    assert facts(index, "a.md") == ("甲", None, False, "乙报", ("丙",))
    state(docs, '["*.md"]\ntitle = "丁"\ntags = "戊"\n')
    index.update([docs])
    assert facts(index, "a.md") == ("丁", None, False, "乙报", ("戊",))
    assert index.verify() == []


def corrected(index: Index) -> DocumentInfo:
    return index.correct(TOWER, title="更正的题名", date="1999-05")


def test_a_correction_outlives_new_versions_of_the_file(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    plain = facts(index)
    info = corrected(index)
    assert (info.title, info.date, info.date_inferred) == ("更正的题名", "1999-05", False)
    assert info.corrected == ("title", "date")
    state(docs, f'["{TOWER}"]\ntitle = "旁注"\ndate = 2001\nsource = "局"\n')
    index.update([docs])
    assert facts(index) == ("更正的题名", "1999-05", False, "局", ())
    (docs / TOWER).write_text("灯塔重建，高50米。\n", encoding="utf-8")
    index.update([docs])
    assert facts(index)[:2] == ("更正的题名", "1999-05")
    assert titled(index, "更正") == {TOWER}
    index.update([docs], rebuild=True)
    assert facts(index)[:2] == ("更正的题名", "1999-05")
    assert index.correct(TOWER, title="").corrected == ("date",)
    assert facts(index)[:2] == ("旁注", "1999-05")
    assert index.correct(TOWER, date="").corrected == ()
    assert facts(index)[:2] == ("旁注", "2001")
    assert titled(index, "更正") == set()
    (docs / "corpus.toml").unlink()
    index.update([docs])
    assert facts(index)[0] == plain[0] or facts(index)[1] == plain[1]
    assert index.verify() == []


def test_a_correction_goes_with_its_document(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    corrected(index)
    index.remove(TOWER)
    assert b"\xe6\x9b\xb4\xe6\xad\xa3\xe7\x9a\x84" not in b"".join(
        path.read_bytes() for path in settings.index.rglob("*") if path.is_file()
    )
    index.update([docs])
    assert facts(index)[0] != "更正的题名"


def test_what_cannot_be_corrected_is_refused(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    with pytest.raises(UnknownDocument, match="灯塔"):
        index.correct("灯台.txt", title="x")
    with pytest.raises(FilterError, match="date '昨天' is no date"):
        index.correct(TOWER, date="昨天")
    for title in ("a" * 1001, "\udc80", "a\x1b[31m"):
        with pytest.raises(FilterError, match="the title"):
            index.correct(TOWER, title=title)
    assert index.correct(TOWER, title=" \n").corrected == ()
    other = Index.open(settings=settings, encoder=CharacterEncoder("other", 64))
    with pytest.raises(StoreMismatch):
        other.correct(TOWER, title="x")
    assert other.correct(TOWER, date="2000").date == "2000"
    assert index.verify() == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE facts SET publisher = '乙'", "what is stated of it is damaged"),
        ("UPDATE facts SET stated_date = '2021'", "what is stated of it is damaged"),
        ("UPDATE facts SET stated_tags = '['", "what is stated of it"),
        ("DELETE FROM facts", "what is stated of it is damaged or missing"),
        ("UPDATE corrections SET title = '别的'", "a user's correction of it is damaged"),
    ],
)
def test_damaged_facts_are_found_and_mended(
    docs: Path, settings: Settings, statement: str, said: str
) -> None:
    state(docs, '["*"]\nsource = "甲"\ndate = 2020\ntags = ["丙"]\n')
    index = build(docs, settings)
    before = {name: facts(index, name) for name in ("桥梁.md", "渔业/年报.txt", TOWER)}
    index.correct(TOWER, title="更正的题名")
    change(settings, statement)
    again = Index.open(settings=settings, encoder=CharacterEncoder())
    assert any(said in line for line in again.verify())
    repair(settings.index, settings, CharacterEncoder)
    again = Index.open(settings=settings, encoder=CharacterEncoder())
    assert again.verify() == []
    kept = "corrections" not in statement
    before[TOWER] = ("更正的题名" if kept else before[TOWER][0], *before[TOWER][1:])
    assert {name: facts(again, name) for name in before} == before
    assert titled(again, "更正") == ({TOWER} if kept else set())


def test_what_a_file_states_and_lacks_is_kept(tmp_path: Path) -> None:
    catalog = Catalog.open_writer(tmp_path)
    read = replace(document_of("正文。"), publisher="甲", tags=("乙",), warnings=("两页是图片",))
    entry = Entry("a.txt", "/a.txt", "/", "0" * 64, 1, 1, "m", Stated(date="2020"))
    catalog.put(entry, document_rows(read, [], 0), [])
    found = catalog.document("a.txt")
    assert found == replace(read, date="2020", date_inferred=False, path="/a.txt")
    assert found is not None and found.warnings == read.warnings
    assert catalog.as_read("a.txt") == replace(read, path="/a.txt")
    (info,) = catalog.infos()
    assert (info.publisher, info.tags, info.warnings) == ("甲", ("乙",), ("两页是图片",))
    assert catalog.entries() == [entry]
    catalog.close()
