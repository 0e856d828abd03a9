"""Questions to begin with: made of documents, offered only where the answer is what it has to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.serving.suggestions import Suggestion, answers, suggestions
from rag.settings import Settings
from rag.types import Answer, Figure, Remark, RemarkKind, Status
from tests.fakes_page import answer, refusal

TEXTS = {
    "水质.md": "# 玉带河水质公报\n\n表1 各断面指标\n\n| 断面 | 溶解氧（mg/L） | 日期 |\n| --- | --- | --- |\n"
    "| 上渡口 | 7.92 | 2024-03-01 |\n| 下渡口 | 6.41 | 2024-03-02 |\n\n## 监测情况\n\n"
    + "全年对干流断面逐月监测，水质总体稳定，下渡口氨氮偏高，主要受生活污水影响。"
    * 4,
    "空.txt": "2024年3月1日\n\n无。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder: Path = tmp_path_factory.mktemp("suggested")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = Settings.load(environ={}, overrides={"index": folder / "index"})
    index = Index.build([folder / name for name in TEXTS], settings.index, settings)
    return Assistant(index, settings)


def test_what_is_offered_is_answered_from_its_document(assistant: Assistant) -> None:
    documents = [assistant.index.document(name) for name in TEXTS]
    asked: list[str] = []

    def ask(question: str) -> Answer:
        asked.append(question)
        return assistant.ask(question)

    found = suggestions(documents, ask)
    assert "上渡口的溶解氧是多少？" in found
    assert assistant.ask("上渡口的溶解氧是多少？").short in ("7.92", "7.92mg/L", "7.92mg")
    assert set(found) <= set(asked) and len(found) <= 6
    assert not any("日期" in question or "2024" in question for question in found)
    for question in found:
        assert assistant.ask(question).status is Status.ANSWERED
    assert suggestions(documents, lambda _: refusal()) == []


@pytest.mark.parametrize(
    ("changed", "right"),
    [
        ({}, True),
        ({"short": "32,122 亿"}, True),
        ({"short": "12 亿元"}, False),
        ({"short": None}, False),
        ({"status": Status.NEAREST}, False),
        ({"differing": (Figure("1", 1), Figure("2", 1))}, False),
        ({"remarks": (Remark(RemarkKind.ASKED_YEAR, ("2021", "2023"), 1),)}, False),
    ],
)
def test_an_answer_is_the_expected_one_without_a_doubt(
    changed: dict[str, object], right: bool
) -> None:
    said = answer()
    whole = replace(said, sentences=said.sentences[:1])
    candidate = Suggestion("cell", "问？", "reports/1.txt", "32,122")
    assert answers(replace(whole, **changed), candidate) is right  # type: ignore[arg-type]
    assert not answers(whole, replace(candidate, document="另.txt"))
    assert not answers(said, candidate)  # another document is quoted, too
