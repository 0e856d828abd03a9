"""The folder of a run: `results.jsonl`, `metrics.json`, `run.json`; resumed, never overwritten.

`run.json` says what the run was made from; a run goes on only where all of that is the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError

FORMAT = 1
RESULTS = "results.jsonl"
METRICS = "metrics.json"
RUN = "run.json"
REPORT = "report.html"
TABLE = "results.csv"
WITHHELD = "without_evidence.jsonl"
SCORES = "scores.jsonl"
OWN_FILES = (RESULTS, METRICS, RUN, REPORT, TABLE, WITHHELD, SCORES)


class RunFolder:
    """A folder that a run writes into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(
        self, made_from: Mapping[str, Any], *, force: bool = False, reopen: bool = False
    ) -> None:
        """Prepares the folder: new, or going on where the same run was interrupted. With
        `force` the files of an earlier run are removed first; with `reopen` a finished run
        goes on too.

        Raises:
            EvaluationError: the folder holds a finished run, another run, or other files.
        """
        wanted = {"format": FORMAT, **made_from}
        if force:
            for name in OWN_FILES:
                (self.path / name).unlink(missing_ok=True)
        old = self._old_run()
        if old is not None:
            self._check(old, json.loads(json.dumps(wanted)), reopen)
            write_json(self.path / RUN, wanted)
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise EvaluationError(f"{self.path} is a file; name a folder with --out") from None
        if (self.path / RESULTS).exists() or (self.path / METRICS).exists():
            raise EvaluationError(
                f"{self.path} holds results without {RUN}: made by another "
                "version or program. Name another folder or use --force."
            )
        write_json(self.path / RUN, wanted)

    def finish(self, made_from: Mapping[str, Any]) -> None:
        """Records that the run is whole."""
        write_json(self.path / RUN, {"format": FORMAT, **made_from, "finished": True})

    def _old_run(self) -> dict[str, Any] | None:
        if not (self.path / RUN).exists():
            return None
        return read_json(self.path / RUN)

    def _check(self, old: dict[str, Any], wanted: dict[str, Any], reopen: bool) -> None:
        if old.get("format") != FORMAT:
            raise EvaluationError(
                f"{self.path} holds a run of format {old.get('format')}, this "
                f"program writes {FORMAT}. Name another folder or use --force."
            )
        finished = old.pop("finished", False)
        other = sorted(key for key in {*old, *wanted} if old.get(key) != wanted.get(key))
        if other:
            raise EvaluationError(
                f"{self.path} holds another run: {', '.join(other)} differ"
                f"{'s' if len(other) == 1 else ''} ({other[0]}: {old.get(other[0])!r} there, "
                f"{wanted.get(other[0])!r} here). Name another folder or use --force."
            )
        if finished and not reopen:
            raise EvaluationError(
                f"{self.path} holds this run already, finished. "
                "Use --force to run it again, --retry-errors for what failed."
            )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        EvaluationError: there is no such file, or it holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(
            f"{path} cannot be read: {error.strerror}. Is this the folder of a finished run?"
        ) from None
    except ValueError as error:
        raise EvaluationError(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise EvaluationError(f"{path} is damaged: not a JSON object")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object whole or not at all."""
    _write_whole(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes one JSON object a line, the file whole or not at all."""
    _write_whole(path, "".join(as_line(row) for row in rows))


def as_line(row: Mapping[str, Any]) -> str:
    """A JSON object as a line of a JSONL file."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def read_lines(
    path: Path, fields: Collection[str] = ("id", "status"), *, torn_end: bool = False
) -> list[dict[str, Any]]:
    """The objects of a JSONL file, each with `fields`; none where there is no file. With
    `torn_end` a last line that an interruption cut off is left out.

    Raises:
        EvaluationError: a line is no JSON object, or lacks a field.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    last = lines.pop()
    rows = []
    for number, line in enumerate(lines + ([] if torn_end or not last else [last]), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number} is damaged: {error}") from None
        if not isinstance(row, dict) or not all(name in row for name in fields):
            raise EvaluationError(
                f"{path}, line {number} is no result of a run: it needs {', '.join(sorted(fields))}"
            )
        rows.append(row)
    return rows


def read_results(folder: Path) -> list[dict[str, Any]]:
    """The results of a run.

    Raises:
        EvaluationError: the folder holds none, they are damaged, or of another version.
    """
    version = read_json(folder / RUN).get("format")
    if version != FORMAT:
        raise EvaluationError(
            f"{folder} holds a run of format {version}; this program reads {FORMAT}. Run it again."
        )
    rows: Sequence[dict[str, Any]] = read_lines(folder / RESULTS, torn_end=True)
    if not rows:
        raise EvaluationError(f"{folder} holds no result; run the questions first")
    return list(rows)


def _write_whole(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
