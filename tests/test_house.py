"""The measures of a package's shape, counted by hand on a small one."""

from __future__ import annotations

from pathlib import Path

from tests.house import measure, report, summary

SMALL = {
    "__init__.py": "from small.top import run\n",
    "top.py": "import os\nfrom small.low import words, write\n\n\nclass Page: ...\n",
    "low/__init__.py": "",
    "low/words.py": "def f():\n    from small.low import write\n\n\nclass _Flow: ...\n",
    "low/write.py": "import small.low.words\n\n\nclass Page: ...\n\n\nclass _Flow: ...\n",
    "high/write.py": "# nobody imports this\n",
}


def _small(folder: Path) -> Path:
    for name, source in SMALL.items():
        path = folder / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return folder / "small"


def test_the_measures_of_a_small_package(tmp_path: Path) -> None:
    house = measure(_small(tmp_path))
    assert house.modules == ["small.high.write", "small.low.words", "small.low.write", "small.top"]
    assert house.chain() == (
        ["small", "small.top", "small.low.words", "small.low"],
        ["small.low.write → small.low.words"],
    )
    assert house.names_twice() == {"write": ["small.high.write", "small.low.write"]}
    assert house.classes_twice() == {"Page": ["small.low.write", "small.top"]}
    assert house.imported_once() == {"small.top": "small"}
    assert summary(house) == (
        "4 modules, 19 lines, depth 4, cycles 1, module names twice 1, public classes twice 1"
    )


def test_the_report_names_what_adds_most(tmp_path: Path) -> None:
    lines = report(measure(_small(tmp_path))).splitlines()
    assert lines[lines.index("longest modules") + 1] == "       7  small.low.write"
    assert "  small.low.write → small.low.words" in lines
    assert "  Page: small.low.write, small.top" in lines
