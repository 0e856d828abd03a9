"""Which files of a folder are read, and what is stated of them.

`.ragignore`: what of a folder is not to be read, by patterns as in `.gitignore`.

`corpus.toml`: what is stated of the files of a folder and of the folders in it.

Each table is named by a pattern of paths, as in `.ragignore`, and may have `title`, `date`,
`source` (where it was published) and `tags`:

    ["年报/*.pdf"]
    date = "2023"
    source = "上海证券交易所"
    tags = ["年报"]

Field by field the last table that fits decides, and of several folders the nearest to the file.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag.documents.headings import stated_date
from rag.errors import UnreadableDocument
from rag.types import MAX_PATTERN_CHARACTERS, MAX_PATTERN_SPANS, Stated

_PARTS = re.compile(r"(?:(?<![^/])\*\*/)+|\*\*|\*|\?|\[[^\]]{0,100}\]|[^*?\[]+|\[")
_ANY_DEPTH = "(?:[^/]+/)*?"


def expression(pattern: str) -> str:
    """A regular expression, to be matched with `re.DOTALL`, for the paths that a pattern fits:
    `*` and `?` stay within a part, `[…]` is a class, `**` goes across parts; a pattern without
    `/` fits at any depth, one with `/` from the top.

    Matching takes time in proportion to the product of the two lengths.

    >>> [bool(re.fullmatch(expression("*.log"), path)) for path in ("x.log", "a/x.log", "x.txt")]
    [True, True, False]
    """
    spans = [[["", "" if "/" in pattern else _ANY_DEPTH]]]  # a star and what comes after it
    for part in _PARTS.findall(pattern.lstrip("/")):
        if part == "*":
            spans[-1].append([part, ""])
        elif part[-1] == "*" or part.startswith("**/"):
            spans.append([[part, ""]])
        else:
            spans[-1][-1][1] += _fixed(part)
    # The first place that fits what stands between two `**` is as good as a later one.
    *before, last = [_span(stars) for stars in spans]
    return "".join(f"(?>{span})" for span in before) + last


def _span(stars: Sequence[Sequence[str]]) -> str:
    """What a pattern says from one `**` to the next: stars, each with what comes after it."""
    (across, written), *stars = stars
    written = (".*?" if across == "**" else _ANY_DEPTH if across else "") + written
    for i, (_, rest) in enumerate(stars, 1):
        # And so it is between two `*`.
        written += f"(?>[^/]*?{rest})" if i < len(stars) else f"[^/]*?{rest}"
    return written


def _fixed(part: str) -> str:
    """What a part without stars fits."""
    if part == "?":
        return "[^/]"
    if part.startswith("[") and part != "[":
        inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
        negated = inner[:1] in ("!", "^") and len(inner) > 1
        return _class(f"^{inner[1:]}" if negated else inner.replace("^", r"\^"))
    return re.escape(part)


def _class(inner: str) -> str:
    """A class of characters, or the same characters one by one where it is none."""
    try:
        re.compile(f"[{inner}]")
    except re.error:
        return re.escape(f"[{inner}]")
    return f"[{inner}]"


IGNORE_FILE = ".ragignore"


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    folders_only: bool
    keeps: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules of a folder; the last one that fits decides."""

    rules: tuple[_Rule, ...]

    def __call__(self, path: str, *, folder: bool) -> bool:
        """Whether the file or folder at `path`, relative and with `/`, is left out."""
        left_out = False
        for rule in self.rules:
            if (folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                left_out = not rule.keeps
        return left_out

    def covers(self, path: str) -> bool:
        """Whether the file at `path`, or a folder that it lies in, is left out."""
        folders = [path[: match.start()] for match in re.finditer("/", path)]
        return any(self(place, folder=True) for place in folders) or self(path, folder=False)


def ignored(folder: Path) -> Ignored:
    """The rules in a folder's `.ragignore`; none where there is no such file or it cannot be
    read as text."""
    try:
        text = (folder / IGNORE_FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Ignored(())
    return parse_ignored(text)


def parse_ignored(text: str) -> Ignored:
    """The rules of a text, one a line: `*`, `?`, `[…]` and `**`; a `/` at the end means folders,
    one elsewhere ties the pattern to the top; `!` takes back; `#` begins a remark.

    >>> rules = parse_ignored("*.log\\n!keep.log\\ndrafts/")
    >>> rules("a/x.log", folder=False), rules("keep.log", folder=False)
    (True, False)
    >>> rules("drafts", folder=True)
    True
    """
    rules: list[_Rule] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keeps = line.startswith("!")
        pattern = line.removeprefix("!")
        folders_only = pattern.endswith("/")
        pattern = pattern.rstrip("/")
        rules.append(_Rule(re.compile(expression(pattern), re.DOTALL), folders_only, keeps))
    return Ignored(tuple(rules))


SIDECAR = "corpus.toml"
MAX_BYTES = 5_000_000
MAX_CHARACTERS = 1_000
_WILD = re.compile(r"[*?\[]")
_NOTHING = Stated()
_KEYS = ("title", "date", "source", "tags")


@dataclass(slots=True)
class Rules:
    """What a sidecar states of the paths below its folder, in its order. A file may have a table
    of its own for every document: those without wildcards are looked up, not tried."""

    _count: int = 0
    _named: dict[str, list[tuple[int, Stated]]] = field(default_factory=dict)
    _wild: list[tuple[int, re.Pattern[str], Stated]] = field(default_factory=list)

    def add(self, pattern: str, stated: Stated) -> None:
        """A further table."""
        plain = pattern.strip("/")
        if _WILD.search(pattern):
            below = re.compile(expression(pattern.rstrip("/")) + "(?:/.*)?", re.DOTALL)
            self._wild.append((self._count, below, stated))
        else:
            top = "/" if "/" in pattern.rstrip("/") else ""  # else it fits at any depth
            self._named.setdefault(top + plain, []).append((self._count, stated))
        self._count += 1

    def __bool__(self) -> bool:
        return self._count > 0

    def fitting(self, path: str) -> list[Stated]:
        """What the tables state that fit a path, the last first."""
        parts = path.split("/")
        above = ("/" + "/".join(parts[:length]) for length in range(1, len(parts) + 1))
        found = [pair for name in {*parts, *above} for pair in self._named.get(name, ())]
        found += [(at, stated) for at, below, stated in self._wild if below.fullmatch(path)]
        return [stated for _, stated in sorted(found, key=lambda pair: -pair[0])]


@dataclass(slots=True)
class Sidecars:
    """The sidecars of some folders, each read once. `problems` says what is wrong with those
    that cannot be used, by their paths relative to the root."""

    problems: dict[str, str] = field(default_factory=dict)
    _rules: dict[str, Rules | None] = field(default_factory=dict)
    _bare: dict[tuple[str, str], bool] = field(default_factory=dict)

    def of(self, path: str, root: str) -> Stated | None:
        """What is stated of the file at `path` by the folders from its own up to `root`, the
        path under which it was found; None where one of them cannot be used. Both are absolute
        and without `..`."""
        own = path[: path.rfind(os.sep)] or os.sep  # as many as there are files
        key = (own, root)
        if self._bare.get(key):
            return _NOTHING
        found, bare = _NOTHING, True
        for folder in _up(own, root):
            rules = self._of_folder(folder, root)
            if rules is None:
                return None
            if rules:
                bare = False
                for stated in rules.fitting(path[len(folder) :].lstrip("/")):
                    found = _filled(found, stated)
        self._bare[key] = bare
        return found

    def _of_folder(self, folder: str, root: str) -> Rules | None:
        if folder not in self._rules:
            path = Path(folder) / SIDECAR
            try:
                self._rules[folder] = _load(path, root)
            except UnreadableDocument as error:
                top = root if os.path.isdir(root) else os.path.dirname(root)  # noqa: PTH112, PTH120
                self.problems[os.path.relpath(path, top)] = str(error)
                self._rules[folder] = None
        return self._rules[folder]


def _up(folder: str, root: str) -> Iterator[str]:
    """A folder and those above it, up to `root`."""
    while True:
        yield folder
        if len(folder) <= len(root) or folder == "/":
            return
        folder = os.path.dirname(folder)  # noqa: PTH120 (as many as there are files)


def _filled(nearer: Stated, farther: Stated) -> Stated:
    return replace(
        nearer,
        title=nearer.title or farther.title,
        date=nearer.date or farther.date,
        publisher=nearer.publisher or farther.publisher,
        tags=nearer.tags or farther.tags,
    )


def _load(path: Path, root: str) -> Rules:
    """The rules of a file; none where there is no such file."""
    try:
        if not path.is_file():
            return Rules()
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(root)) and Path(root).is_dir():
            raise UnreadableDocument("it is a symbolic link that leads out of the folder")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableDocument(f"it has {size:,} bytes, the limit is {MAX_BYTES:,}")
        return parse_sidecar(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"it is not UTF-8 (byte offset {error.start})") from None
    except OSError as error:
        raise UnreadableDocument(f"it cannot be read: {error.strerror or error}") from None


def parse_sidecar(text: str) -> Rules:
    """The rules of a sidecar's text, in its order.

    Raises:
        UnreadableDocument: it is no TOML, or holds something else than it may.

    >>> parse_sidecar('["*.txt"]\\ndate = 2023-05-01').fitting("a/b.txt")[0].date
    '2023-05-01'
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnreadableDocument(f"it is no TOML: {error}") from None
    rules = Rules()
    for pattern, table in tables.items():
        rules.add(pattern, _table(pattern, table))
    return rules


def _table(pattern: str, table: object) -> Stated:
    if not pattern.strip() or not isinstance(table, Mapping):
        raise UnreadableDocument(
            f'{pattern!r:.80} stands alone; each table names files: ["{pattern:.80}"]'
        )
    if len(pattern) > MAX_PATTERN_CHARACTERS or pattern.count("**") > MAX_PATTERN_SPANS:
        raise UnreadableDocument(
            f'["{pattern:.80}…"] is longer than {MAX_PATTERN_CHARACTERS} characters or has more '
            f"than {MAX_PATTERN_SPANS} times **"
        )
    for key, value in table.items():
        if isinstance(value, Mapping):
            raise UnreadableDocument(
                f"[{pattern:.80}.{key:.80}] is a table in a table; put the name in quotes: "
                f'["{pattern:.80}.{key:.80}"]'
            )
        if key not in _KEYS:
            raise UnreadableDocument(
                f'["{pattern:.80}"] has {key!r:.80}; known: {", ".join(_KEYS)}'
            )
    return Stated(
        _text(pattern, "title", table.get("title")),
        _date(pattern, table.get("date")),
        _text(pattern, "source", table.get("source")),
        _tags(pattern, table.get("tags", ())),
    )


def _text(pattern: str, key: str, value: object) -> str | None:
    if value is None:
        return None
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > MAX_CHARACTERS or not text.isprintable():
        raise UnreadableDocument(
            f'["{pattern:.80}"] {key} = {value!r:.80} is no plain text of 1 to {MAX_CHARACTERS:,} '
            "characters"
        )
    return text


def _date(pattern: str, value: object) -> str | None:
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    found = stated_date(text)
    if found is None:
        raise UnreadableDocument(
            f'["{pattern:.80}"] date = {value!r:.80} is no date; give 2023-05-01, "2023-05" or '
            '"2023"'
        )
    return found


def _tags(pattern: str, value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        raise UnreadableDocument(f'["{pattern:.80}"] tags = {value!r:.80} is no list of texts')
    return tuple(dict.fromkeys(filter(None, (_text(pattern, "tags", item) for item in values))))
