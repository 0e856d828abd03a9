"""Readers of the shared data sets: what is trained on, and what is only measured with.

The folder is `$WENJU_SHARED`, by default `../shared`. Nothing of it is copied. `OPEN` sets may
be trained on; `cmrc_trial`, `rgb` and the questions are for measuring.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”」』）]*|[^。！？!?；;\n]+$")
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```\s*$|^~~~.*?^~~~\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^>]*>|\{\{[^}]*\}\}", re.DOTALL)
PASSAGE_CHARACTERS = 250
DRAWN = 38  # of 256


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, title or heading, and the passage that belongs to it."""

    query: str
    passage: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question on a passage whose answer stands at `start` of the passage."""

    text: str
    passage: str
    answer: str
    start: int


@dataclass(frozen=True, slots=True)
class Article:
    """Passages of one article under its title, and the questions on them."""

    text: str
    questions: tuple[Question, ...]


def is_drawn(passage: str) -> bool:
    """Whether a passage is one of the 15% whose questions serve where all would take too long;
    by its hash, so that they are the same each time."""
    return hashlib.sha256(passage.encode()).digest()[0] < DRAWN


def shared() -> Path:
    """The shared folder.

    Raises:
        FileNotFoundError: there is none; the message says which variable to set.
    """
    folder = Path(os.environ.get("WENJU_SHARED", "../shared"))
    if not (folder / "data").is_dir():
        raise FileNotFoundError(f"no folder {folder / 'data'}; set WENJU_SHARED to its parent")
    return folder


def passages(text: str, size: int = PASSAGE_CHARACTERS) -> list[str]:
    """`text` in passages of whole sentences, each closed once it holds `size` characters.

    >>> passages("一二。三四。五", size=3)
    ['一二。', '三四。', '五']
    """
    found: list[str] = []
    held = ""
    for match in SENTENCE.finditer(text):
        held += match.group()
        if len(held) >= size:
            found.append(held.strip())
            held = ""
    if held.strip():
        found.append(held.strip())
    return found


def news() -> Iterator[str]:
    """The articles of the news set."""
    return (record["text"] for record in _records("news"))


def dated_news() -> Iterator[tuple[str, str]]:
    """The articles of the news set, each after its date."""
    return ((record.get("date") or "", record["text"]) for record in _records("news"))


def laws() -> Iterator[str]:
    """The statutes, as Markdown without comments."""
    return (TAG.sub("", record["text"]) for record in _records("laws"))


def manuals() -> Iterator[str]:
    """The manuals, as text: code, tags and link targets left out, headings kept."""
    return (markdown_text(record["text"]) for record in _records("manuals"))


def markdown_text(text: str) -> str:
    """Markdown without code blocks, tags and link targets; headings keep their marks."""
    return LINK.sub(r"\1", TAG.sub("", FENCE.sub("", text))).replace("`", "").replace("**", "")


def heading_pairs(documents: Iterable[str]) -> Iterator[Pair]:
    """Each heading, with the document's title before it, and the passages of its section."""
    for text in documents:
        title = ""
        matches = list(HEADING.finditer(text))
        ends = [match.start() for match in matches[1:]] + [len(text)]
        for match, end in zip(matches, ends[: len(matches)], strict=True):
            heading = match.group(2)
            title = title or heading
            query = heading if heading == title else f"{title} {heading}"
            for passage in passages(text[match.end() : end]):
                if len(passage) >= 40:
                    yield Pair(query, passage)


def cmrc_train() -> list[Question]:
    """CMRC 2018, training part: questions on passages of the Chinese Wikipedia."""
    return _squad(shared() / "data/cmrc2018/train.json")


def cmrc_trial() -> list[Question]:
    """CMRC 2018, trial part. Never trained on."""
    return _squad(shared() / "data/cmrc2018/trial.json")


def drcd_dev() -> list[Question]:
    """DRCD, development part: traditional script."""
    return _squad(shared() / "data/drcd/dev.json")


def drcd_articles() -> list[Article]:
    """The same with each article in one piece."""
    value = json.loads((shared() / "data/drcd/dev.json").read_text(encoding="utf-8"))
    return [
        Article(
            "\n\n".join((article["title"], *(p["context"] for p in article["paragraphs"]))),
            tuple(_questions(article)),
        )
        for article in value["data"]
    ]


def abstracts() -> Iterator[Pair]:
    """Titles and abstracts of Chinese papers (CSL)."""
    for part in ("dev", "test"):
        for line in (shared() / f"data/csl/ts/{part}.tsv").read_text(encoding="utf-8").splitlines():
            _, abstract, title = line.split("\t")
            yield Pair(title, abstract)


def keywords() -> Iterator[Pair]:
    """Keywords and abstracts of Chinese papers (CSL)."""
    for part in ("dev", "test"):
        for line in (shared() / f"data/csl/kg/{part}.tsv").read_text(encoding="utf-8").splitlines():
            _, abstract, words = line.split("\t")
            yield Pair(words.replace("_", " "), abstract)


def rgb_int() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """RGB `zh_int`: question, passages that hold a part of the answer, others. Never trained on."""
    lines = (shared() / "data/rgb/zh_int.json").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if line.strip()]
    return [
        (r["query"], tuple(p for group in r["positive"] for p in group), tuple(r["negative"]))
        for r in records
    ]


def _records(name: str) -> Iterator[dict[str, str]]:
    with lzma.open(shared() / f"data/{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _squad(path: Path) -> list[Question]:
    value: Any = json.loads(path.read_text(encoding="utf-8"))
    return [question for article in value["data"] for question in _questions(article)]


def _questions(article: Any) -> Iterator[Question]:
    for paragraph in article["paragraphs"]:
        for qa in paragraph["qas"]:
            for answer in qa["answers"][:1]:
                yield Question(
                    qa["question"], paragraph["context"], answer["text"], answer["answer_start"]
                )
