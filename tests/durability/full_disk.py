"""A full disk: a small file system of its own. Only `make crash` runs it; it needs to mount."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.durability.stage import FAILED, Fault, check, goes_on, writer


def test_full_disk(docs: Path, index: Path, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    results = Counter()  # type: Counter[int]
    used = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    for size in range(used + 16_384, used + 460_000, 8192):
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        mounted = subprocess.run(mounting, check=False, capture_output=True, text=True)
        if mounted.returncode:
            pytest.fail(f"no small file system can be mounted: {mounted.stderr.strip()}")
        try:
            try:
                shutil.copytree(index, place / "index")
            except OSError:
                continue
            code = writer(docs, place / "index", Fault())
            assert code in (0, FAILED)
            results[code] += 1
            copy = tmp_path / f"case-{size}"
            shutil.copytree(place / "index", copy)
        finally:
            subprocess.run(["umount", str(place)], check=True)
        check(copy, {10, 11} if code else {11})
        goes_on(docs, copy)
    assert results[FAILED] and results[0]
    print(f"{results.total()} disks: {dict(results)}")
