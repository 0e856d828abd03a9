"""What a group of features carries."""

import math
from dataclasses import replace
from pathlib import Path

from eval.ablations import (
    BESIDE_RIVALS,
    GROUPS,
    MEASURES,
    ablate,
    belongs,
    load_set,
    losses_json,
    losses_text,
    without,
)
from rag.index.local.index import Index
from rag.models.trees import load_models
from rag.settings import Settings

SAMPLE = Path("examples")


def test_every_feature_of_the_models_belongs_to_a_group_or_to_the_form_of_the_text() -> None:
    models = load_models()
    form = {"row", "length", "ends", "asks", "first", "typed", "tab", "cell"} | {
        f"sort_{sort}" for sort in ("number", "date", "read")
    }
    for name in {*models.sentence.names, *models.span.names} - form:
        assert any(belongs(name, group) for group in (*GROUPS, BESIDE_RIVALS)), name


def test_a_group_that_is_unknown_changes_what_the_trees_say() -> None:
    models = load_models()
    row = dict.fromkeys(models.span.names, 1.0)
    blind = without(models, "reader")
    assert blind.span.log_odds([row])[0] != models.span.log_odds([row])[0]
    unread = {name: math.nan if belongs(name, "reader") else value for name, value in row.items()}
    assert blind.span.log_odds([row])[0] == models.span.log_odds([unread])[0]


def test_losses_on_the_sample(sample: Index) -> None:
    asked = load_set("sample", SAMPLE / "questions.jsonl", Settings(), sample.folder)
    found = ablate(replace(asked, questions=asked.questions[:10]))
    assert len(found) == (len(GROUPS) + 1) * len(MEASURES)
    assert all(0 <= one.p <= 1 and one.lost >= 0 and one.won >= 0 for one in found)
    assert any(one.lost or one.won for one in found)
    assert set(losses_json(found)[0]) == {"set", "group", "measure", "lost", "won", "p"}
    assert losses_text(found).count("\n") == len(found)
