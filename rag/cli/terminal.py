"""How commands open what they work on, and how they write.

How the commands write: JSON for programs, wrapped and coloured text for people.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from rag.errors import RagError
from rag.settings import Settings
from rag.types import Filter

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.index.local.index import Index, Step


# Marks that may not begin a line of Chinese. Source: GB/T 15834-2011, 5.1.
NOT_AT_START = frozenset("，。、；：？！）》」』】〉”’％%,.;:?!)]}…—·")
MAX_WIDTH = 100  # longer lines are hard to read
_CODES = {"bold": "1", "dim": "2", "mark": "1;33", "good": "32", "warn": "33", "bad": "31"}


def write_json(value: Any) -> None:
    """Prints one JSON value, UTF-8 whatever the terminal's encoding is."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    write_exactly(text + "\n")


def write_line(value: Any) -> None:
    """Prints one JSON value on a line of its own, at once."""
    write_exactly(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def in_words(error: RagError, environ: Mapping[str, str] = os.environ) -> str:
    """What an error says, in the language of the terminal.

    >>> from rag.i18n import say
    >>> in_words(RagError(say("documents.none")), {"LANG": "zh_CN.UTF-8"})
    '还没有文档，请先添加文件'
    """
    from rag.i18n import told

    stated = filter(None, map(environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")))
    return told(error, "zh" if next(stated, "").startswith("zh") else "en")


def write_exactly(text: str) -> None:
    """Prints `text` as UTF-8, with no character added or replaced."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where text for people goes: `width` in columns (None: lines are not wrapped) and whether
    colours are wanted."""

    width: int | None
    colour: bool

    @classmethod
    def of_stdout(cls) -> Terminal:
        """What stdout is now: a pipe gets neither colour nor wrapping."""
        if not sys.stdout.isatty():
            return cls(width=None, colour=False)
        columns = shutil.get_terminal_size().columns
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        return cls(width=max(20, min(columns, MAX_WIDTH)), colour=not plain)

    def paint(self, text: str, style: str) -> str:
        """`text`, without a line feed in it, in a style of `_CODES`."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text and style else text

    def flow(self, pieces: Iterable[tuple[str, str]], indent: int = 0) -> str:
        """Pieces of one text, each `(text, style)` with style "" for plain, on lines that fit,
        each indented by `indent` spaces. Control characters are left out."""
        parts = [(visible(text), style) for text, style in pieces]
        whole = "".join(text for text, _ in parts)
        width = None if self.width is None else max(10, self.width - indent)
        lines = []
        for first, last in lines_of(whole, width):
            line, start = "", 0
            for text, style in parts:
                cut = text[max(0, first - start) : max(0, last - start)]
                line += self.paint(cut, style)
                start += len(text)
            lines.append(" " * indent + line if line else "")
        return "\n".join(lines)


def write(text: str) -> None:
    """Prints lines for people; a character that the terminal cannot show becomes `?`."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))


def visible(text: str) -> str:
    """`text` without control characters other than line feed and tab: text from documents
    must not steer the terminal.

    >>> visible("a\\x1b[31mb\\r")
    'a[31mb'
    """
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})


def columns(text: str) -> int:
    """The width of `text` in a terminal: two for a wide character, none for a combining one.

    >>> columns("a文件")
    5
    """
    return sum(_column(character) for character in text)


def _column(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def lines_of(text: str, width: int | None) -> list[tuple[int, int]]:
    """The lines of `text`, as ranges, each at most `width` columns wide (None: no limit);
    broken at line feeds, at a space or beside a wide character, never before a closing mark,
    and inside a word only when it is wider than a line. Empty text gives one empty line.

    >>> [("营业收入增长，利润下降")[a:b] for a, b in lines_of("营业收入增长，利润下降", 12)]
    ['营业收入增', '长，利润下降']
    """
    ranges = []
    start = 0
    for part in text.split("\n"):
        end = start + len(part)
        while width is not None and columns(text[start:end]) > width:
            cut = start + _break(text[start:end], width)
            ranges.append((start, start + len(text[start:cut].rstrip())))
            start = cut + len(text[cut:end]) - len(text[cut:end].lstrip(" "))
        ranges.append((start, end))
        start = end + 1
    return ranges


def _break(text: str, width: int) -> int:
    """Where the first line of `text`, which is wider than `width`, ends; always above 0."""
    end = taken = 0
    while taken + _column(text[end]) <= width:
        taken += _column(text[end])
        end += 1
    for cut in range(end, 0, -1):
        before, after = text[cut - 1], text[cut]
        if after in NOT_AT_START:
            continue
        if before == " " or after == " " or _column(before) == 2 or _column(after) == 2:
            return cut
    return max(end, 1)


GRACE_SECONDS = 1.5
"""How long what is being done has time to end well."""
_LONGEST_NAME = 40
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ENDED = "interrupted; the index is as it last was, the same command reads the other files"


@contextmanager
def bar() -> Iterator[Callable[[Step], None]]:
    """A bar on stderr, or nothing where RAG_QUIET=1 asks for silence: how many files are done, and
    how many of the pages that OCR reads, the time left, and the file."""
    if os.environ.get("RAG_QUIET") == "1":
        yield lambda _: None
        return
    from tqdm import tqdm  # type: ignore[import-untyped]

    shown = tqdm(
        desc="files", unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True, leave=False,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}B [{elapsed}{postfix}]",
    )  # fmt: skip
    with shown:

        def draw(step: Step) -> None:
            shown.total = step.bytes_total
            pages = f", {step.pages_done}/{step.pages_total} pages" if step.pages_total else ""
            shown.set_description_str(f"{step.done}/{step.total} files{pages}", refresh=False)
            left = step.seconds_left
            time = f"{shown.format_interval(left)} left, " if left is not None else ""
            name = visible(step.document)[-_LONGEST_NAME:]
            shown.set_postfix_str(f"{time}{name}", refresh=False)
            shown.update(step.bytes_done - shown.n)

        yield draw


class Interruption:
    """Ctrl-C and SIGTERM while files are read, a context manager: the first ends the run between
    two files and keeps what is finished, the second ends it at once. What takes longer than
    `GRACE_SECONDS` to be ended is ended by the end of the process: an index is whole at any
    moment, and the processes that read go with this one."""

    def __init__(self, draw: Callable[[Step], None]) -> None:
        """`draw` shows each step."""
        self._draw = draw
        self._asked = 0
        self._over = threading.Event()
        self._before: dict[int, Any] = {}
        self._waker = -1

    def __enter__(self) -> Self:
        # The interpreter writes the number of a signal there at once; the handler has to wait for
        # the end of whatever native code the main thread is in.
        heard, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        threading.Thread(target=self._watch, args=(heard,), daemon=True).start()
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._before = {one: signal.signal(one, self._ask) for one in _SIGNALS}
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        for one, handler in self._before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._waker)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = number

    def _watch(self, heard: int) -> None:
        with open(heard, "rb", buffering=0) as signals:
            while (number := signals.read(1)) and number[0] not in _SIGNALS:
                pass
            if number and not self._over.wait(GRACE_SECONDS):
                os.write(sys.stderr.fileno(), f"\nrag: {_ENDED}\n".encode())
                os._exit(128 + signal.SIGINT)

    def step(self, step: Step) -> None:
        """Shows a step.

        Raises:
            KeyboardInterrupt: there was a Ctrl-C or SIGTERM.
        """
        self._draw(step)
        if self._asked:
            raise KeyboardInterrupt


