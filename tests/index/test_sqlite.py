"""SQLite files of somebody else: nothing in them runs, none keeps a program, none touches another
file."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import StoreCorrupt, StoreError
from rag.index.local.index import Index
from rag.page.chat import Conversations
from rag.page.turns import Turn
from rag.settings import Settings
from rag.sqlite import connect, tables, was_endless
from tests.fakes import CharacterEncoder

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
LEVELS = 12


def in_circles(path: Path, table: str) -> None:
    """Makes a table of some hundred rows seem to have trillions: pages that lead, each of them
    many times, to the next one, and the last to a page of rows."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((root,),) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        )
    data = bytearray(path.read_bytes())
    (size,) = struct.unpack_from(">H", data, 16)
    last = len(data) // size
    start = (root - 1) * size
    assert data[start] in (2, 5), "the root is no interior page; add rows"
    (leaf,) = struct.unpack_from(">I", data, start + 8)

    def led(page: bytearray, child: int) -> bytearray:
        (cells,) = struct.unpack_from(">H", page, 3)
        assert cells > 3
        struct.pack_into(">I", page, 8, child)
        for number in range(cells):
            (at,) = struct.unpack_from(">H", page, 12 + 2 * number)
            struct.pack_into(">I", page, at, child)
        return page

    page = bytearray(data[start : start + size])
    for level in range(1, LEVELS + 1):
        data += led(bytearray(page), last + level + 1 if level < LEVELS else leaf)
    data[start : start + size] = led(page, last + 1)
    struct.pack_into(">I", data, 28, last + LEVELS)
    path.write_bytes(data)


def hot_journal_naming(victim: Path, path: Path) -> None:
    """Leaves, beside a sound file, a journal as of a writer that was killed while it changed
    several files at once, of which it names the victim."""
    journal = path.with_name(path.name + "-journal")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("CREATE TABLE filler (x)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO filler VALUES (?)", [("a" * 500,)] * 500)
        connection.execute("COMMIT")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE filler SET x = 'b' || x")
        before, half = path.read_bytes(), journal.read_bytes()
        connection.execute("ROLLBACK")
    name = os.fsencode(victim)
    end = struct.pack(">I", (1 << 30) // 4096 + 1) + name
    end += struct.pack(">II", len(name), sum(name)) + bytes.fromhex("d9d505f920a163d7")
    path.write_bytes(before)
    journal.write_bytes(half + end)


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    found = Conversations(tmp_path / "conversations.sqlite")
    found.keep(None, Turn("问"))
    return found


def test_a_view_that_never_ends_is_none_of_our_tables(kept: Conversations) -> None:
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("DROP TABLE turns")
        connection.execute(
            f"CREATE VIEW turns AS {ENDLESS} SELECT '' AS conversation, i AS position,"
            " '' AS value, '' AS text FROM n"
        )
    for call in (kept.listed, lambda: kept.turns("x"), lambda: list(kept.everything())):
        with pytest.raises(StoreCorrupt, match="holds other tables"):
            call()
    with pytest.raises(StoreCorrupt, match="holds other tables"):
        kept.keep(None, Turn("问"))


def test_no_function_of_the_program_is_called_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("act", 0, lambda: 1)
        connection.execute("CREATE VIEW v AS SELECT act() AS x")
    acted: list[None] = []
    with closing(connect(path, 1)) as connection:
        connection.create_function("act", 0, lambda: acted.append(None))
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("SELECT x FROM v").fetchall()
    assert acted == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM conversations; END",
        "CREATE INDEX i ON turns (text || value)",
        "CREATE TABLE more (x)",
        "ALTER TABLE turns ADD COLUMN more TEXT",
    ],
)
def test_what_else_a_file_holds_is_refused(kept: Conversations, statement: str) -> None:
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute(statement)
    with pytest.raises(StoreCorrupt, match="holds other tables"):
        kept.listed()


def test_pages_that_lead_in_circles_end(kept: Conversations) -> None:
    with closing(sqlite3.connect(kept.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO turns SELECT id, ?, ?, '' FROM conversations",
            ((number, "x" * 60) for number in range(1, 1200)),
        )
    assert kept.listed()[0].turns == 1200
    in_circles(kept.path, "turns")
    with pytest.raises(StoreError, match=r"interrupted|malformed"):
        kept.listed()


def test_a_catalog_in_circles_ends(docs: Path, settings: Settings) -> None:
    for number in range(300):
        (docs / f"{number}.txt").write_text(f"第{number}号观测站，晴。\n" * 20, encoding="utf-8")
    Index.build([docs], settings=settings, encoder=CharacterEncoder())
    in_circles(settings.index / "catalog.sqlite", "documents")
    with pytest.raises(StoreCorrupt):
        index = Index.open(settings=settings, encoder=CharacterEncoder())
        index.documents()
    with pytest.raises(StoreCorrupt):
        Index.open(settings=settings, encoder=CharacterEncoder()).status()


def test_an_endless_statement_ends_and_a_long_one_does_not(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "x.sqlite", 1)) as connection:
        connection.execute("CREATE TABLE t (x)")
        assert tables(connection) == {"CREATE TABLE t (x)"}
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t VALUES (?)", ((i,) for i in range(200_000)))
        connection.execute("COMMIT")
        for _ in range(5):
            ((found,),) = connection.execute("SELECT count(DISTINCT x % 1000) FROM t")
            assert found == 1000
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute(f"{ENDLESS} SELECT max(i) FROM n").fetchall()
        assert was_endless(caught.value)
        assert connection.execute("SELECT count(x) FROM t").fetchone() == (200_000,)


def test_a_journal_deletes_no_other_file(tmp_path: Path, kept: Conversations) -> None:
    victim = tmp_path / "mine.txt"
    victim.write_text("mine", encoding="utf-8")
    hot_journal_naming(victim, kept.path)
    with pytest.raises(StoreCorrupt, match="names another file"):
        kept.listed()
    assert victim.read_text(encoding="utf-8") == "mine"


def test_nor_does_one_beside_a_catalog(docs: Path, tmp_path: Path, settings: Settings) -> None:
    victim = tmp_path / "mine.txt"
    victim.write_text("mine", encoding="utf-8")
    Index.build([docs], settings=settings, encoder=CharacterEncoder())
    hot_journal_naming(victim, settings.index / "catalog.sqlite")
    with pytest.raises(StoreCorrupt, match="names another file"):
        Index.open(settings=settings)
    with pytest.raises(StoreCorrupt, match="names another file"):
        Index.build([docs], settings=settings, encoder=CharacterEncoder())
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_link_is_not_followed(docs: Path, tmp_path: Path, settings: Settings) -> None:
    other = Settings(index=tmp_path / "other")
    Index.build([docs], settings=other, encoder=CharacterEncoder())
    settings.index.mkdir()
    (settings.index / "catalog.sqlite").symlink_to(other.index / "catalog.sqlite")
    with pytest.raises(StoreCorrupt, match="is a link"):
        Index.open(settings=settings)
