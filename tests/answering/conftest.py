"""A small index of texts written for these tests, with the built-in encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant, Index, Settings

TEXTS = {
    "灯塔.txt": (
        "白泽灯塔\n\n白泽灯塔建于1902年5月6日，塔高三十一米，由工程师沈砚设计。灯光可以照到二十海里之外。\n\n"
        "灯塔在1958年改用电灯。看守人的小屋如今是一间书店，名叫“二十海里”。\n"
    ),
    "渡轮.md": (
        "# 渡轮\n\n## 票价\n\n渡轮的单程票价为4元，学生半价。2023年票价没有变动。\n\n"
        "## 停航\n\n由于河面冬季大雾频繁，渡轮在每年一月停航，因此市民改乘缆车。\n\n"
        "## 航线\n\n渡轮有三条航线：东线、西线和夜间线。东线最忙，每天运送一万二千人次。\n"
    ),
    "转载.txt": ("简报\n\n渡轮有三条航线：东线、西线和夜间线。东线最忙，每天运送一万二千人次。\n"),
}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant on an index of `TEXTS`."""
    folder = tmp_path_factory.mktemp("small")
    return build(folder, TEXTS)


def build(folder: Path, texts: dict[str, str]) -> Assistant:
    for name, text in texts.items():
        (folder / "in").mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_text(text, encoding="utf-8")
    return Assistant(Index.build([folder / "in"], folder / "index", Settings()))
