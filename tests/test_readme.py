"""README is true: its example runs, its links lead somewhere, its commands exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import running

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md", "README.zh.md", "examples/README.md", "eval/README.md", "training/README.md",
    "index/README.md", "docs/architecture.md", "docs/clients.md",
    *(f"docs/decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))),
]  # fmt: skip


def _fenced(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / page).parent.joinpath(t).exists()] == []


def test_the_library_in_ten_lines_runs(tmp_path: Path) -> None:
    example, _ = _fenced("README.md", "python")
    assert len([line for line in example.splitlines() if line]) <= 10
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "2024年10月18日" in lines[0]
    assert any("双礁大桥审计公报.md" in line for line in lines[1:-1])
    assert "潮汐电站简介.md" in lines[-1]


def test_the_translation_shows_the_same_code() -> None:
    comment = re.compile(r"  #.*")
    assert [comment.sub("", code) for code in _fenced("README.zh.md", "python")] == [
        comment.sub("", code) for code in _fenced("README.md", "python")
    ]
    assert _fenced("README.zh.md", "toml") == _fenced("README.md", "toml")
    curls = [
        [line for code in _fenced(page, "sh") for line in code.splitlines() if "curl" in line]
        for page in ("README.md", "README.zh.md")
    ]
    assert curls[0] == curls[1] != []


def test_the_settings_example_is_accepted(tmp_path: Path) -> None:
    from rag import Settings

    (example,) = _fenced("README.md", "toml")
    (tmp_path / "rag.toml").write_text(example, encoding="utf-8")
    settings = Settings.load(tmp_path / "rag.toml", environ={})
    assert settings.encoder.name == "BAAI/bge-small-zh-v1.5"
    assert settings.encoder.query_prompt.startswith("为这个句子")


def test_the_commands_on_the_sample_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    lines = [
        line
        for block in _fenced("README.md", "sh")
        for line in block.splitlines()
        if line.startswith("rag ")
    ]
    assert [line.split()[1] for line in lines] == ["index", "search", "ask"]
    for line in lines:
        command = [sys.executable, "-m", "rag", *line.split()[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() or line.startswith("rag index")


def test_the_programs_that_ask_over_http_run(tmp_path: Path) -> None:
    """Against `rag serve` on a free port, in a copy of the examples."""
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    _, program = _fenced("README.md", "python")
    lines = [
        line
        for block in _fenced("README.md", "sh")
        for line in block.splitlines()
        if line.startswith("curl ")
    ]
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1", "HOME": str(tmp_path)}
    rag = [sys.executable, "-m", "rag"]
    build = [*rag, "index", "examples/corpus", "--index", "index/sample"]
    subprocess.run(build, cwd=tmp_path, env=environ, capture_output=True, check=True)
    with running([*rag, "serve", "--port", "0", "--json"], tmp_path, environ) as server:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["address"]

        def run(command: list[str]) -> str:
            done = subprocess.run(
                command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
            )
            return done.stdout

        own = [text.replace("http://127.0.0.1:7860", address) for text in (*lines, program)]
        asked, found, added = (run(["sh", "-c", line]) for line in own[:3])
        assert json.loads(asked)["status"] in ("answered", "nearest")
        assert len(json.loads(found)) == 3
        kept, *_, report = map(json.loads, added.splitlines())
        assert kept["kept"][0]["document"] == "潮汐电站简介.md" and "report" in report
        said = run([sys.executable, "-c", own[3]]).splitlines()
        assert "2024年10月18日" in said[0]
        assert said[2].startswith("[") and "「" not in said[0]
        assert said[-1].split()[-1].isdigit()
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=300)


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_every_make_target_named_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(_code(page))))
    assert {"run", "test", "index"} <= named <= targets


def _code(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [*_fenced(page, "sh"), *re.findall(r"`([^`\n]+)`", text)]


def test_shell_examples_name_commands_that_exist() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag", "--help"], capture_output=True, text=True, check=True
    )
    named = re.findall(r"`rag ([a-z]+)", "`" + "` `".join(_code("README.md")) + "`")
    assert len(named) > 5
    assert [
        name for name in named if not re.search(rf"^ +{name}\b", done.stdout, re.MULTILINE)
    ] == []
