"""What `rag` offers by name. A change here is a change of the contract."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import rag

ROOT = Path(__file__).parent.parent
INDEX = {
    "backup", "build", "close", "correct", "document", "documents", "encoder", "open", "remove",
    "repair", "report", "status", "update", "verify",
}  # fmt: skip
ASSISTANT = {
    "aask", "asearch", "ask", "astream", "prepare", "relevance", "search", "stream",
}  # fmt: skip


def test_public_names() -> None:
    assert rag.__all__ == ["Answer", "Assistant", "Index", "RagError", "Settings"]
    assert [name for name in rag.__all__ if not isinstance(getattr(rag, name), type)] == []
    assert set(rag.__all__) <= set(dir(rag))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = rag.Nothing


def test_the_names_of_methods_that_applications_call() -> None:
    assert INDEX - {"report"} <= set(dir(rag.Index))
    assert {name for name in vars(rag.Assistant) if not name.startswith("_")} == ASSISTANT


def test_a_program_that_uses_them_all_runs(tmp_path: Path) -> None:
    program = ROOT / "tests" / "client_program.py"
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(program.read_text("utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert INDEX | ASSISTANT | set(rag.__all__) | {"to_dict", "to_markdown"} <= used
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "渡轮.txt").write_text(
        "渡轮票价\n\n渡轮的单程票价为4元，学生半价。\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, program, "in", "index", "渡轮的单程票价是多少？"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "1 [] []" and done.stderr == ""
    assert any(line.startswith("渡轮的单程票价为4元，学生半价。[1]") for line in lines)
    assert "parrot: 渡轮的单程票价为4元，学生半价。[1]" in lines
    assert lines[-2:] == ["1 1 1", "closed: True QuestionError"]


def test_every_error_is_a_rag_error() -> None:
    from rag import errors

    found = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert all(issubclass(error, rag.RagError) for error in found.values())
    assert errors.__doc__ is not None
    assert [name for name in found if name not in errors.__doc__] == []


def test_the_distribution_is_wenju_and_the_command_rag() -> None:
    assert version("wenju") == rag.__version__
    (command,) = [e for e in entry_points(group="console_scripts") if e.name == "rag"]
    assert command.value == "rag.cli:main"
