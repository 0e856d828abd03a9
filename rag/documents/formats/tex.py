"""TeX and LaTeX files as cleaned texts: sections, paragraphs, lists and tables; formulas stay as
they are written. Nothing is run: commands of one's own are left out, their arguments kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.documents.detect import Cleaned, decode
from rag.documents.formats.html import HEADING_RANKS
from rag.documents.fragments import Fragment, Piece, Role, decided, sourced_row
from rag.documents.grids import Placed
from rag.documents.headings import NO_HEADING, infer_date, stated_date
from rag.documents.structure import assemble, beyond, outline
from rag.errors import UnreadableDocument
from rag.settings import Reading

_DEEPEST = 60  # groups in one another
_RANKS = {
    "part": 0, "chapter": 0, "section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4,
    "subparagraph": 5,
}  # fmt: skip
_TOKEN = re.compile(
    r"\\begin\s*\{(?P<begin>[^{}\n]{1,40})\}|\\end\s*\{(?P<end>[^{}\n]{1,40})\}"
    r"|\\(?P<command>[A-Za-z@]+)\*?|\\(?P<sign>[^A-Za-z@])|(?P<math>\$\$?)|(?P<mark>[{}&~%])"
    r"|(?P<break>\n[ \t\r]*\n\s*)"
)
# Environments whose content is kept as it is written.
_VERBATIM = {"verbatim", "verbatim*", "lstlisting", "minted", "Verbatim", "comment"}
_MATH = {
    "equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign",
    "alignat",
}  # fmt: skip
_TABLES = {"tabular", "tabularx", "longtable", "tabulary", "array", "tblr", "supertabular"}
_LISTS = {"itemize", "enumerate", "description", "thebibliography"}
_FLOATS = {"table", "figure"}
_DRAWN = {"tikzpicture", "pspicture", "picture", "forest", "axis"}
# Commands whose first arguments are no text: how many of them.
_NO_TEXT = {
    **dict.fromkeys(
        (
            "documentclass", "usepackage", "RequirePackage", "label", "ref", "eqref", "pageref",
            "autoref", "cref", "Cref", "cite", "citep", "citet", "parencite", "textcite", "nocite",
            "vspace", "hspace", "color", "textcolor", "colorbox", "raisebox", "scalebox",
            "rotatebox", "parbox", "pagestyle", "thispagestyle", "pagenumbering",
            "bibliographystyle", "bibliography", "geometry", "hypersetup", "graphicspath", "cline",
            "cmidrule", "index", "newcounter", "newlength", "setmainfont", "setCJKmainfont",
            "ctexset", "hyphenation", "href",
        ),
        1,
    ),
    **dict.fromkeys(
        (
            "setlength", "addtolength", "setcounter", "addtocounter", "newcommand", "renewcommand",
            "providecommand", "DeclareMathOperator", "newtheorem", "rule", "fontsize",
            "PassOptionsToPackage", "resizebox", "fcolorbox",
        ),
        2,
    ),
    **dict.fromkeys(("newenvironment", "renewenvironment", "definecolor"), 3),
    "titleformat": 5,
    "includegraphics": 1,
}  # fmt: skip
# Commands that show by position or by words of their own what is in them; they stay as they are
# written, as formulas do: without them 10\textsuperscript{8} would read 108.
_AS_WRITTEN = {
    "textsuperscript": 1, "textsubscript": 1, "ensuremath": 1, "num": 1, "si": 1, "unit": 1,
    "nicefrac": 2, "sfrac": 2, "SI": 2, "qty": 2,
}  # fmt: skip
_STRUCK = {"sout", "xout", "st", "hcancel"}
_NAMED = {"title", "author", "date"}
_ASIDE = {"caption", "footnote", "footnotetext"}
_LITERAL = {"url", "path", "verb", "lstinline"}
_FILES = {"input", "include", "subfile"}
_SIGNS = set("%&#_${}")
_WHITE = {"quad", "qquad", "newline", "linebreak", "par", "hfill", "hspace", "vspace"}
_FILES_NAMED = 8
_LONGEST_FORMULA, _LONGEST_LITERAL = 10_000, 1_000
_MERGED = re.compile(
    r"^(?:\s|\\(?:hline|toprule|midrule|bottomrule|c(?:mid|)line[^\s\\]*+))*+\\multi(column|row)\b"
    r"\s*+(?:\[[^\]\n]{0,20}\])?\{\s*+(\d{1,3})\s*+\}"
)
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")


def read_tex(data: bytes, _settings: Reading) -> Cleaned:
    """A TeX file. Files that it takes in, and drawings, are named or counted in warnings.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, or without text.
    """
    decoded = decode(data)
    source = decoded.text
    flow = _Flow(source, _groups(source), _environments(source), _line_starts(source))
    begin = source.find("\\begin{document}")
    flow.preamble(begin)
    start = begin + len("\\begin{document}") if begin >= 0 else 0
    end = source.find("\\end{document}", start)
    flow.walk(start, end if end >= 0 else len(source), 0)
    flow.close()
    if not flow.done:
        raise UnreadableDocument("the file holds no text")
    drafts = outline(decided(flow.done), frozenset())
    text, blocks, origin, tables = assemble(drafts, paged=False)
    stated = stated_date(flow.date)
    date = stated or infer_date([fragment.text for fragment in flow.done])
    return Cleaned(
        text, blocks, origin, flow.title or None, date, stated is None, source,
        (*decoded.warnings, *flow.warnings(), *beyond([draft.place for draft in drafts])),
        tables=tables,
    )  # fmt: skip


def _line_starts(source: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", source))]


def _groups(source: str) -> dict[int, int]:
    """Where each group that begins at a brace or bracket ends; comments and escaped ones left
    out."""
    ends: dict[int, int] = {}
    open_: dict[str, list[int]] = {"}": [], "]": []}
    for match in re.finditer(r"\\.|(?<!\\)%[^\n]*|[{}\[\]]", source, re.DOTALL):
        mark = match.group()
        if mark in "{[":
            open_["}" if mark == "{" else "]"].append(match.start())
        elif open_.get(mark):
            ends[open_[mark].pop()] = match.start()
    return ends


def _environments(source: str) -> dict[int, int]:
    """Where the content of each environment ends, by where it begins."""
    ends: dict[int, int] = {}
    open_: dict[str, list[int]] = {}
    for match in re.finditer(r"\\(begin|end)\s*\{([^{}\n]{1,40})\}", source):
        if match[1] == "begin":
            open_.setdefault(match[2], []).append(match.end())
        elif open_.get(match[2]):
            ends[open_[match[2]].pop()] = match.start()
    return ends


@dataclass(slots=True)
class _Flow:
    """The fragments so far, the pieces of the paragraph that is open, and what is around it."""

    source: str
    ends: dict[int, int]
    inside: dict[int, int]
    starts: list[int]
    title: str = ""
    date: str = ""
    done: list[Fragment] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    spaced: bool = False
    wrapped: str = ""
    floated: str = ""
    role: Role = Role.BODY
    rank: int | None = NO_HEADING
    notes: list[Fragment] = field(default_factory=list)
    tables: int = 0
    figures: int = 0
    struck: int = 0
    files: list[str] = field(default_factory=list)

    def warnings(self) -> Iterator[str]:
        """What of the text is not there."""
        if self.figures:
            yield f"{self.figures:,} figures are not read"
        if self.struck:
            yield f"{self.struck:,} characters that are struck out are left out"
        if self.files:
            named = ", ".join(self.files[:_FILES_NAMED])
            more = " …" if len(self.files) > _FILES_NAMED else ""
            yield f"{len(self.files):,} other files are taken in and not read here: {named}{more}"

    def preamble(self, end: int) -> None:
        """Title, author and date where they stand before the text."""
        for match in re.finditer(r"\\(title|author|date)\b", self.source[: max(end, 0)]):
            if argument := self._argument(match.end()):
                self._named(match[1], *argument)

    def _named(self, command: str, start: int, end: int) -> None:
        self.close()
        if command == "title":
            self.rank = HEADING_RANKS[0]
        self.walk(start, end, 1)
        words = " ".join("".join(p.joint + p.text for p in self.pieces).split())
        if command == "title":
            self.title = self.title or words
        elif command == "date":
            self.date = words
        self.close()

    def _argument(self, at: int) -> tuple[int, int] | None:
        """The place of the next argument in braces, options in brackets left out."""
        while True:
            while at < len(self.source) and self.source[at] in " \t\n\r":
                at += 1
            mark = self.source[at : at + 1]
            if mark == "[" and at in self.ends:
                at = self.ends[at] + 1
            elif mark == "{" and at in self.ends:
                return at + 1, self.ends[at]
            else:
                return None

    def walk(self, at: int, end: int, depth: int) -> None:
        """Everything from `at` to `end`."""
        if depth > _DEEPEST:
            raise UnreadableDocument(f"the file has groups nested more than {_DEEPEST} deep")
        while at < end:
            match = _TOKEN.search(self.source, at, end)
            if match is None:
                self._put(at, end)
                return
            self._put(at, match.start())
            at = self._token(match, end, depth)

    def _token(self, match: re.Match[str], end: int, depth: int) -> int:
        """Takes in a token; where what follows it begins."""
        at = match.end()
        if match["begin"]:
            return self._environment(match["begin"], match.start(), at, end, depth)
        if match["command"]:
            return self._command(match["command"], at, end, depth)
        if match["math"]:
            return self._math(match, end)
        if match["sign"]:
            return self._sign(match, end)
        mark = match["mark"]
        if mark == "%":
            stop = self.source.find("\n", at, end)
            return end if stop < 0 else stop + 1
        if mark in ("~", "&"):
            self.spaced = True
        elif match["break"]:
            self.close()
        return at

    def _sign(self, match: re.Match[str], end: int) -> int:
        """A command of one character."""
        sign = match["sign"]
        at = match.end()
        if sign in "([":  # a formula
            close = self.source.find(
                "\\)" if sign == "(" else "\\]", at, min(end, at + _LONGEST_FORMULA)
            )
            stop = at if close < 0 else close + 2
            self._put(match.start(), stop)
            return stop
        if sign in _SIGNS:
            self._put(match.start() + 1, at)
        else:
            self.spaced = self.spaced or sign in "\\ ,;:!>\n"
        if sign == "\\" and self.source.startswith("[", at) and at in self.ends:
            return self.ends[at] + 1
        return at

    def _math(self, match: re.Match[str], end: int) -> int:
        """A formula in dollars stays as it is written."""
        mark = match["math"]
        at = match.end()
        while (close := self.source.find(mark, at, end)) > 0 and self.source[close - 1] == "\\":
            at = close + 1
        stop = end if close < 0 else close + len(mark)
        paragraph = self.source.find("\n\n", match.end(), stop)
        if paragraph >= 0:  # a dollar, no formula
            self._put(match.start(), match.end())
            return match.end()
        self._put(match.start(), stop)
        return stop

    def _command(self, name: str, at: int, end: int, depth: int) -> int:
        """Takes in a command; where what follows it begins."""
        argument = self._argument(at)
        if argument and (name in _RANKS or name in _NAMED or name in _ASIDE or name in _FILES):
            self._structure(name, argument, depth)
            return argument[1] + 1
        if name in ("item", "bibitem"):
            return self._item(name, at, argument)
        if name in _LITERAL:
            return self._literal(name, at, argument, end)
        if name == "def":
            body = self.source.find("{", at, min(end, at + _LONGEST_LITERAL))
            return self.ends.get(body, at) + 1 if body >= 0 else at
        if name in _AS_WRITTEN and argument:
            return self._as_written(name, at)
        if name in _STRUCK and argument:
            self.struck += len("".join(self.source[slice(*argument)].split()))
            at = argument[1] + 1
        self.spaced = self.spaced or name in _WHITE
        self.figures += name == "includegraphics"
        for _ in range(_NO_TEXT.get(name, 0)):
            if (argument := self._argument(at)) is None:
                break
            at = argument[1] + 1
        return self._after_options(at)

    def _as_written(self, name: str, at: int) -> int:
        """Takes in a command with its arguments as they are written; where they end."""
        begin = self.source.rfind("\\", 0, at)
        for _ in range(_AS_WRITTEN[name]):
            if (argument := self._argument(at)) is None:
                break
            at = argument[1] + 1
        self._put(begin, at)
        return at

    def _structure(self, name: str, argument: tuple[int, int], depth: int) -> None:
        """A heading, a fact of the title page, a caption or note, or a file taken in."""
        if name in _RANKS:
            self.close()
            self.rank = HEADING_RANKS[_RANKS[name]]
            self.walk(*argument, depth + 1)
            self.close()
        elif name in _NAMED:
            self._named(name, *argument)
        elif name in _ASIDE:
            self._aside(name, argument, depth)
        else:
            self.files.append(" ".join(self.source[slice(*argument)].split())[:100])

    def _after_options(self, at: int) -> int:
        """Behind an option in brackets that follows a command at once."""
        if self.source.startswith("[", at) and at in self.ends:
            return self.ends[at] + 1
        while self.source.startswith((" ", "\t"), at):
            at += 1
            self.spaced = True
        return at

    def _literal(self, name: str, at: int, argument: tuple[int, int] | None, end: int) -> int:
        if name in ("url", "path") and argument:
            self._put(*argument)
            return argument[1] + 1
        mark = self.source[at : at + 1]
        close = -1
        if mark:
            last = min(end, at + _LONGEST_LITERAL)
            close = self.source.find("}" if mark == "{" else mark, at + 1, last)
        if close < 0:
            return at
        self._put(at + 1, close)
        return close + 1

    def _aside(self, name: str, argument: tuple[int, int], depth: int) -> None:
        """A caption or a footnote: not in the paragraph that it stands in."""
        role = Role.NOTE
        if name == "caption":
            below = bool(self.done) and self.done[-1].role is Role.ROW
            role = Role.TABLE_TITLE if self.floated == "table" and not below else Role.CAPTION
        inner = replace(self, done=[], pieces=[], notes=[], files=[], spaced=False, role=role)
        inner.walk(*argument, depth + 1)
        inner.close()
        self.figures, self.struck, self.tables = inner.figures, inner.struck, inner.tables
        self.files += inner.files
        if self.pieces:
            self.notes += inner.done
        else:
            self.done += inner.done

    def _item(self, name: str, at: int, argument: tuple[int, int] | None) -> int:
        self.close()
        self.role = Role.ITEM
        if name == "bibitem":
            return argument[1] + 1 if argument else at
        while self.source.startswith((" ", "\t"), at):
            at += 1
        if self.source.startswith("[", at) and at in self.ends:
            self.walk(at + 1, self.ends[at], 1)
            self.spaced = True
            return self.ends[at] + 1
        return at

    def _environment(self, name: str, begin: int, at: int, end: int, depth: int) -> int:
        plain = name.rstrip("*")
        stop = self.inside.get(at, end)
        if stop < end and (plain in _MATH | _DRAWN | _TABLES or name in _VERBATIM):
            after = self.source.index("}", stop) + 1
            if plain in _TABLES:
                self._table(at, stop, depth)
            elif plain in _DRAWN:
                self.figures += 1
            elif plain in _MATH:
                self._put(begin, after)
            elif name != "comment":
                self.close()
                self._verbatim(self._after_options(at), stop)
            return after
        if plain in _FLOATS:
            self.floated = plain
        if plain in _LISTS:
            self.close()
            if plain == "thebibliography" and (argument := self._argument(at)):
                at = argument[1] + 1
        return self._after_options(at)

    def _verbatim(self, start: int, end: int) -> None:
        at = start
        for line in self.source[start:end].splitlines(keepends=True):
            if line.strip():
                lead = len(line) - len(line.lstrip())
                self.pieces.append(Piece(at + lead, line.strip(), "\n" if self.pieces else ""))
            at += len(line)
        self.close()

    def _table(self, start: int, end: int, depth: int) -> None:
        self.close()
        self.tables += 1
        table = self.tables
        while (argument := self._argument(start)) is not None and argument[1] < end:
            start = argument[1] + 1  # its width, and what stands in its columns
        for row_start, row_end in self._split(start, end, "\\\\"):
            cells: list[tuple[list[Piece], Placed]] = []
            column = 0
            for cell_start, cell_end in self._split(row_start, row_end, "&"):
                columns, rows, span = self._merged(cell_start, cell_end)
                inner = replace(self, done=[], pieces=[], notes=[], files=[], spaced=False)
                inner.walk(*span, depth + 1)
                self.figures, self.struck = inner.figures, inner.struck
                words = [*inner.pieces, *(p for one in inner.done for p in one.pieces)]
                cells.append((words, Placed(0, 0, column, rows, columns)))
                column += columns
            if any(words for words, _ in cells):
                lines = (self._line(row_start), self._line(max(row_start, row_end - 1)))
                self.done.append(sourced_row(cells, lines, table))

    def _split(self, start: int, end: int, mark: str) -> Iterator[tuple[int, int]]:
        """What stands between the marks, outside groups."""
        at = first = start
        while at < end:
            if at in self.ends and self.source[at] == "{":
                at = min(end, self.ends[at] + 1)
            elif self.source.startswith(mark, at):
                yield first, at
                at += len(mark)
                if mark == "\\\\":
                    at = self._after_options(at + self.source.startswith("*", at))
                first = at = min(at, end)
            else:
                at += 2 if self.source[at] == "\\" else 1
        yield first, end

    def _merged(self, start: int, end: int) -> tuple[int, int, tuple[int, int]]:
        """Columns and rows that a cell covers, and the place of its content."""
        columns = rows = 1
        for _ in range(2):
            match = _MERGED.match(self.source[start:end])
            second = self._argument(start + match.end()) if match else None
            third = self._argument(second[1] + 1) if second else None
            if match is None or third is None or third[1] > end:
                break
            if match[1] == "column":
                columns = max(1, int(match[2]))
            else:
                rows = max(1, int(match[2]))
            start, end = third
        return columns, rows, (start, end)

    def _put(self, start: int, end: int) -> None:
        """A stretch of the source; white space in it is one space."""
        for match in re.finditer(r"(?<!\s)(\s*+)(\S+)", self.source[start:end]):
            joint = " " if (match[1] or self.spaced) and self.pieces else ""
            if joint and "\n" in (match[1] or self.wrapped) and self._among_chinese(match[2]):
                joint = ""  # a line break that nobody sees
            self.pieces.append(Piece(start + match.start(2), match[2], joint))
            self.spaced, self.wrapped = False, ""
        white = self.source[start:end]
        if white and white[-1].isspace():
            self.spaced = True
            self.wrapped = white[len(white.rstrip()) :]

    def _among_chinese(self, word: str) -> bool:
        return bool(_CJK.match(word) and _CJK.match(self.pieces[-1].text[-1:]))

    def close(self) -> None:
        """Ends the paragraph; its footnotes follow it."""
        if self.pieces:
            head = self.pieces[0]
            pieces = (Piece(head.start, head.text, ""), *self.pieces[1:])
            lines = (self._line(head.start), self._line(self.pieces[-1].start))
            rank = self.rank if self.role in (Role.BODY, Role.ITEM) else None
            role = Role.BODY if rank not in (None, NO_HEADING) else self.role
            self.done.append(Fragment(role, pieces, lines, None, rank))
        self.done += self.notes
        self.pieces, self.notes, self.spaced = [], [], False
        self.role, self.rank = (Role.BODY if self.role is Role.ITEM else self.role), NO_HEADING

    def _line(self, at: int) -> int:
        return bisect_right(self.starts, at)
