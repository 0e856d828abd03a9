"""Picture files into pixels. Third party: Pillow.

Their size is checked before anything is decoded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from math import sqrt
from typing import Any

from rag.errors import UnreadableDocument
from rag.reading.paged.values import Drawn, Page, Raster
from rag.settings import Reading

PAGE_WIDTH = 595.0
"""The width that a picture has as a page, points: that of A4, whatever its pixels."""
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_PAGED = "TIFF"


def parse_images(data: bytes, max_pixels: int, max_pages: int) -> Iterator[Drawn]:
    """The picture of a file as a page, upright; of a TIFF file all of its pages.

    Raises:
        UnreadableDocument: no picture, damaged, more than `max_pixels` in one picture, or more
            than `max_pages`.
    """
    from PIL import Image, ImageOps

    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes are checked here; damage that matters is an error
        try:
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                pages = getattr(image, "n_frames", 1) if image.format == _PAGED else 1
                if pages > max_pages:
                    raise UnreadableDocument(
                        f"the file has {pages:,} pages, the limit is {max_pages:,}; raise "
                        "reading.max_pages, or split the file"
                    )
                for number in range(pages):
                    image.seek(number)
                    _check_size(image.size, max_pixels)
                    raster = _raster(ImageOps.exif_transpose(image))
                    scale = raster.width / PAGE_WIDTH
                    page = Page(number + 1, PAGE_WIDTH, raster.height / scale, (), (), 1.0)
                    yield Drawn(page, raster, scale, pages)
        except Image.DecompressionBombError:
            raise UnreadableDocument(
                f"the picture has more pixels than are ever decoded; the limit is {max_pixels:,}"
            ) from None
        except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError,
                ZeroDivisionError, OverflowError) as error:  # fmt: skip
            raise UnreadableDocument(f"the picture is damaged or none: {error}") from None


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise UnreadableDocument(
            f"the picture has {size[0]:,} x {size[1]:,} pixels, the limit is {max_pixels:,}; raise "
            "reading.max_pixels, or make it smaller"
        )


def _raster(image: Any) -> Raster:
    """The picture on white, where it lets something through."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    plain = image.convert("RGB")
    return Raster(plain.width, plain.height, plain.tobytes())


def draw_image(data: bytes, number: int, width: int, max_pixels: int) -> Drawn:
    """The page `number`, from 1, of a picture file, drawn `width` pixels wide, or less where it
    would have more than `max_pixels`.

    Raises:
        UnreadableDocument: no picture, damaged, or it has no such page.
    """
    from PIL import Image

    limits = Reading()
    pages = parse_images(data, limits.max_pixels, limits.max_pages)
    drawn = next((drawn for drawn in pages if drawn.page.number == number), None)
    if drawn is None:
        raise UnreadableDocument(f"there is no page {number} in the picture")
    page, raster = drawn.page, drawn.raster
    scale = min(width / page.width, sqrt(max_pixels / (page.width * page.height)))
    size = (max(1, round(scale * page.width)), max(1, round(scale * page.height)))
    image = Image.frombytes("RGB", (raster.width, raster.height), raster.pixels)
    small = image.resize(size, Image.Resampling.LANCZOS)
    return Drawn(page, Raster(small.width, small.height, small.tobytes()), scale)
