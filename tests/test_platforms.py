"""Nothing in the library needs a system of the Unix family."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = "<html><body><h1>灯塔</h1><p>望海灯塔高42米，1987年建成。</p></body></html>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files in a folder with Chinese characters and spaces in its name."""
    place = tmp_path / "我的 文件" / "第 1 批"
    place.mkdir(parents=True)
    (place / "桥 记.txt").write_text("望海大桥长1280米，2003年6月通车。\n", encoding="utf-8")
    (place / "灯塔 介绍.html").write_text(PAGE, encoding="utf-8")
    return place


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python without the modules and functions that Windows lacks."""
    path = os.pathsep.join([str(ROOT / "tests" / "platforms"), str(ROOT)])
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path, "RAG_QUIET": "1"},
        cwd=folder.parent, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def _rag(folder: Path, *arguments: str) -> str:
    """What the command prints."""
    done = _python(folder, "-m", "rag", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_index_ask_and_verify_without_what_windows_lacks(folder: Path) -> None:
    index = ["--index", "索引 一/default"]
    report = json.loads(_rag(folder, "index", folder.name, *index, "--json"))
    assert (report["read"], report["skipped"]) == (2, [])
    answer = json.loads(_rag(folder, "ask", "望海大桥有多长？", *index, "--json"))
    assert (answer["status"], answer["short"]) == ("answered", "1280米")
    assert answer["citations"][0]["document"] == "桥 记.txt"
    hits = json.loads(_rag(folder, "search", "灯塔哪年建成", *index, "--json"))
    assert hits[0]["document"] == "灯塔 介绍.html"
    assert "桥 记.txt" in _rag(folder, "remove", "桥 记.txt", *index)
    _rag(folder, "verify", *index)


def test_every_module_is_imported_without_what_windows_lacks(folder: Path) -> None:
    code = (
        "import importlib, pkgutil, rag\n"
        "for found in pkgutil.walk_packages(rag.__path__, 'rag.'):\n"
        "    if found.name != 'rag.__main__': importlib.import_module(found.name)"
    )
    done = _python(folder, "-c", code)
    assert done.returncode == 0, done.stderr


def test_what_windows_lacks_is_taken_away(folder: Path) -> None:
    code = (
        "import os; print(hasattr(os, 'pread'), os.supports_dir_fd); "
        "exec(compile('import fcntl', 'x', 'exec'), {'__name__': 'rag.x'})"
    )
    done = _python(folder, "-c", code)
    assert done.stdout == "False set()\n"
    assert "No module named 'fcntl'" in done.stderr
