"""`rag index`, `rag remove` and `rag verify`: the commands that write to an index."""

from __future__ import annotations

import argparse
import sys

from rag.commands.opening import load_settings, open_index
from rag.commands.progress import Interruption, bar
from rag.commands.terminal import Terminal, visible, write, write_json
from rag.errors import UnreadableDocument
from rag.types import Report, Skipped
from rag.wire import info_json, report_json

MAX_LISTED = 20  # documents named in a list for people; --json has all
_EARLIER = "（上一次读入的版本仍在索引中）"


def index(arguments: argparse.Namespace) -> int:
    """Builds or updates the index from the paths and says what was done.

    Raises:
        UnreadableDocument: there were files, and not one could be read.
    """
    from rag.indexing.index import Index

    settings = load_settings(arguments)
    with bar() as draw, Interruption(draw) as interruption:
        built = Index.build(
            arguments.paths, settings.index, settings,
            prune=arguments.prune, rebuild=arguments.rebuild,
            retry_skipped=arguments.retry_skipped, progress=interruption.step,
        )  # fmt: skip
    report = built.report
    if report is None:
        raise TypeError("Index.build gave no report")
    done = report.read or report.unchanged or report.removed
    if not done and not (arguments.retry_skipped and not report.skipped):
        raise UnreadableDocument(_nothing_read(arguments, report))
    if arguments.json:
        write_json(report_json(report))
    else:
        write(show_report(report, str(settings.index), Terminal.of_stdout()))
    return 0


def _nothing_read(arguments: argparse.Namespace, report: Report) -> str:
    paths = ", ".join(str(path) for path in arguments.paths)
    if not report.skipped:
        return f"no file to read under {paths}; name a file, or a folder that holds some"
    reasons = "\n".join(f"  {line}" for line in _skipped(report.skipped))
    return f"none of the {len(report.skipped)} files under {paths} could be read:\n{reasons}"


def show_report(report: Report, folder: str, terminal: Terminal) -> str:
    """What an update did, for reading."""
    parts = [f"读入 {report.read}", f"未变 {report.unchanged}"]
    if report.restated:
        parts.append(f"改注 {report.restated}")
    if report.removed:
        parts.append(f"删除 {report.removed}")
    if report.skipped:
        parts.append(f"跳过 {len(report.skipped)}")
    lines = [
        terminal.flow(
            [
                ("、".join(parts), "bold"),
                (f"；索引 {folder} 现有 {report.documents:,} 份文档、{report.chunks:,} 个段落", ""),
                (f"（{report.seconds:.1f} 秒）", "dim"),
            ]
        )
    ]
    if report.split_sentences:
        lines.append(terminal.flow([(f"{report.split_sentences} 个过长的句子被切开", "warn")]))
    if report.warnings:
        lines.append(terminal.paint("没有完整读入的文件：", "warn"))
        lines += [terminal.flow([(line, "")], 2) for line in _skipped(report.warnings)]
    if report.skipped:
        lines.append(terminal.paint("跳过的文件：", "warn"))
        lines += [terminal.flow([(line, "")], 2) for line in _skipped(report.skipped)]
    if report.missing:
        lines.append(terminal.paint("文件已不在、仍留在索引中（--prune 可删除）：", "warn"))
        lines += [terminal.flow([(line, "")], 2) for line in _listed(report.missing)]
    return "\n".join(lines)


def _skipped(skipped: tuple[Skipped, ...]) -> list[str]:
    return _listed(
        tuple(f"{item.document}: {item.reason}{_EARLIER * item.earlier}" for item in skipped)
    )


def _listed(names: tuple[str, ...]) -> list[str]:
    more = len(names) - MAX_LISTED
    shown = [visible(name.replace("\n", "␊")) for name in names[:MAX_LISTED]]
    return shown + [f"… +{more}"] * (more > 0)


def correct(arguments: argparse.Namespace) -> int:
    """States title or date of a document, whatever its file says."""
    info = open_index(arguments).correct(
        arguments.document, title=arguments.title, date=arguments.date
    )
    if arguments.json:
        write_json(info_json(info))
    else:
        write(f"{visible(info.name)}：{visible(info.title)}，{info.date or '日期不详'}")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Takes one document out of the index."""
    chunks = open_index(arguments).remove(arguments.document)
    if arguments.json:
        write_json({"document": arguments.document, "chunks": chunks})
    else:
        write(f"已删除 {visible(arguments.document)}（{chunks} 个段落）")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Checks the index; 0 when it is sound (after `--repair` where asked), else 1 with one
    line for each damage on stderr."""
    from rag.indexing.loading import LazyEncoder
    from rag.indexing.verify import damages, repair

    settings = load_settings(arguments)
    # Without opening it: an index that cannot be opened is the one to be repaired.
    encoder = LazyEncoder(settings.encoder)
    repaired = repair(settings.index, settings, encoder.get) if arguments.repair else []
    damage = damages(settings.index)
    for line in damage:
        print(f"rag: {line}", file=sys.stderr)
    if damage:
        return 1
    if arguments.json:
        write_json({"sound": True, "repaired": repaired})
    else:
        write("\n".join([*(f"已修复：{line}" for line in repaired), "索引完好。"]))
    return 0
