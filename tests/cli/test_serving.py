"""`rag serve` as a process: it says where it is, answers, and ends when told to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rag.cli.ask import examples_for
from rag.serving.server import listen
from tests.cli.test_indexing import alive
from tests.index.hanging import PIDS
from tests.processes import running

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
    with running([sys.executable, *command, "--port", "0", "--json"], folder, ENVIRON) as process:
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


SLOW = """
import sys
from rag.documents import workers as worker
from tests.index.hanging import COMMAND

worker._COMMAND = COMMAND
from rag.cli import main
sys.exit(main(["serve", "--port", "0", "--json"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_while_a_file_is_read(folder: Path, tmp_path: Path, number: int) -> None:
    """No process is left, the file that was sent stays, and the index is what it was."""
    shutil.copytree(folder, tmp_path / "here")
    pids = tmp_path / "pids"
    pids.mkdir()
    environ = {**ENVIRON, PIDS: str(pids), "RAG_READING_MAX_SECONDS": "3000"}
    with running([sys.executable, "-c", SLOW], tmp_path / "here", environ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        sent = urllib.request.Request(
            f"{address}/api/documents/hang.txt", "港口在东。".encode(), method="PUT"
        )
        with urllib.request.urlopen(sent, timeout=300):
            pass
        reading = urllib.request.Request(f"{address}/api/documents", b"", method="POST")
        with urllib.request.urlopen(reading, timeout=300):
            while not list(pids.iterdir()):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            _, err = process.communicate(timeout=300)
    assert process.returncode in (128 + number, -number)
    assert b"Traceback" not in err
    deadline = time.monotonic() + 300
    while left := [one.name for one in pids.iterdir() if alive(int(one.name))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
    assert (tmp_path / "here" / "index" / "default.page" / "files" / "hang.txt").exists()
    assert json.loads(rag(tmp_path / "here", "status", "--json"))["documents"] == 1
    rag(tmp_path / "here", "verify")


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


FULL = """
import resource, sys
from rag.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
sys.exit(main(["serve", "--port", "0", "--json"]))
"""


def test_where_files_cannot_grow_it_says_so_and_goes_on(folder: Path, tmp_path: Path) -> None:
    """A full disk: what cannot be kept is refused in a line, what is there is answered from."""
    shutil.copytree(folder, tmp_path / "here")
    text = "".join(f"第{number}座灯塔高{number % 50}米。\n" for number in range(8_000)).encode()
    asked = urllib.parse.urlencode({"question": "青石桥的维修花费多少？"})
    with running([sys.executable, "-c", FULL], tmp_path / "here", ENVIRON) as process:
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["address"]
            refused = _call(address, "PUT", "documents/a.txt", b"a" * 400_000)
            kept = _call(address, "PUT", "documents/b.txt", text[:290_000].rpartition(b"\n")[0])
            read = _call(address, "POST", "documents", b"")
            answer = _call(address, "GET", f"ask?{asked}", None)
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
    assert refused == (503, {"error": "a.txt cannot be kept: File too large"})
    assert kept[0] == 200
    assert "index/default cannot be written to: " in read[1]["error"]
    assert "38万元" in answer[1]["text"]
    assert b"Traceback" not in err
    rag(tmp_path / "here", "verify")


def _call(address: str, method: str, path: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
    """Status and last line of a reply."""
    sent = urllib.request.Request(f"{address}/api/{path}", body, method=method)
    try:
        with urllib.request.urlopen(sent, timeout=300) as reply:
            return reply.status, json.loads(reply.read().splitlines()[-1])
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
