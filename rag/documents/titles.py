"""The title of a document from its title page, where what the file says of itself is no title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.reading.outline import is_generic_title, is_plain_heading
from rag.text.fold import squeeze

# What many files of a kind are called: a kind of document, not this one.
_KIND = re.compile(
    r".{0,4}(?:文件|文本|范本|模板|样本|格式|公告|通知|报告|论文|方案|说明书?|手册|简介|协议|合同|标书|"
    r"纪要|总结|计划|清单|封面|正文|附件|document|report|template|untitled|title)$",
    re.IGNORECASE,
)
_LONGEST_KIND = 8
_LINES = 12
_LONGEST_TITLE = 60


def page_title(stated: str | None, lines: Sequence[str]) -> str | None:
    """What a file `stated` as its title, unless that only names a kind of document or a part that
    any has; then the line among the first that holds it, with the one above where it stands
    alone. None where the first `lines` say no more.

    >>> page_title("招标文件", ["海港市灯塔维修工程", "招标文件", "二〇二三年五月"])
    '海港市灯塔维修工程 招标文件'
    >>> page_title("海港年报", ["前言"]), page_title("前言", ["前言"])
    ('海港年报', None)
    """
    if not stated or is_generic_title(stated):
        return None
    if len(stated) > _LONGEST_KIND or not _KIND.match(stated):
        return stated
    wanted = squeeze(stated)
    for i, line in enumerate(lines[:_LINES]):
        own = squeeze(line)
        if wanted not in own or len(line) > _LONGEST_TITLE or not is_plain_heading(line[:30]):
            continue
        if own != wanted:
            return line
        above = lines[i - 1] if i else ""
        if above and is_plain_heading(above) and not is_generic_title(above):
            return f"{above} {line}"
    return None
