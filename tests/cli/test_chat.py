"""The chat model on the command line: flags, prompts, doctor, errors."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from rag import Index
from rag.cli import main
from rag.generation.prompts import PROMPT_VERSION, Prompts
from tests.chat_server import Reply, serve

QUESTION = "渡轮的单程票价是多少？"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "渡轮.txt").write_text("渡轮票价\n\n渡轮的单程票价为4元。\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("RAG_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    Index.build([tmp_path / "渡轮.txt"], tmp_path / "index")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_model_is_one_flag_away(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(Reply(["渡轮的单程票价", "为4元。[1]"])) as server:
        flags = ["--model", "openai:scripted", "--base-url", server.url]
        assert main(["ask", QUESTION, "--index", "index", "--json", *flags]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == "openai:scripted" and answer["prompted"] == [1]
    assert answer["text"] == "渡轮的单程票价为4元。[1]"
    assert (answer["notice"], answer["searched"]) == ("", "")


def test_a_failing_model_is_an_error_or_falls_back(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_API_KEY", "sk-secret")
    with serve(Reply(status=401, error={"message": "bad key sk-secret"})) as server:
        ask = ["ask", QUESTION, "--index", "index", "--base-url", server.url]
        assert main([*ask, "--model", "openai:scripted"]) == 1
        out, err = capsys.readouterr()
        assert out == "" and "401" in err and "sk-secret" not in err
        (folder / "rag.toml").write_text(
            'index = "index"\n[chat]\nmodel = "openai:scripted"\nfallback = true\n', "utf-8"
        )
        assert main([*ask, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == "extractive" and "401" in answer["notice"]
    assert "sk-secret" not in json.dumps(answer)


def test_prompts_are_printed_as_the_file_that_replaces_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prompts"]) == 0
    printed = capsys.readouterr().out
    assert Prompts(**tomllib.loads(printed)) == Prompts()
    (folder / "mine.toml").write_text(
        printed.replace("你根据给出的段落", "请你根据给出的段落"), encoding="utf-8"
    )
    (folder / "rag.toml").write_text('[chat]\nprompts = "mine.toml"\n', encoding="utf-8")
    assert main(["prompts", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == PROMPT_VERSION
    assert found["prompts"]["answer"].startswith("请你根据")


@pytest.mark.usefixtures("folder")
def test_doctor_says_what_is_wrong_with_the_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def finding() -> dict[str, object]:
        assert main(["doctor", "--json"]) == 0
        (found,) = [
            item for item in json.loads(capsys.readouterr().out) if item["name"] == "chat model"
        ]
        return dict(found)

    assert finding()["ok"]
    monkeypatch.setenv("RAG_CHAT_MODEL", "openai:scripted")
    assert "not asked" in str(finding()["detail"])
    with serve(Reply(["好"]), Reply(status=404, error={"message": "no such model"})) as server:
        monkeypatch.setenv("RAG_CHAT_BASE_URL", server.url)
        assert finding() == {"name": "chat model", "ok": True, "detail": "openai:scripted answers"}
        found = finding()
    assert not found["ok"] and "'scripted'" in str(found["detail"])
