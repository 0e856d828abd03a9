"""Two calls at once: both results, whatever raises, and no thread more than there is room for."""

import threading

import pytest

from rag.retrieval.retrieve import SideThreads


def test_two_calls_run_at_once_and_give_both_results() -> None:
    met = threading.Barrier(2, timeout=300)

    def meeting(name: str) -> tuple[str, int]:
        met.wait()  # breaks if the other is not running
        return name, threading.get_ident()

    (first, here), (second, there) = SideThreads(1).both(lambda: meeting("a"), lambda: meeting("b"))
    assert (first, second) == ("a", "b")
    assert here == threading.get_ident() != there


def test_without_a_free_thread_one_follows_the_other() -> None:
    own = threading.get_ident()
    assert SideThreads(0).both(threading.get_ident, threading.get_ident) == (own, own)
    single = SideThreads(1)
    inner, outer = single.both(
        lambda: single.both(threading.get_ident, threading.get_ident), threading.get_ident
    )
    assert inner == (own, own)
    assert outer != own


def test_what_either_raises_is_raised_and_the_thread_is_free_again() -> None:
    single = SideThreads(1)
    done: list[str] = []

    def failing() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        single.both(failing, lambda: done.append("second"))
    assert done == ["second"]
    with pytest.raises(ValueError, match="first"):
        single.both(lambda: done.append("other"), failing)
    here, there = single.both(threading.get_ident, threading.get_ident)
    assert here != there
