"""The sample corpus and its questions fit each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rag.text.normalize import squeeze

EXAMPLES = Path(__file__).parent.parent / "examples"
FILES = sorted((EXAMPLES / "corpus").iterdir())
QUESTIONS = [
    json.loads(line)
    for line in (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ALL_PARTS = {"list", "cause", "definition", "comparison", "multi-hop", "summary"}
ANY_PART = {"number", "date", "entity", "table"}


def test_the_corpus_is_a_dozen_short_texts() -> None:
    assert len(FILES) == 13
    assert {path.suffix for path in FILES} == {".txt", ".md"}
    assert all(200 < len(path.read_text(encoding="utf-8")) < 1500 for path in FILES)


def test_the_readme_describes_every_file_and_counts_the_questions() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in FILES if path.name not in readme] == []
    assert f"{len(QUESTIONS)} questions" in readme


def test_every_type_of_question_is_there() -> None:
    types = {question["type"] for question in QUESTIONS}
    assert types == ALL_PARTS | ANY_PART | {"unanswerable"}
    assert [q["id"] for q in QUESTIONS] == [f"ex-{i + 1:03}" for i in range(len(QUESTIONS))]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question["id"]))
def test_evidence_stands_verbatim_and_holds_the_answers(question: dict[str, object]) -> None:
    evidence = question["evidence"]
    answers = question["answers"]
    assert isinstance(evidence, list)
    assert isinstance(answers, list)
    if question["type"] == "unanswerable":
        assert (evidence, answers) == ([], [])
        return
    for item in evidence:
        source = (EXAMPLES / "corpus" / item["doc"]).read_text(encoding="utf-8")
        assert _unspaced(item["quote"]) in _unspaced(source)
    quotes = "".join(squeeze(item["quote"]) for item in evidence)
    found = [squeeze(answer) in quotes for answer in answers]
    assert all(found) if question["type"] in ALL_PARTS else any(found)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question["id"]))
def test_questions_are_in_other_words_than_the_text(question: dict[str, object]) -> None:
    asked = squeeze(str(question["question"]))
    evidence = question["evidence"]
    assert isinstance(evidence, list)
    for item in evidence:
        quote = squeeze(item["quote"])
        assert not any(asked[i : i + 12] in quote for i in range(len(asked) - 11))


def _unspaced(text: str) -> str:
    """White space and the bars of Markdown tables are no characters of a quotation."""
    return re.sub(r"[\s|]+", "", text)
