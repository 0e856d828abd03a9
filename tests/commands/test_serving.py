"""`rag serve` as a process: it says where it is, answers, and ends when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
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


@pytest.mark.parametrize("command", [["-m", "rag", "serve"], [str(ROOT / "app.py")]])
def test_it_serves_until_it_is_interrupted(folder: Path, command: list[str]) -> None:
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
            with urllib.request.urlopen(f"{address}/healthz", timeout=30) as reply:
                assert json.load(reply)["documents"] == 1
            with urllib.request.urlopen(address, timeout=30) as reply:
                assert "文据 Wenju" in reply.read().decode()
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


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
