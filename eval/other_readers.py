"""What other readers make of files, run as a script by an interpreter that has them installed:
`PYTHON eval/other_readers.py READER FOLDER`. One JSON object a line: file, text, seconds, error.

Wenju itself is not imported: the interpreter need not have it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# The loader of LangChain that its documentation names for a format, and its options.
LOADERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".pdf": ("PyPDFLoader", {}),
    ".docx": ("Docx2txtLoader", {}),
    ".pptx": ("UnstructuredPowerPointLoader", {}),
    ".xlsx": ("UnstructuredExcelLoader", {}),
    ".csv": ("CSVLoader", {"autodetect_encoding": True}),
    ".html": ("BSHTMLLoader", {}),
    ".xml": ("UnstructuredXMLLoader", {}),
    ".txt": ("TextLoader", {"autodetect_encoding": True}),
    ".jpeg": ("UnstructuredImageLoader", {}),
}


def markitdown() -> Callable[[Path], str]:
    """markitdown as its README shows it."""
    converter = import_module("markitdown").MarkItDown()
    return lambda path: str(converter.convert(str(path)).text_content)


def langchain() -> Callable[[Path], str]:
    """LangChain's loaders, pages joined by line feeds."""
    loaders = import_module("langchain_community.document_loaders")

    def read(path: Path) -> str:
        name, options = LOADERS[path.suffix]
        pages = getattr(loaders, name)(str(path), **options).load()
        return "\n".join(str(page.page_content) for page in pages)

    return read


READERS = {"markitdown": markitdown, "langchain": langchain}


def main(reader: str, folder: str) -> None:
    """Reads every file of the folder once; the import of the reader is not counted."""
    read = READERS[reader]()
    for path in sorted(Path(folder).iterdir()):
        started = time.perf_counter()
        text, error = "", ""
        try:
            text = read(path)
        except Exception as failure:  # noqa: BLE001 (whatever it raises is what it says)
            error = f"{type(failure).__name__}: {failure}".splitlines()[0][:200]
        seconds = time.perf_counter() - started
        line = {"file": path.name, "text": text, "seconds": seconds, "error": error}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
