"""The question side as a whole: events, markers, threads, updates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag import Assistant, Index, Settings
from rag.errors import QuestionError
from rag.types import Done, Retrieved, Sentence, Status, Text


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("assistant")
    for n in range(6):
        (folder / f"第{n}号.txt").write_text(
            f"第{n}号码头\n\n第{n}号码头长{n}30米，建于19{n}5年。码头上有{n}台吊机。\n",
            encoding="utf-8",
        )
    return Assistant(Index.build([folder], folder / "index", Settings()))


def test_events_come_in_order_and_agree_with_the_answer(assistant: Assistant) -> None:
    events = list(assistant.stream("第3号码头建于哪一年？"))
    assert isinstance(events[0], Retrieved) and isinstance(events[-1], Done)
    answer = events[-1].answer
    assert events[0].passages == answer.passages
    pieces: list[str] = []
    sentences: list[Sentence] = []
    for event in events[1:-1]:
        if isinstance(event, Text):
            pieces.append(event.piece)
        else:
            assert isinstance(event, Sentence)
            assert "".join(pieces) == event.text
            pieces, sentences = [], [*sentences, event]
    assert tuple(sentences) == answer.sentences
    assert answer.text == "".join(f"{s.text}[{s.citations[0].n}]" for s in sentences)
    assert "1935年" in answer.text and answer.short in (None, "1935年")


def test_a_refusal_is_text_too(assistant: Assistant) -> None:
    events = list(assistant.stream("鳄梨潜艇"))
    answer = events[-1].answer if isinstance(events[-1], Done) else None
    assert answer is not None and answer.status is Status.NO_EVIDENCE
    assert events[1] == Text(answer.text)


def test_refusals_speak_the_language_of_the_question(assistant: Assistant) -> None:
    assert (
        assistant.ask("zebra?").text == "The documents hold no evidence that answers this question."
    )


def test_bad_questions(assistant: Assistant) -> None:
    for ask in (assistant.ask, assistant.search, lambda q: list(assistant.stream(q))):
        with pytest.raises(QuestionError):
            ask(" ")


def test_threads_get_the_answers_of_one(assistant: Assistant) -> None:
    questions = [f"第{n}号码头有几台吊机？" for n in range(6)] * 4
    alone = [assistant.ask(question).text for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = [answer.text for answer in pool.map(assistant.ask, questions)]
    assert together == alone


def test_an_update_is_seen_and_old_text_is_not_cited(tmp_path: Path) -> None:
    file = tmp_path / "in" / "票价.txt"
    file.parent.mkdir()
    file.write_text("渡轮票价\n\n渡轮的单程票价为4元。\n", encoding="utf-8")
    index = Index.build([file.parent], tmp_path / "index", Settings())
    assistant = Assistant(index)
    assert assistant.ask("单程票价是多少？").short == "4元"
    file.write_text("渡轮票价\n\n从今年起，渡轮的单程票价为5元。\n", encoding="utf-8")
    index.update([file.parent])
    answer = assistant.ask("单程票价是多少？")
    assert answer.short == "5元"
    assert answer.sentences[0].citations[0].quote in index.document("票价.txt").text
