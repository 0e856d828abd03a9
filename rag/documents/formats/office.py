"""What office files have in common: packages, drawings, conversion by LibreOffice.

What Word and PowerPoint files have in common: relations, properties, tables.

What office files draw from data: SmartArt by its points, charts by their series.

Source: ECMA-376-1:2016, 21.2 (charts) and 21.4 (diagrams).

Files of office programs into the formats that are read here, by LibreOffice where it is there.

It runs as a program of its own: in a profile folder made for the one file and removed with it, with
macros off, links not followed, no network where the system can take it away, and limits of time,
memory and the size of what it writes. It ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.documents.formats.archives import Archive
from rag.documents.formats.markup import Node, parse_xml
from rag.documents.fragments import Fragment, Role, written
from rag.documents.workers import child_environment, end_with_parent, limit_memory
from rag.errors import ReadingTimeout, UnreadableDocument
from rag.settings import Reading

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
_NO_TITLE = re.compile(
    r"^(?:(?:Microsoft\s)?(?:Word|PowerPoint|Excel|WPS)\b.*|文档\s?\d*|演示文稿\s?\d*|未命名.*|"
    r"(?:Document|Presentation|Slide)\s?\d*|PowerPoint 演示文稿|无标题.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says about itself; `changed` is `YYYY-MM-DD`."""

    title: str | None
    changed: str | None


def properties(archive: Archive) -> Properties:
    """Title and last change of an office file."""
    data = archive.read("docProps/core.xml")
    if data is None:
        return Properties(None, None)
    try:
        root = parse_xml(data)
    except UnreadableDocument:
        return Properties(None, None)
    node = root.child("title")
    title = node.text().strip() if node else ""
    stated = [found.text() for tag in ("modified", "created") if (found := root.child(tag))]
    dates = [_DAY.match(text) for text in stated]
    changed = next((match[1] for match in dates if match), None)
    return Properties(title if title and not _NO_TITLE.match(title) else None, changed)


def relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The relations of a part by their id: the last word of their type, and the name of the
    part they lead to. Links out of the file are left out."""
    folder, name = posixpath.split(part)
    data = archive.read(f"{folder}/_rels/{name}.rels")
    if data is None:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for node in parse_xml(data).nodes("relationship"):
        facts = node.attributes
        if facts.get("targetmode") != "External" and "id" in facts:
            target = posixpath.normpath(posixpath.join("/", folder, facts.get("target", "")))
            found[facts["id"]] = (facts.get("type", "").rpartition("/")[2], target.lstrip("/"))
    return found


def row_text(cells: Sequence[str]) -> str:
    """The cells of a row, separated by tabs; empty ones at its end are left out."""
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")


def attribute(node: Node | None, name: str, default: str = "") -> str:
    """An attribute of an element that may not be there."""
    return node.attributes.get(name, default) if node is not None else default


_CONNECTING = {"pres", "partrans", "sibtrans", "doc"}
_MOST_POINTS = 5_000
_MOST_LEVELS = 40


def diagram_texts(root: Node) -> list[str]:
    """The texts of a SmartArt drawing (its part `data1.xml`), each point before those below it."""
    texts: dict[str, str] = {}
    top = ""
    for point in list(root.nodes("pt"))[:_MOST_POINTS]:
        name, kind = point.attributes.get("modelid", ""), point.attributes.get("type", "").lower()
        if kind == "doc":
            top = name
        if kind in _CONNECTING or "presassocid" in point.attributes:
            continue
        words = ("".join(node.text() for node in line.nodes("t")) for line in point.nodes("p"))
        texts[name] = " ".join(" ".join(words).split())
    below: dict[str, list[tuple[int, str]]] = {}
    for link in root.nodes("cxn"):
        facts = link.attributes
        if facts.get("type", "parOf") == "parOf" and facts.get("destid") in texts:
            order = facts.get("srcord", "0")
            place = int(order) if order.isdecimal() else 0
            below.setdefault(facts.get("srcid", ""), []).append((place, facts["destid"]))
    seen: list[str] = []
    _collect(top, below, seen, 0)
    seen += [name for name in texts if name not in set(seen)]
    return [texts[name] for name in seen if texts.get(name)]


def _collect(
    name: str, below: dict[str, list[tuple[int, str]]], seen: list[str], depth: int
) -> None:
    for _, child in sorted(below.pop(name, ())) if depth < _MOST_LEVELS else ():
        seen.append(child)
        _collect(child, below, seen, depth + 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """The titles of a chart and of its axes, empty where it has none, and its values as a table:
    the names of its series, then a row for each category."""

    title: str
    rows: tuple[tuple[str, ...], ...]


def chart_table(root: Node) -> Chart:
    """The data of a chart (its part `chart1.xml`), as far as it holds them itself."""
    series = list(root.nodes("ser"))
    titles = ("".join(node.text() for node in one.nodes("t")) for one in root.nodes("title"))
    title = " ".join(" ".join(titles).split())
    columns = [_values(one, "val", "yval") for one in series]
    labels: dict[int, str] = {}
    for one in series:
        for place, text in _values(one, "cat", "xval").items():
            labels.setdefault(place, text)
    places = sorted({place for column in columns for place in column} | set(labels))
    if not any(columns):
        return Chart(title, ())
    head = ("", *(" ".join(_values(one, "tx").values()) for one in series))
    rows = [
        (labels.get(place, ""), *(column.get(place, "") for column in columns)) for place in places
    ]
    return Chart(title, (*((head,) if any(head) else ()), *rows))


def _values(series: Node, *names: str) -> dict[int, str]:
    """The stored values of a part of a series by their place."""
    for name in names:
        part = series.child(name)
        if part is None:
            continue
        found = {
            int(place): text
            for point in part.nodes("pt")
            if (place := point.attributes.get("idx", "")).isdecimal() and len(place) < 7
            and (text := _value(point))
        }  # fmt: skip
        direct = part.child("v")
        return found or ({0: direct.text().strip()} if direct is not None else {})
    return {}


def _value(point: Node) -> str:
    """A stored value; what a program computed with more digits than it means has 15 of them."""
    node = point.child("v")
    text = node.text().strip() if node is not None else ""
    try:
        return format(float(text), ".15g") if len(text.lstrip("-")) > 15 and "." in text else text
    except ValueError:
        return text


def drawing_fragments(
    root: Node, kind: str, tables: int, page: int | None = None
) -> list[Fragment]:
    """A chart (`kind` is "chart") as a table, the next after `tables`, or a SmartArt drawing as a
    list."""
    if kind != "chart":
        return [written(Role.ITEM, text, page) for text in diagram_texts(root)]
    chart = chart_table(root)
    title = [written(Role.TABLE_TITLE, chart.title, page)] if chart.title else []
    rows = (row_text(row) for row in chart.rows)
    return title + [
        written(Role.ROW, text, page, table=tables + 1) for text in rows if text.strip()
    ]


INSTALL = (
    "install LibreOffice (https://www.libreoffice.org; Debian and Ubuntu: apt-get install "
    "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui)"
)
"""What makes `available` true."""
SHARE_OF_TIME = 0.8
"""A file is converted for this share of the time that reading it may take."""
_RESTART = 81
"""With this exit code the program asks to be started again, once it has made its profile.

