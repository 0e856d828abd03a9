"""Conversations: kept and given back whole, found, renamed, deleted for good, exported."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.errors import StoreError, StoreMismatch, UnknownConversation
from rag.page.chat import Conversations, KeptTurn
from rag.page.turns import Turn, conversation_markdown, turn_text
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from rag.types import ROW, Support
from tests.fakes_page import answer, refusal

ONE = Turn(
    "营业收入是多少？", answer=answer(), passages=answer().passages, sentences=answer().sentences
)
TWO = Turn("火星基地何时建成？", answer=refusal(), passages=refusal().passages)
BUSY = Turn("还没答完的问题")


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "page" / "conversations.sqlite")


def test_turns_come_back_as_they_were(kept: Conversations) -> None:
    assert kept.listed() == []
    assert not kept.path.exists()
    place = kept.keep(None, BUSY)
    kept.change(place, ONE)
    assert kept.keep(place.conversation, TWO) == KeptTurn(place.conversation, 1)
    failed = Turn("出错", error="没有回应")
    kept.keep(place.conversation, failed)
    again = Conversations(kept.path)
    assert again.turns(place.conversation) == (ONE, TWO, failed)
    (listed,) = again.listed()
    assert (listed.id, listed.title, listed.turns) == (place.conversation, BUSY.question, 3)


def test_lists_and_tables_come_back_as_such(kept: Conversations) -> None:
    one, two, three = answer().sentences
    said = (
        replace(two, text="要点：", lead=""),
        replace(one, lead="1. "),
        replace(three, lead="- "),
        replace(three, text="项目\t金额", support=Support.NONE, reason=None, lead=ROW),
        replace(one, text="收入\t32,122亿元", lead=ROW),
        replace(one, text="以上。", lead="\n"),
    )
    turn = replace(ONE, answer=replace(answer(), sentences=said), sentences=said)
    place = kept.keep(None, turn)
    (again,) = Conversations(kept.path).turns(place.conversation)
    assert [sentence.lead for sentence in again.sentences] == ["", "1. ", "- ", ROW, ROW, "\n"]
    exported = conversation_markdown("答", [again])
    assert exported == conversation_markdown("答", [turn])
    assert "\n1. " in exported and "\n| 项目 | 金额 |\n| --- | --- |\n| 收入 | " in exported


def test_what_was_kept_in_format_1_is_read_without_its_remarks(kept: Conversations) -> None:
    place = kept.keep(None, ONE)
    with sqlite3.connect(kept.path) as connection:
        ((text,),) = connection.execute("SELECT value FROM turns")
        value = json.loads(text)
        value["answer"]["notice"] = "问题说3,000人"
        del value["answer"]["remarks"]
        for sentence in (*value["sentences"], *value["answer"]["sentences"]):
            sentence["reason"] = "引文里没有数字"
        connection.execute("UPDATE turns SET value = ?", (json.dumps(value),))
        connection.execute("PRAGMA user_version = 1")
    (turn,) = Conversations(kept.path).turns(place.conversation)
    bare = tuple(replace(sentence, reason=None) for sentence in answer().sentences)
    assert turn == replace(ONE, sentences=bare, answer=replace(answer(), sentences=bare))


def test_an_unknown_conversation_begins_a_new_one(kept: Conversations) -> None:
    place = kept.keep("no such id", ONE)
    assert place.conversation != "no such id"
    exported = partial(kept.export, form="html")
    for call in (kept.turns, kept.delete, exported, lambda one: kept.rename(one, "x")):
        with pytest.raises(UnknownConversation):
            call("no such id")


def test_they_are_found_renamed_and_deleted_for_good(kept: Conversations) -> None:
    one, two = kept.keep(None, ONE), kept.keep(None, TWO)
    kept.rename(two.conversation, "  太空 Mission\n计划 " + "x" * 200)
    assert [listed.id for listed in kept.listed()] == [two.conversation, one.conversation]
    for wanted, found in {
        "mission": two,
        "研发投入": one,
        "火星": two,
        "MISSION 计划": two,
    }.items():
        assert [listed.id for listed in kept.listed(wanted)] == [found.conversation]
    assert kept.listed("没有的词") == []
    assert len(kept.listed()[0].title) == 120
    kept.delete(one.conversation)
    kept.change(one, ONE)  # an answer that comes later does not bring it back
    assert [listed.id for listed in kept.listed()] == [two.conversation]
    assert "研发投入".encode() not in kept.path.read_bytes()


def test_what_another_version_kept_is_said(kept: Conversations) -> None:
    place = kept.keep(None, ONE)
    connection = sqlite3.connect(kept.path)
    with connection:
        connection.execute("UPDATE turns SET value = ?", (json.dumps({"question": 7}),))
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreMismatch, match="format 9"):
        kept.turns(place.conversation)
    connection = sqlite3.connect(kept.path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(StoreMismatch, match="another version"):
        kept.turns(place.conversation)


def test_a_file_that_is_something_else_is_said(kept: Conversations) -> None:
    kept.path.parent.mkdir()
    kept.path.write_text("no database, but long enough to be looked at " * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        kept.keep(None, ONE)


def test_a_turn_as_text_has_its_sources() -> None:
    text = turn_text(ONE)
    assert text.startswith("营业收入是多少？\n\n")
    for sentence in answer().sentences:
        assert sentence.text in text
        for citation in sentence.citations:
            assert f"- [{citation.n}] {citation.title}（{citation.document}，" in text
            assert f"“{citation.quote}”" in text
    assert "（无依据：检索到的段落里没有这句话的依据）" in text
    assert turn_text(TWO).startswith("火星基地何时建成？\n\n没有找到能回答这个问题的依据。\n\n")


def test_what_a_document_says_is_no_markdown() -> None:
    hostile = "![x](http://evil.example) <img src=x>\n# 标题 [1]"
    sentence = replace(answer().sentences[0], text=hostile)
    turn = replace(ONE, question=hostile, sentences=(sentence,))
    text = conversation_markdown(hostile, [turn])
    assert "![x]" not in text
    assert "<img" not in text.replace("\\<img", "")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        r"# \!\[x\](http://evil.example) \<img src=x\> \# 标题 \[1\]",
        r"## \!\[x\](http://evil.example) \<img src=x\> \# 标题 \[1\]",
    ]


def test_over_http(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "index", Settings.load(environ={}))
    kept = Conversations(collection.kept / "conversations.sqlite")
    identifier = kept.keep(None, ONE).conversation
    app = create_app(collection, collection.status, library=Library(collection))
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        path = f"/api/conversations/{identifier}"
        assert client.put(path, json={"title": "新名"}).status_code == 200
        assert client.put(path, json={"title": " "}).status_code == 422
        (listed,) = client.get("/api/conversations", params={"containing": "研发投入"}).json()
        assert (listed["id"], listed["title"], listed["turns"]) == (identifier, "新名", 1)
        export = client.get(f"{path}/markdown")
        assert export.text == conversation_markdown("新名", [ONE])
        assert "attachment" in export.headers["content-disposition"]
        foreign = {"origin": "http://evil.example"}
        assert client.delete(path, headers=foreign).status_code == 403
        assert client.delete(path).status_code == 200
        assert client.delete(path).status_code == 404
        assert client.get("/api/conversations").json() == []
