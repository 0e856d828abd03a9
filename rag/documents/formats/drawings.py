"""What office files draw from data: SmartArt by its points, charts by their series.

Source: ECMA-376-1:2016, 21.2 (charts) and 21.4 (diagrams).
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.reading.flow import Fragment, Role, written
from rag.reading.office.package import row_text
from rag.reading.parsers.markup import Node

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
