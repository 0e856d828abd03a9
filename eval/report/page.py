"""The report's page: tables, charts and the browser through the questions in one HTML file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from eval.figures import Figure, Figures, Scores
from eval.report import curves
from eval.report.entries import KINDS, entry
from eval.score import BY_NAME
from eval.tables import requirement_of

TEMPLATE = Path(__file__).with_name("template.html")
GROUP_MEASURES = (
    "hit_at_1",
    "mrr",
    "evidence_recall_1000",
    "evidence_recall_3000",
    "answer_hit",
    "em",
    "f1",
    "evidence_precision",
    "evidence_recall",
    "refused_answerable",
    "refused_unanswerable",
)
TILES = (
    "evidence_recall_1000",
    "mrr",
    "answer_hit",
    "evidence_f1",
    "refusal_auroc",
    "f1",
    "latency_ms_p50",
)


def write_report(
    path: Path,
    title: str,
    facts: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    scores: Scores,
    further: str = "",
) -> None:
    """Writes the page of a run. `facts` are shown under the title as they are, the text
    `further`, lines of columns, under the headline."""
    entries = [entry(row) for row in rows]
    sections = {
        "title": escape(title),
        "facts": "".join(
            f"<span><b>{escape(name)}</b> {escape(value)}</span>" for name, value in facts.items()
        ),
        "tiles": _tiles(scores.overall),
        "headline": _headline(scores.overall),
        "outcomes": _outcomes(entries),
        "further": f"<pre>{escape(further)}</pre>" if further else "",
        "types": _groups("By type", scores.by_type),
        "documents": _groups("By document", scores.by_document),
        "charts": _charts(rows, scores),
        "data": _embedded({"kinds": KINDS, "entries": entries}),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    parts = page.split("{{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, rest = part.split("}}", 1)
        filled.append(sections[name] + rest)
    path.write_text("".join(filled), encoding="utf-8")


def _embedded(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _tiles(figures: Figures) -> str:
    tiles = []
    for name in TILES:
        if name not in figures:
            continue
        figure = figures[name]
        tiles.append(
            f'<div class="tile"><b>{_number(figure.value)}</b>'
            f"<span>{escape(BY_NAME[name].title)}</span>"
            f"<small>{_number(figure.low)} – {_number(figure.high)}</small></div>"
        )
    return "".join(tiles)


def _headline(figures: Figures) -> str:
    rows = []
    judged = "evidence_recall_1000" in figures
    for name, figure in figures.items():
        requirement = requirement_of(name) if judged else None
        verdict = ""
        if requirement is not None:
            reached = requirement.reached(figure.value)
            verdict = (
                f'<span class="{"good" if reached else "bad"}">{requirement} '
                f"{'✓' if reached else '✗'}</span>"
            )
        rows.append(
            f"<tr><td>{escape(BY_NAME[name].title)}<code>{name}</code></td>"
            f'<td class="n">{_number(figure.value)}</td>'
            f'<td class="bars">{_whisker(figure)}</td>'
            f'<td class="n dim">{_number(figure.low)} – {_number(figure.high)}</td>'
            f'<td class="n dim">{figure.count}</td><td>{verdict}</td></tr>'
        )
    return (
        "<table><thead><tr><th>Measure</th><th>Value</th><th>95% interval</th><th></th>"
        f"<th>n</th><th>Required</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _whisker(figure: Figure) -> str:
    """A share and its interval on a line from 0 to 1; nothing for other units."""
    if not 0 <= figure.low <= figure.high <= 1:
        return ""
    return (
        f'<i class="track"><i class="range" style="left:{figure.low:.1%};'
        f'width:{figure.high - figure.low:.1%}"></i>'
        f'<i class="point" style="left:{figure.value:.1%}"></i></i>'
    )


def _outcomes(entries: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(item["kind"] for item in entries)
    return "".join(
        f'<button class="outcome {kind}" data-kind="{kind}" style="flex-grow:{counts[kind]}" '
        f'title="{escape(name)}"><b>{counts[kind]}</b> {escape(name)}</button>'
        for kind, name in reversed(KINDS.items())
        if counts[kind]
    )


def _groups(title: str, groups: Mapping[str, Figures]) -> str:
    names = [name for name in GROUP_MEASURES if any(name in figures for figures in groups.values())]
    if not names:
        return ""
    head = "".join(
        f'<th title="{escape(BY_NAME[name].title)}">{name.replace("_", " ")}</th>' for name in names
    )
    body = "".join(
        f"<tr><td>{escape(group)}</td>"
        f'<td class="n dim">{max((f.count for f in figures.values()), default=0)}</td>'
        + "".join(_cell(name, figures.get(name)) for name in names)
        + "</tr>"
        for group, figures in groups.items()
    )
    return (
        f'<section><h2>{title}</h2><div class="wide"><table class="groups"><thead><tr>'
        f"<th></th><th>n</th>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _cell(name: str, figure: Figure | None) -> str:
    if figure is None:
        return '<td class="n dim">–</td>'
    higher = BY_NAME[name].higher_is_better
    share = 0 <= figure.value <= 1
    good = figure.value if higher else 1 - figure.value
    shade = f' style="--good:{good:.2f}" class="n shade"' if share else ' class="n"'
    return (
        f'<td{shade} title="{_number(figure.low)} – {_number(figure.high)}, '
        f'n = {figure.count}">{_number(figure.value)}</td>'
    )


def _charts(rows: Sequence[Mapping[str, Any]], scores: Scores) -> str:
    charts = (
        ("Evidence recall against budget", curves.budget_curve(rows)),
        ("Evidence precision and recall over answer length", curves.length_curve(rows)),
        ("Latency", curves.latency_histogram(rows)),
        ("Reliability of the confidence", curves.reliability_diagram(scores.rows)),
    )
    return "".join(
        f"<figure><figcaption>{title}</figcaption>{svg}</figure>" for title, svg in charts if svg
    )


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
