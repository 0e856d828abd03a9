"""Mail, as messages and as files of Outlook.

Mail: what a message says of itself, its text, and the files in it. Also web pages that a browser
saved with all that belongs to them (.mht), which are set as mail.

Messages of Outlook (.msg).

Source: [MS-OXMSG] (Outlook Item File Format) and [MS-OXPROPS]; a stream `__substg1.0_PPPPTTTT`
holds the property PPPP of type TTTT: 001F text in UTF-16, 001E text in the message's code page,
0102 bytes, 000D a message in this one.
"""

from __future__ import annotations

import codecs
import datetime as dt
import mimetypes
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.header import decode_header
from email.message import EmailMessage, Message
from email.parser import BytesParser, HeaderParser
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime

from rag.documents.detect import Cleaned, decode
from rag.documents.formats.archives import read_streams
from rag.documents.formats.html import HEADING_RANKS, PageText, Read, page_text, page_warnings
from rag.documents.formats.markup import Node, parse_html
from rag.documents.formats.text import clean_fragments
from rag.documents.formats.web import clean_page
from rag.documents.fragments import Fragment, Role, find_furniture, fragments, written
from rag.documents.headings import NO_HEADING
from rag.documents.layout import infer_layout, split_lines
from rag.documents.pdf.read import Pictures
from rag.errors import UnreadableDocument
from rag.settings import Reading

