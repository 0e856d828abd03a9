"""What is read of real files, beside what markitdown and LangChain's loaders make of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval import other_readers

OTHERS = tuple(other_readers.READERS)
_TIMEOUT_SECONDS = 1800
_WHITE = re.compile(r"\s+")
_EDGES = re.compile(r"[\s|*\\]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a file; `error` says why there is nothing."""

    text: str
    seconds: float
    error: str = ""


_REPORT, _TABLES = "finglm_annual_report_600201_2020.pdf", "pymupdf_chinese-tables.pdf"
_GRADE = "偿还债务的能力很强，受不利经济环境的影响不大，违约风险很低"
# Sentences that go on over a line, a column or a page; parts that stand one behind the other.
ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_REPORT, ("国内业务收入占营业收入99.08%。",)),
    ("bce_Bio_zh_0.pdf", ("（CAR-T细胞）治疗复发难治ALL患者完全缓解率达83％",)),
    ("bce_Bio_zh_0.pdf", ("1.病例资料", "所有患者均入组", "2.allo-HSCT方案", "3.供者CAR-T")),
    ("bce_Comp_zh_0.pdf", ("其是由黑客人员针对性地入侵到计算机系统中",)),
    ("bce_Enco_zh_0.pdf", ("创业风险投资(venturecapital,VC)作为一种新的金融制度安排",)),
    ("bce_Q-fin_zh_0.pdf", ("本文以样本企业的经营效率为被解释变量。",)),
    (_TABLES, (_GRADE,)),
    ("chardet_Big5_coolloud.org.tw.xml", ("成功阻擋了12/26法院的點交程序",)),
    ("mineru_zh_faq.html", ("常见问题解答", "Windows直接安装后推理速度很慢怎么办？")),
)
# Cells that have to stand in one line, in this order.
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_REPORT, ("营业收入", "1,581,905,632.48", "1,126,782,253.35", "40.39")),
    (_REPORT, ("归属于上市公司股东的净利润", "406,195,463.57", "221,041,634.94")),
    (_REPORT, ("总资产", "6,278,282,683.24")),
    (_TABLES, ("徽商银行南京中山北路支行", "330,435.30", "256,735.30", "73,700.00")),
    (_TABLES, ("2020", "AA+", _GRADE)),
)


def read_by(python: str, reader: str, folder: Path) -> dict[str, Reading]:
    """What a reader that the interpreter `python` has installed makes of each file.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be run.
    """
    done = subprocess.run(
        [python, other_readers.__file__, reader, str(folder.absolute())],
        capture_output=True, text=True, check=True, timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["file"]: Reading(line["text"], line["seconds"], line["error"]) for line in lines}


def in_order(text: str, parts: Sequence[str]) -> bool:
    """Whether the parts stand in the text one behind the other, white space not counted.

    >>> in_order("a b c d", ["ab", "d"]), in_order("a b c d", ["d", "ab"])
    (True, False)
    """
    squeezed = _WHITE.sub("", text)
    at = 0
    for part in parts:
        at = squeezed.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def in_a_row(text: str, cells: Sequence[str]) -> bool:
    """Whether one line of the text has the cells in this order, each whole.

    >>> in_a_row("| a b | 1 |\\n| c | 2 |", ["ab", "1"]), in_a_row("a 1\\nb 2", ["a", "2"])
    (True, False)
    """
    return any(in_order(_EDGES.sub(" ", line), cells) for line in text.splitlines())


def comparison(readers: Mapping[str, Mapping[str, Reading]]) -> str:
    """The readers side by side in Markdown, by file; then order and rows."""
    names = list(readers)
    files = sorted({file for found in readers.values() for file in found})
    lines = [["file", *names], ["---"] * (len(names) + 1)]
    for file in files:
        lines.append([file, *(_cell(readers[name].get(file)) for name in names)])
    lines.append(["**together**", *(_sum(readers[name].values()) for name in names)])
    checks = [["check", *names], ["---"] * (len(names) + 1), *_checked(readers)]
    return f"{_table(lines)}\n\n{_table(checks)}\n"


def _checked(readers: Mapping[str, Mapping[str, Reading]]) -> Iterator[list[str]]:
    for title, checks, holds in (
        ("order of text", ORDER, in_order),
        ("table rows", ROWS, in_a_row),
    ):
        counts = []
        for found in readers.values():
            kept = [holds(found[file].text, parts) for file, parts in checks if file in found]
            counts.append(f"{sum(kept)} of {len(kept)}")
        yield [title, *counts]
        for file, parts in checks:
            if all(file in found for found in readers.values()):
                yes = [
                    "yes" if holds(found[file].text, parts) else "no" for found in readers.values()
                ]
                if len(set(yes)) > 1:
                    yield [f"— {file}: {parts[-1][:18]}", *yes]


def _cell(reading: Reading | None) -> str:
    if reading is None:
        return ""
    characters = len(_WHITE.sub("", reading.text))
    said = f"; {reading.error}" if reading.error else ""
    return f"{characters:,} · {reading.seconds:.2f} s{said}"


def _sum(readings: Iterable[Reading]) -> str:
    found = list(readings)
    characters = sum(len(_WHITE.sub("", item.text)) for item in found)
    failed = sum(bool(item.error) for item in found)
    return f"{characters:,} · {sum(item.seconds for item in found):.1f} s; {failed} not read"


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
