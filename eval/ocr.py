"""`python -m eval.ocr`: how many characters OCR gets wrong on pages drawn from texts.

Ten pages of the texts of a folder (two of each of the first five) are set in a font as pictures of
an A4 page at 200 dots per inch, as they are and as a scanner would see them: turned by .7 degrees,
blurred, with noise. What `rag` reads of each picture is compared with what was drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from rag.documents.load import find_files, read_document
from rag.documents.pdf.ocr import INSTALL, available
from rag.documents.pdf.read import read_image
from rag.errors import DocumentError
from rag.settings import Reading

FONT = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc")
TEXTS, PAGES_OF_EACH = 5, 2
_WIDTH, _HEIGHT, _MARGIN = 1654, 2339, 200  # pixels
_SIZE, _LEADING = 42, 66  # of type 15 points, a line 24
_TURN_DEGREES, _BLUR, _NOISE = 0.7, 0.9, 12.0
_SEED = 20_261_130
_LIMITS = Reading(max_page_seconds=1000, max_seconds=2000)


@dataclass(frozen=True, slots=True)
class Score:
    """A page as OCR read it: characters drawn, white space not counted, and edits that make what
    was read into what was drawn."""

    document: str
    page: int
    kind: str
    characters: int
    errors: int


def edit_distance(first: str, second: str) -> int:
    """Insertions, deletions and replacements that make one text into the other.

    Source: V. I. Levenshtein (1966); row by row with numpy.

    >>> edit_distance("灯塔高三十一米", "灯搭高三十米"), edit_distance("", "ab")
    (2, 2)
    """
    codes = np.array([ord(character) for character in second], np.int64)
    steps = np.arange(len(codes) + 1)
    row = steps.copy()
    for number, character in enumerate(first, 1):
        new = np.empty_like(row)
        new[0] = number
        new[1:] = np.minimum(row[:-1] + (codes != ord(character)), row[1:] + 1)
        # Insertions run along the row: the least of what is before, one more for each step.
        row = np.minimum.accumulate(new - steps) + steps
    return int(row[-1])


def lines_of(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """The lines of a page that begins at the beginning of `text`, as many as fit on it."""
    lines: list[str] = []
    most = (_HEIGHT - 2 * _MARGIN) // _LEADING
    for paragraph in text.split("\n"):
        rest = "".join(character for character in paragraph if character.isprintable()).strip()
        while rest and len(lines) < most:
            end = len(rest)
            while font.getlength(rest[:end]) > _WIDTH - 2 * _MARGIN:
                end -= 1
            lines.append(rest[:end])
            rest = rest[end:].lstrip()
        if len(lines) >= most:
            break
    return lines


def drawn(lines: Sequence[str], font: ImageFont.FreeTypeFont) -> Image.Image:
    """A page of these lines."""
    page = Image.new("L", (_WIDTH, _HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, _MARGIN + number * _LEADING), line, font=font, fill=0)
    return page


def scanned(page: Image.Image, seed: int) -> Image.Image:
    """The page as a scanner would see it."""
    turned = page.rotate(_TURN_DEGREES, Image.Resampling.BICUBIC, fillcolor=255)
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(_BLUR)), np.float32)
    noise = np.random.default_rng(seed).normal(0, _NOISE, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def scores(folder: Path, font: ImageFont.FreeTypeFont) -> Iterator[Score]:
    """The score of each page, as it is and scanned."""
    for position, found in enumerate(find_files([folder])[:TEXTS]):
        text = read_document(found.path, found.name, Reading()).text
        for number in range(1, PAGES_OF_EACH + 1):
            start = text.find("\n", number * len(text) // (PAGES_OF_EACH + 1)) + 1
            lines = lines_of(text[start:], font)
            page = drawn(lines, font)
            wanted = "".join("".join(lines).split())
            for kind, image in (
                ("clean", page),
                ("scanned", scanned(page, _SEED + 10 * position + number)),
            ):
                data = BytesIO()
                image.save(data, "PNG")
                got = "".join(read_image(data.getvalue(), _LIMITS).text.split())
                yield Score(found.name, number, kind, len(wanted), edit_distance(got, wanted))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line for each page and the rates. 0 done, 1 no texts, OCR or font."""
    shared = Path(os.environ.get("WENJU_SHARED", "../shared"))
    parser = argparse.ArgumentParser(prog="python -m eval.ocr", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=shared / "corpus")
    parser.add_argument("--font", type=Path, default=FONT, help="a font with Chinese characters")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    options = parser.parse_args(arguments)
    if not available():
        print(f"error: OCR is not installed: {INSTALL}", file=sys.stderr)
        return 1
    try:
        font = ImageFont.truetype(str(options.font), _SIZE)
        found = []
        for score in scores(options.folder, font):
            found.append(score)
            rate = score.errors / score.characters
            print(f"{score.document} {score.page} {score.kind}: {rate:.2%}", file=sys.stderr)
    except (DocumentError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    rates = {
        kind: sum(one.errors for one in found if one.kind == kind)
        / max(1, sum(one.characters for one in found if one.kind == kind))
        for kind in ("clean", "scanned")
    }
    if options.json:
        print(json.dumps({"error_rate": rates, "pages": [asdict(one) for one in found]},
                         ensure_ascii=False))  # fmt: skip
    else:
        for kind, rate in rates.items():
            print(f"character error rate, {kind}: {rate:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
