"""No text makes a pattern take more than linear time: from 100 to 1,000 kB less than 15 times as
long, by the CPU time of this process, best of five. The one timing that is a test."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.worst_cases import Case, can_add_up, cases, held, modules, patterns

MODULES = {module.__name__: module for module in modules()}
MOST_GROWTH = 15
# Of all cases the slowest go on to the next length; the first ones only choose, by the clock.
ROUNDS = ((400, 30), (4_000, 5), (20_000, 1))
SMALL, LARGE = 100_000, 1_000_000
# A clock of CPU time may tick in 4 ms and more; what takes less than this at the large size is
# no burden, and at the small one is repeated.
LEAST_SECONDS = 0.05
MOST_SECONDS = 0.00003  # a character, ten times what the slowest patterns take


class TooLong(Exception):
    pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends what takes more CPU time; the matcher looks for signals now and then."""

    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


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
            started = time.perf_counter()
            try:
                with at_most(MOST_SECONDS * characters):
                    look(pattern, text)
            except TooLong:
                raise TooLong(f"{case} at {characters:,} characters") from None
            took.append((time.perf_counter() - started, case))
        took.sort(key=lambda one: -one[0])
        left = [case for _, case in took[:keep]]
    return left[0]


def cpu(pattern: re.Pattern[str], text: str) -> float:
    """Seconds of CPU, the mean of as many runs as the clock needs to tell."""
    started, runs = time.process_time(), 0
    with at_most(MOST_SECONDS * LARGE):
        while True:
            look(pattern, text)
            runs += 1
            spent = time.process_time() - started
            if spent >= LEAST_SECONDS or len(text) > LARGE / 2:
                return spent / runs


def growth(pattern: re.Pattern[str], case: Case) -> float:
    """How much longer the large text takes than the small one, the least of up to five tries."""
    small, large = case.text(SMALL), case.text(LARGE)
    least = float("inf")
    for _ in range(5):
        took = cpu(pattern, large)
        if took < LEAST_SECONDS:
            return 0.0
        least = min(least, took / cpu(pattern, small))
        if least < MOST_GROWTH:
            break
    return least


def fault(pattern: re.Pattern[str]) -> str:
    try:
        case = slowest(pattern)
        times = growth(pattern, case)
    except TooLong as error:
        return f"takes too long with {error}"
    return f"takes {times:.0f} times as long with {case}" if times >= MOST_GROWTH else ""


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


def test_a_pattern_that_takes_longer_is_seen() -> None:
    found = held(({"x": re.compile(r"\s+$")}, [re.compile(b"a|b")]))
    assert [can_add_up(pattern) for pattern in found] == [True, False]
    for superlinear in (r"\s+$", r"a\s*\s*b", "<[^>]*>", "[0-9]+分", r"^.*?\s*\.{3,}$"):
        assert fault(re.compile(superlinear)), superlinear
    for linear in (r"^\s++$", "<[^<>]*>", "(?<![0-9])[0-9]++分", "字"):
        assert not fault(re.compile(linear)), linear
