"""README is true: its example runs, its links lead somewhere, its commands exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "README.zh.md", "ARCHITECTURE.md", "examples/README.md"]


def _fenced(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / page).parent.joinpath(t).exists()] == []


def test_the_library_in_ten_lines_runs(tmp_path: Path) -> None:
    (example,) = _fenced("README.md", "python")
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
