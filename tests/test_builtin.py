import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import offline
from rag.errors import ModelError


@pytest.fixture(name="files")
def sound_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of built-in files with one sound file in it."""
    monkeypatch.setattr(offline, "folder", lambda: tmp_path)
    offline._manifest.cache_clear()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.bin").write_bytes(b"one")
    digest = hashlib.sha256(b"one").hexdigest()
    (tmp_path / offline.MANIFEST).write_text(json.dumps({"a/one.bin": digest}))
    yield tmp_path
    offline._manifest.cache_clear()


@pytest.mark.usefixtures("files")
def test_a_sound_file_is_read() -> None:
    assert offline.load_builtin("a/one.bin") == b"one"
    assert offline.damaged() == []


def test_a_changed_file_is_refused_with_what_to_do(files: Path) -> None:
    (files / "a" / "one.bin").write_bytes(b"two")
    with pytest.raises(ModelError, match=r"a/one.bin is damaged: SHA-256 .*make train"):
        offline.load_builtin("a/one.bin")
    assert len(offline.damaged()) == 1


def test_a_missing_file_is_said(files: Path) -> None:
    (files / "a" / "one.bin").unlink()
    with pytest.raises(ModelError, match=r"a/one\.bin cannot be read"):
        offline.load_builtin("a/one.bin")


def test_a_file_that_is_not_listed_is_refused(files: Path) -> None:
    (files / "new.bin").write_bytes(b"new")
    with pytest.raises(ModelError, match=r"new\.bin is not in manifest\.json"):
        offline.load_builtin("new.bin")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_an_unreadable_manifest_is_a_model_error(files: Path, content: str) -> None:
    (files / offline.MANIFEST).write_text(content)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        offline.damaged()


def test_every_file_that_ships_is_listed_and_sound() -> None:
    folder = Path(str(offline.folder()))
    manifest = json.loads((folder / offline.MANIFEST).read_text(encoding="utf-8"))
    shipped = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert shipped - set(manifest) == {offline.MANIFEST, "README.md"}
    assert set(manifest) <= shipped
    assert offline.damaged() == []
