"""The commands that write to an index or look at it.

`rag index`, `rag watch`, `rag remove` and `rag verify` write to an index; `rag backup` and
`rag restore` make it one file, and back; `rag export` writes what was read for other programs;
`rag text`, `rag status`, `rag prompts` and `rag doctor` only look. The only network call of
`rag doctor` is to a chat model whose server's address is set.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.cli.terminal import (
    Interruption,
    Terminal,
    bar,
    filter_of,
    in_words,
    load_settings,
    open_index,
    visible,
    write,
    write_exactly,
    write_json,
    write_line,
)
from rag.errors import RagError, StoreError, StoreLocked, StoreMissing, UnreadableDocument
from rag.offline import damaged
from rag.settings import Chat, Settings
from rag.types import DocumentInfo, Report, Skipped
from rag.wire import cell_json, document_json, info_json, report_json

if TYPE_CHECKING:
    from rag.index.local.index import Index

LEAST_PYTHON = (3, 11)
# Below this an update of the index may not finish: new files are written beside the old ones.
LEAST_FREE_BYTES = 1_000_000_000
# What a working installation cannot do without; asked for where the distribution itself is
# not installed (a checkout on the path) and cannot be asked.
PACKAGES = (
    "faiss-cpu", "fastapi", "gradio", "langchain", "langchain-core", "langchain-openai", "numpy",
    "opencc", "pydantic", "rjieba", "safetensors", "tantivy", "tiktoken", "tokenizers", "tqdm",
    "uvicorn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, whether it is as it should be, and what was seen."""

    name: str
    ok: bool
    detail: str


def examine(load: Callable[[], Settings]) -> list[Finding]:
    """Looks at everything. `load` gives the settings; where it fails, its error is a finding
    and the index is looked for where the defaults say."""
    findings = [_python(), *_packages()]
    try:
        settings = load()
        findings.append(Finding("settings", True, "read"))
    except RagError as error:
        settings = Settings.model_validate({})
        findings.append(Finding("settings", False, str(error)))
    return [
        *findings,
        _models(),
        _encoder(settings),
        _index(settings),
        _disk(settings.index),
        _chat(settings.chat),
    ]


def _python() -> Finding:
    ok = sys.version_info >= LEAST_PYTHON
    need = "" if ok else f"; {'.'.join(map(str, LEAST_PYTHON))} or newer is needed"
    return Finding("python", ok, f"{platform.python_version()} ({sys.executable}){need}")


def _packages() -> Iterator[Finding]:
    for name in _needed():
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, f"not installed; pip install {name}")


def _needed() -> list[str]:
    """Names of the packages that the installed distribution requires, extras left out."""
    try:
        lines = requires("wenju") or []
    except PackageNotFoundError:
        return list(PACKAGES)
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]
    return sorted(names)


def _models() -> Finding:
    """Holds the files that ship with Wenju against their checksums."""
    try:
        damage = damaged()
    except RagError as error:
        damage = [str(error)]
    return Finding("models", not damage, "; ".join(damage) or "checksums match")


def _encoder(settings: Settings) -> Finding:
    from rag.models.encoder import load_encoder

    try:
        encoder = load_encoder(settings.encoder)
    except (RagError, OSError) as error:
        return Finding("encoder", False, str(error))
    return Finding("encoder", True, f"{encoder.name}, {encoder.dimension} dimensions")


def _index(settings: Settings) -> Finding:
    from rag.index.local.index import Index

    try:
        opened = Index.open(settings.index, settings)
        status, damage = opened.status(), opened.verify()
    except StoreMissing:
        return Finding("index", True, f"none at {settings.index} yet; rag index PATH builds one")
    except (RagError, OSError) as error:
        return Finding("index", False, str(error))
    if damage:
        return Finding("index", False, "; ".join(damage) + "; rag verify --repair mends it")
    older = ", older than the program: rag index PATH brings it up to date" * status.stale
    detail = f"{settings.index}: {status.documents} documents, {status.chunks} chunks{older}"
    return Finding("index", not status.stale, detail)


def _chat(chat: Chat) -> Finding:
    """Asks the chat model for a word, where the address of its server is set."""
    from rag.generation.write import try_chat

    if not chat.model:
        return Finding("chat model", True, "none set; answers are sentences of the documents")
    if not chat.base_url:
        return Finding("chat model", True, f"{chat.model}, not asked: chat.base_url is not set")
    try:
        try_chat(chat)
    except RagError as error:
        return Finding("chat model", False, str(error))
    return Finding("chat model", True, f"{chat.model} answers")


def _disk(folder: Path) -> Finding:
    """Free space where the index is or would be."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    ok = free >= LEAST_FREE_BYTES
    need = "" if ok else f"; at least {LEAST_FREE_BYTES / 1e9:.0f} GB should be free"
    return Finding("disk", ok, f"{free / 1e9:.1f} GB free at {place}{need}")


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
    from rag.generation.prompts import PROMPT_VERSION, load_prompts

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


def backup(arguments: argparse.Namespace) -> int:
    """Saves the index as one file."""
    opened = open_index(arguments)
    opened.backup(arguments.file)
    size = arguments.file.stat().st_size
    if arguments.json:
        write_json({"file": str(arguments.file), "bytes": size, "generation": opened.generation})
    else:
        write(f"已备份到 {visible(str(arguments.file))}（{size:,} 字节）")
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Makes a saved index the current one."""
    from rag.index.local.maintenance import restore as bring_back

    folder = load_settings(arguments).index
    documents, chunks = bring_back(arguments.file, folder, replace=arguments.force)
    if arguments.json:
        write_json({"index": str(folder), "documents": documents, "chunks": chunks})
    else:
        write(f"索引 {folder} 已恢复：{documents:,} 份文档、{chunks:,} 个段落")
    return 0


