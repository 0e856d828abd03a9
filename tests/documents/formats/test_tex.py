"""TeX files: structure, tables, formulas, and the way back to every character."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag.documents.formats.tex import read_tex
from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind, Document

PAPER = r"""
\documentclass[12pt]{ctexart}
\usepackage{amsmath} \newcommand{\kg}[1]{#1\,kg}
\title{灯塔的\textbf{历史}}
\author{王芳 \and 李雷}
\date{2024年5月6日}
\begin{document}
\maketitle
\section{概况\label{sec:a}} % 不要读的注释
灯塔建于1902年\footnote{一说1903年。}，塔高 $h=31$ 米，占市场的100\%
以上。见图~\ref{fig:a}\cite{wang}。

第二段，\emph{强调的话}，\href{http://a.b}{链接}，\url{http://c.d/e}。
\subsection{清单}
\begin{itemize}
  \item 第一项
  \item[乙] 第二项
\end{itemize}
\begin{table}[ht]
\caption{客运量（单位：人）}
\begin{tabular}{l|rr}
\hline
\multirow{2}{*}{港口} & \multicolumn{2}{c}{人数} \\
 & 五月 & 六月 \\ \hline
东港 & 3,100 & \textbf{2,900} \\[2pt]
西港 & 700 & 650 \\
\end{tabular}
\end{table}
\begin{equation}
E = mc^2
\end{equation}
\begin{verbatim}
x = {1} % keep
\end{verbatim}
\begin{figure}\includegraphics[width=1cm]{a.png}\caption{港口全景}\end{figure}
\input{chapters/other}
\end{document}
之后的不读。
"""


def read(text: str) -> Document:
    document = parse_document(text.encode(), Path("a.tex"), "a.tex", Reading())
    assert document.source is not None
    for run in document.origin:
        ours = document.text[run.start : run.start + run.length]
        assert ours == document.source[run.source : run.source + run.length]
    assert sum(run.length for run in document.origin) >= len("".join(document.text.split()))
    return document


def test_a_paper() -> None:
    document = read(PAPER)
    assert document.text.split("\n") == [
        "灯塔的历史", "王芳 李雷", "2024年5月6日", "概况",
        "灯塔建于1902年，塔高 $h=31$ 米，占市场的100% 以上。见图 。", "一说1903年。",
        "第二段，强调的话，链接，http://c.d/e。", "清单", "第一项", "乙 第二项", "客运量（单位：人）",
        "港口\t人数", "\t五月\t六月", "东港\t3,100\t2,900", "西港\t700\t650", r"\begin{equation} E = mc^2 \end{equation}", "x = {1} % keep", "港口全景",
    ]  # fmt: skip
    assert (document.title, document.date, document.date_inferred) == (
        "灯塔的历史",
        "2024-05-06",
        False,
    )
    kinds = {block.span.of(document.text): block for block in document.blocks}
    assert kinds["一说1903年。"].kind is BlockKind.NOTE
    assert kinds["第一项"].kind is BlockKind.LIST_ITEM
    assert kinds["第一项"].headings == ("灯塔的历史", "概况", "清单")
    assert kinds["概况"].lines == (9, 9)
    assert document.warnings == (
        "1 figures are not read", "1 other files are taken in and not read here: chapters/other",
    )  # fmt: skip


def test_merged_cells_of_a_table() -> None:
    document = read(PAPER)
    (table,) = document.tables
    (june,) = [cell for cell in table.cells if cell.text == "2,900"]
    assert [label.text for label in june.rows] == ["东港"]
    assert [label.text for label in june.columns] == ["人数", "六月"]
    assert (table.caption, table.unit, june.unit) == ("客运量（单位：人）", "人", "人")


def test_what_shows_by_position_or_is_struck_out() -> None:
    source = r"""\documentclass{article}\begin{document}
面积10\textsuperscript{8}平方米，\nicefrac{1}{2}斤，\SI{3.5}{\metre}高，\sout{八元}十元。
\end{document}"""
    read = read_tex(source.encode(), Reading())
    assert read.text == (
        r"面积10\textsuperscript{8}平方米，\nicefrac{1}{2}斤，\SI{3.5}{\metre}高，十元。"
    )
    assert read.warnings == ("2 characters that are struck out are left out",)


def test_what_holds_no_text_is_refused() -> None:
    for text in ("", r"\documentclass{article}\begin{document}\end{document}", "% only a remark"):
        with pytest.raises(UnreadableDocument):
            read_tex(text.encode(), Reading())
    with pytest.raises(UnreadableDocument, match="nested more than"):
        read_tex((r"\section{" * 500 + "a" + "}" * 500).encode(), Reading())


@pytest.mark.parametrize(
    "unit", [r"\(", "$", "$$", r"\begin{equation}", r"\begin{tabular}{l}", r"\verb|", "{", "[", r"\item[", "&", r"\\"]
)  # fmt: skip
def test_unclosed_marks_take_no_time_to_speak_of(unit: str) -> None:
    """Quadratic reading of so many would take hours."""
    document = read_tex((unit + "a").encode() * 30_000, Reading())
    assert document.text.count("a") >= 1


def test_any_damage_is_read_or_refused() -> None:
    for seed in range(150):
        random_ = random.Random(seed)
        text = list(PAPER)
        for _ in range(random_.randint(1, 12)):
            at = random_.randrange(len(text))
            text[at : at + random_.choice((0, 1, 30))] = random_.choice(
                ("{", "}", "\\", "[", "]", "$", "&", r"\begin{a}", "")
            )
        try:
            read("".join(text))
        except UnreadableDocument:
            continue
