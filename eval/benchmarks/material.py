"""What a benchmark is once its files are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.questions import Question, parse_question


@dataclass(frozen=True, slots=True)
class GivenQuestion:
    """A question with the names of the passages that it brings along."""

    question: Question
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Passages by document name; `open` are questions to all of them, `given` questions that
    bring their own passages. Either may be empty. `problems` name questions left out, and why."""

    passages: Mapping[str, str]
    open: tuple[Question, ...]
    given: tuple[GivenQuestion, ...]
    problems: tuple[str, ...] = ()

    def first(self, count: int | None) -> Benchmark:
        """The same with the first questions only; all passages stay."""
        return replace(self, open=self.open[:count], given=self.given[:count])


@dataclass(slots=True)
class Collector:
    """Passages and questions as they are met in a set's files: the same text gets the same
    document name, a question that is none is left out and named."""

    names: dict[str, str] = field(default_factory=dict)
    open: list[Question] = field(default_factory=list)
    given: list[GivenQuestion] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def name(self, text: str) -> str:
        """The document name of a passage."""
        return self.names.setdefault(text.strip(), f"{len(self.names) + 1:06d}.txt")

    def ask_openly(self, row: Mapping[str, Any]) -> None:
        """Takes a question to all passages: the fields of a question file."""
        question = self._question(row)
        if question:
            self.open.append(question)

    def ask_given(self, row: Mapping[str, Any], names: Iterable[str]) -> None:
        """Takes a question with the names of the passages that it brings along."""
        question = self._question(row)
        if question:
            self.given.append(GivenQuestion(question, tuple(names)))

    def benchmark(self) -> Benchmark:
        """What was met; where no question was asked openly, the given ones are."""
        return Benchmark(
            passages={name: text for text, name in self.names.items()},
            open=tuple(self.open) or tuple(item.question for item in self.given),
            given=tuple(self.given),
            problems=tuple(self.problems),
        )

    def _question(self, row: Mapping[str, Any]) -> Question | None:
        try:
            return parse_question(dict(row), 0)
        except ValueError as error:
            self.problems.append(f"question {row.get('id')}: {error}")
            return None


def find_files(path: Path, patterns: Sequence[str]) -> list[Path]:
    """The path itself when it is a file, else the files in the folder that fit the first
    pattern that any does, sorted.

    Raises:
        EvaluationError: there is none.
    """
    if path.is_file():
        return [path]
    for pattern in patterns:
        found = sorted(path.glob(pattern))
        if found:
            return found
    raise EvaluationError(
        f"{path} holds no {' or '.join(patterns)}; name the file or the folder that holds it"
    )


def read_text(path: Path) -> str:
    """A UTF-8 file.

    Raises:
        EvaluationError: it cannot be read, or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 at byte {error.start}") from None


def parse_json(text: str, path: Path) -> Any:
    """A JSON value.

    Raises:
        EvaluationError: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise EvaluationError(f"{path} is not JSON: {error}") from None


def json_lines(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """The objects of JSONL files.

    Raises:
        EvaluationError: a line is no JSON object.
    """
    for path in paths:
        for number, line in enumerate(read_text(path).split("\n"), 1):
            if line.strip():
                row = parse_json(line, Path(f"{path}, line {number},"))
                if not isinstance(row, dict):
                    raise EvaluationError(f"{path}, line {number} is not a JSON object")
                yield row


def required(row: Mapping[str, Any], name: str, path: Path) -> Any:
    """A field of an object.

    Raises:
        EvaluationError: the object lacks it, so the file is of another format.
    """
    if name not in row:
        raise EvaluationError(
            f"{path} lacks the field `{name}`; there are: "
            f"{', '.join(sorted(row))}. Is it a file of this benchmark?"
        )
    return row[name]