MAX_LISTED = 20  # documents named in a list for people; --json has all
_EARLIER = "（上一次读入的版本仍在索引中）"


def index(arguments: argparse.Namespace) -> int:
    """Builds or updates the index from the paths and says what was done.

    Raises:
        UnreadableDocument: there were files, and not one could be read.
    """
    from rag.index.local.index import Index

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


_Tree = dict[str, tuple[int, int]]
UNSETTLED_SECONDS = 30.0
"""A folder in which something changes all the time is read after this."""


def watch(arguments: argparse.Namespace) -> int:
    """Keeps the index in step with the paths until it is interrupted: what changed meanwhile is
    read at the start, later what is new, changed or gone, once it stays as it is for an interval. A
    report a line with `--json`."""
    settings = load_settings(arguments)
    look = partial(_tree, apart=settings.index.resolve())
    known: _Tree | None = None
    try:
        while True:
            found = _settled(partial(look, arguments.paths), known, arguments.interval)
            # A disk that is not there looks like an empty folder: nothing goes because of it.
            start = time.monotonic()
            there = [path for path in arguments.paths if look([path])]
            looked = time.monotonic() - start
            for path in arguments.paths if found != known else ():
                if path not in there:
                    told = f"rag: {path} holds no file; its documents stay in the index"
                    print(told, file=sys.stderr)
            if found != known and (not there or _keep_in_step(arguments, settings, there)):
                known = found
            # To look at very many files takes a twentieth of the time at most.
            time.sleep(max(arguments.interval, 20 * looked))
    except KeyboardInterrupt:
        return 0


def _settled(look: Callable[[], _Tree], known: _Tree | None, interval: float) -> _Tree:
    """The files that are there; those that are not known, once they stay as they are."""
    found, begun = look(), time.monotonic()
    while found != known and known is not None:
        time.sleep(interval)
        later = look()
        if later == found or time.monotonic() - begun > UNSETTLED_SECONDS:
            return later
        found = later
    return found


def _tree(paths: Sequence[Path], apart: Path) -> _Tree:
    """Size and time of the last change of each file under the paths, what lies in the folder
    `apart` left out: the index may stand among the documents."""
    found: _Tree = {}
    for path in paths:
        for place in _files(path, apart) if path.is_dir() else (str(path),):
            with suppress(OSError):
                now = os.stat(place)  # noqa: PTH116 (as many as there are files)
                found[place] = now.st_size, now.st_mtime_ns
    return found


def _files(path: Path, apart: Path) -> Iterator[str]:
    for at, folders, names in os.walk(path):
        if apart.name in folders and (Path(at) / apart.name).resolve() == apart:
            folders.remove(apart.name)
        yield from (f"{at}{os.sep}{name}" for name in names)


def _keep_in_step(arguments: argparse.Namespace, settings: Settings, paths: Sequence[Path]) -> bool:
    """Brings the index up to date; what fails is told. False where somebody else writes to it."""
    from rag.index.local.index import Index

    try:
        with bar() as draw, Interruption(draw) as interruption:
            report = Index.build(
                paths, settings.index, settings, prune=True, progress=interruption.step
            ).report
    except StoreLocked:
        return False
    except RagError as error:
        print(f"rag: {in_words(error)}", file=sys.stderr)
        return True
    if report is None:
        raise TypeError("Index.build gave no report")
    if arguments.json:
        write_line(report_json(report))
    else:
        write(show_report(report, str(settings.index), Terminal.of_stdout()))
        sys.stdout.flush()
    return True


def export(arguments: argparse.Namespace) -> int:
    """Writes the documents, or with `--passages` what is searched of them, as JSON, one a line."""
    opened, file = open_index(arguments), arguments.file
    rows = _passage_rows if arguments.passages else _document_rows
    wanted = [info.name for info in opened.documents(where=filter_of(arguments))]
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows(opened, wanted))
    if str(file) == "-":
        for line in lines:
            write_exactly(line)
        return 0
    if file.exists() and not arguments.force:
        raise StoreError(f"{file} exists; name a new file, or replace it with --force")
    count = 0
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as out:
            for line in lines:
                out.write(line)
                count += 1
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    if arguments.json:
        write_json({"file": str(file), "lines": count})
    else:
        write(f"已写入 {visible(str(file))}（{count:,} 行）")
    return 0


def _document_rows(opened: Index, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in wanted:
        yield document_json(opened.document(name))


def _passage_rows(opened: Index, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    names = frozenset(wanted)
    for first in range(0, opened.count, EXPORTED_AT_ONCE):
        rows = range(first, min(opened.count, first + EXPORTED_AT_ONCE))
        for row, chunk in zip(rows, opened.chunks(rows), strict=True):
            info = opened.row_document(row)
            if info.name in names:
                yield {
                    **{key: info_json(info)[key] for key in _OF_DOCUMENT},
                    "headings": list(chunk.headings),
                    "page": chunk.page,
                    "lines": list(chunk.lines) if chunk.lines else None,
                    "start": chunk.span.start,
                    "end": chunk.span.end,
                    "text": chunk.text,
                    "lead": list(chunk.lead),
                    "cells": [cell_json(cell) for cell in chunk.cells],
                }


EXPORTED_AT_ONCE = 256
_OF_DOCUMENT = ("document", "title", "date", "date_inferred", "publisher", "tags")


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
    from rag.index.local.maintenance import damages, repair
    from rag.index.local.opening import LazyEncoder

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
