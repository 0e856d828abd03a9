"""`python -m eval.reading`: what is read of every file of a folder, as a table in Markdown."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.hidden_lines import measure
from eval.reading_beside import OTHERS, comparison, read_by
from eval.reading_beside import Reading as Text
from rag.documents.load import FoundFile, find_files, read_document
from rag.errors import DocumentError
from rag.settings import Reading
from rag.types import BlockKind, Document

_HEAD = """# What is read of real files

Made by `python -m eval.reading`, over the files of `$WENJU_SHARED/documents` (their sources are in
`SOURCES.txt` there). Seconds on one core of the machine that made the table. Characters are those
of the text, white space not counted.

"""
_BESIDE = """
## Beside other readers

Made with `--beside PYTHON`: markitdown's plain output and LangChain's loaders, each as its
documentation shows it, characters · seconds; an import is not counted. More characters are not
better: navigation, running heads, link addresses and marks of Markdown count. "Order of text" asks
for sentences that go on over a line, a column or a page, and for parts one behind the other; "table
rows" for the cells of a row in one line. Single checks are listed where the readers differ.

Where Wenju is not ahead: LangChain's loaders for Word, CSV and plain text are quicker, as they take
the text and nothing else; markitdown keeps link addresses and the alternative texts of pictures,
which are left out here; charts are not read, and formulas lose their layout, by none of the three.
Pages that are pictures take seconds each, with the extra `ocr`; the others give nothing for them.
Some of LangChain's loaders download a model or need further packages; without a network they fail,
which says nothing of their text.

"""
_COLUMNS = [
    "file", "date", "pages", "characters", *(f"{kind.value}s" for kind in BlockKind),
    "seconds", "what is missing",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A file, what it became, and how long that took; `problem` says why there is nothing."""

    name: str
    document: Document | None
    seconds: float
    problem: str


def rows(files: Iterable[FoundFile], settings: Reading) -> list[Row]:
    """Reads every file once."""
    found: list[Row] = []
    for file in files:
        started = time.perf_counter()
        try:
            document, problem = read_document(file.path, file.name, settings), ""
        except DocumentError as error:
            document, problem = None, str(error)
        found.append(Row(file.name, document, time.perf_counter() - started, problem))
    return found


def table(found: Sequence[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *(_cells(row) for row in found)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _cells(row: Row) -> list[str]:
    document = row.document
    if document is None:
        blank = [""] * (len(_COLUMNS) - 3)
        return [row.name, *blank, f"{row.seconds:.2f}", row.problem]
    kinds = Counter(block.kind for block in document.blocks)
    pages = [block.page for block in document.blocks if block.page]
    date = f"{document.date}{' (inferred)' if document.date_inferred else ''}"
    return [
        row.name,
        date if document.date else "",
        str(max(pages)) if pages else "",
        f"{len(''.join(document.text.split())):,}",
        *(str(kinds[kind]) if kinds[kind] else "" for kind in BlockKind),
        f"{row.seconds:.2f}",
        "; ".join(document.warnings),
    ]


def _text(row: Row) -> str:
    return row.document.text if row.document else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the folder and writes the table. 0 done, 1 no such folder."""
    shared = Path(os.environ.get("WENJU_SHARED", "../shared"))
    parser = argparse.ArgumentParser(prog="python -m eval.reading", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=shared / "documents")
    parser.add_argument("--out", type=Path, default=Path("eval/benchmarks/reading.md"))
    parser.add_argument(
        "--beside",
        metavar="PYTHON",
        help="an interpreter with markitdown, LangChain's loaders and what they need installed",
    )
    parser.add_argument(
        "--hidden-lines",
        type=Path,
        metavar="FILE",
        help="print instead how many rows of a PDF's ruled tables are read with lines hidden",
    )
    options = parser.parse_args(arguments)
    if options.hidden_lines:
        found_rows = measure(options.hidden_lines.read_bytes())
        print(json.dumps(asdict(found_rows)))
        return 0
    try:
        files = find_files([options.folder])
    except DocumentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = rows(files, Reading())
    text = _HEAD + table(found) + "\n"
    if options.beside:
        ours = {row.name: Text(_text(row), row.seconds, row.problem) for row in found}
        others = {name: read_by(options.beside, name, options.folder) for name in OTHERS}
        text += _BESIDE + comparison({"Wenju": ours, **others})
    options.out.write_text(text, encoding="utf-8")
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