def load_settings(arguments: argparse.Namespace) -> Settings:
    """The settings for a command; `--index`, `--config`, `--model` and `--base-url` are taken
    from its arguments, where it has them.

    Raises:
        SettingsError: an unknown key, a value out of range, an unreadable file.
    """
    overrides: dict[str, Any] = {} if arguments.index is None else {"index": arguments.index}
    chat = {name: getattr(arguments, name, None) for name in ("model", "base_url")}
    overrides["chat"] = {name: value for name, value in chat.items() if value is not None}
    return Settings.load(arguments.config, overrides=overrides)


def filter_of(arguments: argparse.Namespace) -> Filter | None:
    """The filter that the arguments state, if they do."""
    found = Filter(
        tuple(arguments.documents),
        arguments.since,
        arguments.until,
        tuple(arguments.sources),
        tuple(arguments.tags),
    )
    return None if found == Filter() else found


def open_index(arguments: argparse.Namespace) -> Index:
    """The index that the arguments or the settings name."""
    from rag.index.local.index import Index

    settings = load_settings(arguments)
    return Index.open(settings.index, settings)


def open_assistant(arguments: argparse.Namespace) -> Assistant:
    """An assistant on the index that the arguments or the settings name."""
    from rag.assistant import Assistant
    from rag.index.local.index import Index

    settings = load_settings(arguments)
    return Assistant(Index.open(settings.index, settings), settings)
