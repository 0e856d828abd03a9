from __future__ import annotations

from pathlib import Path

import pytest

from eval.engine import Engine
from eval.errors import EvaluationError
from eval.metrics.retrieval import finds
from rag.index.local.index import Index
from rag.settings import Settings

SENTENCES = [
    f"{year}年春天红河的水位上涨了{year - 2000}米，渔民把船拖到岸上。" for year in range(2001, 2040)
]
QUOTE = "2007年春天红河的水位上涨了7米"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "files").mkdir()
    for i, sentence in enumerate(SENTENCES):
        (tmp_path / "files" / f"{i}.txt").write_text(sentence, encoding="utf-8")
    settings = Settings(index=tmp_path / "index")
    Index.build([tmp_path / "files"], settings.index, settings)
    return Engine.open(settings)


def test_a_withheld_quotation_is_never_retrieved_and_all_else_is(engine: Engine) -> None:
    question = "2007年春天红河的水位上涨了多少米？"
    usual = engine.assistant.search(question, 100)
    assert finds(usual[0].text, QUOTE)
    again = engine.withholding([QUOTE]).search(question, 100)
    hidden = {p.text for p in usual if finds(p.text, QUOTE)}
    assert hidden
    assert {p.text for p in again} == {p.text for p in usual} - hidden
    answer = engine.withholding([QUOTE]).ask(question)
    assert not any(finds(p.text, QUOTE) for p in answer.passages)


def test_engine_knows_the_files_and_what_it_was_made_from(engine: Engine) -> None:
    assert engine.sources()("3.txt") == SENTENCES[3]
    made_from = engine.made_from()
    assert (made_from["documents"], made_from["chunks"]) == (39, 39)
    assert "index" not in made_from["settings"]
    engine.check_unchanged()
    Index.open(engine.settings.index, engine.settings).remove("3.txt")
    with pytest.raises(EvaluationError, match="changed during the run"):
        engine.check_unchanged()
