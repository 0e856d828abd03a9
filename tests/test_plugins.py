"""Another package brings a parser, an encoder and a reranker: the one of docs/extending.md."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.documents.detect import parser_of, supported
from rag.errors import ModelUnavailable, PluginError, UnreadableDocument
from rag.models.encoder import load_encoder, load_reranker
from rag.plugins import Group, plugins
from rag.settings import EncoderSettings, Reading
from rag.testing import check_encoder, check_parser, check_reranker

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
RECIPE = "青石豆腐\n豆腐: 300 克\n豆瓣酱: 2 勺\n豆腐切块\n小火煎十分钟\n"


def package(folder: Path, version: str, files: dict[str, str], groups: dict[str, str]) -> None:
    """A package as pip leaves it: its modules and what it registers."""
    info = folder / f"kitchen-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kitchen\nVersion: {version}\n")
    lines = [f"[{group}]\n{entry}\n" for group, entry in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def documented() -> tuple[dict[str, str], dict[str, str]]:
    """The modules of docs/extending.md, and what its pyproject.toml registers."""
    blocks = re.findall(r"```(\w+)\n# (\S+)[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    modules = {name: text for kind, name, text in blocks if kind == "python"}
    [stated] = [tomllib.loads(text) for kind, _, text in blocks if kind == "toml"]
    registered = stated["project"]["entry-points"]
    return modules, {
        group: "\n".join(f"{name} = {place}" for name, place in entries.items())
        for group, entries in registered.items()
    }


@pytest.fixture
def forget() -> Iterator[Callable[[], None]]:
    """Packages are looked for once a process."""

    def again() -> None:
        plugins.cache_clear()
        load_reranker.cache_clear()
        sys.modules.pop("kitchen", None)
        importlib.invalidate_caches()

    again()
    yield again
    again()


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]) -> Path:
    """The package of the page, on the path."""
    folder = tmp_path / "site"
    package(folder, "1.0", *documented())
    monkeypatch.syspath_prepend(str(folder))
    forget()
    return folder


def test_the_tests_of_the_page_pass(kitchen: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_kitchen.py"],
        cwd=kitchen, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(kitchen), str(ROOT)])},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def rag(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rag", *arguments],
        cwd=folder.parent, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "RAG_QUIET": "1", "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
    )  # fmt: skip


def test_a_file_of_its_format_is_indexed_and_asked(kitchen: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "豆腐.recipe").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "in" / "坏.recipe").write_bytes(b"\0\1\2" * 100)
    done = rag(kitchen, "index", "in", "--index", "ix", "--json")
    report = json.loads(done.stdout)
    assert report["read"] == 1, done.stderr
    [skipped] = report["skipped"]
    assert skipped["document"] == "坏.recipe"
    shown = json.loads(rag(kitchen, "text", "豆腐.recipe", "--index", "ix", "--json").stdout)
    assert [cell["text"] for cell in shown["tables"][0]["cells"]] == [
        "豆腐", "300 克", "豆瓣酱", "2 勺",
    ]  # fmt: skip
    answer = json.loads(
        rag(kitchen, "ask", "豆瓣酱的用量是多少？", "--index", "ix", "--json").stdout
    )
    assert answer["short"] == "2 勺"
    [citation] = answer["citations"][:1]
    assert citation["document"] == "豆腐.recipe"
    assert citation["source"] is None  # the format has no text of its own


def test_another_version_of_its_parser_reads_its_files_again(kitchen: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "豆腐.recipe").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "in" / "桥.txt").write_text("青石桥建成于一七二三年。", encoding="utf-8")
    assert json.loads(rag(kitchen, "index", "in", "--index", "ix", "--json").stdout)["read"] == 2
    again = json.loads(rag(kitchen, "index", "in", "--index", "ix", "--json").stdout)
    assert (again["read"], again["unchanged"]) == (0, 2)
    (kitchen / "kitchen-1.0.dist-info").rename(kitchen / "kitchen-1.1.dist-info")
    metadata = kitchen / "kitchen-1.1.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "1.1"))
    newer = json.loads(rag(kitchen, "index", "in", "--index", "ix", "--json").stdout)
    assert (newer["read"], newer["unchanged"]) == (1, 1)


@pytest.mark.usefixtures("kitchen")
def test_its_encoder_and_reranker_are_found_by_the_settings() -> None:
    encoder = load_encoder(EncoderSettings(name="kitchen"))
    assert encoder.name == "hashes@1"
    check_encoder(encoder)
    reranker = load_reranker("kitchen")
    check_reranker(reranker)
    assert reranker.scores("青石桥", ["青石桥建成", "江"]).tolist() == [1, 0]


def test_what_is_built_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> None:
    broken = {"wenju.parsers": "txt = gone:parse", "wenju.encoders": "wenju = gone:make"}
    package(tmp_path / "site", "1.0", {}, broken)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget()
    assert set(plugins(Group.PARSERS)) == {"txt"}
    parse = parser_of(".txt")
    assert parse is not None
    assert parse("一座桥。".encode(), Reading()).text == "一座桥。"
    assert load_encoder(EncoderSettings()).name.startswith("wenju@")
    with pytest.raises(ModelUnavailable):
        load_encoder(EncoderSettings(name="kitchen"))


BROKEN = """
import numpy as np

