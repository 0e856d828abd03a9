"""Web pages into fragments: headings, paragraphs, lists and tables, without what surrounds
the text of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.reading.flow import Fragment, Role, decided, written
from rag.reading.outline import ARTICLE, CHAPTER, FIRST, SECOND, SECTION, THIRD
from rag.reading.parsers.markup import Node

HEADING_RANKS = (CHAPTER, SECTION, ARTICLE, FIRST, SECOND, THIRD)
"""The ranks of headings of level 1 to 6."""

_NEVER = {
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "head", "select",
    "button", "input", "textarea", "link", "meta", "canvas", "audio", "video", "dialog",
}  # fmt: skip
_AROUND = {"nav", "footer", "aside", "form", "menu"}
_AROUND_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu"}
_AROUND_NAMES = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|copyright|share|"
    r"social|comments?|related|recommend|cookie|banner|ads?|advert\w*|toc|pagination|skip|"
    r"headerlink|search)(?:$|[-_\s])",
    re.IGNORECASE,
)
_BLOCKS = {
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "header", "html", "hr", "main", "ol", "p", "section",
    "summary", "ul",
}  # fmt: skip
_PARAGRAPH = re.compile(r"\n[ \t\r\u3000]*\n")
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_BETWEEN_CJK = re.compile(rf"(?<=[{_CJK}])[ \t]*[\r\n]\s*(?=[{_CJK}])")
# The main part of a page is taken where it holds this share of all text.
_MAIN_SHARE = 0.3
# A page of which less than this is left has no main part; unless it is long.
_LEFT_SHARE = 0.2
_SMALL_PAGE = 200
# A list or table cell whose text is links for the most part leads elsewhere.
_LINK_SHARE = 0.7
_FEWEST_LINKS = 3


def tidy(text: str) -> str:
    """Text as it is shown: white space is one space, a line break between Chinese characters
    nothing.

    >>> tidy(" 港口\\n  的 灯塔\\u00a0 was built ")
    '港口的 灯塔 was built'
    """
    return re.sub(r"\s+", " ", _BETWEEN_CJK.sub("", text)).strip()


def page_fragments(root: Node) -> list[Fragment]:
    """The fragments of a page's main part; of all of it where that part is next to nothing."""
    body = root.child("body") or root
    flow = _Flow(keep_around=False)
    flow.walk(_main(body))
    flow.end()
    whole = len(tidy(_visible(body)))
    if sum(len(item.text) for item in flow.done) < _LEFT_SHARE * whole <= _SMALL_PAGE:
        flow = _Flow(keep_around=True)
        flow.walk(body)
        flow.end()
    return decided(flow.done)


def _main(body: Node) -> Node:
    """The element that holds the text of the page."""
    whole = len(tidy(_visible(body)))
    for tag in ("main", "article"):
        found = list(body.nodes(tag))
        if len(found) == 1 and len(tidy(_visible(found[0]))) >= _MAIN_SHARE * whole:
            inner = list(found[0].nodes("article"))
            return _main(found[0]) if tag == "main" and len(inner) == 1 else found[0]
    return body


def _visible(node: Node) -> str:
    if node.tag in _NEVER:
        return ""
    return "".join(c if isinstance(c, str) else _visible(c) for c in node.children)


@dataclass(slots=True)
class _Flow:
    """The fragments so far, and the text of the paragraph that is open."""

    keep_around: bool
    done: list[Fragment] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    role: Role = Role.BODY
    tables: int = 0

    def end(self) -> None:
        """Closes the paragraph; a blank line in its source ends one too."""
        for part in _PARAGRAPH.split("".join(self.open)):
            if text := tidy(part):
                self.done.append(written(self.role, text))
                self.role = Role.BODY
        self.open.clear()

    def walk(self, node: Node) -> None:
        """The fragments of everything in `node`."""
        for child in node.children:
            if isinstance(child, str):
                self.open.append(child)
            elif not self._left_out(child):
                self._element(child)

    def _element(self, node: Node) -> None:
        heading = re.fullmatch(r"h([1-6])", node.tag)
        if heading:
            self.end()
            if text := heading_text(node):
                self.done.append(written(Role.BODY, text, rank=HEADING_RANKS[int(heading[1]) - 1]))
        elif node.tag == "table":
            self.end()
            self._table(node)
        elif node.tag in ("pre", "listing"):
            self.end()
            lines = [line.rstrip() for line in _visible(node).split("\n") if line.strip()]
            if lines:
                self.done.append(written(Role.BODY, "\n".join(lines).strip()))
        elif node.tag == "br":
            self.end()
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
            self.walk(node)

    def _left_out(self, node: Node) -> bool:
        if node.tag in _NEVER or "hidden" in node.attributes:
            return True
        if self.keep_around:
            return False
        names = f"{node.attributes.get('class', '')} {node.attributes.get('id', '')}"
        role = node.attributes.get("role", "")
        if node.tag in _AROUND or role in _AROUND_ROLES or _AROUND_NAMES.search(names):
            return True
        return node.tag in ("ul", "ol", "table") and _leads_elsewhere(node)

    def _table(self, node: Node) -> None:
        rows = list(_rows(node))
        if _is_layout(node, rows):
            for row in rows:
                for cell in row:
                    self.walk(cell)
                    self.end()
            return
        self.tables += 1
        caption = node.child("caption")
        if caption is not None and (text := tidy(_visible(caption))):
            self.done.append(written(Role.TABLE_TITLE, text))
        for row in rows:
            text = "\t".join(tidy(_visible(cell)) for cell in row).rstrip("\t")
            if text.strip():
                self.done.append(written(Role.ROW, text, table=self.tables))


def heading_text(node: Node) -> str:
    """The words of a heading, without the link to itself that some programs put behind it."""
    kept = [
        child for child in node.children
        if isinstance(child, str) or "headerlink" not in child.attributes.get("class", "")
    ]  # fmt: skip
    return tidy(_visible(Node(node.tag, node.attributes, kept))).rstrip("¶").strip()


def _leads_elsewhere(node: Node) -> bool:
    links = list(node.nodes("a"))
    if len(links) < _FEWEST_LINKS:
        return False
    linked = sum(len(tidy(link.text())) for link in links)
    return linked >= _LINK_SHARE * len(tidy(_visible(node)))


def _rows(node: Node) -> Iterator[list[Node]]:
    """The rows of a table, those of tables inside it left out."""
    for child in node.children:
        if isinstance(child, Node):
            if child.tag == "tr":
                cells = [c for c in child.children if isinstance(c, Node)]
                yield [cell for cell in cells if cell.tag in ("td", "th")]
            elif child.tag in ("thead", "tbody", "tfoot"):
                yield from _rows(child)


def _is_layout(node: Node, rows: Sequence[Sequence[Node]]) -> bool:
    """Whether a table only sets text in its place: one column, or blocks in its cells."""
    widest = max((len(row) for row in rows), default=0)
    if widest < 2 or next(node.nodes("table"), None) is not None:
        return True
    return any(
        next(cell.nodes(tag), None) is not None
        for row in rows for cell in row for tag in ("h1", "h2", "h3")
    )  # fmt: skip
