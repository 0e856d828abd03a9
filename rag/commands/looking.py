"""`rag text`, `rag status`, `rag prompts` and `rag doctor`: the commands that only look."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from rag.commands.examining import Finding, examine
from rag.commands.opening import filter_of, load_settings, open_index
from rag.commands.terminal import Terminal, visible, write, write_exactly, write_json
from rag.types import DocumentInfo
from rag.wire import document_json, info_json


def text(arguments: argparse.Namespace) -> int:
    """Prints a document's text exactly, with no line feed added."""
    document = open_index(arguments).document(arguments.document)
    if arguments.json:
        write_json(document_json(document))
    else:
        write_exactly(document.text)
    return 0


def documents(arguments: argparse.Namespace) -> int:
    """Lists the documents, one a line with what is known of it below."""
    where = filter_of(arguments)
    found = open_index(arguments).documents(arguments.mentioning, where)
    if arguments.json:
        write_json([info_json(info) for info in found])
    elif found:
        terminal = Terminal.of_stdout()
        write("\n".join(_document(info, terminal) for info in found))
    else:
        write("没有这样的文档。")
    return 0


def _document(info: DocumentInfo, terminal: Terminal) -> str:
    date = f"{info.date}（推断）" if info.date and info.date_inferred else info.date
    facts = [info.title, date, info.publisher, *(f"#{tag}" for tag in info.tags)]
    lines = [
        terminal.flow([(info.name, "bold")]),
        terminal.flow([("  ".join(visible(fact) for fact in facts if fact), "")], 4),
    ]
    lines += [terminal.flow([(warning, "warn")], 4) for warning in info.warnings]
    return "\n".join(lines)


def status(arguments: argparse.Namespace) -> int:
    """Prints what the index holds."""
    now = open_index(arguments).status()
    if arguments.json:
        write_json(
            {
                "index": str(now.index),
                "generation": now.generation,
                "documents": now.documents,
                "chunks": now.chunks,
                "encoder": now.encoder,
                "bytes": now.bytes,
                "stale": now.stale,
                "outdated": now.outdated,
                "checked": now.checked,
                "damage": list(now.damage),
            }
        )
    else:
        terminal = Terminal.of_stdout()
        lines = [
            f"{terminal.paint('索引', 'dim')}    {now.index}（第 {now.generation} 代）",
            f"{terminal.paint('文档', 'dim')}    {now.documents:,}",
            f"{terminal.paint('段落', 'dim')}    {now.chunks:,}",
            f"{terminal.paint('编码器', 'dim')}  {now.encoder}",
            f"{terminal.paint('大小', 'dim')}    {size(now.bytes)}",
        ]
        if now.stale:
            older = f"，其中 {now.outdated:,} 份文档重读后会更完整" * (now.outdated > 0)
            told = f"索引比程序旧{older}：下次 rag index 时会重新读入相关文件。"
            lines.append(terminal.paint(told, "warn"))
        if now.checked is not None and not now.damage:
            lines.append(f"{terminal.paint('检查', 'dim')}    {now.checked} UTC，完好")
        if now.damage:
            told = f"{now.checked} UTC 检查时发现损坏（rag verify --repair 可修复）："
            lines += [terminal.paint(told, "bad"), *(f"  {visible(line)}" for line in now.damage)]
        write("\n".join(lines))
    return 0


def size(count: int) -> str:
    """A number of bytes for reading.

    >>> size(1_234_567)
    '1.2 MB'
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def prompts(arguments: argparse.Namespace) -> int:
    """Prints the prompts of the chat model in the form of the file that can replace them."""
    from rag.answering.prompt import PROMPT_VERSION, load_prompts

    found = load_prompts(load_settings(arguments).chat.prompts)
    if arguments.json:
        write_json({"version": PROMPT_VERSION, "prompts": asdict(found)})
    else:
        write(found.to_toml().rstrip("\n"))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Prints what was found out about this installation; never fails because of it."""
    findings = examine(lambda: load_settings(arguments))
    if arguments.json:
        write_json([{"name": item.name, "ok": item.ok, "detail": item.detail} for item in findings])
    else:
        terminal = Terminal.of_stdout()
        write("\n".join(_finding(item, terminal) for item in findings))
    return 0


def _finding(item: Finding, terminal: Terminal) -> str:
    mark = terminal.paint("✓ ", "good") if item.ok else terminal.paint("✗ ", "bad")
    return mark + terminal.flow([(item.name, "bold"), (f"  {item.detail}", "")], 2).lstrip()
