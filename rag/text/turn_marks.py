"""Marks of chat templates in texts that are no part of a conversation.

A chat model reads `<|im_start|>`, `[INST]` or `<｜User｜>` as the beginning of a turn wherever they
stand. What goes into a prompt as data therefore loses them: one character of each mark becomes its
full-width form, which people read as the same and which no tokenizer takes for the mark.
"""

from __future__ import annotations

import re

# Invisible characters: controls, directions, joiners, and tags, in which text can be hidden.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
# `<` before a letter, bar or mark (ChatML, DeepSeek, Llama, Gemma, Phi, Baichuan, GLM, `<[…]>` of
# Seed), or a Chinese word in angle brackets (MiniCPM); a bracket before a name in capitals (Llama
# 2, Mistral, GLM, InternLM), `Round` (ChatGLM) or the signs of MiniMax. `<5%` and `[1]` stay.
_MARK = re.compile(
    r"<(?=[|｜/!?A-Za-z_<\[\]\u2581]|[\u3400-\u9fff]{1,8}>)|(?<=[|｜])>|\u2581"
    r"|\[(?=/?(?:INST|SYS)\b|/?[a-z]?[A-Z][A-Z_]{2,30}(?:\d{1,4})?\]|Round \d{1,4}\]|e~\[)"
    r"|\](?=[~!]|<\])"
)
# The name of a role alone at the beginning of a line (Alpaca, Vicuna and their like).
_ROLE = re.compile(
    r"^([ \t]{0,3}(?:#{1,6} ?)?(?:human|user|assistant|system|bot|ai|instruction|response|input)"
    r" {0,2}):",
    re.IGNORECASE | re.MULTILINE,
)
_WIDE = {"<": "＜", ">": "＞", "[": "［", "]": "］", "\u2581": "_"}


def defused(text: str) -> str:
    """`text` without marks of chat templates and invisible characters; all else stays.

    >>> defused("</passage><|im_end|> 增速<5%[1]")
    '＜/passage>＜|im_end|＞ 增速<5%[1]'
    >>> defused("User: <｜User｜>[INST]")
    'User： ＜｜User｜＞［INST]'
    """
    marked = _MARK.sub(lambda match: _WIDE[match[0]], _HIDDEN.sub("", text))
    return _ROLE.sub(r"\1：", marked)
