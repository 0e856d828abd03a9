"""`python -m eval english`: English questions on Chinese paragraphs of Wikipedia, by where their
paragraph comes in a search.

The questions, `reference/english.tsv`, were written for this project: the file of the paragraph
under the folder of data, its id there, the question. All paragraphs of those files are searched;
a second index, without the paragraphs of the questions, tells what is refused.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvaluationError
from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.settings import Settings
from rag.types import Status

QUESTIONS = Path(__file__).parent / "reference" / "english.tsv"
SHOWN = 10


@dataclass(frozen=True, slots=True)
class EnglishQuestion:
    """A question and the paragraph that answers it: its file and its id."""

    file: str
    paragraph: str
    question: str


def load_english(path: Path = QUESTIONS) -> list[EnglishQuestion]:
    """The questions of a file, one a line.

    Raises:
        EvaluationError: it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [EnglishQuestion(*line.split("\t")) for line in lines if line]
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from None


def run_english(data: Path, settings: Settings) -> dict[str, float]:
    """The measures: the share of questions whose paragraph comes first (`rank_1`) or among the
    first five (`rank_5`), the mean of 1/rank (`mrr`, 0 beyond the first ten), and the share that
    is not answered with the paragraph in the index (`refused_answerable`) and without
    (`refused_without`)."""
    questions = load_english()
    paragraphs = {
        (name, key): text
        for name in dict.fromkeys(question.file for question in questions)
        for key, text in _paragraphs(data / name)
    }
    asked = {(question.file, question.paragraph) for question in questions}
    with tempfile.TemporaryDirectory() as folder:
        assistant = _assistant(Path(folder) / "all", paragraphs, settings)
        ranks = [_rank(assistant, question) for question in questions]
        refused = _refused(assistant, questions)
        rest = {key: text for key, text in paragraphs.items() if key not in asked}
        without = _refused(_assistant(Path(folder) / "rest", rest, settings), questions)
    count = len(questions)
    return {
        "questions": count,
        "paragraphs": len(paragraphs),
        "rank_1": sum(rank == 1 for rank in ranks) / count,
        "rank_5": sum(rank is not None and rank <= 5 for rank in ranks) / count,
        "mrr": sum(1 / rank for rank in ranks if rank) / count,
        "refused_answerable": refused / count,
        "refused_without": without / count,
    }


def _paragraphs(path: Path) -> list[tuple[str, str]]:
    """Id and text, led by the title, of each paragraph of a file in SQuAD's format."""
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        return [
            (str(one["id"]), f"{article['title']}\n\n{one['context']}\n")
            for article in articles
            for one in article["paragraphs"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{path} is not in SQuAD's format: {error!r}") from None


def _assistant(
    folder: Path, paragraphs: dict[tuple[str, str], str], settings: Settings
) -> Assistant:
    source = folder / "text"
    for (name, key), text in paragraphs.items():
        place = source / _name(name, key)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return Assistant(Index.build([source], folder / "index", settings), settings)


def _name(file: str, paragraph: str) -> str:
    return f"{Path(file).parent.name}/{paragraph}.txt"


def _rank(assistant: Assistant, question: EnglishQuestion) -> int | None:
    wanted = _name(question.file, question.paragraph)
    for passage in assistant.search(question.question, SHOWN):
        if wanted in (passage.document, *passage.also):
            return passage.rank
    return None


def _refused(assistant: Assistant, questions: Sequence[EnglishQuestion]) -> int:
    answers = [assistant.ask(question.question) for question in questions]
    return sum(answer.status is not Status.ANSWERED for answer in answers)
