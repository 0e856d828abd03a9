"""Text files in any number: news, laws, manuals, then copies of them that are no duplicates.

What comes first does not depend on how much is wanted, so a smaller set is the beginning of a
larger one.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from rag.text.segment import proper_names

SEED = 20261121
KINDS: Mapping[str, str] = {"news": ".txt", "laws": ".md", "manuals": ".md"}
"""The files of the shared data, in the order in which they come, and the suffix of each."""

CHUNK_CHARACTERS = 234
"""Characters of the news for each chunk of the default settings: 45.5 million, 194,441 chunks."""

_FOLDER_FILES = 1000
_DIGITS = re.compile(r"[0-9]+")
_HAN_FIGURE = re.compile(r"[一二两三四五六七八九](?=[十百千万亿年月日号个名家人次倍成条项])")
_HAN_DIGITS = "一二三四五六七八九"

Pool = Mapping[int, Sequence[str]]
"""Names by their length, each once."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file of a set: its path in the set's folder, and what stands in it."""

    path: str
    text: str


def originals(data: Path, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Text]:
    """The texts of the shared data in their order.

    Raises:
        FileNotFoundError: a file of them is not in `data`.
    """
    for kind in kinds:
        with lzma.open(data / f"{kind}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                text = json.loads(line)["text"] or ""
                name = f"{kind}/{number // _FOLDER_FILES:03d}/{number:06d}{KINDS[kind]}"
                if text.strip():
                    yield Text(name, text)


def texts(data: Path) -> Iterator[Text]:
    """The originals, then copies of them without end, each with other figures and names."""
    whole: list[Text] = []
    for original in originals(data):
        yield original
        whole.append(original)
    named = [(text, sorted(set(proper_names(text.text)))) for text in whole]
    pool = name_pool(name for _, names in named for name in names)
    for copy in count(1):
        for original, names in named:
            chance = random.Random(f"{SEED} {copy} {original.path}")
            text = alter(original.text, names, pool, chance)
            yield Text(f"copy-{copy}/{original.path}", text)


def write_set(data: Path, folder: Path, chunks: int) -> int:
    """Writes as many texts into `folder` as make about so many chunks; those that are there
    already stay. Returns how many characters there are now."""
    characters = 0
    for text in texts(data):
        if characters >= chunks * CHUNK_CHARACTERS:
            break
        path = folder / text.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.text, encoding="utf-8")
        characters += len(text.text)
    return characters


def write_articles(data: Path, folder: Path, articles: int) -> Path:
    """Writes the first articles of the news as files into `folder`; those that are there already
    stay. Returns the folder.

    Raises:
        FileNotFoundError: the news are not in `data`.
    """
    for text in islice(originals(data, ["news"]), articles):
        path = folder / text.path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.text, encoding="utf-8")
    return folder


def name_pool(names: Iterable[str]) -> Pool:
    """Names sorted by their length, each once.

    >>> name_pool(["张三", "北京市", "李四", "张三"])
    {3: ['北京市'], 2: ['张三', '李四']}
    """
    pool: dict[int, list[str]] = {}
    for name in sorted(set(names)):
        pool.setdefault(len(name), []).append(name)
    return pool


def alter(text: str, names: Sequence[str], pool: Pool, chance: random.Random) -> str:
    """The text with every figure and every one of `names` replaced: a name by another of its
    length wherever it stands, digits by other digits.

    >>> alter("张三买了12个", ["张三"], {2: ["李四"]}, random.Random(1))
    '李四买了82个'
    """
    if names:
        other = {name: chance.choice(pool[len(name)]) for name in names}
        longest_first = sorted(other, key=len, reverse=True)
        found = re.compile("|".join(map(re.escape, longest_first)))
        text = found.sub(lambda match: other[match[0]], text)
    text = _DIGITS.sub(lambda match: _other_figure(match[0], chance), text)
    return _HAN_FIGURE.sub(lambda _: chance.choice(_HAN_DIGITS), text)


def _other_figure(figure: str, chance: random.Random) -> str:
    """Another number of as many digits; the first is not 0 unless it was."""
    low = 0 if figure[0] == "0" else 10 ** (len(figure) - 1)
    high = 10 ** (len(figure) - (figure[0] == "0"))
    return str(chance.randrange(low, high)).zfill(len(figure))
