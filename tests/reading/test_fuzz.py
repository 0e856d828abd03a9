"""Damaged files are refused or read, never more: the parsers on mutated real files.

`FUZZ_INPUTS` sets how many inputs are tried; by default few enough for every run.
"""

from __future__ import annotations

import os
import random
import socket
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.reading.load import read_document
from rag.reading.worker import Worker
from rag.settings import Reading

INPUTS = int(os.environ.get("FUZZ_INPUTS", "200"))
NAMES = [
    "chardet_Big5_sinica.edu.tw.xml",
    "chardet_GB2312__mozilla_bug171813_text.html",
    "chatchat_langchain-ChatGLM_closed.csv",
    "chatchat_langchain-ChatGLM_closed.xlsx",
    "chatchat_ocr_test.docx",
    "chatchat_ocr_test.pdf",
    "chatchat_ocr_test.pptx",
    "mineru_zh_cli.html",
]


def mutated(data: bytes, random_: random.Random) -> bytes:
    """`data` with bytes changed, parts cut out, doubled or put elsewhere."""
    result = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(result) or 1)
        size = random_.randint(1, 200)
        action = random_.randrange(4)
        if action == 0:
            result[at : at + 1] = bytes([random_.randrange(256)])
        elif action == 1:
            del result[at : at + size]
        elif action == 2:
            result[at:at] = result[at : at + size]
        else:
            result[at : at + size] = random_.randbytes(random_.randint(0, 20))
    return bytes(result)


def mutated_member(data: bytes, random_: random.Random) -> bytes:
    """An archive of which one file is mutated: its checksum is right, its content is not."""
    result = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(result, "w") as target:
        chosen = random_.choice([name for name in source.namelist() if name.endswith("xml")])
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, mutated(content, random_) if name == chosen else content)
    return result.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = (shared / "documents" / name).read_bytes()
    random_ = random.Random(name)

    def no_network(*_: object) -> None:
        raise AssertionError("a parser asked for the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    path = tmp_path / name
    limits = Reading(max_seconds=20)
    with closing(Worker("rag.reading.load:read_document", limits)) as reader:
        for _ in range(max(1, INPUTS // len(NAMES))):
            inside = data.startswith(b"PK") and random_.random() < 0.8
            path.write_bytes((mutated_member if inside else mutated)(data, random_))
            # PDFium is not ours to mend: there a crash must end in a report, elsewhere in none.
            try:
                if path.suffix == ".pdf":
                    (outcome,) = reader.do([(path, name, limits)])
                    if isinstance(outcome, DocumentError):
                        raise outcome
                else:
                    read_document(path, name, Reading())
            except DocumentError as error:
                assert str(error)
    assert [item.name for item in tmp_path.iterdir()] == [name]
