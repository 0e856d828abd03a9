"""Ways to ask in a real browser, and to judge an answer: typed, changed, by eight at once."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from eval.feedback import judged_questions
from eval.page.people import Person, at_once
from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.page.chat import FILE, Conversations
from rag.page.turns import Feedback, Judgement
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from tests.chat_server import Reply, serve
from tests.page.conftest import GRADIO_WARNINGS, Opened, serving
from tests.page.test_browser import STATUS, answered, ask
from tests.page.test_talk import QUESTION, Waiting, address, assistant  # noqa: F401 (fixtures)

pytestmark = GRADIO_WARNINGS
FIELD = "#wj-question textarea"


def test_what_is_typed_during_an_answer_stays(
    address: str,  # noqa: F811
    open_page: Opened,
    assistant: Waiting,  # noqa: F811
) -> None:
    page = open_page(address)
    assistant.gate.clear()
    ask(page, QUESTION)
    expect(page.locator(FIELD)).to_have_value("")
    page.fill(FIELD, "那么利润呢？")
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("那么利润呢？")
    assistant.gate.set()
    expect(page.locator("#wj-now .wj-turn")).to_have_attribute("data-state", "done")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-now .wj-question")).to_have_text("那么利润呢？")
    expect(page.locator("#wj-past .wj-question")).to_have_text([QUESTION])


def test_the_last_question_is_changed_in_its_place(address: str, open_page: Opened) -> None:  # noqa: F811
    page = open_page(address)
    answered(page, "前面的问题？")
    turn = answered(page, QUESTION)
    turn.get_by_role("button", name="编辑问题").click()
    field = turn.locator(".wj-edit textarea")
    expect(field).to_have_value(QUESTION)
    page.keyboard.press("Escape")
    expect(turn.locator(".wj-question")).to_be_visible()
    turn.get_by_role("button", name="编辑问题").click()
    field.fill("火星基地何时建成？")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-now .wj-refusal")).to_be_visible()
    expect(page.locator(".wj-question")).to_have_text(["前面的问题？", "火星基地何时建成？"])
    page.wait_for_url("**/?c=*")
    page.reload()
    expect(page.locator(".wj-question")).to_have_text(["前面的问题？", "火星基地何时建成？"])
    page.locator("#wj-past").get_by_role("button", name="编辑问题").click()
    expect(page.locator(FIELD)).to_have_value("前面的问题？")
    expect(page.locator(FIELD)).to_be_focused()


def test_a_judgement_is_kept_with_its_comment(
    address: str,  # noqa: F811
    open_page: Opened,
    tmp_path: Path,
) -> None:
    page = open_page(address)
    first = answered(page, QUESTION)
    judge(first, "有误")
    expect(first.locator(".wj-comment input")).to_be_focused()
    page.keyboard.type('少了"单位"<b>')
    page.keyboard.press("Enter")
    kept = Conversations(tmp_path / "index.page" / FILE)
    wanted = Feedback(Judgement.BAD, '少了"单位"<b>')
    until(
        page,
        lambda: [turn.feedback for _, turns in kept.everything() for turn in turns] == [wanted],
    )
    answered(page, "火星基地何时建成？")
    judge(page.locator("#wj-now .wj-turn"), "有用")
    past = page.locator("#wj-past .wj-turn")
    expect(past.get_by_role("button", name="有误")).to_have_attribute("aria-pressed", "true")
    expect(past.locator(".wj-comment input")).to_have_value('少了"单位"<b>')
    page.reload()
    expect(past.locator(".wj-comment input")).to_have_value('少了"单位"<b>')
    judge(past, "有误", pressed="false")  # taken back
    expect(past.locator(".wj-comment")).to_have_count(0)
    (row,) = judged_questions(tmp_path / "index")
    assert (row["question"], row["type"]) == ("火星基地何时建成？", "unanswerable")


def judge(turn: Locator, name: str, *, pressed: str = "true") -> None:
    button = turn.get_by_role("button", name=name)
    button.click()
    expect(button).to_have_attribute("aria-pressed", pressed)


def until(page: Page, found: object) -> None:
    """Waits until `found` gives something true, for as long as a browser is waited for."""
    assert callable(found)
    for _ in range(6_000):
        if found():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come about")


def test_a_wrong_key_is_said_as_the_server_says_it(tmp_path: Path, open_page: Opened) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "桥.txt").write_text("青石桥的维修共花费人民币38万元。\n", encoding="utf-8")
    folder = tmp_path / "index"
    Index.build([texts], folder)
    refusal = Reply(status=401, error={"message": "Incorrect API key provided: sk-****abcd."})
    with serve(refusal) as server:
        chat = server.settings().model_dump()
        settings = Settings.load(environ={}, overrides={"index": folder, "chat": chat})
        asked = Assistant(Index.open(folder, settings), settings)
        with serving(create_app(asked, lambda: STATUS)) as place:
            page = open_page(place)
            turn = ask(page, "青石桥的维修花了多少钱？")
            expect(turn.locator(".wj-error")).to_contain_text("401")
            expect(turn.locator(".wj-error")).to_contain_text("Incorrect API key provided")
            expect(turn.get_by_role("button", name="重试")).to_be_visible()
            page.close()


def test_a_chat_models_words_come_one_by_one_and_stop_ends_the_request(
    tmp_path: Path, open_page: Opened
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "桥.txt").write_text("青石桥的维修共花费人民币38万元。\n", encoding="utf-8")
    folder = tmp_path / "index"
    Index.build([texts], folder)
    said = ["青石桥的维修共花费", "38万元[1]。", "此外没有", "别的说法。"]
    with serve(Reply(said, wait=3), Reply(said)) as server:
        chat = server.settings().model_dump()
        settings = Settings.load(environ={}, overrides={"index": folder, "chat": chat})
        asked = Assistant(Index.open(folder, settings), settings)
        with serving(create_app(asked, lambda: STATUS)) as place:
            page = open_page(place)
            turn = ask(page, "青石桥的维修花了多少钱？")
            expect(turn.locator(".wj-s")).to_contain_text("38万元")
            expect(turn.locator(".wj-cite")).to_have_count(1)
            expect(turn.locator(".wj-pending")).to_have_text("此外没有")
            page.get_by_role("button", name="停止").click()
            expect(turn).to_contain_text("已停止。")
            expect(turn.locator(".wj-s")).to_contain_text("38万元")
            assert server.left.wait(300)  # nobody waits for the rest any more
            turn.get_by_role("button", name="重试").click()
            expect(turn).to_contain_text("openai:scripted")
            expect(turn.locator(".wj-s")).to_have_count(2)
            page.close()


TOPICS = ("石桥", "水塔", "粮仓", "渡口", "茶亭", "戏台", "灯塔", "书院")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[tuple[str, Collection]]:
    """The page on eight documents, each with a figure of its own."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for i, topic in enumerate(TOPICS):
        text = f"{topic}维修纪要\n\n2024年{topic}的维修共花费人民币{31 + i}万元，工期{60 + i}天。\n"
        (texts / f"{topic}.txt").write_text(text, encoding="utf-8")
    folder = tmp_path / "index"
    Index.build([texts], folder)
    collection = Collection(folder, Settings.load(environ={}))
    app = create_app(collection, collection.status, library=Library(collection))
    with serving(app) as place:
        yield place, collection


def test_of_eight_who_ask_at_once_none_gets_anothers_answer(town: tuple[str, Collection]) -> None:
    place, collection = town
    people = [Person(place) for _ in TOPICS]
    for turn in range(3):
        questions = [f"{topic}的维修花了多少钱？{'请回答。' * turn}" for topic in TOPICS]
        for person in people:
            person.open()
        waits = at_once(people, questions)
        for i, (question, wait) in enumerate(zip(questions, waits, strict=True)):
            expected = collection.ask(question)
            assert f"{31 + i}万元" in expected.text
            shown = json.dumps(html.escape(expected.sentences[0].text[:-1]), ensure_ascii=False)
            assert shown.strip('"') in wait.shown
            for other in questions[:i] + questions[i + 1 :]:
                assert other not in wait.shown
    kept = Conversations(collection.kept / FILE)
    assert sorted(listed.turns for listed in kept.listed()) == [1] * 24