Source: `EXITHELPER_NORMAL_RESTART` in LibreOffice, desktop/source/inc/exithelper.h.
"""
_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
)
_COMMAND = "from rag.documents.formats.office import launch; launch()"
PREFIX = "wenju-office-"
"""How the names of the folders begin in which files are converted."""
_ITEM = (
    '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse">'
    "<value>{}</value></prop></item>"
)
_PROXY = "Inet/Settings"
_SCRIPTS, _CONTENT = "Office.Common/Security/Scripting", "Content/Update"
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    + "".join(
        _ITEM.format(*facts)
        for facts in (
            (_SCRIPTS, "MacroSecurityLevel", 3),  # no macro of a document ever runs
            (_SCRIPTS, "DisableMacrosExecution", "true"),
            (_SCRIPTS, "BlockUntrustedRefererLinks", "true"),
            (f"Office.Writer/{_CONTENT}", "Link", 2),  # never
            (f"Office.Calc/{_CONTENT}", "Link", 2),
            (_PROXY, "ooInetProxyType", 1),  # a proxy that is not there
            (_PROXY, "ooInetHTTPProxyName", "127.0.0.1"),
            (_PROXY, "ooInetHTTPProxyPort", 9),
            (_PROXY, "ooInetHTTPSProxyName", "127.0.0.1"),
            (_PROXY, "ooInetHTTPSProxyPort", 9),
            (_PROXY, "ooInetNoProxy", ""),
        )
    )
    + "</oor:items>"
)
# Linux: a network of its own, which holds nothing.
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000


@cache
def program() -> Path | None:
    """Where the program lies, None where it is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    found = found or next((place for place in _PLACES if os.path.isfile(place)), None)  # noqa: PTH113
    if found is None:
        return None
    path = Path(found).resolve()
    inner = path.with_name("soffice.bin")  # the other one is a script that starts this one
    return inner if os.access(inner, os.X_OK) else path


def available() -> bool:
    """Whether files can be converted."""
    return program() is not None


def convert(data: bytes, ending: str, target: str, settings: Reading) -> bytes:
    """A file, which should have the `ending` (`.doc`), as one of the format `target` (`docx`).

    Raises:
        UnreadableDocument: LibreOffice is not installed, cannot read the file, or takes too long.
    """
    office = program()
    if office is None:
        raise UnreadableDocument(f"{ending} files are read by way of LibreOffice; {INSTALL}")
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given, made = folder / f"file{ending}", folder / "out" / f"file.{target}"
        given.write_bytes(data)
        profile = folder / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        arguments = [
            str(office), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
            "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard",
            "--convert-to", target, "--outdir", str(made.parent), str(given),
        ]  # fmt: skip
        if _run(arguments, folder, settings) == _RESTART:
            _run(arguments, folder, settings)
        try:
            return made.read_bytes()
        except OSError:
            raise UnreadableDocument(
                f"LibreOffice cannot read the file: it is damaged, encrypted, or no {ending} file"
            ) from None


def _run(arguments: list[str], folder: Path, settings: Reading) -> int:
    limits = [str(settings.max_memory_bytes), str(settings.max_unpacked_bytes)]
    seconds = SHARE_OF_TIME * settings.max_seconds
    environment = {
        **child_environment(),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "SAL_USE_VCLPLUGIN": "svp",  # no display
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    try:
        return subprocess.run(
            [sys.executable, "-c", _COMMAND, *limits, *arguments],
            env=environment, cwd=folder, timeout=seconds, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ReadingTimeout(
            f"LibreOffice took longer than {seconds:g} seconds and was ended; raise "
            "reading.max_seconds to give it longer"
        ) from None
    except OSError as error:
        raise UnreadableDocument(f"LibreOffice did not start: {error.strerror}") from None


def launch() -> None:
    """Becomes the program that the arguments of this process name, under limits: bytes of memory,
    bytes of a file that it writes, then the program and its own arguments."""
    memory, written, *command = sys.argv[1:]
    limit_memory(int(memory))
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(written), hard))
    end_with_parent()
    if sys.platform == "linux":
        # What the system does not allow is left; the profile has no way to the network either.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).unshare(_NEW_USERS | _NEW_NETWORK)
    os.execv(command[0], command)
