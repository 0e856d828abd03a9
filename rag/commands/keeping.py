"""`rag backup` and `rag restore`: an index as one file, and back."""

from __future__ import annotations

import argparse

from rag.commands.opening import load_settings, open_index
from rag.commands.terminal import visible, write, write_json


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
    from rag.indexing.backup import restore as bring_back

    folder = load_settings(arguments).index
    documents, chunks = bring_back(arguments.file, folder, replace=arguments.force)
    if arguments.json:
        write_json({"index": str(folder), "documents": documents, "chunks": chunks})
    else:
        write(f"索引 {folder} 已恢复：{documents:,} 份文档、{chunks:,} 个段落")
    return 0
