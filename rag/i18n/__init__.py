"""Every text that a person reads, by code, in each language: `zh.toml` and `en.toml`.

A code is `section.key`. A text holds `{name}` for a value, with a format where numbers want one
(`{bytes:,}`); values are named, texts of the section `remark` count them (`{0}`), and those of the
section `page` have a form of their own (`rag.i18n`), as scripts read them, too.

What the engine says is a `Message`: a code with values. As a string it is English, for logs and the
command line; `told` gives it in another language where it is shown.

What errors, skipped files and warnings say, in Chinese: from the English words, `{}` for each
value, to the Chinese ones, `{0}` for the first value. tests/i18n holds them against the sources.

Errors, skipped files and warnings in a language; the engine tells them in English.

The texts of the page, the section `page` of each language: what Python writes and what its
scripts do.

A text may hold `{name}`, which is replaced by the value of that name, and `{name:one|many}`, the
number of that name with the word that goes with it. Whole numbers are written with commas.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

TEXTS: Mapping[str, str] = {
    # questions and filters
    "the question is empty; ask something": "问题是空的，请先输入问题",
    "the question has {} characters, the limit is {}; shorten it": (
        "问题有 {0} 个字，上限是 {1} 个，请缩短"
    ),
    "the question holds half a character ({}); type it again": (
        "问题里有半个字符（{0}），请重新输入"
    ),
    # pages as pictures
    "{} has no pages that can be drawn; PDF files and pictures have": (
        "{0} 没有可以画出的页面；PDF 和图片才有"
    ),
    "the file of {} is no longer where it was indexed": "{0} 的原文件已不在读入时的位置",
    "the file of {} has changed since it was indexed; index it again": (
        "{0} 的原文件在读入之后改过了，请重新读入"
    ),
    "page {} takes more than {} s to draw": "画第 {0} 页超过了 {1} 秒",
    "page {} cannot be drawn (exit code {})": "第 {0} 页画不出来（退出码 {1}）",
    "there is no page {}; the file has {}": "没有第 {0} 页，文件共 {1} 页",
    "there is no page {} in the picture": "图片里没有第 {0} 页",
    # files that are not read, or not whole
    "the file is empty": "文件是空的",
    "the file cannot be read: {}": "文件读不了：{0}",
    "the folder cannot be read: {}": "文件夹读不了：{0}",
    "the file changed while it was read; try again": "读的时候文件变了，请再试",
    "{} files cannot be read; supported: {}": "读不了 {0} 文件；能读的有：{1}",
    "nothing is left of the file once page furniture is taken out": (
        "去掉页眉页脚之后，文件里没有内容"
    ),
    "the file has {} bytes, the limit is {}; raise reading.max_file_bytes to read it": (
        "文件有 {0} 字节，上限是 {1}；要读就调大 reading.max_file_bytes"
    ),
    "the file has {} pages, the limit is {}; raise reading.max_pages, or split the file": (
        "文件有 {0} 页，上限是 {1}；请调大 reading.max_pages，或拆开文件"
    ),
    "a symbolic link that leads out of the folder; name what it leads to, to read it": (
        "这是指向文件夹外面的符号链接；要读就直接指定它指向的文件"
    ),
    "no regular file (a pipe, socket or device)": "不是普通文件（管道、套接字或设备）",
    "the table is empty": "表格是空的",
    "the feed holds no text": "订阅里没有文字",
    "the file holds no text": "文件里没有文字",
    "the page holds no text": "网页里没有文字",
    "the book holds no text": "书里没有文字",
    "the workbook holds no text": "工作簿里没有文字",
    "the slides hold no text": "幻灯片里没有文字",
    "the document holds no text": "文档里没有文字",
    "the JSON holds no text": "JSON 里没有文字",
    "chapters are missing from the file: {}": "文件里缺少章节：{0}",
    "pictures of text are read by OCR, which needs: {}": "读图片里的文字要用 OCR，请先安装：{0}",
    "{} of {} pages are pictures without a text layer and are missing (page {}); to have them read "
    "by OCR: {}, then: {}": (
        "共 {1} 页，其中 {0} 页是没有文字层的图片，没有读入（第 {2} 页）；"
        "要用 OCR 读：{3}，然后运行 {4}"
    ),
    "the file has no text on any of its {} pages": "文件共 {0} 页，哪一页都没有文字",
    "{} of {} pages are pictures and were read by OCR, which may misread characters (page {})": (
        "共 {1} 页，其中 {0} 页是图片，由 OCR 识别，个别字可能认错（第 {2} 页）"
    ),
    "{} of {} pages are pictures and were read by OCR, which may misread characters (page {}); {} "
    "lines too unclear to read are left out": (
        "共 {1} 页，其中 {0} 页是图片，由 OCR 识别，个别字可能认错（第 {2} 页）；"
        "{3} 行太模糊，没有读入"
    ),
    "{} of {} pages are pictures and are missing, reading them takes too long (page {}); raise "
    "reading.max_page_seconds, then: {}": (
        "共 {1} 页，其中 {0} 页是图片，识别太久，没有读入（第 {2} 页）；"
        "请调大 reading.max_page_seconds，然后运行 {3}"
    ),
    "pictures on {} of {} pages were read by OCR, which may misread characters (page {})": (
        "共 {1} 页，其中 {0} 页上的图片由 OCR 识别，个别字可能认错（第 {2} 页）"
    ),
    "pictures on {} of {} pages are not read, which takes too long (page {}); raise "
    "reading.max_page_seconds, then: {}": (
        "共 {1} 页，其中 {0} 页上的图片识别太久，没有读入（第 {2} 页）；"
        "请调大 reading.max_page_seconds，然后运行 {3}"
    ),
    "{} pictures on pages that have text are not read (page {}); to have them read by OCR: {}, "
    "then: {}": "有文字的页上有 {0} 张图片没有读入（第 {1} 页）；要用 OCR 读：{2}，然后运行 {3}",
    "the workbook repeats {} cells until they are {}, the limit is {}; delete the rows and columns "
    "that repeat": "工作簿把 {0} 个单元格重复成 {1} 个，上限是 {2} 个；请删去重复的行和列",
    "a sheet has {} cells from its first to its last, the limit is {}; split it, or {}": (
        "有一张工作表从头到尾有 {0} 个单元格，上限是 {1} 个；请拆开，或安装 LibreOffice"
    ),
    "sheet {} holds more than {} characters; raise reading.max_file_bytes if it is no trap": (
        "工作表 {0} 超过 {1} 个字；确认可靠就调大 reading.max_file_bytes"
    ),
    "{} pictures under the text of their pages are not read (page {})": (
        "垫在正文下面的 {0} 张图片没有读入（第 {1} 页）"
    ),
    "drawings on {} of {} pages are not read beyond the text that stands on them (page {})": (
        "共 {1} 页，其中 {0} 页上的绘图除文字外没有读入（第 {2} 页）"
    ),
    "{} sheets are hidden; they were read: {}": "{0} 张工作表是隐藏的，已读入：{1}",
    "{} formulas have no stored value and are missing ({}); to have them computed, {}, then index "
    "the file again; or open and save it in a spreadsheet program": (
        "{0} 个公式没有存下结果，没有读入（{1}）；要计算就{2}，再重新建索引；"
        "或用表格软件打开并保存一次"
    ),
    "a table has {} {}; of those after the first {} the text is read, but not the labels": (
        "有一张表共 {0} {1}；前 {2} {1}之后只读入文字，不带行列标签"
    ),
    "rows": "行",
    "columns": "列",
    "cells": "个单元格",
    "{} files are read by way of LibreOffice; {}": "{0} 文件要经 LibreOffice 读取；请安装：{1}",
    "LibreOffice cannot read the file: it is damaged, encrypted, or no {} file": (
        "LibreOffice 读不了这个文件：文件损坏、有密码，或不是 {0} 文件"
    ),
    "LibreOffice took longer than {} seconds and was ended; raise reading.max_seconds to give it "
    "longer": "LibreOffice 用了超过 {0} 秒，已中止；请调大 reading.max_seconds",
    "the file is damaged, encrypted, or none of: {}": "文件损坏、有密码，或不是这些格式：{0}",
    "the workbook is damaged or encrypted: {}": "工作簿损坏或有密码：{0}",
    "cells are read as they are stored: percent signs, thousands separators and currencies of "
    "their number formats are missing, and what is struck out stands like the rest; to have them "
    "right, {}, then: {}": (
        "单元格按存储的值读入，没有百分号、千分位和货币符号，划去的内容也照样读入；"
        "要读得准确，请安装 LibreOffice，然后运行 {1}"
    ),
    "{} places hold bytes that are no {}; shown as {}": "有 {0} 处不是 {1} 的字节，显示为 {2}",
    "the message holds no text": "邮件里没有文字",
    "the file is no message: it has no headers": "这不是邮件：没有邮件头",
    "the message is encrypted; save it decrypted to read it": "邮件已加密；请解密后另存再读",
    "the file is damaged or no message of Outlook": "文件损坏，或不是 Outlook 邮件",
    "the file holds no subtitles: no line of times with text below": "文件里没有字幕",
    "the file holds no web page": "文件里没有网页",
    "the notebook holds no text": "笔记本里没有文字",
    "the notebook is damaged: {}": "笔记本损坏：{0}",
    "{} pictures or other outputs of code are not read": "代码输出的 {0} 张图片或其他内容没有读入",
    "{} figures are not read": "有 {0} 张图没有读入",
    "all pages are pictures without a text; save the file as PDF to have them read by OCR": (
        "每一页都是没有文字的图片；请另存为 PDF，再由 OCR 读"
    ),
    "{} pictures on pages that have text are not read": "有文字的页上有 {0} 张图片没有读入",
    "{} parts that the file takes in from other formats are not read": (
        "文件里嵌入了 {0} 处其他格式的内容，没有读入"
    ),
    "{} pictures that the page does not show are not read": ("有 {0} 张网页没有显示的图片没有读入"),
    "{} attached files are not read": "有 {0} 个附件没有读入",
    "the file is encrypted, or of the old binary format; save it without a password as .docx, "
    ".pptx or .xlsx": "文件有密码，或是旧的二进制格式；请不设密码另存为 .docx、.pptx 或 .xlsx",
    "the PDF is encrypted; save it without a password to read it": "PDF 有密码；请另存为没有密码的",
    "the PDF is damaged, truncated or no PDF at all ({})": (
        "PDF 损坏、不完整，或根本不是 PDF（{0}）"
    ),
    "the PDF is damaged: {}": "PDF 损坏：{0}",
    "the archive holds {} files, the limit is {}": "压缩包里有 {0} 个文件，上限是 {1} 个",
    "the archive unpacks to {} bytes{}, the limit is {}; raise reading.max_unpacked_bytes if it "
    "is no trap": (
        "压缩包解开有 {0} 字节{1}，上限是 {2}；确认可靠就调大 reading.max_unpacked_bytes"
    ),
    "the archive unpacks to {} bytes{}, {} times its own {}, the limit is {} times from {} bytes "
    "on; unpack it yourself if it is no trap, an office file save in parts": (
        "压缩包解开有 {0} 字节{1}，是它本身（{3} 字节）的 {2} 倍，{5} 字节以上的上限是 {4} 倍；"
        "确认可靠就自己解开，Office 文件请分开保存"
    ),
    " or more": "以上",
    "{} characters of hidden text are left out": "有 {0} 个字是隐藏的，没有读入",
    "{} characters that the page's styles hide are left out": (
        "有 {0} 个字被网页样式隐藏，没有读入"
    ),
    "up to {} characters that stand alone are missing (page {}): their font is neither in the file "
    "nor on this machine; install Chinese fonts (on Debian fonts-noto-cjk) and read it again": (
        "至多 {0} 个单独成段的字没有读入（第 {1} 页）：文件没有内嵌其字体，本机也没有安装；"
        "请安装中文字体（Debian 上为 fonts-noto-cjk）后重新读入"
    ),
    "{} characters that are struck out are left out": "有 {0} 个字划有删除线，没有读入",
    "{} passages that are marked as deleted are left out": "有 {0} 处修订标为删除，没有读入",
    "{} passages that are marked as moved stand only where they went": (
        "有 {0} 处修订标为移动，只在移到的地方读入"
    ),
    "{} characters of navigation and links beside the text are left out": (
        "正文之外的导航和链接共 {0} 个字，没有读入"
    ),
    "{} pictures, frames or films are not read": "有 {0} 张图片、内嵌页面或影片没有读入",
    "{} of {} pages have no main part that can be told from what surrounds it; navigation and "
    "notices of the site may stand in the text": (
        "{1} 个网页里有 {0} 个分不清正文和周围内容，正文里可能混有导航和网站声明"
    ),
    "{} pictures were read by OCR, which may misread characters": (
        "有 {0} 张图片由 OCR 识别，个别字可能认错"
    ),
    "{} pictures are not read{}": "有 {0} 张图片没有读入{1}",
    "; to have them read by OCR: {}": "；要用 OCR 读，请安装：{0}",
    "{} paragraphs stand in only one of the message's two versions, plain text and web page; they "
    "follow the other one": (
        "邮件的纯文本和网页两个版本不一样：有 {0} 段只在其中一个里，已附在后面"
    ),
    "{} in the archive is encrypted; unpack it yourself": "压缩包里的 {0} 有密码，请自己解开",
    "{} in the archive is larger than it says": "压缩包里的 {0} 比它声称的大",
    "{} in the archive cannot be read: {}": "压缩包里的 {0} 读不了：{1}",
    "the file is no {} file: it holds no {}": "不是 {0} 文件：里面没有 {1}",
    "the file is damaged or no zip archive: {}": "文件损坏，或不是 zip 压缩包：{0}",
    "its name leads out of the archive": "它的名称指向压缩包外面",
    "no name of a file (unprintable, or more than {} characters)": (
        "不能作文件名（有无法显示的字符，或超过 {0} 个字）"
    ),
    "an archive in an archive; unpack it to have it read": "压缩包里还有压缩包；请先解开",
    "a second file of this name in the archive": "压缩包里有重名的文件",
    "the archive changed while it was read; try again": "读的时候压缩包变了，请再试",
    "the picture has {} x {} pixels, the limit is {}; raise reading.max_pixels, or make it "
    "smaller": ("图片有 {0} × {1} 像素，上限是 {2}；请调大 reading.max_pixels，或缩小图片"),
    "the picture has more pixels than are ever decoded; the limit is {}": (
        "图片的像素太多；上限是 {0}"
    ),
    "the picture is damaged or none: {}": "图片损坏，或不是图片：{0}",
    "the file is no JSON: line {}, near {}": "不是 JSON：第 {0} 行，{1} 附近",
    "the file has more than {} values; split it": "文件里的值超过 {0} 个，请拆开",
    "the JSON is nested more than {} deep": "JSON 的嵌套超过 {0} 层",
    "{} lines are no JSON and are missing (line {})": "{0} 行不是 JSON，没有读入（第 {1} 行）",
    "no line of the file is JSON": "文件里没有一行是 JSON",
    "the {} is damaged: its elements are nested too deeply": "{0} 损坏：元素嵌套太深",
    "the file is no {}": "不是 {0} 文件",
    "the {} is damaged: {}": "{0} 损坏：{1}",
    "the workbook is damaged: {}": "工作簿损坏：{0}",
    "the file has more than {} elements": "文件里的元素超过 {0} 个",
    "the encoding is unknown: not UTF-8 ({}), and no other encoding gives readable text (best: {}, "
    "{} common characters, {} needed); save the file as UTF-8": (
        "认不出编码：不是 UTF-8（{0}），别的编码也读不通（最接近 {1}，常用字占 {2}，要 {3}）；"
        "请另存为 UTF-8"
    ),
    "the file looks binary: {} control characters; only text can be read here": (
        "像是二进制文件：有 {0} 个控制字符；这里只能读文本"
    ),
    "the file starts like {} but byte offset {} is not: {}": (
        "文件开头是 {0}，但第 {1} 个字节起不是：{2}"
    ),
    "reading needs more than {} bytes of memory; raise reading.max_memory_bytes to give it more": (
        "读它要超过 {0} 字节的内存；请调大 reading.max_memory_bytes"
    ),
    "reading took longer than {} seconds and was ended; raise reading.max_seconds to give it "
    "longer": "读了超过 {0} 秒，已中止；请调大 reading.max_seconds",
    "reading it took longer than {} seconds before, and it has not changed since; it is not tried "
    "again until it does, or reading.max_seconds is raised, or with: {}": (
        "上次读它超过 {0} 秒，之后没有改动；等它改动、调大 reading.max_seconds，"
        "或运行 {1} 时才会再读"
    ),
    "index {} cannot be written to: {}; it is as it last was: make room, then do the same again": (
        "索引 {0} 写不进去：{1}；索引没有变，腾出空间后再做一次"
    ),
    "the file cannot be parsed ({}: {})": "文件解析不了（{0}：{1}）",
    "the parser crashed on this file (exit code {})": "读这个文件时解析程序崩溃了（退出码 {0}）",
}


_TEXTS: Mapping[str, Mapping[str, str]] = {"zh": TEXTS}
# A text of a text of a text is none that the engine says; what files and servers say may be long.
_DEEPEST = 3
_LONGEST = 5_000


def error_text(text: str, language: str) -> str:
    """`text` in `language`, its values as they are; as it is where that is not known.

    >>> error_text("the question is empty; ask something", "zh")
    '问题是空的，请先输入问题'
    >>> error_text("Permission denied", "zh"), error_text("the file is empty", "en")
    ('Permission denied', 'the file is empty')
    """
    if language not in _TEXTS or len(text) > _LONGEST:
        return text
    return _told(text, language, _DEEPEST)


def _told(text: str, language: str, deepest: int) -> str:
    if not deepest or text.isdigit():
        return text
    for form, told in _forms(language):
        values = _values(form, text)
        if values is not None:
            return told.format(*(_told(value, language, deepest - 1) for value in values))
    return text


def _values(form: Sequence[str], text: str) -> list[str] | None:
    """What stands in `text` between the fixed parts of `form`, each part at its first place after
    the one before and the last at the end; None where they do not make up the text. A value is
    on one line.

    >>> _values(("", " has ", " pages"), "a has b has 3 pages")
    ['a', 'b has 3']
    """
    first, *rest = form
    if not text.startswith(first) or (not rest and text != first):
        return None
    values: list[str] = []
    at = len(first)
    for i, part in enumerate(rest, 1):
        found = len(text) - len(part) if i == len(rest) else text.find(part, at)
        if found < at or not text.startswith(part, found) or "\n" in text[at:found]:
            return None
        values.append(text[at:found])
        at = found + len(part)
    return values


@cache
def _forms(language: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The fixed parts of each text, and its words; those with the most words of their own first."""
    texts = sorted(_TEXTS[language].items(), key=lambda item: -len(item[0].replace("{}", "")))
    return tuple((tuple(english.split("{}")), told) for english, told in texts)


