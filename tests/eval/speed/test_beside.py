"""Sides beside each other: a side really run, and the table of several."""

from __future__ import annotations

import json
import lzma
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.speed.beside import Side, beside_text, measure_beside
from eval.speed.processes import run_measured
from eval.speed.report import FIGURES, PAGE, write_beside

ROOT = Path(__file__).parent.parent.parent.parent


def test_what_a_command_took(tmp_path: Path) -> None:
    program = "import time; x = bytearray(60_000_000); x[::4096] = b'1' * len(x[::4096]); "
    program += "t = time.process_time()\nwhile time.process_time() < t + .7: pass\nprint('said')"
    ran = run_measured([sys.executable, "-c", program], tmp_path)
    assert ran.output == "said\n"
    assert ran.cpu_seconds >= 0.7
    assert ran.seconds >= ran.cpu_seconds / 2
    if Path("/proc/self/smaps_rollup").exists():
        assert ran.peak_bytes > 60_000_000


def test_a_failure_says_why(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"exit code 3: too bad"):
        run_measured(
            [sys.executable, "-c", "import sys; print('too bad', file=sys.stderr); sys.exit(3)"],
            tmp_path,
        )


def test_a_side_is_built_and_asked(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for name in ("corpus", "data", "questions"):
        (shared / name).mkdir(parents=True)
    (shared / "corpus" / "a.txt").write_text("灯塔建于1931年，高42米。\n", encoding="utf-8")
    with lzma.open(shared / "data" / "news.jsonl.xz", "wt", encoding="utf-8") as file:
        for number in range(5):
            file.write(json.dumps({"text": f"第{number}条消息，渡轮今天停航。"}) + "\n")
    rows = [
        {"question": "灯塔有多高？", "evidence": [{"doc": "a.txt", "quote": "灯塔建于1931年"}]},
        {"question": "渡轮怎么了？", "evidence": [{"doc": "a.txt", "quote": "大桥全长3.6公里"}]},
        {"question": "谁？", "type": "unanswerable"},
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (shared / "questions" / "dev.jsonl").write_text(lines, encoding="utf-8")
    folder = tmp_path / "bench"
    folder.mkdir()

    names = ["Wenju", "Wenju, plain"]
    found = measure_beside(shared, folder, 3, Path(sys.executable), names)

    assert [side["name"] for side in found["sides"]] == names
    for side in (Side(**value) for value in found["sides"]):
        assert (side.chunks, found["articles"]) == (4, 3)
        assert (side.recall_1000, side.recall_3000) == (0.5, 0.5)
        assert 0 < side.query_cpu_ms <= side.query_cpu_p95_ms
        assert side.build_cpu_seconds > 0


def test_the_table_has_ratios_and_what_is_left_undone(tmp_path: Path) -> None:
    own = Side("Wenju", 100, 10, 10, 4, 8, 4, 8, 100_000_000, 0.9, 0.95)
    other = Side("txtai", 90, 5, 5, 8, 9, 6, 9, 300_000_000, 0.7, 0.8)
    plain = Side("Wenju, plain", 100, 10, 10, 2, 4, 2, 4, 100_000_000, 0.8, 0.9)
    found = {"articles": 7, "sides": [asdict(own), asdict(plain), asdict(other)]}
    text = beside_text(found)
    assert "| txtai / Wenju | 0.50 | 1.50 | 3.00 | -0.200 / -0.150 |" in text
    assert "| txtai / Wenju, plain | 0.50 | 3.00 | 3.00 | -0.100 / -0.100 |" in text
    assert "- txtai: segmentation" in text
    assert "- txtai builds 2.0 times as fast: it cuts no Chinese words" in text
    assert "answers" not in text and "takes less memory" not in text
    write_beside(found, tmp_path)
    assert text in (tmp_path / PAGE).read_text(encoding="utf-8")
    assert json.loads((tmp_path / FIGURES).read_text(encoding="utf-8"))["beside"].items() >= (
        found.items()
    )
