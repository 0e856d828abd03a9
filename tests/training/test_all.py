"""`python -m training`, all of it, on a small shared folder of texts made here."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rag.models.encoder import BuiltinEncoder
from rag.models.reader import Reader
from rag.models.trees import parse_models
from training.__main__ import BUILDERS, MANIFEST

PLACES = ("海灯市", "松岭县", "白沙镇", "云溪村", "金桥区", "南屿岛", "北泉乡", "东塘港")
THINGS = ("大桥", "灯塔", "码头", "渡轮", "书店", "水库", "钟楼", "船坞")
ARTICLES = 80


def _article(i: int) -> str:
    place, thing = PLACES[i % 8], THINGS[i // 8 % 8]
    return (
        f"{place}的{thing}今天重新开放，游人众多，港务局为此准备了很久。此外，{place}港口上半年共运送货物"
        f"{100 + i}万吨，比上年同期增长{i % 30}.5%。\n{place}的{thing}建于{1900 + i}年，长{i + 3}里，由"
        f"工程师沈砚设计。{thing}在战后停用，后来改为博物馆。河上每天有{i + 20}艘船经过，居民常在岸边散步。"
    )


def _squad(count: int) -> dict[str, Any]:
    articles = []
    for i in range(count):
        text = _article(i)
        answer = f"{1900 + i}年"
        question = f"{PLACES[i % 8]}的{THINGS[i // 8 % 8]}建于哪一年？"
        qa = {
            "id": str(i), "question": question,
            "answers": [{"text": answer, "answer_start": text.index(answer)}],
        }  # fmt: skip
        articles.append({"title": f"{i}", "paragraphs": [{"context": text, "qas": [qa]}]})
    return {"data": articles}


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _shared(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir(parents=True)
    marked = "".join(f"# 第{i}章\n\n## {THINGS[i % 8]}\n\n{_article(i)}\n\n" for i in range(40))
    for name, texts in {
        "news": [_article(i) for i in range(6 * ARTICLES)],
        "laws": [marked] * 6,
        "manuals": [marked] * 6,
    }.items():
        lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        (data / f"{name}.jsonl.xz").write_bytes(lzma.compress(lines.encode(), preset=0))
    _write(data / "cmrc2018/train.json", json.dumps(_squad(ARTICLES)))
    _write(data / "cmrc2018/trial.json", json.dumps(_squad(8)))
    _write(data / "drcd/dev.json", json.dumps(_squad(ARTICLES)))
    for kind, part in ((k, p) for k in ("ts", "kg") for p in ("dev", "test")):
        abstracts = [_article(i).replace("\n", "") for i in range(20)]
        rows = [f"{i}\t{text}\t{THINGS[i % 8]}的历史" for i, text in enumerate(abstracts)]
        _write(data / f"csl/{kind}/{part}.tsv", "\n".join(rows))
    found = {"query": "大桥建于哪一年？", "positive": [[_article(1)]], "negative": [_article(2)]}
    _write(data / "rgb/zh_int.json", json.dumps(found, ensure_ascii=False))
    return folder


def test_every_file_is_built_and_can_be_read(tmp_path: Path) -> None:
    out = tmp_path / "files"
    environment = {
        **os.environ,
        "WENJU_SHARED": str(_shared(tmp_path / "shared")),
        "RAG_QUIET": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "training", "--quick", "--out", str(out)],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == ""
    assert [f"building {name}" in done.stderr for name in BUILDERS] == [True] * len(BUILDERS)
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert set(manifest) == files - {MANIFEST}
    assert parse_models((out / "answering.json").read_bytes()).thresholds
    encoder = BuiltinEncoder(
        (out / "encoder/model.safetensors").read_bytes(),
        (out / "encoder/tokenizer.json").read_bytes(),
    )
    assert encoder.encode_queries(["大桥建于哪一年？"]).any()
    reader = Reader(
        (out / "reader/model.onnx").read_bytes(), (out / "reader/vocabulary.json").read_bytes()
    )
    (reading,) = reader.read("大桥建于哪一年？", [_article(1)])
    assert 0 < reading.has_answer < 1
    assert (out / "tokens.gz").stat().st_size > 500
