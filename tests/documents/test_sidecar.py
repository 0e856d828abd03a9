"""What `corpus.toml` and front matter state of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.discover import MAX_BYTES, Sidecars, parse_sidecar
from rag.documents.formats.text import clean_markdown
from rag.documents.headings import stated_date
from rag.documents.load import find_files
from rag.errors import UnreadableDocument
from rag.types import Stated


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_nearest_and_the_last_that_fits_decide_field_by_field(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "corpus.toml": '["*"]\nsource = "甲"\ntags = ["全部"]\ndate = 2020\n'
            '["年报"]\ndate = "2022"\n["年报/乙.txt"]\ntitle = " 乙  的年报 "\n',
            "年报/corpus.toml": '["*.txt"]\nsource = "丙"\n',
        },
    )
    sidecars = Sidecars()
    root = str(tmp_path)
    assert sidecars.of(f"{root}/a.pdf", root) == Stated(None, "2020", "甲", ("全部",))
    assert sidecars.of(f"{root}/年报/x.pdf", root) == Stated(None, "2022", "甲", ("全部",))
    expected = Stated("乙 的年报", "2022", "丙", ("全部",))
    assert sidecars.of(f"{root}/年报/乙.txt", root) == expected
    below = f"{root}/年报"
    assert sidecars.of(f"{below}/乙.txt", below) == Stated(None, None, "丙")
    assert sidecars.problems == {}


def test_a_named_file_has_the_sidecar_beside_it(tmp_path: Path) -> None:
    put(tmp_path, {"corpus.toml": '["a.txt"]\ndate = 2023-05-01\n', "a.txt": "甲"})
    path = str(tmp_path / "a.txt")
    assert Sidecars().of(path, path) == Stated(date="2023-05-01")


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        ("a.txt", ["4", "1"]),
        ("b/a.txt", ["4", "3", "2", "1"]),
        ("c/b/a.txt", ["4", "2", "1"]),
        ("b", ["3", "2", "1"]),
        ("c/d", ["5", "1"]),
        ("x/c/d/e", ["1"]),
        ("c/d/e", ["5", "1"]),
    ],
)
def test_names_fit_as_patterns_do(path: str, titles: list[str]) -> None:
    names = ["**", "b", "/b", "a.txt", "c/d/"]
    text = "".join(f'["{name}"]\ntitle = "{i}"\n' for i, name in enumerate(names, 1))
    assert [stated.title for stated in parse_sidecar(text).fitting(path)] == titles
    wild = "".join(
        f'["{name.replace("b", "[b]").replace("a.", "a[.]").replace("d", "[d]")}"]\ntitle = "{i}"\n'
        for i, name in enumerate(names, 1)
    )
    assert [stated.title for stated in parse_sidecar(wild).fitting(path)] == titles


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "it is no TOML"),
        ("a = " + "[" * 5000, "it is no TOML"),
        ('title = "x"', "'title' stands alone"),
        ('[a.txt]\ntitle = "x"', r"put the name in quotes: \[\"a.txt\"\]"),
        ('["a"]\nauthor = "x"', "'author'; known: title, date, source, tags"),
        ('["a"]\ntitle = ""', "title = '' is no plain text"),
        ('["a"]\ntitle = 7', "title = 7 is no plain text"),
        ('["a"]\ndate = "soon"', "date = 'soon' is no date"),
        ('["a"]\ndate = "2023-02-30"', "is no date"),
        ('["a"]\ndate = 08:00:00', "is no date"),
        ('["a"]\ntags = 3', "tags = 3 is no list"),
        ('["a"]\ntags = ["x", 3]', "tags = 3 is no plain text"),
        ('[" "]\ntags = []', "stands alone"),
        ('["**/**/**/**/**/x"]', "more than 4 times"),
    ],
)
def test_what_is_malformed_is_said(text: str, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        parse_sidecar(text)


def test_a_sidecar_that_cannot_be_used_is_a_problem_of_its_folder_alone(tmp_path: Path) -> None:
    put(tmp_path, {"a/corpus.toml": "?", "b/corpus.toml": '["*"]\ntitle = "乙"\n'})
    put(tmp_path, {"c/corpus.toml": "#" * (MAX_BYTES + 1)})
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "corpus.toml").write_bytes("[\"*\"]\ntitle = '乙'".encode("gb18030"))
    (tmp_path / "e").mkdir()
    outside = tmp_path.with_name(f"{tmp_path.name}-outside.toml")
    outside.write_text('["*"]\ntitle = "秘"\n', "utf-8")
    (tmp_path / "e" / "corpus.toml").symlink_to(outside)
    sidecars = Sidecars()
    root = str(tmp_path)
    stated = {name: sidecars.of(f"{root}/{name}/x.txt", root) for name in "abcde"}
    assert stated == {"a": None, "b": Stated("乙"), "c": None, "d": None, "e": None}
    said = {path.removesuffix("/corpus.toml"): why for path, why in sidecars.problems.items()}
    assert sorted(said) == ["a", "c", "d", "e"]
    assert "limit is 5,000,000" in said["c"]
    assert "it is not UTF-8" in said["d"]
    assert "leads out of the folder" in said["e"]


def test_a_sidecar_is_no_document(tmp_path: Path) -> None:
    put(tmp_path, {"corpus.toml": "", "a.txt": "甲", "b/corpus.toml": ""})
    assert [found.name for found in find_files([tmp_path])] == ["a.txt"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2023", "2023"),
        ("2023-05", "2023-05"),
        ("2023/5/1", "2023-05-01"),
        ("2023年5月1日", "2023-05-01"),
        ("2023-05-01T08:00:00+08:00", "2023-05-01"),
        (" 2023-05-01 08:00 ", "2023-05-01"),
        ("2023-02-30", None),
        ("2023-00", None),
        ("20231", None),
        ("2023年", "2023"),
        ("五月", None),
        ("", None),
    ],
)
def test_stated_dates(text: str, date: str | None) -> None:
    assert stated_date(text) == date


@pytest.mark.parametrize(
    "tags", ["tags: [年报, '化工']", "tags: 年报，化工", "tags:\n  - 年报\n  - 化工\nlayout: x"]
)
def test_front_matter_states_all_four(tags: str) -> None:
    source = f'---\ntitle: "题：目"\ndate: 2023-5-1\nsource: 某报\n{tags}\n---\n\n正文2019年5月。\n'
    cleaned = clean_markdown(source)
    assert (cleaned.title, cleaned.date, cleaned.date_inferred) == ("题：目", "2023-05-01", False)
    assert (cleaned.publisher, cleaned.tags) == ("某报", ("年报", "化工"))
    assert cleaned.text == "正文2019年5月。"


def test_front_matter_without_a_date_leaves_it_to_the_text() -> None:
    cleaned = clean_markdown("---\ndate: 某日\n---\n\n2019年5月1日，大桥通车。\n")
    assert (cleaned.date, cleaned.date_inferred) == ("2019-05-01", True)
