"""Hyphens at line ends of Latin text: those that break a word go, those of a name stay."""

from __future__ import annotations

import re
from enum import Enum

_ENDS = re.compile(r"[A-Za-z0-9]-$")
# What an address, a code or a word with several hyphens has before or behind its hyphen.
_CODE_BEFORE = re.compile(r"[\d/@._:\\=&?#-]")
_CODE_AFTER = re.compile(r"[\d/@_\\=&?#-]|\.\w")
_LONGEST_WORD = 80


class Joint(Enum):
    """How a line that ends with a hyphen goes on in the next one."""

    WORD_BROKEN = "the hyphen goes"
    HYPHEN_STAYS = "nothing comes between"
    APART = "no hyphen of Latin text"


def joint(line: str, following: str) -> Joint:
    """How `following` is put behind `line`.

    >>> joint("the annu-", "al report").name, joint("see wenju-", "docs.org").name
    ('WORD_BROKEN', 'HYPHEN_STAYS')
    >>> joint("Kaplan-", "Meier").name, joint("1990-", "年").name
    ('HYPHEN_STAYS', 'APART')
    """
    if not _ENDS.search(line) or not (following[:1].isascii() and following[:1].isalnum()):
        return Joint.APART
    before = line[-_LONGEST_WORD:].rsplit(maxsplit=1)[-1][:-1]
    after = following[:_LONGEST_WORD].split(maxsplit=1)[0]
    if not before[-1].isalpha() or not after[0].islower():
        return Joint.HYPHEN_STAYS
    if _CODE_BEFORE.search(before) or _CODE_AFTER.search(after):
        return Joint.HYPHEN_STAYS
    return Joint.WORD_BROKEN
