"""Pages drawn from texts, and how far what OCR reads is from them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from eval.ocr import FONT, edit_distance, main
from rag.documents.pdf.ocr import INSTALL, available


def slow_distance(first: str, second: str) -> int:
    """The textbook's table."""
    table = {(i, 0): i for i in range(len(first) + 1)} | {(0, j): j for j in range(len(second) + 1)}
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b)
            )
    return table[len(first), len(second)]


def test_edit_distance_is_that_of_the_textbook() -> None:
    random_ = random.Random(1)
    for _ in range(200):
        first, second = (
            "".join(random_.choices("灯塔高米", k=random_.randrange(9))) for _ in range(2)
        )
        assert edit_distance(first, second) == slow_distance(first, second)


@pytest.mark.skipif(not available(), reason=f"OCR is not installed: {INSTALL}")
def test_pages_of_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not FONT.is_file():
        pytest.skip(f"no font {FONT}")
    (tmp_path / "a.txt").write_text(
        "灯塔建于一九〇二年，塔高三十一米，渔民都认得它的灯光。\n\n" * 6, "utf-8"
    )
    assert main([str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(page["page"], page["kind"]) for page in found["pages"]] == [
        (1, "clean"), (1, "scanned"), (2, "clean"), (2, "scanned"),
    ]  # fmt: skip
    assert all(page["characters"] >= 25 for page in found["pages"])
    assert 0 <= found["error_rate"]["clean"] < 0.1
    assert main([str(tmp_path / "nowhere")]) == 1
