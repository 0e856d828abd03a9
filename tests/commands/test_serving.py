"""`rag serve` as a process: it says where it is, answers, and ends when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.commands.serving import examples_for
from rag.server import listen

ROOT = Path(__file__).parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "桥梁.txt").write_text("青石桥的维修共花费人民币38万元。", encoding="utf-8")
    command = [sys.executable, "-m", "rag", "index", "桥梁.txt"]
    subprocess.run(command, cwd=folder, env=ENVIRON, check=True, capture_output=True)
    return folder


@contextmanager
def served(folder: Path, *command: str) -> Iterator[str]:
    """The address of a server run in `folder`; interrupted at the end, and then it ends well."""
    with subprocess.Popen(
        [sys.executable, *command, "--port", "0", "--json"],
        cwd=folder,
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


@pytest.mark.parametrize("command", [["-m", "rag", "serve"], [str(ROOT / "app.py")]])
def test_it_serves_until_it_is_interrupted(folder: Path, command: list[str]) -> None:
    with served(folder, *command) as address:
        with urllib.request.urlopen(f"{address}/healthz", timeout=300) as reply:
            assert json.load(reply)["documents"] == 1
        with urllib.request.urlopen(address, timeout=300) as reply:
            assert "文据 Wenju" in reply.read().decode()
        with urllib.request.urlopen(f"{address}/api/collections", timeout=300) as reply:
            listed = json.load(reply)
        assert (listed["default"], listed["several"]) == ("default", True)


def test_a_further_name_without_a_token_is_refused(folder: Path) -> None:
    command = [sys.executable, "-m", "rag", "serve", "--port", "0", "--allow-host", "docs.example"]
    environ = {name: value for name, value in ENVIRON.items() if name != "RAG_TOKEN"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"docs.example" in done.stderr
    assert b"RAG_TOKEN" in done.stderr


def rag(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "rag", *arguments]
    done = subprocess.run(command, cwd=folder, env=ENVIRON, check=True, capture_output=True)
    return done.stdout.decode()


def test_what_another_process_writes_is_served(tmp_path: Path) -> None:
    (tmp_path / "桥梁.txt").write_text("青石桥的维修共花费人民币38万元。", encoding="utf-8")
    (tmp_path / "灯塔.txt").write_text("灯塔高42米，由老周看守。", encoding="utf-8")
    rag(tmp_path, "index", "桥梁.txt")
    with served(tmp_path, "-m", "rag", "serve") as address:

        def found() -> list[str]:
            asked = urllib.parse.urlencode({"question": "灯塔高多少米？青石桥维修花费多少？"})
            with urllib.request.urlopen(f"{address}/api/search?{asked}", timeout=300) as reply:
                return sorted(passage["document"] for passage in json.load(reply))

        assert found() == ["桥梁.txt"]
        rag(tmp_path, "index", "灯塔.txt")
        assert found() == ["桥梁.txt", "灯塔.txt"]
        rag(tmp_path, "correct", "灯塔.txt", "--title", "航标", "--date", "1931")
        with urllib.request.urlopen(f"{address}/api/documents", timeout=300) as reply:
            assert "航标" in reply.read().decode()
        rag(tmp_path, "remove", "桥梁.txt")
        assert found() == ["灯塔.txt"]
        deadline = time.monotonic() + 300
        while json.loads(rag(tmp_path, "status", "--json"))["checked"] is None:
            assert time.monotonic() < deadline
    rag(tmp_path, "verify")


def test_a_port_in_use_ends_it(folder: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "rag", "serve", "--port", port],
            cwd=folder,
            env=ENVIRON,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rag: ")
    assert f"port {port}" in done.stderr


def test_a_weak_token_ends_it(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag", "serve", "--host", "0.0.0.0", "--port", "0"],
        cwd=folder,
        env={**ENVIRON, "RAG_TOKEN": "short"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rag: the token in RAG_TOKEN must have at least 12 characters")


def test_the_sample_has_examples_and_another_index_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = examples_for(Path("index/sample"))
    assert len(set(examples)) == 6
    assert examples_for(ROOT / "index" / "sample") == examples
    assert examples_for(Path("index/default")) == []