MOST_ATTACHMENTS = 1_000
_LONGEST_HEADER = 20_000
_LONGEST_NAME = 120
# Lines times parts made of parts: each line is held against the ends of all that are open.
_MOST_WORK = 20_000_000
# Of a text that is there as a web page, too, the page is read first where it holds so much of it.
_PAGE_SHARE = 0.5
_ADDRESS = re.compile(r"[<(\[]?\b(?:https?|mailto|cid):[^\s>)\]]+[>)\]]?", re.IGNORECASE)
_ORDINAL = re.compile(r"^[\s>*•·-]*\d{0,3}[.)、]?\s")
_NO_WORD = re.compile(r"[\W_]+")
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "big5": "big5hkscs"}
_CJK = re.compile("[\u4e00-\u9fff]")
_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u2028\u2029\ufffd]+')
_INLINE_IMAGE = re.compile(rb"cid:([^\"'\s)>]{1,300})", re.IGNORECASE)
# A message without any of these holds no file: it need not be taken apart to know.
_TEXTS = {"text/plain", "text/html"}
_MAY_ATTACH = re.compile(rb"filename|name\*?=|attachment|message/rfc822", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a message; names are unique in it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. `sent` is in the sender's time zone; `bodies` are the parts of its text, each
    plain, as a web page, or both, one of which is empty where it is not there; `pictures` are those
    that stand inside the text, by the names (`cid:…`) that pages call them."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    copied: str = ""
    sent: dt.datetime | None = None
    bodies: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class _Bounded(Compat32):
    """Headers are cut to a length in which no parser loses itself."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """The name and the value of a header."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def read_eml(data: bytes, settings: Reading) -> Cleaned:
    """A message. Its attachments are documents of their own.

    Raises:
        UnreadableDocument: empty, no message, encrypted, or without text.
    """
    return clean_mail(parse_eml(data), settings)


def read_mht(data: bytes, settings: Reading) -> Cleaned:
    """A web page saved with its frames and pictures: the frames stand behind it.

    Raises:
        UnreadableDocument: empty, damaged, or without text.
    """
    mail = parse_eml(data)
    roots = [parse_html(page) for _, page in mail.bodies if page]
    if not roots:
        raise UnreadableDocument("the file holds no web page")
    body = roots[0].child("body") or roots[0]
    body.children += (Node("div", {}, root.children) for root in roots[1:])
    pictures = Pictures(mail.pictures.get, settings)
    cleaned = clean_page(roots[0], _shown(mail, pictures))
    unshown = len(mail.pictures) - pictures.asked
    told = [*mail.warnings, *pictures.warnings()]
    told += [f"{unshown:,} pictures that the page does not show are not read"] * bool(unshown)
    return replace(cleaned, warnings=(*told, *cleaned.warnings))


def _shown(mail: Mail, pictures: Pictures) -> Read:
    """Reads the pictures that come with a message."""
    return lambda name: pictures.texts(name) if name in mail.pictures else None


def may_attach(data: bytes) -> bool:
    """Whether a message may hold files."""
    return _MAY_ATTACH.search(data) is not None


def parse_eml(data: bytes) -> Mail:
    """A message in the format of mail on its way.

    Source: RFC 5322 and RFC 2045 to 2049.

    Raises:
        UnreadableDocument: empty, no message, encrypted, or too many parts.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    work = data.count(b"\n") * (1 + len(re.findall(rb"(?i)boundary\s*=", data)))
    if work > _MOST_WORK:
        raise UnreadableDocument(
            f"the message has too many lines and parts ({work:,}, the limit is {_MOST_WORK:,})"
        )
    try:
        message = BytesParser(policy=_Bounded()).parsebytes(data.lstrip(b"\r\n\t \xef\xbb\xbf"))
        if not message.keys():
            raise UnreadableDocument("the file is no message: it has no headers")
        if message.get_content_type() in ("multipart/encrypted", "application/pkcs7-mime"):
            raise UnreadableDocument("the message is encrypted; save it decrypted to read it")
        found = _Parts(data)
        found.walk(message)
        return Mail(
            subject=_header(message, "subject"),
            sender=_people(message, "from"),
            to=_people(message, "to"),
            copied=_people(message, "cc"),
            sent=_sent(message),
            bodies=tuple(found.bodies),
            attachments=tuple(found.attachments),
            pictures=found.pictures,
        )
    except RecursionError:
        raise UnreadableDocument(
            "the message is damaged: its parts are nested too deeply"
        ) from None


@dataclass(slots=True)
class _Parts:
    """The parts of a message: texts, files, pictures inside the text."""

    data: bytes
    bodies: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def walk(self, part: Message) -> None:
        """Everything in a part."""
        kind = part.get_content_type()
        disposition = part.get_content_disposition()
        inner = _parts(part)
        if kind == "message/rfc822" and inner:
            subject = _header(inner[0], "subject") or "message"
            self.attach(f"{subject[:_LONGEST_NAME]}.eml", inner[0].as_bytes())
        elif kind == "multipart/alternative" and inner:
            self._alternatives(inner)
        elif inner:
            for one in inner:
                self.walk(one)
        elif kind in _TEXTS and disposition != "attachment":
            text = _text(part)
            if text.strip():
                self.bodies.append((text, "") if kind == "text/plain" else ("", text))
        elif part.get_content_maintype() == "multipart":  # the marks between its parts are lost
            text = _text(part)
            if text.strip():
                self.bodies.append(("", text) if "<html" in text[:2000].lower() else (text, ""))
        elif part.get_content_maintype() == "image" and self._stands_inside(part):
            self.pictures[_shown_as(part, len(self.pictures))] = _payload(part)
        else:
            self.attach(_name(part, kind, len(self.attachments) + 1), _payload(part))

    def attach(self, name: str, data: bytes) -> None:
        """A file of the message, under a name that no other one has."""
        if len(self.attachments) >= MOST_ATTACHMENTS:
            raise UnreadableDocument(f"the message holds more than {MOST_ATTACHMENTS:,} files")
        self.attachments.append(Attachment(free_name(name, self.names), data))

    def _alternatives(self, parts: Sequence[Message]) -> None:
        """The same text, plain and as a web page, which may come with its pictures."""
        inner = _Parts(
            self.data, attachments=self.attachments, names=self.names, pictures=self.pictures
        )
        for part in parts:
            inner.walk(part)
        plain = "\n\n".join(text for text, _ in inner.bodies if text)
        page = "\n".join(page for _, page in inner.bodies if page)
        if plain or page:
            self.bodies.append((plain, page))

    def _stands_inside(self, part: Message) -> bool:
        """Whether the text shows a picture."""
        name = str(part.get("content-id", "")).strip("<> \r\n")
        if name:
            shown = {match[1] for match in _INLINE_IMAGE.finditer(self.data)}
            coded = name.encode("ascii", "replace")
            return coded in shown or part.get_content_disposition() != "attachment"
        return part.get_content_disposition() == "inline" or bool(part.get("content-location"))


def _shown_as(part: Message, number: int) -> str:
    """What pages call a picture of a message."""
    name = str(part.get("content-id", "")).strip("<> \r\n")
    return f"cid:{name}" if name else str(part.get("content-location") or f"picture {number}")


def free_name(name: str, taken: set[str]) -> str:
    """A name of a file without what leads elsewhere or cannot be shown, and not yet `taken`; now
    it is.

    >>> free_name("../a/b.txt", {"_a_b.txt"})
    '_a_b (2).txt'
    """
    name = _NO_NAME.sub("_", " ".join(name.split())).lstrip(".~").strip() or "file"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = name, "", ""
    stem = stem[:_LONGEST_NAME]
    free, number = f"{stem}{dot}{ending}", 1
    while free.lower() in taken or not free.isprintable():
        number += 1
        stem = "".join(c if c.isprintable() else "_" for c in stem)
        free = f"{stem} ({number}){dot}{ending}"
    taken.add(free.lower())
    return free


def _name(part: Message, kind: str, number: int) -> str:
    name = part.get_filename() or ""
    if name:
        return _decoded(name)
    return f"attachment-{number}{mimetypes.guess_extension(kind) or ''}"


def _parts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: Message) -> str:
    data = _payload(part)
    if not data.strip():
        return ""
    try:
        return decode(data, part.get_content_charset() or None).text
    except UnreadableDocument:
        return data.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    value = next((value for key, value in message.raw_items() if key.lower() == name), "")
    return _decoded(str(value))


def _decoded(value: str) -> str:
    """A header as it is meant: encoded words, or bytes of some encoding."""
    raw = value.encode("ascii", "surrogateescape") if value.isascii() or _has_bytes(value) else b""
    if raw and not raw.isascii():
        try:
            value = decode(raw).text
        except UnreadableDocument:
            value = raw.decode("utf-8", "replace")
    try:
        words = decode_header(value)
    except Exception:  # noqa: BLE001 (a damaged header raises whatever it meets)
        words = [(value, None)]
    text = ""
    for word, charset in words:
        if isinstance(word, bytes):
            name = (charset or "ascii").lower()
            try:
                text += word.decode(_WIDER.get(name, name), "replace")
            except LookupError:
                text += word.decode("utf-8", "replace")
        else:
            text += word
    return " ".join(text.split())


def _has_bytes(value: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in value) and all(
        character < "\x80" or "\udc80" <= character <= "\udcff" for character in value
    )


def _people(message: Message, name: str) -> str:
    """Names with addresses, as they are written."""
    values = [str(value) for key, value in message.raw_items() if key.lower() == name]
    flat = [value.replace("\r", " ").replace("\n", " ") for value in values]
    found = []
    for coded, address in getaddresses(flat):
        shown = _decoded(coded)
        found.append(f"{shown} <{address}>" if shown and address else shown or address)
    return ", ".join(one for one in found if one)


def _sent(message: Message) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(str(message.get("date", "")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def clean_mail(mail: Mail, settings: Reading) -> Cleaned:
    """A message as a cleaned text: subject, sender, receivers, time and names of files stand above
    its text. The subject is the title, the day it was sent the date, the sender the publisher.
    What its plain text says and its web page does not, or the other way round, stands behind it.

    Raises:
        UnreadableDocument: neither text nor subject.
    """
    pictures = Pictures(mail.pictures.get, settings)
    pages: list[PageText] = []
    body: list[Fragment] = []
    apart = 0
    for plain, page in mail.bodies:
        first, second = _body(plain, page, pages, _shown(mail, pictures))
        body += first + second
        apart += len(second)
    for name in mail.pictures:  # those that no page shows
        body += (
            replace(written(Role.BODY, text, rank=NO_HEADING), by_ocr=True)
            for text in pictures.texts(name)
        )
    if not body and not mail.subject:
        raise UnreadableDocument("the message holds no text")
    differing = (
        f"{apart:,} paragraphs stand in only one of the message's two versions, plain text and web "
        "page; they follow the other one"
    )
    cleaned = clean_fragments(
        [*_facts(mail), *body],
        title=mail.subject or None,
        date=mail.sent.date().isoformat() if mail.sent else None,
        stated=mail.sent is not None,
        warnings=[
            *mail.warnings,
            *([differing] if apart else []),
            *pictures.warnings(),
            *page_warnings(pages),
        ],
    )
    return replace(cleaned, publisher=mail.sender or None)


def _facts(mail: Mail) -> Iterator[Fragment]:
    """What the message says of itself, in the language that it is written in."""
    words = f"{mail.subject}{mail.sender}{''.join(f'{a}{b}' for a, b in mail.bodies)}"
    chinese = _CJK.search(words[:20_000]) is not None
    labels = (
        ("发件人：", "收件人：", "抄送：", "时间：", "附件：") if chinese
        else ("From: ", "To: ", "Cc: ", "Date: ", "Attachments: ")
    )  # fmt: skip
    if mail.subject:
        yield written(Role.BODY, mail.subject, rank=HEADING_RANKS[0])
    sent = mail.sent.strftime("%Y-%m-%d %H:%M") if mail.sent else ""
    if mail.sent and mail.sent.utcoffset() == dt.timedelta():
        sent += " UTC"
    files = ("、" if chinese else ", ").join(one.name for one in mail.attachments)
    for label, value in zip(labels, (mail.sender, mail.to, mail.copied, sent, files), strict=True):
        if value:
            yield written(Role.BODY, f"{label}{value}", rank=NO_HEADING)


def _body(
    plain: str, page: str, pages: list[PageText], read: Read
) -> tuple[list[Fragment], list[Fragment]]:
    """One part of the text: the web page, which holds tables, where it holds the text, else the
    plain text; and what of the other one does not stand in it."""
    said = _plain(plain)
    if not page.strip():
        return said, []
    pages.append(page_text(parse_html(page), read, site=False))
    shown = [
        replace(item, rank=NO_HEADING) if item.rank is None and item.role is Role.BODY else item
        for item in pages[-1].fragments
    ]
    size = sum(len(item.text) for item in shown)
    first, second = shown, said
    if size < _PAGE_SHARE * len("".join(plain.split())):
        first, second = said, shown
    there = _words("".join(item.text for item in first))
    return first, [item for item in second if not _stands_in(item.text, there)]


def _plain(text: str) -> list[Fragment]:
    """A plain text as fragments."""
    if not text.strip():
        return []
    lines = split_lines(text)
    layout = infer_layout(lines)
    return [
        written(item.role, item.text, rank=NO_HEADING if item.role is Role.BODY else None)
        for item in fragments(lines, layout, find_furniture(lines, layout))
    ]


def _stands_in(text: str, there: str) -> bool:
    """Whether each line of a paragraph stands in a text of which only the words are left; links
    are written out in one version and not in the other, and so are the numbers of a list."""
    lines = (_ADDRESS.sub(" ", line) for line in text.split("\n"))
    return all(_words(line) in there or _words(_ORDINAL.sub("", line)) in there for line in lines)


def _words(text: str) -> str:
    return _NO_WORD.sub("", text).casefold()


def written_mail(mail: Mail) -> bytes:
    """A message in the format of mail on its way, as it is kept inside another one."""
    message = EmailMessage()
    for name, value in (("Subject", mail.subject), ("From", mail.sender), ("To", mail.to),
                        ("Cc", mail.copied)):  # fmt: skip
        if value:
            message.add_header(name, _NO_NAME.sub(" ", value) if name == "Subject" else value)
    if mail.sent:
        message["Date"] = mail.sent
    plain = "\n\n".join(text for text, _ in mail.bodies if text)
    page = "\n".join(page for _, page in mail.bodies if page)
    message.set_content(plain)
    if page:
        message.add_alternative(page, subtype="html")
    for name, data in mail.pictures.items():
        message.add_attachment(
            data, maintype="image", subtype="png", disposition="inline",
            cid=f"<{name.removeprefix('cid:')}>",
        )  # fmt: skip
    for one in mail.attachments:
        message.add_attachment(
            one.data, maintype="application", subtype="octet-stream", filename=one.name
        )
    return message.as_bytes()


_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC, _HEADERS = "0E04", "0E03", "007D"
_SENT, _RECEIVED = 0x0039, 0x0E06
_CODE_PAGES = (0x3FFD, 0x3FDE)  # of the message, of its text on its way
_NAME, _SHORT_NAME, _DISPLAY_NAME, _FILE, _CONTENT_ID = "3707", "3704", "3001", "3701", "3712"
_ATTACHED, _MESSAGE = "__attach_version1.0", "3701000D"
_PROPERTIES = "__properties_version1.0"
_HEAD_BYTES = {"root": 32, "inner": 24}
_ENTRY = struct.Struct("<HHIQ")  # type, property, flags, value
_DEEPEST = 4
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)

Streams = dict[tuple[str, ...], bytes]


def read_msg(data: bytes, settings: Reading) -> Cleaned:
    """A message of Outlook. Its attachments are documents of their own.

    Raises:
        UnreadableDocument: damaged, no message, too large, or without text.
    """
    return clean_mail(parse_msg(data, settings.max_unpacked_bytes), settings)


def parse_msg(data: bytes, max_bytes: int) -> Mail:
    """A message of Outlook; `max_bytes` limits all of its parts together.

    Raises:
        UnreadableDocument: damaged, no message, or too large.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    streams = read_streams(data, max_bytes)
    if (_PROPERTIES,) not in streams:
        raise UnreadableDocument("the file is damaged or no message of Outlook")
    return _mail(streams, _HEAD_BYTES["root"], 1)


def _mail(streams: Streams, head: int, depth: int) -> Mail:
    """The message of these streams, whose names have lost what stands above the message."""
    facts = _outlook_facts(streams.get((_PROPERTIES,), b"")[head:])
    page = _code_page(facts)

    def text(number: str) -> str:
        return _outlook_text(streams, (), number, page)

    headers = HeaderParser().parsestr(text(_HEADERS)[:20_000])
    html = text(_HTML)
    if not html and (raw := streams.get((f"__substg1.0_{_HTML}0102",))):
        html = _outlook_decoded(raw, page)
    sent = _time(facts.get(_SENT)) or _time(facts.get(_RECEIVED))
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        sent = parsedate_to_datetime(headers["date"]) if headers["date"] else sent
    address = text(_SENDER_SMTP) or text(_SENDER_ADDRESS)
    name = text(_SENDER)
    plain = text(_BODY)
    files, pictures = _files(streams, page, html, depth)
    unread = f"__substg1.0_{_RTF}0102" in {path[0] for path in streams} and not (plain or html)
    return Mail(
        subject=text(_SUBJECT),
        sender=f"{name} <{address}>" if "@" in address and name != address else name or address,
        to=text(_TO),
        copied=text(_CC),
        sent=sent,
        bodies=((plain, html),) if plain or html else (),
        attachments=tuple(files),
        pictures=pictures,
        warnings=("the message's text is kept as RTF only and is not read",) if unread else (),
    )


def _files(
    streams: Streams, page: str, html: str, depth: int
) -> tuple[list[Attachment], dict[str, bytes]]:
    """The files attached, and the pictures that stand inside the text."""
    names: set[str] = set()
    files: list[Attachment] = []
    pictures: dict[str, bytes] = {}
    for folder in sorted({path[0] for path in streams if path[0].startswith(_ATTACHED)}):
        own = {path[1:]: data for path, data in streams.items() if path[0] == folder and path[1:]}
        if len(files) >= MOST_ATTACHMENTS:
            raise UnreadableDocument(f"the message holds more than {MOST_ATTACHMENTS:,} files")
        name = next(
            filter(
                None, (_outlook_text(own, (), n, page) for n in (_NAME, _SHORT_NAME, _DISPLAY_NAME))
            ),
            f"attachment-{len(files) + 1}",
        )
        inner = f"__substg1.0_{_MESSAGE}"
        within = {path[1:]: data for path, data in own.items() if path[0] == inner and path[1:]}
        if (_PROPERTIES,) in within:
            if depth >= _DEEPEST:
                raise UnreadableDocument(f"more than {_DEEPEST} messages in one another")
            mail = _mail(within, _HEAD_BYTES["inner"], depth + 1)
            files.append(Attachment(free_name(f"{name}.eml", names), written_mail(mail)))
            continue
        data = own.get((f"__substg1.0_{_FILE}0102",), b"")
        shown = _outlook_text(own, (), _CONTENT_ID, page).strip("<>")
        if shown and f"cid:{shown}" in html:
            pictures[f"cid:{shown}"] = data
        else:
            files.append(Attachment(free_name(name, names), data))
    return files, pictures


def _outlook_facts(entries: bytes) -> dict[int, int]:
    """The properties of fixed size by their number."""
    whole = len(entries) - len(entries) % _ENTRY.size
    return {number: value for _, number, _, value in _ENTRY.iter_unpack(entries[:whole])}


def _code_page(facts: dict[int, int]) -> str:
    for number in _CODE_PAGES:
        page = facts.get(number, 0) & 0xFFFFFFFF
        name = {65001: "utf-8", 936: "gb18030", 54936: "gb18030", 950: "big5hkscs"}.get(page)
        if name is None and page:
            with suppress(LookupError):
                name = codecs.lookup(f"cp{page}").name
        if name:
            return name
    return ""


def _outlook_text(streams: Streams, above: tuple[str, ...], number: str, page: str) -> str:
    wide = streams.get((*above, f"__substg1.0_{number}001F"))
    if wide is not None:
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = streams.get((*above, f"__substg1.0_{number}001E"))
    return _outlook_decoded(narrow, page).rstrip("\0") if narrow else ""


def _outlook_decoded(data: bytes, page: str) -> str:
    try:
        return decode(data, page or None).text
    except UnreadableDocument:
        return data.decode(page or "utf-8", "replace")


def _time(value: int | None) -> dt.datetime | None:
    """A time of Windows: tenths of microseconds since 1601."""
    if not value:
        return None
    with suppress(OverflowError):
        return _EPOCH + dt.timedelta(microseconds=value // 10)
    return None
