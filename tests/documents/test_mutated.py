"""Damaged pictures and archives are decoded and listed, or refused; never more.

`FUZZ_INPUTS` sets how many are tried."""

from __future__ import annotations

import os
import random
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from rag.documents.load import find_files, read_document
from rag.documents.pdf.ocr import parse_images
from rag.errors import DocumentError
from rag.settings import Reading

INPUTS = int(os.environ.get("FUZZ_INPUTS", "200"))


def mutated(data: bytes, random_: random.Random) -> bytes:
    """`data` with some bytes changed, cut out, doubled or cut off."""
    result = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(result) or 1)
        size = random_.choice((1, 4, 40, 400))
        action = random_.randrange(4)
        if action == 0:
            result[at : at + size] = random_.randbytes(size)
        elif action == 1:
            del result[at : at + size]
        elif action == 2:
            result[at:at] = result[at : at + size]
        else:
            del result[at + size :]
    return bytes(result)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_mutated_pictures(kind: str) -> None:
    random_ = random.Random(kind)
    picture = Image.frombytes("RGB", (60, 40), random_.randbytes(60 * 40 * 3))
    file = BytesIO()
    picture.save(file, kind)
    for _ in range(INPUTS // 5):
        try:
            for drawn in parse_images(mutated(file.getvalue(), random_), 100_000, 3):
                assert len(drawn.raster.pixels) == 3 * drawn.raster.width * drawn.raster.height
        except DocumentError:
            continue


def test_mutated_archives(tmp_path: Path) -> None:
    random_ = random.Random(7)
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("桥/大桥.txt", "a.csv", "b/c.md"):
            archive.writestr(name, "双礁大桥于2023年底通车，投资12.4亿元。\n" * 30)
    for number in range(INPUTS // 5):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(mutated(file.getvalue(), random_))
        for found in find_files([path]):
            assert found.name.startswith(path.name)
            assert found.problem or found.path.is_relative_to(path)
            if not found.problem:
                try:
                    document = read_document(found.path, found.name, Reading())
                except DocumentError:
                    continue
                assert document.text