DEFAULT = "zh"
"""Of pages and answers where nothing else is asked for."""
LANGUAGES = ("zh", "en")
_OWN = "en"
"""In which the engine speaks: what a message is as a string."""

Value = str | int | float


@cache
def catalog(language: str) -> Mapping[str, Mapping[str, str]]:
    """The texts of a language, by section and key."""
    source = files("rag.i18n").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)


class Message(str):
    """What there is to say: the code of its text, and values, which may be messages. As a string,
    its English words; a string made of it (`f"{message}"`) is a string and nothing more."""

    code: str
    values: Mapping[str, Value]

    def __new__(cls, code: str, values: Mapping[str, Value]) -> Self:
        """The message of a code with its values."""
        message = super().__new__(cls, _filled(code, values, _OWN))
        message.code = code
        message.values = values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.code, self.values)


def say(code: str, **values: object) -> Message:
    """A message; of an error among the values its words count, of anything else but a number its
    `str`.

    >>> say("catalog.too_large", limit=1000)
    'a compressed value exceeds 1,000 bytes or is cut'

    Raises:
        KeyError: there is no such text, or it wants another value.
    """
    return Message(code, {name: _plain(value) for name, value in values.items()})


def said(error: BaseException) -> str:
    """What an error says, a message where it was raised with one."""
    words = _plain(error)
    return words if isinstance(words, str) else str(words)