def parse(data, settings):
    if data == b"list":
        return ["a"]
    raise KeyError("no " * 3)

class Encoder:
    name, dimension = "e@1", 3
    def encode_documents(self, texts):
        return np.zeros((len(texts), 4), np.float32)
    encode_queries = encode_documents

def make(settings):
    return Encoder()

class Reranker:
    name = "r@1"
    def scores(self, question, passages):
        return np.array([3.0] * len(passages))

class Words:
    name = "w@1"
    def scores(self, question, passages):
        return ["good"] * len(passages)
"""


def test_a_breach_of_the_contract_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], None]
) -> None:
    groups = {
        "wenju.parsers": "bad = kitchen:parse\nlost = kitchen:lost",
        "wenju.encoders": "bad = kitchen:make",
        "wenju.rerankers": "bad = kitchen:Reranker\nwords = kitchen:Words",
    }
    package(tmp_path / "site", "2.0", {"kitchen.py": BROKEN}, groups)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget()
    assert {".bad", ".lost"} < set(supported())
    parse, lost = parser_of(".bad"), parser_of(".lost")
    assert parse is not None
    assert lost is not None
    with pytest.raises(UnreadableDocument, match=r"kitchen 2\.0 failed: KeyError"):
        parse(b"x", Reading())
    with pytest.raises(UnreadableDocument, match=r"kitchen 2\.0 gave list"):
        parse(b"list", Reading())
    with pytest.raises(PluginError, match=r"'lost' of kitchen 2\.0 cannot be loaded"):
        lost(b"x", Reading())
    with pytest.raises(PluginError, match=r"kitchen 2\.0.*shape \(1, 4\), not \(1, 3\)"):
        load_encoder(EncoderSettings(name="bad")).encode_queries(["a"])
    with pytest.raises(PluginError, match="not between 0 and 1"):
        load_reranker("bad").scores("a", ["b"])
    with pytest.raises(PluginError, match=r"kitchen 2\.0.*ValueError"):
        load_reranker("words").scores("a", ["b"])


def test_wenjus_own_hold_the_contract() -> None:
    check_encoder(load_encoder(EncoderSettings()))


def test_the_contract_is_no_empty_one() -> None:
    class Long:
        name, dimension = "long", 2

        def encode_documents(self, texts: list[str]) -> np.ndarray:
            return np.full((len(texts), 2), 5, np.float32)

        encode_queries = encode_documents

    with pytest.raises(AssertionError, match="vectors of lengths"):
        check_encoder(Long())  # type: ignore[arg-type]

    def counts(data: bytes, _settings: Reading) -> int:
        return len(data)

    with pytest.raises(AssertionError, match="gave int"):
        check_parser(counts, b"x")  # type: ignore[arg-type]
