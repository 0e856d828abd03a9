"""The table of what is read of every file of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.reading import main


def test_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "in", tmp_path / "out.md"
    folder.mkdir()
    (folder / "a.csv").write_text("港口,吨位\n红河,300\n", encoding="utf-8")
    (folder / "b|c.exe").write_bytes(b"MZ")
    assert main([str(folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    head, _, first, second = out.read_text(encoding="utf-8").splitlines()[-4:]
    names = [cell.strip() for cell in head.strip("|").split("|")]
    read = dict(zip(names, [cell.strip() for cell in first.strip("|").split("|")], strict=True))
    assert (read["file"], read["characters"], read["table rows"]) == ("a.csv", "9", "2")
    assert "b/c.exe" in second and ".exe files cannot be read" in second


def test_no_such_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 1
    assert "no such file or folder" in capsys.readouterr().err
