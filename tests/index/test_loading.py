"""Which encoder is loaded is decided by this user's settings, whatever a catalog says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rag.errors import StoreMismatch
from rag.index.local.index import Index
from rag.index.local.maintenance import reencode
from rag.index.local.opening import LazyEncoder
from rag.offline import folder
from rag.settings import EncoderSettings, Settings
from tests.fakes import CharacterEncoder
from tests.index.test_damage import change


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A model's folder with code in it that leaves a mark when it is run."""
    place = tmp_path / "hostile"
    shutil.copytree(Path(str(folder())) / "encoder", place)
    code = f"from pathlib import Path\nPath({str(tmp_path / 'was-run')!r}).touch()\n"
    (place / "own.py").write_text(code, encoding="utf-8")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]
    (place / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return place


def give_encoder(settings: Settings, name: str, fact: object) -> None:
    """Makes the catalog say that another encoder made its vectors, with these facts of it."""
    quoted = json.dumps(fact).replace("'", "''")
    change(settings, f"INSERT OR REPLACE INTO meta VALUES ('encoder', '{quoted}')")
    change(
        settings,
        f"UPDATE meta SET value = replace(value, 'characters-1', '{name}') "
        "WHERE key = 'fingerprint'",
    )


def test_a_path_in_a_catalog_is_never_opened(
    docs: Path, settings: Settings, hostile: Path, tmp_path: Path
) -> None:
    Index.build([docs], settings=settings, encoder=CharacterEncoder())
    for name in ("hostile@000000000000", f"{hostile}@000000000000", str(hostile)):
        give_encoder(settings, name, {"name": str(hostile), "query_prompt": "", "batch_size": 64})
        index = Index.open(settings=settings, earlier=True)
        with pytest.raises(StoreMismatch, match=r"do not name.*encoder\.earlier.*--rebuild"):
            _ = index.encoder
        with pytest.raises(StoreMismatch, match=r"encoder\.earlier"):
            index.update([docs])
        change(settings, f"UPDATE meta SET value = replace(value, '{name}', 'characters-1')")
    assert not (tmp_path / "was-run").exists()


def test_an_index_of_somebody_else_gets_vectors_of_this_users_encoder(
    docs: Path, settings: Settings, hostile: Path, tmp_path: Path
) -> None:
    Index.build([docs], settings=settings, encoder=CharacterEncoder())
    give_encoder(settings, "hostile@000000000000", {"name": str(hostile)})
    own = CharacterEncoder("mine")
    wanted = LazyEncoder(settings.encoder, own)
    assert reencode(settings.index, wanted, lambda: None)
    index = Index.open(settings=settings, encoder=own, earlier=True)
    assert index.encoder is own
    assert index.verify() == []
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("fact", ["no object", ["x"], {"query_prompt": 7}, {"name": "x"}, None])
def test_facts_that_are_something_else_are_no_prompt(
    docs: Path, settings: Settings, fact: object
) -> None:
    Index.build([docs], settings=settings)
    quoted = json.dumps(fact)
    change(settings, f"INSERT OR REPLACE INTO meta VALUES ('encoder', '{quoted}')")
    named = settings.model_copy(update={"encoder": EncoderSettings(name="mine")})
    index = Index.open(settings=named, encoder=CharacterEncoder(), earlier=True)
    assert index.encoder.name.startswith("wenju@")


def test_an_index_keeps_no_path_of_its_encoder() -> None:
    mine = EncoderSettings(
        name="/home/me/models/mine", query_prompt="问：", earlier=("/home/me/other",)
    )
    assert json.loads(LazyEncoder(mine).described) == {"query_prompt": "问："}


def test_earlier_encoders_stand_in_a_variable_with_commas() -> None:
    settings = Settings.load(environ={"RAG_ENCODER_EARLIER": "BAAI/small,/models/mine"})
    assert settings.encoder.earlier == ("BAAI/small", "/models/mine")
