"""The command `rag`: exit codes, streams, wrong usage."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag.cli import LEAST_MEMORY, main

ROOT = Path(__file__).parents[2]


def rag(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """`rag` as a user runs it, in `folder`; its output is read as UTF-8."""
    return subprocess.run(
        [sys.executable, "-m", "rag", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1", **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("question", ["", " \t\n", "\u200b\u3000", "\x00"])
@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_empty_question_is_wrong_usage(
    command: str, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, question]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("rag: argument QUESTION: the question is empty")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["find"], "invalid choice: 'find'"),
        (["search", "问", "-k", "0"], "argument -k: 0 is not from 1 to 1000"),
        (["search", "问", "-k", "many"], "argument -k: 'many' is not a whole number"),
        (["serve", "--port", "65536"], "argument --port: 65536 is not from 0 to 65535"),
        (["index"], "required: PATH"),
        (["ask", "甲\udc80"], "argument QUESTION: the question holds bytes that are not utf-8"),
    ],
)
def test_wrong_usage_is_said_on_stderr(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("rag: ")
    assert message in err
    assert "\nusage: rag" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "问", "--since", "2023-02-30"], "rag: since '2023-02-30' is no date"),
        (["search", "问", "--tag", " "], "rag: an empty name in tags"),
    ],
)
def test_a_filter_that_is_none_is_wrong_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)


def test_help_and_version_are_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "wenju 0.2.0\n"
    assert main(["index", "--help"]) == 0
    assert "--prune" in capsys.readouterr().out


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    for command in (["ask", "问"], ["search", "问", "--json"], ["status"], ["text", "a.txt"]):
        done = rag(*command, "--index", "nowhere", folder=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("rag: ")
        assert "nowhere" in done.stderr


def test_an_unknown_setting_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text("[retrieval]\nkk = 3\n", encoding="utf-8")
    done = rag("status", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown setting 'retrieval.kk'" in done.stderr
    missing = rag("status", "--config", "other.toml", folder=tmp_path)
    assert missing.returncode == 1
    assert "other.toml" in missing.stderr


def test_a_command_starts_without_heavy_libraries() -> None:
    code = (
        "import sys; from rag.cli import main; main(['--version']); "
        "print(sorted({'numpy', 'faiss', 'gradio', 'torch', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "wenju 0.2.0\n[]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents and one file that is none, indexed at index/default."""
    folder = tmp_path_factory.mktemp("cli")
    texts = folder / "文集"
    texts.mkdir()
    (texts / "桥梁.txt").write_text(
        "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。"
        "青石桥的维修共花费人民币38万元，比预算少2万元。\n\n桥长42米，建于清代。\n",
        encoding="utf-8",
    )
    (texts / "图书馆.txt").write_text(
        "县图书馆开放时间\n\n县图书馆每周二至周日开放，周一闭馆。读者凭身份证免费办理借书证。\n",
        encoding="gb18030",
    )
    (texts / "坏.txt").write_bytes(bytes(range(256)) * 8)
    done = rag("index", "文集", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["read"], report["documents"]) == (2, 2)
    assert [item["document"] for item in report["skipped"]] == ["坏.txt"]
    return folder


def test_indexing_again_changes_nothing(folder: Path) -> None:
    report = json.loads(rag("index", "文集", "--json", folder=folder).stdout)
    assert (report["read"], report["unchanged"], report["removed"]) == (0, 2, 0)


