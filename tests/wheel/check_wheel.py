"""Builds the wheel and tries it as a stranger would: python -m tests.wheel.check_wheel

The wheel goes into an empty environment without any extra, and everything runs in an empty
folder: `rag index`, `rag ask --json`, README's library example, `rag serve`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

from tests.wheel.ask_page import DOCUMENT, QUESTION, SHORT, ask

ROOT = Path(__file__).parent.parent.parent
MAX_BYTES = 60_000_000


def main() -> None:
    """Ends with an error at the first thing that is not as it should be."""
    wheel = _build()
    _check_content(wheel)
    with tempfile.TemporaryDirectory(prefix="wenju-wheel-") as name:
        folder = Path(name)
        binaries = _install(wheel, folder / "environment")
        empty = folder / "empty"
        empty.mkdir()
        shutil.copytree(ROOT / "examples" / "corpus", folder / "corpus")
        _check_commands(binaries, empty, folder / "corpus")
        _check_library(binaries, folder / "library")
        _check_page(binaries, empty)
    print(f"{wheel.relative_to(ROOT)} works: {wheel.stat().st_size / 1e6:.1f} MB")


def _build() -> Path:
    for stale in ("build", "dist"):
        shutil.rmtree(ROOT / stale, ignore_errors=True)
    _run([sys.executable, "-m", "build", "--wheel", "--outdir", "dist", "."], ROOT)
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    (wheel,) = (ROOT / "dist").glob("wenju-*.whl")
    return wheel


def _check_content(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    size = wheel.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{wheel.name} has {size:,} bytes; at most {MAX_BYTES:,} are allowed")
    tops = {name.split("/")[0] for name in names}
    if len(tops) != 2 or "rag" not in tops:
        raise SystemExit(f"{wheel.name} should hold rag/ only, but holds {sorted(tops)}")
    tracked = _run(["git", "ls-files", "rag"], ROOT).split("\n")
    missing = {name for name in tracked if name} - set(names)
    if missing:
        raise SystemExit(f"{wheel.name} lacks {sorted(missing)}")


def _install(wheel: Path, environment: Path) -> Path:
    venv.create(environment, with_pip=True)
    binaries = environment / "bin"
    extra = shlex.split(os.environ.get("PIP_ARGS", ""))
    constraints = str(ROOT / "constraints.txt")
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", *extra]
    _run([*pip, "--constraint", constraints, str(wheel)], environment)
    return binaries


def _check_commands(binaries: Path, empty: Path, corpus: Path) -> None:
    report = json.loads(_run([str(binaries / "rag"), "index", str(corpus), "--json"], empty))
    files = len(list(corpus.iterdir()))
    if (report["read"], report["skipped"]) != (files, []):
        raise SystemExit(f"rag index: {report}")
    answer = json.loads(_run([str(binaries / "rag"), "ask", QUESTION, "--json"], empty))
    if SHORT not in answer["text"]:
        raise SystemExit(f"rag ask: {answer['text']}")
    if DOCUMENT not in {citation["document"] for citation in answer["citations"]}:
        raise SystemExit(f"rag ask: {answer['citations']}")
    for citation in answer["citations"]:
        source = (corpus / citation["document"]).read_text(encoding="utf-8")
        pieces = "".join(source[start:end] for start, end in citation["source"])
        if pieces.split() != citation["quote"].split():
            raise SystemExit(f"rag ask: the quotation does not stand in its file: {citation}")


def _check_library(binaries: Path, folder: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.split("```python\n", 1)[1].split("```", 1)[0]
    shutil.copytree(ROOT / "examples", folder / "examples")
    if SHORT not in (shown := _run([str(binaries / "python"), "-c", example], folder)):
        raise SystemExit(f"README's library example printed {shown!r}")


def _check_page(binaries: Path, empty: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([str(binaries / "rag"), "serve", "--port", str(port)], cwd=empty) as page:
        try:
            ask(f"http://127.0.0.1:{port}")
        finally:
            page.terminate()


def _run(command: list[str], folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode} of {shlex.join(command)}\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
