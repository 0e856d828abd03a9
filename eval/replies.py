"""`python -m eval replies`: how well the verification judges replies whose sentences are labelled.

A file has one reply a line: the passages of its prompt and its sentences, each with `text` (markers
as written), `support` (supported, partly, unsupported), `cite` (ok, partial, wrong, none), `type`
(claim, meta, refusal) and, where known, `fault`. Each sentence is verified as it stands.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from eval.errors import EvaluationError
from eval.folder import METRICS, RESULTS, RunFolder, read_lines, write_json, write_lines
from rag.answering.verify import verify
from rag.generation.prompts import is_refusal
from rag.generation.write import read_claim
from rag.types import ROW, Block, BlockKind, Document, Passage, Run, Sentence, Span, Support

SUPPORTS = ("supported", "partly", "unsupported")
CITES = ("ok", "partial", "wrong", "none")
TYPES = ("claim", "meta", "refusal")
_INFERRED = "（推断）"
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a prompt: the passages in it and the labelled sentences, as in the file."""

    id: str
    question: str
    passages: tuple[Passage, ...]
    sentences: tuple[Mapping[str, Any], ...]


def load_replies(path: Path) -> list[Reply]:
    """The replies of a file.

    Raises:
        EvaluationError: there is none, or a line lacks a field or has an unknown label.
    """
    rows = read_lines(path, ("id", "question", "passages", "sentences"))
    if not rows:
        raise EvaluationError(f"{path} holds no reply; name a file like questions/replies.jsonl")
    return [_reply(row, f"{path}, {row['id']}") for row in rows]


def _reply(row: Mapping[str, Any], place: str) -> Reply:
    for sentence in row["sentences"]:
        for name, known in (("support", SUPPORTS), ("cite", CITES), ("type", TYPES)):
            if sentence.get(name) not in known:
                raise EvaluationError(
                    f"{place}: {name} is {sentence.get(name)!r}; known: {', '.join(known)}"
                )
    passages = tuple(_passage(value) for value in row["passages"])
    return Reply(str(row["id"]), row["question"], passages, tuple(row["sentences"]))


def _passage(value: Mapping[str, Any]) -> Passage:
    text, date = value["text"], str(value.get("date") or "")
    return Passage(
        rank=int(value["n"]),
        score=0.0,
        document_id=str(value["n"]),
        document=str(value["n"]),
        title=value.get("title") or "",
        date=date.removesuffix(_INFERRED) or None,
        date_inferred=date.endswith(_INFERRED),
        headings=tuple(value.get("headings") or ()),
        page=None,
        lines=None,
        span=Span(0, len(text)),
        text=text,
        lead=tuple(value.get("lead") or ()),
    )


def _sources(passages: Sequence[Passage]) -> Callable[[str], Document]:
    """Each passage as a document of its own."""
    documents = {
        passage.document: Document(
            id=passage.document_id,
            name=passage.document,
            path="",
            title=passage.title,
            date=passage.date,
            date_inferred=passage.date_inferred,
            text=passage.text,
            blocks=(Block(passage.span, BlockKind.PARAGRAPH),),
            origin=(Run(0, 0, len(passage.text)),),
            source=passage.text,
        )
        for passage in passages
    }
    return documents.__getitem__


def run_replies(path: Path, out: Path, *, force: bool = False) -> dict[str, Any]:
    """Verifies every sentence of the file's replies and writes the run folder; gives the measures.

    Raises:
        EvaluationError: the file or the folder is not fit.
    """
    replies = load_replies(path)
    made_from = {"replies": path.read_text(encoding="utf-8").count("\n"), "file": path.name}
    folder = RunFolder(out)
    folder.begin(made_from, force=force)
    rows = [row for reply in replies for row in _verified(reply)]
    measures = measure(rows)
    write_lines(out / RESULTS, rows)
    write_json(out / METRICS, measures)
    folder.finish(made_from)
    return measures


def _verified(reply: Reply) -> Iterator[dict[str, Any]]:
    source = _sources(reply.passages)
    ranks = [passage.rank for passage in reply.passages]
    header: tuple[str, ...] = ()
    for number, sentence in enumerate(reply.sentences):
        claim = read_claim(sentence["text"], ranks, header)
        if claim.text:
            header = header or tuple(claim.text.split("\t")) if claim.lead == ROW else ()
        start = time.perf_counter()
        found = (
            Sentence(claim.text, Support.NONE, None, ())
            if is_refusal(claim.text)
            else verify(claim, reply.passages, source)
        )
        yield {
            "id": reply.id,
            "sentence": number,
            **sentence,
            "cited": list(claim.cited),
            "found": found.support.value,
            "reason": None if found.reason is None else found.reason.kind.value,
            "values": [] if found.reason is None else list(found.reason.values),
            "citations": sorted({citation.n for citation in found.citations}),
            "quotes": [citation.quote for citation in found.citations],
            "ms": 1000 * (time.perf_counter() - start),
        }


def measure(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The measures over verified sentences; one without data is absent.

    Over claims: supported_kept = share of those labelled supported with cite ok that come out
    supported; faults_caught = share of those labelled unsupported or partly that do not;
    citations_mended = share of those labelled supported with cite wrong that come out supported by
    another passage than the ones cited. Over meta and refusal sentences: meta_none = share that
    comes out none. english_supported_kept is supported_kept over sentences without a Chinese
    character. by_fault has for each fault its claims and how many of them are caught.
    """
    claims = [row for row in rows if row["type"] == "claim"]
    kept = [row for row in claims if row["support"] == "supported" and row["cite"] == "ok"]
    faults = [row for row in claims if row["support"] != "supported"]
    moved = [row for row in claims if row["support"] == "supported" and row["cite"] == "wrong"]
    shares = {
        "supported_kept": [row["found"] == "supported" for row in kept],
        "faults_caught": [row["found"] != "supported" for row in faults],
        "citations_mended": [
            row["found"] == "supported" and bool(set(row["citations"]) - set(row["cited"]))
            for row in moved
        ],
        "meta_none": [row["found"] == "none" for row in rows if row["type"] != "claim"],
        "english_supported_kept": [
            row["found"] == "supported" for row in kept if not _HAN.search(row["text"])
        ],
    }
    by_fault: dict[str, dict[str, int]] = defaultdict(lambda: {"claims": 0, "caught": 0})
    for row in faults:
        if row.get("fault"):
            by_fault[row["fault"]]["claims"] += 1
            by_fault[row["fault"]]["caught"] += row["found"] != "supported"
    return {
        "sentences": len(rows),
        **{name: sum(hits) / len(hits) for name, hits in shares.items() if hits},
        "by_fault": dict(sorted(by_fault.items())),
        "counts": {name: len(hits) for name, hits in shares.items() if hits},
        "ms_median": median(row["ms"] for row in rows),
    }


def summary(measures: Mapping[str, Any]) -> str:
    """The measures as text."""
    lines = [f"{measures['sentences']} sentences, {measures['ms_median']:.1f} ms each (median)", ""]
    counts = measures["counts"]
    for name, count in counts.items():
        hits = round(measures[name] * count)
        lines.append(f"{name:<24}{measures[name]:>7.3f}  {hits} of {count}")
    lines.append("")
    for fault, found in measures["by_fault"].items():
        lines.append(f"  {fault:<22}{found['caught']:>3} of {found['claims']} caught")
    return "\n".join(lines)