def test_documents_are_listed_and_corrected(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "index", tmp_path / "index")
    listed = json.loads(rag("documents", "--json", folder=tmp_path).stdout)
    assert [info["document"] for info in listed] == ["图书馆.txt", "桥梁.txt"]
    told = rag("documents", "--mentioning", "清代", "--until", "2024-05", folder=tmp_path).stdout
    assert told == "桥梁.txt\n    青石桥维修纪要  2024-05-06（推断）\n"
    done = rag("correct", "桥梁.txt", "--date", "2020", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["corrected"] == ["date"]
    none = rag("documents", "--mentioning", "清代", "--since", "2024", folder=tmp_path)
    assert (none.returncode, none.stdout) == (0, "没有这样的文档。\n")
    status = rag("status", folder=tmp_path)
    assert (status.returncode, "损坏" in status.stdout) == (0, False)


def test_the_progress_bar_is_on_stderr_unless_quiet(folder: Path) -> None:
    loud = rag("index", "文集", "--index", "loud", folder=folder, RAG_QUIET="")
    assert "file" in loud.stderr
    assert loud.stdout.startswith("读入 2、未变 0、跳过 1；索引 loud 现有 2 份文档、")
    quiet = rag("index", "文集", "--index", "quiet", folder=folder)
    assert quiet.stderr == ""


def test_when_nothing_can_be_read_the_exit_code_says_so(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (folder / "文集" / "坏.txt", tmp_path / "empty", tmp_path / "not there"):
        done = rag("index", str(path), "--json", folder=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert path.name in done.stderr


def test_search_gives_passages_that_stand_in_the_text(folder: Path) -> None:
    done = rag("search", "青石桥维修花了多少钱", "--json", "-k", "3", folder=folder)
    passages = json.loads(done.stdout)
    assert done.stderr == ""
    assert passages[0]["document"] == "桥梁.txt"
    assert [p["rank"] for p in passages] == list(range(1, len(passages) + 1))
    scores = [p["score"] for p in passages]
    assert scores == sorted(scores, reverse=True)
    for p in passages:
        text = rag("text", p["document"], folder=folder).stdout
        assert text[p["start"] : p["end"]] == p["text"]


def test_explain_adds_the_parts_and_the_words(folder: Path) -> None:
    plain = json.loads(rag("search", "青石桥", "--json", folder=folder).stdout)
    explained = json.loads(rag("search", "青石桥", "--json", "--explain", folder=folder).stdout)
    assert "parts" not in plain[0]
    assert {"score", "rank"} == set(next(iter(explained[0]["parts"].values())))
    assert "青石桥" in "".join(explained[0]["words"])
    shown = rag("search", "青石桥", "--explain", folder=folder).stdout
    assert shown.startswith("检索词：")


def test_ask_answers_with_citations_from_the_file(folder: Path) -> None:
    done = rag("ask", "青石桥的维修花了多少钱？", "--json", folder=folder)
    answer = json.loads(done.stdout)
    assert answer["status"] == "answered"
    assert "38万元" in answer["text"]
    assert answer["model"] == "extractive"
    source = (folder / "文集" / "桥梁.txt").read_text(encoding="utf-8")
    for citation in answer["citations"]:
        pieces = "".join(source[start:end] for start, end in citation["source"])
        assert "".join(pieces.split()) == "".join(citation["quote"].split())


def test_ask_for_people_ends_with_the_quotation(folder: Path) -> None:
    done = rag("ask", "青石桥的维修花了多少钱？", folder=folder)
    assert done.returncode == 0
    assert "「" in done.stdout
    assert "桥梁.txt · 第 3 行" in done.stdout


def test_text_is_printed_exactly(folder: Path) -> None:
    done = rag("text", "图书馆.txt", folder=folder)
    value = json.loads(rag("text", "图书馆.txt", "--json", folder=folder).stdout)
    assert done.stdout == value["text"]
    source = (folder / "文集" / "图书馆.txt").read_bytes().decode("gb18030")
    for start, at, length in value["origin"]:
        assert value["text"][start : start + length] == source[at : at + length]
    assert {
        "start", "end", "kind", "headings", "page", "lines", "lead", "repeats", "boxes", "by_ocr",
    } == set(value["blocks"][0])  # fmt: skip


def test_json_is_utf8_whatever_the_terminal(folder: Path) -> None:
    done = rag("ask", "青石桥多长？", "--json", folder=folder, PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["question"] == "青石桥多长？"
    shown = rag("ask", "青石桥多长？", folder=folder, PYTHONIOENCODING="ascii")
    assert shown.returncode == 0
    assert "42?" in shown.stdout


def test_a_question_that_is_too_long_is_an_error(folder: Path) -> None:
    done = rag("ask", "a" * 100_000, "--json", folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the question has 100,000 characters, the limit is 2,000" in done.stderr


def test_status_and_verify(folder: Path) -> None:
    status = json.loads(rag("status", "--json", folder=folder).stdout)
    assert set(status) == {
        "index", "generation", "documents", "chunks", "encoder", "bytes", "stale", "checked",
        "damage", "outdated",
    }  # fmt: skip
    assert (status["documents"], status["stale"]) == (2, False)
    assert "2" in rag("status", folder=folder).stdout
    sound = rag("verify", folder=folder)
    assert (sound.returncode, sound.stderr) == (0, "")


def test_doctor_names_what_it_looked_at(folder: Path) -> None:
    done = rag("doctor", "--json", folder=folder)
    findings = {item["name"]: item for item in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["python"]["ok"]
    assert findings["numpy"]["ok"]
    assert findings["models"] == {"name": "models", "ok": True, "detail": "checksums match"}
    assert findings["encoder"]["ok"]
    assert "2 documents" in findings["index"]["detail"]
    (folder / "bad.toml").write_text("nonsense = 1\n", encoding="utf-8")
    broken = rag("doctor", "--config", "bad.toml", folder=folder)
    assert broken.returncode == 0
    assert "✗ settings  unknown setting 'nonsense'" in broken.stdout


def test_a_removed_document_is_gone(folder: Path) -> None:
    assert rag("index", "文集", "--index", "second", folder=folder).returncode == 0
    unknown = rag("remove", "桥粱.txt", "--index", "second", folder=folder)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "桥梁.txt" in unknown.stderr
    removed = json.loads(
        rag("remove", "桥梁.txt", "--index", "second", "--json", folder=folder).stdout
    )
    assert removed["document"] == "桥梁.txt"
    assert removed["chunks"] >= 1
    found = json.loads(rag("search", "青石桥", "--index", "second", "--json", folder=folder).stdout)
    assert all(passage["document"] == "图书馆.txt" for passage in found)


def test_a_vanished_file_stays_until_pruned(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "甲.txt").write_text("甲文件说：库房的钥匙在门卫处。", encoding="utf-8")
    (tmp_path / "乙.txt").write_text("乙文件说：仓库每天六点关门。", encoding="utf-8")
    index = ("index", str(tmp_path), "--index", "third", "--json")
    assert json.loads(rag(*index, folder=folder).stdout)["documents"] == 2
    (tmp_path / "甲.txt").unlink()
    kept = json.loads(rag(*index, folder=folder).stdout)
    assert (kept["documents"], kept["missing"]) == (2, ["甲.txt"])
    pruned = json.loads(rag(*index, "--prune", folder=folder).stdout)
    assert (pruned["documents"], pruned["removed"]) == (1, 1)


def test_rebuild_reads_everything_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "甲.txt").write_text("甲文件说：库房的钥匙在门卫处。", encoding="utf-8")
    index = ("index", str(tmp_path), "--index", "fourth", "--json")
    counts = [
        json.loads(rag(*index, *flags, folder=folder).stdout) for flags in ((), (), ("--rebuild",))
    ]
    assert [(c["read"], c["unchanged"]) for c in counts] == [(1, 0), (0, 1), (1, 0)]


def test_backup_and_restore(folder: Path, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved")
    assert rag("index", "文集", "--index", "fifth", folder=folder).returncode == 0
    done = json.loads(rag("backup", saved, "--index", "fifth", "--json", folder=folder).stdout)
    assert (done["file"], done["generation"]) == (saved, 1)
    assert done["bytes"] == (tmp_path / "saved").stat().st_size
    refused = rag("restore", saved, "--index", "fifth", folder=folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--force" in refused.stderr
    again = rag("restore", saved, "--index", "fifth", "--force", "--json", folder=folder)
    assert json.loads(again.stdout)["documents"] == 2
    found = rag("search", "青石桥", "--index", "fifth", "--json", folder=folder)
    assert json.loads(found.stdout)[0]["document"] == "桥梁.txt"


def test_a_closed_pipe_is_no_traceback(folder: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "rag", "text", "桥梁.txt"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_line_break_in_a_name_breaks_no_line(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a\nb.txt").write_text("灯塔建于1931年。\n", encoding="utf-8")
    (docs / "c\nd.exe").write_bytes(b"MZ")
    done = rag("index", "docs", folder=tmp_path)
    assert (done.returncode, "c␊d.exe: " in done.stdout) == (0, True)
    missing = rag("index", "no\nsuch", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (1, "rag: no such file or folder: no␊such\n")
    nothing = rag("index", "docs/c\nd.exe", "--index", "other", folder=tmp_path)
    first, *others = nothing.stderr.splitlines()
    assert first.startswith("rag: ") and others and all(line.startswith("  ") for line in others)


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
@pytest.mark.parametrize("command", [["index", "文集"], ["serve", "--port", "0"]])
def test_a_limit_of_memory_below_what_is_needed_is_one_line(
    folder: Path, command: list[str]
) -> None:
    """Native libraries would end the process without a word of ours."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({LEAST_MEMORY // 3},) * 2)"
    code = f"{limit}; import sys; from rag.cli import main; sys.exit(main({command!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "rag: this shell allows 500,000,000 bytes of memory, 1,500,000,000 are needed; raise its "
        "limit (ulimit -v)\n"
    )


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("灯塔建于1931年，高42米。\n", encoding="utf-8")
    assert rag("index", "a.txt", folder=tmp_path).returncode == 0
    code = (
        "import sys, resource, rag.cli.ask, rag.models.reader, onnxruntime, rag.cli\n"
        "from rag import Assistant, Index\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 30_000_000, now + 30_000_000))\n"
        "sys.exit(rag.cli.main(['ask', '灯塔建于哪一年？']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ORT_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("rag: ")
