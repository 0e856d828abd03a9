"""The open sets as token ids, small enough to be carried to another machine."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.models.joint_input import Ints, Marks
from rag.models.subwords import load_subwords
from rag.text.segment import words
from rag.text.sentences import sentences
from training import data
from training.batches import Ragged, encode
from training.bm25 import BM25
from training.joint.material import CARD, TEXT, Material, write_asked

NEGATIVES = 12
NEWS_STEP = 2  # every second article: the whole would be too large to carry
SEED = 11


def write(folder: Path, limit: int | None = None) -> None:
    """Writes the pack; `limit` documents and questions of each set, by default all."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = load_subwords()
    texts = encode(vocabulary.tokenizer, islice_each(_documents(), limit))
    text = _shuffled(texts, Marks(vocabulary.size))
    (folder / TEXT).write_bytes(lzma.compress(text.tobytes()))
    material = _material(limit)
    write_asked(folder, material)
    card = {
        "tokenizer": vocabulary.digest,
        "tokens": vocabulary.size,
        "text": len(text),
        "questions": len(material),
    }
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def islice_each(sets: Iterable[Iterable[str]], limit: int | None) -> Iterator[str]:
    """The first `limit` of each set, all without one."""
    for texts in sets:
        yield from islice(texts, limit)


def _documents() -> tuple[Iterable[str], ...]:
    asked = data.cmrc_train() + data.drcd_dev()
    return (
        (text for i, text in enumerate(data.news()) if i % NEWS_STEP == 0),
        (text for i, text in enumerate(data.laws()) if i % (2 * NEWS_STEP) == 0),
        (text for i, text in enumerate(data.manuals()) if i % NEWS_STEP == 0),
        (f"{pair.query}\n{pair.passage}" for pair in data.abstracts()),
        dict.fromkeys(question.passage for question in asked),
    )


def _shuffled(texts: Ragged, marks: Marks) -> npt.NDArray[np.uint16]:
    order = np.random.default_rng(SEED).permutation(len(texts))
    ended = np.array([marks.end], np.uint16)
    parts = [part for i in order for part in (texts[int(i)].astype(np.uint16), ended)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint16)


def _material(limit: int | None) -> Material:
    asked = data.cmrc_train()[:limit] + data.drcd_dev()[:limit]
    tried = data.cmrc_trial()[:limit]
    sections = [*islice(data.heading_pairs(data.manuals()), limit)]
    sections += islice(data.heading_pairs(data.laws()), 0, limit, 4)
    queries = [q.text for q in (*asked, *tried)] + [pair.query for pair in sections]
    owned = [q.passage for q in (*asked, *tried)] + [pair.passage for pair in sections]
    rows = {text: row for row, text in enumerate(dict.fromkeys(owned))}
    own = np.array([rows[text] for text in owned], np.int64)
    answers = [(q.answer, q.start) for q in (*asked, *tried)] + [("", -1)] * len(sections)
    read = [_Passage.of(text) for text in rows]
    edges = np.array([read[row].edges(*answer) for row, answer in zip(own, answers, strict=True)])
    questions = encode(load_subwords().tokenizer, queries)
    ids = [passage.ids for passage in read]
    return Material(
        question_ids=questions.ids.astype(np.uint16),
        question_starts=questions.starts,
        passage_ids=np.concatenate(ids).astype(np.uint16),
        passage_starts=np.concatenate([[0], np.cumsum([len(part) for part in ids])]),
        sentence=np.concatenate([passage.sentence for passage in read]).astype(np.uint16),
        own=own,
        others=_others(queries, own, [a for a, _ in answers], list(rows)),
        first=edges[:, 0],
        last=edges[:, 1],
        tried=np.isin(np.arange(len(own)), len(asked) + np.arange(len(tried))),
    )


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    ids: Ints
    starts: Ints
    sentence: Ints

    @classmethod
    def of(cls, text: str) -> _Passage:
        """A passage, read."""
        tokens = load_subwords().read(text)
        begins = np.array([span.start for span in sentences(text)], np.int64)
        place = np.maximum(np.searchsorted(begins, tokens.starts, "right") - 1, 0)
        # Without gaps: a sentence of white space alone has no tokens.
        return cls(text, tokens.ids, tokens.starts, np.unique(place, return_inverse=True)[1])

    def edges(self, answer: str, start: int) -> tuple[int, int]:
        """The places of an answer, (-1, -1) where it does not stand in the passage."""
        answer = answer.strip()
        at = start if answer and self.text.startswith(answer, start) else self.text.find(answer)
        if not answer or at < 0 or not len(self.ids):
            return -1, -1
        first = int(np.searchsorted(self.starts, at, "right")) - 1
        last = int(np.searchsorted(self.starts, at + len(answer), "left")) - 1
        return max(first, 0), max(first, last, 0)


def _others(
    queries: Sequence[str], own: Ints, answers: Sequence[str], passages: Sequence[str]
) -> Ints:
    """For each question the rows of passages that BM25 finds and that do not hold its answer."""
    index = BM25(passages, words)
    found = np.empty((len(queries), NEGATIVES), np.int64)
    looked_at = min(4 * NEGATIVES, len(passages))
    for i, (query, answer) in enumerate(zip(queries, answers, strict=True)):
        scores = index.scores(query)
        best = np.argpartition(-scores, looked_at - 1)[:looked_at]
        best = best[np.argsort(-scores[best], kind="stable")]
        rows = [r for r in best.tolist() if r != own[i] and not (answer and answer in passages[r])]
        rows = rows or [int(own[i] + 1) % len(passages)]
        found[i] = np.resize(rows[:NEGATIVES], NEGATIVES)
    return found
