"""No text makes a pattern take more than linear time: from 100 to 1,000 kB less than 15 times as
long, by the CPU time of this process, best of five. The one timing that is a test."""

from __future__ import annotations

import gc
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.i18n import TEXTS, error_text
from tests.worst_cases import Case, can_add_up, cases, held, modules, patterns

MODULES = {module.__name__: module for module in modules()}
MOST_GROWTH = 1.5  # a character, from one length to ten times as much
# Of all cases the slowest go on to the next length; the first ones only choose.
ROUNDS = ((400, 30), (4_000, 5), (20_000, 1))
LARGE = 1_000_000
# A clock of CPU time may tick in 4 ms and more; what takes less than this at the large size is
# no burden, and at the small one is repeated.
LEAST_SECONDS = 0.05
MOST_SECONDS = 0.00003  # a character, ten times what the slowest patterns take
SHORTEST_SECONDS = 1.0  # of a limit, whatever else the machine does


class TooLong(Exception):
    pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends what takes more CPU time; the matcher looks for signals now and then."""

    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    gc.disable()  # what other tests left would be gone through at some match
    signal.setitimer(signal.ITIMER_VIRTUAL, max(seconds, SHORTEST_SECONDS))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        gc.enable()


def look(pattern: re.Pattern[str], text: str) -> None:
    for _ in pattern.finditer(text):
        pass


def slowest(pattern: re.Pattern[str]) -> Case:
    """The case that takes longest, or the first that takes too long.

    Raises:
        TooLong: with the case.
    """
    left = list(cases(pattern))
    for characters, keep in ROUNDS:
        took = []
        for case in left:
            text = case.text(characters)
            started = time.process_time()
            try:
                with at_most(MOST_SECONDS * characters):
                    look(pattern, text)
            except TooLong:
                raise TooLong(f"{case} at {characters:,} characters") from None
            took.append((time.process_time() - started, case))
        took.sort(key=lambda one: -one[0])
        left = [case for _, case in took[:keep]]
    return left[0]


def cpu(pattern: re.Pattern[str], text: str, limit: float) -> float:
    """Seconds of CPU, the mean of as many runs as the clock needs to tell; at most `limit`."""
    started, runs = time.process_time(), 0
    with at_most(limit):
        while True:
            look(pattern, text)
            runs += 1
            spent = time.process_time() - started
            if spent >= LEAST_SECONDS:
                return spent / runs


def growth(pattern: re.Pattern[str], case: Case, few: int, many: int) -> float:
    """How much longer `many` characters take than `few`, a character; the least of five tries."""
    small, large = case.text(few), case.text(many)
    least = float("inf")
    for _ in range(5):
        base = cpu(pattern, small, MOST_SECONDS * many)
        # What takes twice what it may is no matter of noise.
        most = min(2 * MOST_GROWTH * base * many / few, MOST_SECONDS * many)
        try:
            took = cpu(pattern, large, most)
        except TooLong:
            raise TooLong(f"{case}: more than {2 * MOST_GROWTH} times a character") from None
        if took < LEAST_SECONDS:
            return 1.0
        least = min(least, took / base * few / many)
        if least < MOST_GROWTH:
            break
    return least


def fault(pattern: re.Pattern[str], characters: int = LARGE) -> str:
    """What is wrong with a pattern, with the case; empty if nothing is.

    What grows too much from a tenth of the characters to all of them has to do so again from there
    to five times as many: on a busy machine a linear pattern that needs memory is slower once that
    no longer fits into the cache, but only once.
    """
    try:
        case = slowest(pattern)
        for few, many in ((characters // 10, characters), (characters, 5 * characters)):
            times = growth(pattern, case, few, many)
            if times < MOST_GROWTH:
                return ""
    except TooLong as error:
        return f"takes too long with {error}"
    return f"takes {times:.1f} times as long a character with {case}"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer of CPU time")
@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_pattern_takes_linear_time(name: str) -> None:
    """Where a pattern is only ever matched from one place, `^` says so; runs that two parts could
    share are possessive (`++`), and a run is tried from its first character only (`(?<!…)`)."""
    found = patterns(MODULES[name])
    faults = {
        where: f"{pattern.pattern!r:.200} {words}"
        for where, pattern in found.items()
        if can_add_up(pattern) and (words := fault(pattern))
    }
    assert faults == {}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer of CPU time")
def test_telling_an_error_takes_linear_time() -> None:
    """Its values are strangers' words: here, again and again, what stands between the values of a
    text of ours. No pattern, as several values in a row would be."""
    for english in sorted(TEXTS, key=lambda one: one.count("{}"))[-5:]:
        first, *between = english.split("{}")
        text = first + "".join(part * 20_000 for part in between[:-1])
        with at_most(MOST_SECONDS * len(text)):
            assert error_text(text, "zh") == text


def test_a_pattern_that_takes_longer_is_seen() -> None:
    found = held(({"x": re.compile(r"\s+$")}, [re.compile(b"a|b")]))
    assert [can_add_up(pattern) for pattern in found] == [True, False]
    for superlinear in (r"\s+$", r"a\s*\s*b", "<[^>]*>", "[0-9]+分", r"^.*?\s*\.{3,}$"):
        # Which case is the slowest is measured, too, and on a busy machine measured wrongly at times.
        assert any(fault(re.compile(superlinear), LARGE // 5) for _ in range(3)), superlinear
    for linear in (r"^\s++$", "<[^<>]*>", "(?<![0-9])[0-9]++分", "字"):
        assert not fault(re.compile(linear)), linear
