"""Small collections for the tests of the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.settings import Settings

TEXTS = {
    "灯塔.txt": "临海市的灯塔建于1931年，高42米。\n\n守塔人老周在那里工作了三十年。每天傍晚他点亮灯光。\n",
    "渔业/年报.txt": "2022年全市渔获量为1,750吨，比上年增长4.2%。\n\n其中带鱼占47.53%。\n",
    "桥梁.md": "# 跨海大桥\n\n大桥全长3.6公里，2019年5月1日通车。\n\n## 造价\n\n总造价为12.5亿元。\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with three documents, one in a folder of its own."""
    folder = tmp_path / "docs"
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index")
