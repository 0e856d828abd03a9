"""The patterns of the program, and the texts on which each of them may take longest.

A backtracking matcher takes more than linear time where a run of characters can be shared between
two parts of a pattern, or where each place in a run is tried and fails at the run's end. So the
texts repeat what the pattern itself is made of (single characters of its literals and classes,
pairs of them, a whole match), after nothing or the beginning of a match, and end in what fits
nothing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, permutations
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import rag

_END = "\n\0"
_MOST_PARTS = 16
_GENERIC = ("a", "1", " ", "字", ".", "\n")
_FEW = 12  # repeats up to this many cannot add up
_CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
Tree = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class Case:
    """A text of any length: `begin`, then `again` as often as there is room, then `end`."""

    begin: str
    again: str
    end: str = _END

    def text(self, characters: int) -> str:
        return self.begin + self.again * (characters // len(self.again)) + self.end


def patterns(module: ModuleType) -> dict[str, re.Pattern[str]]:
    """The patterns of a module by where they are: those that its names hold, in containers too,
    and those that are written where they are used."""
    found = {
        f"{name} {number}".removesuffix(" 0"): pattern
        for name, value in vars(module).items()
        for number, pattern in enumerate(held(value))
    }
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and _is_call(node.func) and node.args:
            written = ast.unparse(node.args[0])
            flags = [ast.unparse(one) for one in node.args[1:] if "re." in ast.unparse(one)]
            flags += [ast.unparse(one.value) for one in node.keywords if one.arg == "flags"]
            try:
                text = eval(written, vars(module))
                pattern = re.compile(text, eval(flags[0], vars(module)) if flags else 0)
            except NameError:  # made of what a function is called with
                continue
            found.setdefault(f"line {node.lineno}", _of_text(pattern))
    return found


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(rag.__path__, "rag."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _is_call(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and (
        (ast.unparse(function.value), function.attr in _CALLS) == ("re", True)
    )


def _of_text(pattern: re.Pattern[Any]) -> re.Pattern[str]:
    """A pattern of bytes as the same one of text."""
    if isinstance(pattern.pattern, str):
        return pattern
    return re.compile(pattern.pattern.decode("latin-1"), pattern.flags | re.ASCII)


def held(value: object, depth: int = 5) -> Iterator[re.Pattern[str]]:
    """The patterns that a value is or holds."""
    if isinstance(value, re.Pattern):
        yield _of_text(value)
    elif depth and isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from held(one, depth - 1)
    elif depth and isinstance(value, dict):
        for pair in value.items():
            yield from held(pair, depth - 1)


def can_add_up(pattern: re.Pattern[str]) -> bool:
    """Whether the pattern repeats anything more than a few times; where not, each place in a text
    costs the same."""
    return _repeats(_parser.parse(pattern.pattern, pattern.flags))


def cases(pattern: re.Pattern[str]) -> Iterator[Case]:
    tree = _parser.parse(pattern.pattern, pattern.flags)
    every = list(dict.fromkeys((*_parts(tree), *_GENERIC)))
    half = _MOST_PARTS // 2
    parts = every if len(every) <= _MOST_PARTS else every[:half] + every[-half:]
    whole = _match(tree)
    again = [*parts, *map("".join, permutations(parts, 2)), whole, whole[:-1], whole[1:]]
    begins = [*(whole[:end] for end in {1, len(whole) // 2, len(whole) - 1, len(whole)}),
              *(whole + part for part in parts)]  # fmt: skip
    yield from (Case("", one) for one in dict.fromkeys(again) if one)
    yield from (Case("", one, "") for one in parts)
    yield from (Case(begin, part) for begin in dict.fromkeys(begins) if begin for part in parts)


def _inner(operator: Any, value: Any) -> Iterator[Tree]:
    if operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        yield value[2]
    elif operator is op.SUBPATTERN:
        yield value[3]
    elif operator is op.ATOMIC_GROUP:
        yield value
    elif operator is op.BRANCH:
        yield from value[1]
    elif operator in (op.ASSERT, op.ASSERT_NOT):
        yield value[1]


def _repeats(tree: Tree) -> bool:
    return any(
        (operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT) and value[1] > _FEW)
        or any(map(_repeats, _inner(operator, value)))
        for operator, value in tree
    )


def _parts(tree: Tree) -> Iterator[str]:
    """The characters of literals and classes, and literals of several characters."""
    literal = ""
    for operator, value in (*tree, (None, None)):
        if operator is op.LITERAL:
            literal += chr(value)
            yield chr(value)
            continue
        if len(literal) > 1:
            yield literal
        literal = ""
        yield from _members(operator, value)
        for inner in _inner(operator, value):
            yield from _parts(inner)


def _members(operator: Any, value: Any) -> tuple[str, ...]:
    """A few characters that a single item of a pattern fits."""
    if operator is op.LITERAL:
        return (chr(value),)
    if operator is op.NOT_LITERAL:
        return tuple(c for c in "ab" if ord(c) != value)
    if operator is op.ANY:
        return ("a",)
    if operator is not op.IN:
        return ()
    named = [_member(*item) for item in value if item[0] is not op.NEGATE]
    if value[0][0] is op.NEGATE:
        return tuple(islice((c for c in "a字 .1(" if c not in named), 3))
    return tuple(dict.fromkeys((*named[:3], named[-1])))


def _member(operator: Any, value: Any) -> str:
    if operator is op.CATEGORY:
        return {op.CATEGORY_DIGIT: "1", op.CATEGORY_SPACE: " ", op.CATEGORY_WORD: "a"}.get(
            value, "!"
        )
    return chr(value[0] if operator is op.RANGE else value)


def _match(tree: Tree) -> str:
    """A text that fits the pattern, but for what looks around."""
    text = ""
    for operator, value in tree:
        if operator in (op.ASSERT, op.ASSERT_NOT):
            continue
        inner = list(_inner(operator, value))
        times = (
            max(value[0], 1)
            if operator in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
            else 1
        )
        text += _match(inner[0]) * times if inner else next(iter(_members(operator, value)), "")
    return text
