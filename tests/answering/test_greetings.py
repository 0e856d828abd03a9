"""Greetings and thanks get a reply; whatever asks something does not."""

from __future__ import annotations

import pytest

from rag import Assistant
from rag.page.turns import is_reply
from rag.retrieval.followup import reply_to
from rag.types import Done, Retrieved, Status, Text


@pytest.mark.parametrize(
    "text",
    ["你好", "您好！", "大家好", "早上好", "在吗？", "谢谢", "非常感谢！", "好的，谢谢你", "再见", "Hello!", "hi there",
     "Thank you very much", "謝謝您", "辛苦了"],
)  # fmt: skip
def test_what_asks_nothing_gets_a_reply(text: str) -> None:
    assert reply_to(text)


@pytest.mark.parametrize(
    "text",
    ["你好，票价是多少？", "谢谢参与的企业有哪些", "早上几点开门", "好人是谁", "感谢信写给谁", "你", "好", "晚安电台",
     "what is hi-fi?", "再见面是什么时候", "", "？"],
)  # fmt: skip
def test_what_asks_or_says_more_gets_none(text: str) -> None:
    assert reply_to(text) is None


def test_the_assistant_replies_without_a_search(small: Assistant) -> None:
    first, piece, done = small.stream("谢谢！")
    assert (first, piece) == (Retrieved(()), Text("不客气。还可以继续提问。"))
    assert isinstance(done, Done) and done.answer.text == "不客气。还可以继续提问。"
    answer = done.answer
    assert (answer.status, answer.sentences, answer.passages) == (Status.NO_EVIDENCE, (), ())
    assert answer.question == "谢谢！" and is_reply(answer)
    assert not is_reply(small.ask("鳄梨潜艇有多长？"))