def told(what: object, language: str) -> str:
    """A message, or what an error says, in `language`; other strings, and English for a language
    that is not known, as they are.

    >>> told(say("documents.none"), "zh"), told("Permission denied", "zh")
    ('还没有文档，请先添加文件', 'Permission denied')
    """
    words = _plain(what)
    if language not in LANGUAGES:
        return str(words)
    if isinstance(words, Message):
        return _filled(words.code, words.values, language)
    return error_text(str(words), language)


def _plain(value: object) -> Value:
    if isinstance(value, BaseException):
        value = value.args[0] if value.args and isinstance(value.args[0], Message) else str(value)
    return value if isinstance(value, str | int | float) else str(value)


def _filled(code: str, values: Mapping[str, Value], language: str) -> str:
    section, _, key = code.partition(".")
    text = catalog(language)[section][key]
    if language == _OWN:
        return text.format_map(values)
    return text.format_map(
        {name: told(v, language) if isinstance(v, str) else v for name, v in values.items()}
    )


_FIELD = re.compile(r"\{(\w{1,40})(?::([^|{}]*)\|([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str | int) -> str:
        """The text of a key with its values; plain text, not HTML.

        >>> messages("en")("count.documents", documents=1)
        '1 document'
        """

        def filled(match: re.Match[str]) -> str:
            name, one, many = match.groups()
            value = values[name]
            shown = f"{value:,}" if isinstance(value, int) else value
            return shown if many is None else f"{shown} {one if value == 1 else many}"

        text = self.texts[key]
        return _FIELD.sub(filled, text) if values else text


def messages(language: str) -> Messages:
    """The texts of `language`, of the default where it is none of the page's."""
    known = language if language in LANGUAGES else DEFAULT
    return Messages(known, catalog(known)["page"])


def all_texts() -> dict[str, dict[str, str]]:
    """The texts of every language, by language and key, for the page's scripts."""
    return {language: dict(catalog(language)["page"]) for language in LANGUAGES}


CHINESE = messages(DEFAULT)
