"""What a page shows by position, written in a line: exponents with `^`, indices with `_`,
fractions with `/`, roots with `√`.

Without these marks `10⁸` set with a raised 8 would read 108. Parentheses are put around a part of
several terms only, so that what is short stays as people write it: `10^-3`, `CO_2`, `1/2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum


class Shift(Enum):
    """Where a piece of text stands: on the line, raised or lowered. A formula stands on the line,
    too, apart from the numbers and words beside it."""

    NONE = ""
    FORMULA = " "
    RAISED = "^"
    LOWERED = "_"


Part = tuple[str, Shift]
"""A piece of text and where it stands."""

# One term: needs no parentheses as an exponent, an index or a part of a fraction.
_TERM = re.compile(r"[-−+]?[\w.,%‰°′″∞]+|[^\w\s]|[(（\[［【〔{].*[)）\]］】〕}]", re.DOTALL)
_BRACKETED = re.compile(r"[(（\[［【〔{]")
# What can be divided by without parentheses: a number, a word.
_DIVISOR = re.compile(r"\d[\d.,]*%?|[^\W\d_]+|[^\w\s]?")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|o|a)$", re.IGNORECASE)
_NOTE_BRACKETS = ("[", "［", "〔", "【")
# What is raised to be a mark of its own: it says that it is none of the base's digits.
_MARK = re.compile(r"^[*†‡§¶®™℠©°ºª①-⑳⑴-⒇※′″]+$")
_SLASH = re.compile(r"\s{0,3}[/⁄∕]\s{0,3}")
_BLANK = " \t\u00a0\u2009\u202f"
# Raised or lowered text longer than this is text in small type, not an exponent.
_LONGEST = 40


def group(text: str) -> str:
    """A part of a formula, in parentheses unless it is one term.

    >>> group("n+1"), group("-3"), group("(a+b)")
    ('(n+1)', '-3', '(a+b)')
    """
    text = text.strip()
    return text if _whole(text) else f"({text})"


def _whole(text: str) -> bool:
    """Whether `text` is one term. Brackets that open at its start must close at its end."""
    if not _TERM.fullmatch(text):
        return not text
    if len(text) < 2 or not _BRACKETED.match(text):
        return True
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "(（[［【〔{") - (character in ")）]］】〕}")
        if depth == 0:
            return i == len(text) - 1
    return True


def fraction(above: str, below: str) -> str:
    """One term over another.

    >>> fraction("1", "2"), fraction("a+b", "2c")
    ('1/2', '(a+b)/(2c)')
    """
    divisor = below.strip()
    return f"{group(above)}/{divisor if _DIVISOR.fullmatch(divisor) else _in_brackets(divisor)}"


def _in_brackets(text: str) -> str:
    return text if _BRACKETED.match(text) and _whole(text) else f"({text})"


def root(inside: str, degree: str = "") -> str:
    """A root; its degree, where it is shown, is written raised before it.

    >>> root("2"), root("x+1"), root("8", "3")
    ('√2', '√(x+1)', '^3√8')
    """
    return (f"^{group(degree)}" if degree.strip() else "") + f"√{group(inside)}"


def in_line(parts: Iterable[Part]) -> str:
    """Pieces of text one after the other, the raised and lowered ones behind their mark. A raised
    number, a slash and a lowered one are a fraction, which stands apart from a number before it.

    >>> in_line([("10", Shift.NONE), ("8", Shift.RAISED), ("立方米", Shift.NONE)])
    '10^8立方米'
    >>> in_line([("2", Shift.NONE), ("1", Shift.RAISED), ("/", Shift.NONE), ("2", Shift.LOWERED)])
    '2 1/2'
    """
    joined = _joined(parts)
    written: list[str] = []
    marked = ""  # the last character of a raised or lowered term, if one was written last
    at = 0
    while at < len(joined):
        text, shift = joined[at]
        before = written[-1].rstrip(_BLANK)[-1:] if written else ""
        if _is_fraction(joined[at : at + 3]):
            text = fraction(text, joined[at + 2][0])
            written.append(f" {text}" if before.isdigit() else text)
            at += 2
        elif shift in (Shift.NONE, Shift.FORMULA):
            last = before if shift is Shift.FORMULA else marked
            written.append(f" {text}" if _would_join(last, text[0]) else text)
            marked = text[-1] if shift is Shift.FORMULA else ""
        else:
            if before:
                written[-1] = written[-1].rstrip(_BLANK)
            own = raised(text, before, shift)
            written.append(own + " " * text[-1:].isspace())
            marked = own[-1:]
        at += 1
    return "".join(written)


def raised(text: str, before: str, shift: Shift = Shift.RAISED) -> str:
    """Raised or lowered text as it is written behind the character `before`. It gets no mark where
    it has nothing to belong to, where brackets or a sign of its own part it from the base already
    (a note's `[1]`, `①`, `*`), or where whole sentences are set in small type.

    >>> raised("8", "0"), raised("n + 1", "x"), raised("[1]", "计"), raised("th", "5")
    ('^8', '^(n + 1)', '[1]', 'th')
    """
    inner = " ".join(text.split())
    if not before or before == "\n" or len(inner) > _LONGEST or _MARK.match(inner):
        return inner
    if inner[:1] in _NOTE_BRACKETS or (_BRACKETED.match(inner) and not _is_base(before)):
        return inner
    if shift is Shift.RAISED and before.isdigit() and _ORDINAL.match(inner):
        return inner
    return f"{shift.value}{group(inner)}" if inner else ""


def _is_base(character: str) -> bool:
    """Whether brackets behind this character may be its exponent or index."""
    return character.isascii() and (character.isalnum() or character in ")]")


def _would_join(last: str, first: str) -> bool:
    """Whether an exponent that ends with `last` would go on in a text that begins with `first`."""
    if last.isdigit():
        return first.isdigit()
    return last.isascii() and last.isalpha() and first.isascii() and first.isalnum()


def _is_fraction(parts: Sequence[Part]) -> bool:
    return [shift for _, shift in parts] == [
        Shift.RAISED,
        Shift.NONE,
        Shift.LOWERED,
    ] and _SLASH.fullmatch(parts[1][0]) is not None


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbours of one position as one: programs cut a raised text anywhere."""
    joined: list[tuple[list[str], Shift]] = []
    for text, shift in parts:
        if text and joined and joined[-1][1] is shift:
            joined[-1][0].append(text)
        elif text:
            joined.append(([text], shift))
    return [("".join(texts), shift) for texts, shift in joined]
