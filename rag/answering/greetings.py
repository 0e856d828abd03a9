"""Greetings, thanks and goodbyes: they ask nothing, and get a reply without a search."""

from __future__ import annotations

import re

from rag.text.fold import squeeze

LONGEST = 16
_TAIL = "(?:呀|啊|呢|吗|啦|了|哦|的|您|你|大家|文据|wenju|again|there|somuch|verymuch|alot)*"
_KINDS = tuple(
    (re.compile(f"(?:{form}){_TAIL}"), replies)
    for form, replies in (
        (
            (
                "(?:你|您|大家)好|哈[喽啰罗]|嗨|早上?好?|[上中下]午好|晚上?好|在吗|hello|hi|hey|goodmorning"
                "|goodafternoon|goodevening"
            ),
            ("您好。请提出关于资料的问题。", "Hello. Ask a question about the documents."),
        ),
        (
            "(?:好的?)?(?:非常|十分|多|太)?(?:谢谢|感谢|多谢|谢啦|谢了|辛苦)|thanks|thankyou|thx",
            ("不客气。还可以继续提问。", "You are welcome. Ask on if there is more."),
        ),
        (
            "再见|拜拜|回头见|晚安|bye|goodbye|seeyou|byebye|goodnight",
            ("再见。", "Goodbye."),
        ),
    )
)
_MARKS = re.compile(r"[\s,，.。!！?？~～、…]+")


def reply_to(text: str) -> str | None:
    """What is said to a greeting, thanks or a goodbye, in its language; None for anything that
    asks or says more.

    >>> reply_to("你好！"), reply_to("Thanks a lot"), reply_to("你好，票价是多少？")
    ('您好。请提出关于资料的问题。', 'You are welcome. Ask on if there is more.', None)
    """
    said = _MARKS.sub("", squeeze(text)) if len(text) <= 2 * LONGEST else ""
    if not 0 < len(said) <= LONGEST:
        return None
    for form, (chinese, english) in _KINDS:
        if form.fullmatch(said):
            return english if said.isascii() else chinese
    return None
