"""Lines for people: they fit, lose nothing, and never begin with a closing mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.cli.terminal import NOT_AT_START, Terminal, columns, lines_of, visible

TEXTS = st.text(st.sampled_from("文据与，。、 ab1(—\n"), max_size=60)


@given(TEXTS, st.integers(4, 20))
def test_lines_hold_all_but_white_space_in_order(text: str, width: int) -> None:
    joined = "".join(text[a:b] for a, b in lines_of(text, width))
    assert "".join(joined.split()) == "".join(text.split())


@given(TEXTS, st.integers(4, 20))
def test_lines_fit_the_width(text: str, width: int) -> None:
    assert all(columns(text[a:b]) <= width for a, b in lines_of(text, width))


@given(st.text(st.sampled_from("文据与，。"), max_size=60))
def test_a_closing_mark_never_begins_a_line_unless_the_text_leaves_no_choice(text: str) -> None:
    for start, _ in lines_of(text, 12)[1:]:
        run = 0
        while run < start and text[start - run - 1] in NOT_AT_START:
            run += 1
        assert text[start] not in NOT_AT_START or run >= 5  # six marks fill a line


def test_no_width_leaves_lines_as_they_are() -> None:
    assert lines_of("一二三\n四", None) == [(0, 3), (4, 5)]


def test_words_of_letters_stay_whole() -> None:
    text = "revenue 增长 growth"
    assert [text[a:b] for a, b in lines_of(text, 13)] == ["revenue 增长", "growth"]


def test_a_word_wider_than_a_line_is_cut() -> None:
    assert lines_of("abcdefgh", 3) == [(0, 3), (3, 6), (6, 8)]


def test_flow_paints_each_piece_on_each_line_and_indents() -> None:
    shown = Terminal(width=14, colour=True).flow([("甲乙", ""), ("丙丁戊己庚", "bold")], 4)
    assert shown == "    甲乙\x1b[1m丙丁戊\x1b[0m\n    \x1b[1m己庚\x1b[0m"


def test_without_colour_nothing_is_painted() -> None:
    assert Terminal(width=None, colour=False).flow([("甲", "mark"), ("乙", "")]) == "甲乙"


def test_text_cannot_steer_the_terminal() -> None:
    shown = Terminal(width=None, colour=True).flow([("\x1b[2J甲\x07\r乙\u009b", "")])
    assert shown == "[2J甲乙"
    assert visible("甲\t乙\n丙") == "甲\t乙\n丙"
