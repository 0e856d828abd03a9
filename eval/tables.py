"""Figures as text: what a run prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.figures import Figure, Figures
from eval.score import BY_NAME
from rag.cli.terminal import columns


@dataclass(frozen=True, slots=True)
class Requirement:
    """The value that a measure must reach, as the issue's table states it."""

    measure: str
    at_least: float | None = None
    at_most: float | None = None

    def reached(self, value: float) -> bool:
        """Whether a value meets it."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def __str__(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_most is None else f"≤ {self.at_most:g}"


REQUIRED: tuple[Requirement, ...] = (
    Requirement("evidence_recall_1000", at_least=0.87),
    Requirement("evidence_recall_3000", at_least=0.94),
    Requirement("answer_hit_short", at_least=0.70),
    Requirement("answer_hit", at_least=0.62),
    Requirement("answer_characters", at_most=200),
    Requirement("evidence_f1", at_least=0.50),
    Requirement("refused_answerable", at_most=0.10),
    Requirement("citations_exact", at_least=1.0),
)
_REQUIRED = {requirement.measure: requirement for requirement in REQUIRED}


def requirement_of(measure: str) -> Requirement | None:
    """What a measure must reach, None where the issue's table does not name it."""
    return _REQUIRED.get(measure)


def figures_table(figures: Figures, *, required: bool = False) -> str:
    """One line a measure: value, 95% interval, number of questions, and where asked for the
    required value and whether it is reached."""
    rows = [("measure", "value", "95% interval", "n", "required", "")]
    for name, figure in figures.items():
        row = (BY_NAME[name].title, _number(figure.value), _interval(figure), str(figure.count))
        rows.append((*row, *_verdict(name, figure)) if required else (*row, "", ""))
    return align(rows if required else [row[:4] for row in rows])


def groups_table(groups: Mapping[str, Figures], names: Sequence[str]) -> str:
    """One line a group (a type, a document), one column for each of the measures."""
    rows = [("", "n", *names)]
    for group, figures in groups.items():
        count = max((figure.count for figure in figures.values()), default=0)
        rows.append(
            (
                group,
                str(count),
                *(_number(figures[name].value) if name in figures else "–" for name in names),
            )
        )
    return align(rows)


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines with aligned columns; a wide character takes two."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _verdict(name: str, figure: Figure) -> tuple[str, str]:
    requirement = requirement_of(name)
    if requirement is None:
        return "", ""
    return str(requirement), "reached" if requirement.reached(figure.value) else "MISSED"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _interval(figure: Figure) -> str:
    return f"{_number(figure.low)} – {_number(figure.high)}"
