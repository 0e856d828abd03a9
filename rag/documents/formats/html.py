"""Web pages into fragments: headings, paragraphs, lists and tables, without what surrounds
the text of a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from rag.documents.formats.formulas import Part, Shift, in_line, mathml
from rag.documents.formats.markup import Node, show
from rag.documents.fragments import Fragment, Role, decided, written, written_row
from rag.documents.grids import Size, laid_out
from rag.documents.headings import ARTICLE, CHAPTER, FIRST, NO_HEADING, SECOND, SECTION, THIRD

HEADING_RANKS = (CHAPTER, SECTION, ARTICLE, FIRST, SECOND, THIRD)
"""The ranks of headings of level 1 to 6."""

_NEVER = {
    "script", "style", "template", "svg", "iframe", "object", "head", "button", "link",
    "meta", "canvas", "audio", "video", "rt", "rp", "rtc",
}  # fmt: skip
_SHIFTS = {"sup": Shift.RAISED, "sub": Shift.LOWERED}
_FIELDS = {"input", "textarea", "select"}
_TYPED = {
    "", "text", "number", "date", "datetime-local", "month", "week", "time", "tel", "email", "url",
}  # fmt: skip
_NOT_READ = {"svg", "iframe", "object", "embed", "canvas", "audio", "video"}
_FORMULA = re.compile(r"math|latex|\btex\b|formula|equation", re.IGNORECASE)
_ICON = 32  # pixels; smaller pictures are signs
_AROUND = {"nav", "footer", "aside", "form", "menu", "noscript"}
_AROUND_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu"}
_AROUND_NAMES = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|copyright|share|"
    r"social|comments?|related|recommend|cookie|banner|ads?|advert\w*|toc|pagination|skip|"
    r"headerlink|search)(?:$|[-_\s])",
    re.IGNORECASE,
)
_BLOCKS = {
    "address", "article", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "header", "html", "hr", "main", "ol", "p", "section",
    "summary", "ul",
}  # fmt: skip
_WORD = re.compile(r"\w")
_PARAGRAPH = re.compile(r"\n[ \t\r\u3000]*\n")
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])[ \t]*[\r\n]\s*(?=[{_CJK}])")
# The main part of a page is taken where it holds this share of all text.
_MAIN_SHARE = 0.3
# What is called a surrounding and holds this share of the page's running text is the text.
_BODY_SHARE = 0.4
# A page of which less than the first share of the running text, or the second of all text, links
# included, is left has lost its text with its surroundings.
_LEFT_SHARE, _LEFT_WITH_LINKS = 0.5, 0.1
# A list or table cell whose text is links for the most part leads elsewhere.
_LINK_SHARE = 0.7
_FEWEST_LINKS = 3
# What stands beside the main part and is no link says something where it is a sentence, a figure or
# as long as this.
_SAYS = re.compile(r"[。！？；]|[.!?](?:\s|$)|\d")
_LONG = 20

Read = Callable[[str], "list[str] | None"]
"""What is written on the picture that a page names, by its paragraphs; None where the picture does
not come with the page."""


def tidy(text: str) -> str:
    """Text as it is shown: white space is one space, a line break between Chinese characters
    nothing.

    >>> tidy(" 港口\\n  的 灯塔\\u00a0 was built ")
    '港口的 灯塔 was built'
    """
    return re.sub(r"\s+", " ", _BETWEEN_CJK.sub("", text)).strip()


@dataclass(frozen=True, slots=True)
class PageText:
    """The fragments of a page, and what of it is not among them: how many characters its styles
    hide, how many are struck out and how many stand beside its main part and lead elsewhere; how
    many pictures, frames and other parts without text it has. `whole` tells that its main part
    could not be told from what surrounds it."""

    fragments: tuple[Fragment, ...]
    hidden: int
    struck: int
    beside: int
    unread: int
    whole: bool


def page_text(root: Node, read: Read | None = None, *, site: bool = True) -> PageText:
    """The fragments of a page's main part, then what is said beside it, as notes; of all of it
    where that part is next to nothing. A page of no `site`, as in a book or a message, is its main
    part, but for navigation. `read` reads its pictures."""
    unshown = show(root)
    body = root.child("body") or root
    texts = _Texts(body)
    main = _main(body, texts) if site else body
    flow = _Flow(texts, body, _Keep.MAIN if site else _Keep.TEXT, read)
    flow.walk(main)
    flow.end()
    whole = flow.kept < _LEFT_SHARE * texts.running(body) or (
        flow.kept < _LEFT_WITH_LINKS * texts.all[id(body)]
    )
    notes: list[Fragment] = []
    beside = 0
    if whole:
        flow = _Flow(texts, body, _Keep.ALL, read)
        flow.walk(body)
        flow.end()
    else:
        for node in (*(_outside(body, main) or ()), *flow.beside):
            aside = _Flow(texts, body, _Keep.SAYS, read, tables=flow.tables)
            aside.walk(node)
            aside.end()
            flow.tables, flow.unread = aside.tables, flow.unread + aside.unread
            notes += aside.done
            beside += max(0, texts.of(node) - aside.kept)
    fragments = (*decided(flow.done), *notes)
    return PageText(fragments, unshown.hidden, unshown.struck, beside, flow.unread, whole)


def page_warnings(pages: Sequence[PageText]) -> list[str]:
    """What of web pages, or of the chapters of a book, is not in the text."""
    told: list[str] = []
    if hidden := sum(page.hidden for page in pages):
        told.append(f"{hidden:,} characters that the page's styles hide are left out")
    if struck := sum(page.struck for page in pages):
        told.append(f"{struck:,} characters that are struck out are left out")
    if beside := sum(page.beside for page in pages):
        told.append(f"{beside:,} characters of navigation and links beside the text are left out")
    if unread := sum(page.unread for page in pages):
        told.append(f"{unread:,} pictures, frames or films are not read")
    if whole := sum(page.whole for page in pages):
        told.append(
            f"{whole:,} of {len(pages):,} pages have no main part that can be told from what "
            "surrounds it; navigation and notices of the site may stand in the text"
        )
    return told


class _Texts:
    """How many characters each element of a page holds: of all text, and of running text, which
    is what leads nowhere and stands in no element for navigation."""

    def __init__(self, body: Node) -> None:
        self.all: dict[int, int] = {}
        self._free: dict[int, int] = {}
        self._around: dict[int, int] = {}
        self._count(body, linked=False, around=False)

    def _count(self, node: Node, *, linked: bool, around: bool) -> tuple[int, int, int]:
        everything = free = outside = 0
        linked = linked or node.tag == "a"
        around = around or node.tag in _AROUND or node.attributes.get("role", "") in _AROUND_ROLES
        for child in node.children:
            if isinstance(child, str):
                size = len(" ".join(child.split()))
                counts = (size, 0 if linked else size, 0 if linked or around else size)
            elif child.tag in _NEVER:
                continue
            else:
                counts = self._count(child, linked=linked, around=around)
            everything, free, outside = (
                everything + counts[0], free + counts[1], outside + counts[2]
            )  # fmt: skip
        self.all[id(node)], self._free[id(node)] = everything, free
        self._around[id(node)] = outside
        return everything, free, outside

    def of(self, node: Node) -> int:
        """All characters of an element, which need not be one of the page."""
        return sum(
            len(" ".join(child.split())) if isinstance(child, str) else self.all.get(id(child), 0)
            for child in node.children
        )

    def running(self, node: Node) -> int:
        """The characters of running text."""
        return self._around[id(node)]

    def share(self, node: Node, body: Node) -> float:
        """The share of all text that is no link, whatever it stands in."""
        return self._free[id(node)] / max(1, self._free[id(body)])


def _main(body: Node, texts: _Texts) -> Node:
    """The element that holds the text of the page."""
    for tag in ("main", "article"):
        found = [node for node in body.nodes(tag) if id(node) in texts.all]  # not in a script
        if len(found) == 1 and texts.all[id(found[0])] >= _MAIN_SHARE * texts.all[id(body)]:
            inner = list(found[0].nodes("article"))
            return _main(found[0], texts) if tag == "main" and len(inner) == 1 else found[0]
    return body


def _outside(node: Node, main: Node) -> list[Node] | None:
    """What stands before and behind the main part in the elements that hold it; None where `node`
    does not."""
    if node is main:
        return []
    for i, child in enumerate(node.children):
        inner = _outside(child, main) if isinstance(child, Node) else None
        if inner is not None:
            before, after = node.children[:i], node.children[i + 1 :]
            return [Node("div", {}, before), *inner, Node("div", {}, after)]
    return None


def _parts(node: Node) -> Iterator[Part]:
    """What is written in an element, and what of it is raised or lowered."""
    for child in node.children:
        if isinstance(child, str):
            yield child, Shift.NONE
        elif (own := _own_text(child)) is not None:
            yield own, Shift.FORMULA
        elif child.tag in _SHIFTS:
            yield _text(child), _SHIFTS[child.tag]
        elif child.tag == "br":
            yield "\n", Shift.NONE
        elif child.tag not in _NEVER:
            apart = " " * (child.tag in _BLOCKS or child.tag == "li")
            yield apart, Shift.NONE
            yield from _parts(child)
            yield apart, Shift.NONE


def _text(node: Node) -> str:
    """What is written in an element, as one text."""
    return in_line(_parts(node))


def _own_text(node: Node) -> str | None:
    """What stands for an element whose text is not simply that of what is in it: a formula, a
    field of a form. None for any other."""
    if node.tag == "math":
        return mathml(node)
    if node.tag == "script" and node.attributes.get("type", "").lower().startswith("math/tex"):
        return f" {node.text()} "
    if node.tag == "img" and _FORMULA.search(node.attributes.get("class", "")):
        return node.attributes.get("alt", "")
    return _field(node) if node.tag in _FIELDS else None


def _field(node: Node) -> str:
    """What a field of a form holds, nothing for what no one sees."""
    kind = node.attributes.get("type", "").lower()
    if node.tag == "textarea":
        return node.text()
    if node.tag == "select":
        chosen = [one for one in node.nodes("option") if "selected" in one.attributes]
        return " ".join(one.text() for one in chosen)
    if kind in ("checkbox", "radio"):
        return "☑" if "checked" in node.attributes else "□"
    return node.attributes.get("value", "") if kind in _TYPED else ""


def _readings(node: Node) -> list[str]:
    """The words of an element that carry their reading (ruby), each followed by it."""
    found: list[str] = []
    for ruby in node.nodes("ruby"):
        word: list[str] = []
        for child in ruby.children:
            if isinstance(child, str) or child.tag not in ("rt", "rp", "rtc"):
                word.append(child if isinstance(child, str) else _text(child))
            elif child.tag != "rp" and (reading := tidy(child.text())):
                found.append(f"{tidy(''.join(word))} {reading}".strip())
                word.clear()
    return found


def _is_unread(node: Node) -> bool:
    """Whether an element is a picture, a frame or a film that says something: no sign, no line."""
    if node.tag == "svg":
        return any(next(node.nodes(tag), None) is not None for tag in ("text", "image"))
    if node.tag != "img" or _own_text(node):
        return node.tag in _NOT_READ
    sizes = [node.attributes.get(side, "").removesuffix("px") for side in ("width", "height")]
    return not any(size.isdecimal() and int(size) <= _ICON for size in sizes)


class _Keep(Enum):
    """What of a page becomes fragments: what its main part says, all but navigation, what of its
    surroundings says something, or all of it."""

    MAIN = "main"
    TEXT = "text"
    SAYS = "says"
    ALL = "all"


@dataclass(slots=True)
class _Flow:
    """The fragments so far, what is left for later as it stands beside the text, how many pictures
    and frames are not read, and the text of the paragraph that is open, how much of it is links,
    the readings of its words and what is written on its pictures."""

    texts: _Texts
    body: Node
    keep: _Keep
    read: Read | None
    done: list[Fragment] = field(default_factory=list)
    beside: list[Node] = field(default_factory=list)
    open: list[Part] = field(default_factory=list)
    linked: int = 0
    link: bool = False
    readings: list[str] = field(default_factory=list)
    pictured: list[str] = field(default_factory=list)
    role: Role = Role.BODY
    tables: int = 0
    unread: int = 0

    @property
    def kept(self) -> int:
        """The characters of the fragments; what parts the cells of a row is none."""
        return sum(len(item.text) - item.text.count("\t") for item in self.done)

    def end(self) -> None:
        """Closes the paragraph; a blank line in its source ends one too."""
        for part in _PARAGRAPH.split(in_line(self.open)):
            if text := tidy(part):
                self.put(text)
                self.role = Role.BODY
        self.open.clear()
        self.linked = 0
        self._note()

    def put(self, text: str, rank: int | None = None) -> None:
        """A paragraph, a heading if it has a `rank`; of the surroundings what says something, as a
        note."""
        if self.keep is not _Keep.SAYS:
            self.done.append(written(self.role if rank is None else Role.BODY, text, rank=rank))
        elif self.linked < _LINK_SHARE * len(text) and (_SAYS.search(text) or len(text) >= _LONG):
            self.done.append(written(Role.NOTE, text))

    def _note(self) -> None:
        if self.readings:
            self.done.append(written(Role.NOTE, " ".join(self.readings)))
            self.readings.clear()
        for text in self.pictured:
            self.done.append(replace(written(Role.BODY, text, rank=NO_HEADING), by_ocr=True))
        self.pictured.clear()

    def walk(self, node: Node) -> None:
        """The fragments of everything in `node`."""
        for child in node.children:
            if isinstance(child, str):
                self._add(child, Shift.NONE)
            elif (own := _own_text(child)) is not None:
                self._add(own, Shift.FORMULA)
            elif not self._left_out(child):
                self._element(child)

    def _add(self, text: str, shift: Shift) -> None:
        self.open.append((text, shift))
        self.linked += self.link * len(text.strip())

    def _element(self, node: Node) -> None:
        heading = re.fullmatch(r"h([1-6])", node.tag)
        if heading:
            self.end()
            self._take_in(node)
            if text := heading_text(node):
                self.linked = _linked(node)
                self.put(text, HEADING_RANKS[int(heading[1]) - 1])
                self.linked = 0
            self._note()
        elif node.tag == "table":
            self.end()
            self._table(node)
        elif node.tag in ("pre", "listing"):
            self.end()
            lines = [line.rstrip() for line in _text(node).split("\n") if line.strip()]
            if lines:
                role = Role.NOTE if self.keep is _Keep.SAYS else Role.BODY
                self.done.append(written(role, "\n".join(lines).strip()))
        elif node.tag == "br":
            self.end()
        elif node.tag in _SHIFTS:
            self._take_in(node)
            self._add(_text(node), _SHIFTS[node.tag])
        elif node.tag == "ruby":
            self.readings += _readings(Node("", {}, [node]))
            self.walk(node)
        elif node.tag in ("li", "dd"):
            self.end()
            self.role = Role.ITEM
            self.walk(node)
            self.end()
            self.role = Role.BODY
        elif node.tag in _BLOCKS:
            self.end()
            if node.tag == "figcaption":
                self.role = Role.CAPTION
            self.walk(node)
            self.end()
        else:
            around, self.link = self.link, self.link or node.tag == "a"
            self.walk(node)
            self.link = around

    def _take_in(self, node: Node) -> None:
        """What of an element that is written as one text is no text."""
        self.readings += _readings(node)
        for inner in _descendants(node):
            self._unread(inner)

    def _unread(self, node: Node) -> None:
        """Takes in what is written on a picture; counts one that is not read, a frame or a film."""
        if not _is_unread(node):
            return
        named = [node, *node.nodes("image")]  # a drawing may be the frame of a picture
        sources = (
            one.attributes.get(key, "") for one in named for key in ("src", "href") if self.read
        )
        found = [self.read(source) for source in sources if source and self.read]
        read = [texts for texts in found if texts is not None]
        self.pictured += [text for texts in read for text in texts]
        self.unread += not read

    def _left_out(self, node: Node) -> bool:
        if node.tag in _NEVER or node.tag == "img":
            self._unread(node)
            return True
        if self.keep is _Keep.ALL or not self._is_beside(node):
            return False
        if self.keep is not _Keep.SAYS:
            self.beside.append(node)
        return True

    def _is_beside(self, node: Node) -> bool:
        """Whether an element surrounds the text of the page, or leads elsewhere."""
        if node.tag in ("ul", "ol", "table") and _leads_elsewhere(node):
            return True
        if self.keep is not _Keep.MAIN:
            return self.keep is _Keep.TEXT and node.tag == "nav"
        names = f"{node.attributes.get('class', '')} {node.attributes.get('id', '')}"
        role = node.attributes.get("role", "")
        around = node.tag in _AROUND or role in _AROUND_ROLES or _AROUND_NAMES.search(names)
        return bool(around) and self.texts.share(node, self.body) < _BODY_SHARE

    def _table(self, node: Node) -> None:
        rows = list(_rows(node))
        if _is_layout(node, rows):
            for row in rows:
                for cell in _cells(row):
                    self.walk(cell)
                    self.end()
            return
        self.tables += 1
        self._take_in(node)
        caption = node.child("caption")
        if caption is not None and (text := tidy(_text(caption))):
            self.done.append(written(Role.TABLE_TITLE, text))
        heads = {id(row) for head in node.nodes("thead") for row in head.nodes("tr")}
        cells = [_cells(row) for row in rows]
        places = laid_out(
            [
                [_size(cell, header=cell.tag == "th" or id(row) in heads) for cell in own]
                for row, own in zip(rows, cells, strict=True)
            ]
        )
        for own, placed in zip(cells, places, strict=True):
            written_one = written_row(
                [(tidy(_text(cell)), place) for cell, place in zip(own, placed, strict=True)],
                self.tables,
            )
            if written_one.text:
                self.done.append(written_one)
        self._note()


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Node):
            yield child
            if child.tag not in _NOT_READ:
                yield from _descendants(child)


def heading_text(node: Node) -> str:
    """The words of a heading, without the link to itself that some programs put behind it."""
    kept = [
        child for child in node.children
        if isinstance(child, str) or "headerlink" not in child.attributes.get("class", "")
    ]  # fmt: skip
    return tidy(_text(Node(node.tag, node.attributes, kept))).rstrip("¶").strip()


def _leads_elsewhere(node: Node) -> bool:
    """Whether a list or table is links for the most part, and most of its items nothing else: one
    of documents and their dates says something."""
    if sum(1 for _ in node.nodes("a")) < _FEWEST_LINKS:
        return False
    if _linked(node) < _LINK_SHARE * len(tidy(_text(node))):
        return False
    items = list(_rows(node)) if node.tag == "table" else list(node.nodes("li"))
    telling = sum(_WORD.search(_unlinked(item)) is not None for item in items)
    return 2 * telling < len(items) or not items


def _linked(node: Node) -> int:
    """How many characters of an element are links."""
    return sum(len(tidy(link.text())) for link in node.nodes("a"))


def _unlinked(node: Node) -> str:
    """The text of an element outside its links."""
    return "".join(
        child if isinstance(child, str) else _unlinked(child)
        for child in node.children
        if isinstance(child, str) or child.tag not in ("a", *_NEVER)
    )


def _rows(node: Node) -> Iterator[Node]:
    """The rows of a table, those of tables inside it left out."""
    for child in node.children:
        if isinstance(child, Node):
            if child.tag == "tr":
                yield child
            elif child.tag in ("thead", "tbody", "tfoot"):
                yield from _rows(child)


def _cells(row: Node) -> list[Node]:
    return [cell for cell in row.children if isinstance(cell, Node) and cell.tag in ("td", "th")]


def _size(cell: Node, *, header: bool) -> Size:
    return Size(_count(cell, "rowspan"), _count(cell, "colspan") or 1, header)


def _count(cell: Node, name: str) -> int:
    """How many rows or columns a cell covers."""
    value = cell.attributes.get(name, "1").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _is_layout(node: Node, rows: Sequence[Node]) -> bool:
    """Whether a table only sets text in its place: one column, or blocks in its cells."""
    widest = max((len(_cells(row)) for row in rows), default=0)
    if widest < 2 or next(node.nodes("table"), None) is not None:
        return True
    return any(
        next(cell.nodes(tag), None) is not None
        for row in rows for cell in _cells(row) for tag in ("h1", "h2", "h3")
    )  # fmt: skip
