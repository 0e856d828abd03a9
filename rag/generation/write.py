"""What a chat model writes: its stream into claims, each sentence checked once it is complete.

Plain text and citation markers become claims. Links, images, HTML and emphasis are taken out, a
model's thinking is left out, and what looks like a marker becomes one. Marks of list items and bars
of table rows become `Lead`s and tabs. Square brackets that stay become full-width ones, and so does
a `<` before a letter: no link and no tag can come of what is left. The text comes in pieces;
however it is cut, the result is the same: what could still become something else is held back
until it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

from rag.answering.verify import named_passages
from rag.errors import ContextTooLong, GenerationError
from rag.generation.chat_model import ChatMessage, ChatModel, ReplyModel
from rag.generation.prompts import (
    GivenFact,
    Packed,
    Prompts,
    budget,
    dividing,
    is_refusal,
    likely,
    load_prompts,
    pack,
    refusal_of,
    rewriting,
)
from rag.i18n import say
from rag.retrieval.decomposition import MOST_PARTS
from rag.settings import Chat
from rag.text.sentences import sentences
from rag.types import ROW, Claim, Passage, Remark, Sentence, Span, Support, Text

MAX_LABEL = 120  # characters between brackets
MAX_TARGET = 2000  # characters of a link's address
MAX_TAG = 400  # characters of an HTML tag
_PART = 1000

_CLOSE = re.compile(r"[\]］】\r\n]")
_BRACKETS = str.maketrans("[]", "［］")
_CLOSE_PARENTHESIS = re.compile(r"[)）\r\n]")
_PLAIN = re.compile(r"[^\[［【（(<*`!\r\n]+")
_PLAIN_CELL = re.compile(r"[^\[［【（(<*`!\r\n\t|｜]+")
_BULLET = re.compile(r"(?:[-*•·]|#{1,6}|([0-9]{1,2})[.)])[ \t]+")
_MAYBE_BULLET = re.compile(r"(?:[-*•·]|#{1,6}|[0-9]{1,2}[.)]?)[ \t]*")
# A line of a table: its first bar, the rule below the header, a bar at its end.
_BARS = "|｜"
_RULE = re.compile(r"[|｜][ \t:|｜-]{3,200}(?=[\r\n]|$)")
_MAYBE_RULE = re.compile(r"[|｜][ \t:|｜-]{0,200}")
_CELL_END = re.compile(r"[|｜][ \t]{0,20}")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?>|<[!?][^<>]*>")
_MAYBE_TAG = re.compile(r"<[A-Za-z/!?]")
_LESS = re.compile(r"< ?[\d\u3400-\u9fff]")
_TARGET = re.compile(r"^[!-~]*+(?:\s++[\"'][^\r\n]*)?")
_TARGET_END = re.compile(r"[)\r\n]")
_ADDRESS = re.compile(r"^(?:[a-z]+:|[/#.?]|www\.|<)", re.IGNORECASE)
_NUMBER = r"\d{1,3}"
# White space in a label is one space each, by which no two parts of the pattern share a run of it.
_MARKER = re.compile(
    r"^\^? ?(?:来源|文档|资料|段落|片段|出处|passages?|sources?|doc(?:ument)?s?|refs?)? ?[:：#]? ?"
    rf"({_NUMBER}(?: ?[-–—~～至] ?{_NUMBER}| ?[,，、;；] ?{_NUMBER}| {_NUMBER})*)",
    re.IGNORECASE,
)
# A marker in parentheses says what it is: (1) is a number.
_SOURCE_WORD = "段落|来源|文档|资料|片段|出处|passages?|sources?|doc(?:ument)?s?|refs?"
_GAP = r"\s{0,8}+"
_IN_PARENTHESES = re.compile(
    rf"{_GAP}(?:参?见|根据|据)?{_GAP}(?:{_SOURCE_WORD}){_GAP}[:：#]?{_GAP}"
    rf"({_NUMBER}(?:{_GAP}[-–—~～至]{_GAP}{_NUMBER}|{_GAP}[,，、;；]{_GAP}{_NUMBER}|\s{{1,8}}+{_NUMBER}){{0,20}}){_GAP}",
    re.IGNORECASE,
)
_MAYBE_IN_PARENTHESES = re.compile(
    r"[（(]\s*+(?:参?见?|根?据?)\s*+(?:段落?|来源?|文档?|资料?|片段?|出处?|[psdr][a-z]{0,9})?"
    r"\s*+[:：#]?[\d\s,，、;；~～–—至-]{0,60}+",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"({_NUMBER})(?:\s*[-–—~～至]\s*({_NUMBER}))?")
_CUT_MARKER = re.compile(r".[\d,，、;；~～–—-]*\s*")  # where a reply ended in the middle of one
_THINKING, _THOUGHT = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Marker:
    """A citation marker and the numbers in it, each once, in order."""

    ranks: tuple[int, ...]


def read_marker(label: str) -> Marker | None:
    """What stands between brackets as a marker; None if it is none. Numbers have at most three
    digits: four are a year.

    >>> read_marker("1, 3-5"), read_marker("2023"), read_marker("来源２")
    (Marker(ranks=(1, 3, 4, 5)), None, Marker(ranks=(2,)))
    """
    found = _MARKER.fullmatch(" ".join(label.split()))
    if not found:
        return None
    ranks: list[int] = []
    for first, last in _RANGE.findall(found[1]):
        ranks += range(int(first), int(last or first) + 1)
    return Marker(tuple(dict.fromkeys(ranks)))


@dataclass(frozen=True, slots=True)
class Lead:
    """What begins a line in Markdown of our own: `- `, `1. ` or, for a row of a table, `| `; a line
    break for a heading, which is a line like any other."""

    mark: str


# How much of the text a step takes, what it gives, and what it puts back in front of the rest.
_Step = tuple[int, str | Marker | Lead, str]


class Scanner:
    """Text in pieces into plain text, markers and leads. The cells of a row are parted by tabs."""

    def __init__(self) -> None:
        self._rest = ""
        self._line_start = True
        self._row = False
        self._thinking = False

    def feed(self, piece: str) -> list[str | Marker | Lead]:
        """What is decided once `piece` is known. A long one is taken in parts, as each step copies
        what is left."""
        found: list[str | Marker | Lead] = []
        for start in range(0, len(piece), _PART):
            self._rest += piece[start : start + _PART]
            found += self._drain(final=False)
        return found

    def close(self) -> list[str | Marker | Lead]:
        """What was held back; nothing more comes."""
        return self._drain(final=True)

    def _drain(self, *, final: bool) -> list[str | Marker | Lead]:
        found: list[str | Marker | Lead] = []
        while self._rest:
            step = self._think(final) if self._thinking else self._step(final)
            if step is None:
                break
            length, token, back = step
            self._rest = back + self._rest[length:]
            if isinstance(token, Marker | Lead):
                found.append(token)
                if token == Lead(ROW):
                    self._row, self._line_start = True, False
            elif token:
                found.append(token.translate(_BRACKETS))
                self._line_start = token in "\r\n" or (self._line_start and token.isspace())
                self._row = self._row and token not in "\r\n"
        return found

    def _think(self, final: bool) -> _Step | None:
        end = self._rest.find(_THOUGHT)
        if end >= 0:
            self._thinking = False
            return end + len(_THOUGHT), "", ""
        keep = 0 if final else len(_THOUGHT) - 1
        return (len(self._rest) - keep, "", "") if len(self._rest) > keep else None

    def _step(self, final: bool) -> _Step | None:
        rest = self._rest
        if self._line_start:
            undecided = _MAYBE_BULLET.fullmatch(rest) or _MAYBE_RULE.fullmatch(rest)
            if not final and undecided:
                return None
            if bullet := _BULLET.match(rest):
                mark = f"{bullet[1]}. " if bullet[1] else "\n" if rest[0] == "#" else "- "
                return bullet.end(), Lead(mark), ""
        if rest[0] in _BARS and (self._line_start or self._row):
            return self._bar(rest, final)
        if rest[0] == "<":
            return self._tag(rest, final)
        if special := _SPECIAL.get(rest[0]):
            return special(rest, final)
        pattern = _PLAIN_CELL if self._row else _PLAIN
        plain = None if self._line_start else pattern.match(rest)
        return (plain.end(), plain[0], "") if plain else (1, rest[0], "")

    def _bar(self, rest: str, final: bool) -> _Step | None:
        """A bar begins a row, parts two cells or ends the row; the rule below a header goes."""
        if self._line_start:
            rule = _RULE.match(rest)
            return (rule.end(), "", "") if rule else (1, Lead(ROW), "")
        bar = _CELL_END.match(rest)
        end = bar.end() if bar else 1
        if end == len(rest):
            return (end, "", "") if final else None
        return end, "" if rest[end] in "\r\n" else "\t", ""

    def _tag(self, rest: str, final: bool) -> _Step | None:
        if rest in ("<", "< ") and not final:
            return None
        if not _MAYBE_TAG.match(rest):
            return 1, "<" if _LESS.match(rest) else "＜", ""
        end = rest.find(">", 0, MAX_TAG)
        if end < 0 and len(rest) < MAX_TAG and not final:
            return None
        if rest.startswith(_THINKING):
            self._thinking = True
            return len(_THINKING), "", ""
        tag = _TAG.fullmatch(rest, 0, end + 1)
        return (end + 1, "", "") if tag else (1, "＜", "")


def _asterisks(rest: str, final: bool) -> _Step | None:
    """Two and more are emphasis; one may be a product."""
    count = len(rest) - len(rest.lstrip("*"))
    if count == len(rest) and not final:
        return None
    return (1, "*", "") if count == 1 else (count, "", "")


def _exclamation(rest: str, final: bool) -> _Step | None:
    """In front of a link it makes an image and goes with it."""
    if len(rest) == 1:
        return (1, "!", "") if final else None
    if rest[1] != "[":
        return 1, "!", ""
    inner = _bracket(rest[1:], final)
    if inner is None:
        return None
    return 1, "" if inner[2] else "!", ""


def _bracket(rest: str, final: bool) -> _Step | None:
    """A marker, a link (its label goes back to be read), or a bracket like any other."""
    plain: _Step = (1, rest[0], "")
    close = _CLOSE.search(rest, 1, MAX_LABEL)
    if close is None and not final and len(rest) < MAX_LABEL:
        return None
    if close is None:
        return (len(rest), "", "") if final and _CUT_MARKER.fullmatch(rest) else plain
    end = close.end()
    if close[0] in "\r\n":
        return plain
    found = _target(rest, end, final)
    if found is None:
        return None
    label = rest[1 : close.start()]
    if marker := read_marker(label):
        return found or end, marker, ""
    return (found, "", label) if found else plain


def _parenthesis(rest: str, final: bool) -> _Step | None:
    """A marker that says what it is （段落1）, or a parenthesis like any other."""
    if not final and _MAYBE_IN_PARENTHESES.fullmatch(rest):
        return None
    close = _CLOSE_PARENTHESIS.search(rest, 1, MAX_LABEL)
    marker = _IN_PARENTHESES.fullmatch(rest, 1, close.start()) if close else None
    if close is None or marker is None:
        return 1, rest[0], ""
    ranks = read_marker(marker[1])
    return (close.end(), ranks, "") if ranks else (1, rest[0], "")


def _target(rest: str, start: int, final: bool) -> int | None:
    """The end of a link's address in parentheses that opens at `start`; 0 if there is none, None
    if undecided."""
    if rest[start : start + 1] != "(":
        return None if start == len(rest) and not final else 0
    start += 1
    limit = start + MAX_TARGET
    close = _TARGET_END.search(rest, start, limit)
    if close is None:
        return 0 if final or len(rest) >= limit else None
    inside = rest[start : close.start()].strip()
    link = close[0] == ")" and _TARGET.fullmatch(inside) and _ADDRESS.match(inside)
    return close.end() if link else 0


_SPECIAL: dict[str, Callable[[str, bool], _Step | None]] = {
    "*": _asterisks,
    "`": lambda _rest, _final: (1, "", ""),
    "!": _exclamation,
    "[": _bracket,
    "［": _bracket,
    "【": _bracket,
    "（": _parenthesis,
    "(": _parenthesis,
}


class ClaimReader:
    """Text in pieces into claims. Of the markers, only the numbers in `ranks` are kept.

    `feed` and `close` give pieces of plain text and, after the last piece of each sentence, its
    `Claim`; the pieces since the claim before, joined, are the claim's text. A row of a table is
    one claim, and so is what no mark ends on a line.
    """

    def __init__(self, ranks: Collection[int]) -> None:
        self._ranks = frozenset(ranks)
        self._scanner = Scanner()
        self._text = ""  # from the start of the sentence that is being written
        self._given = 0  # characters of it that have been given
        self._marks: list[tuple[int, bool, tuple[int, ...]]] = []  # place, leading, ranks
        self._leads: list[tuple[int, str]] = []  # places at which a line begins, and its mark
        self._row = False
        self._header: tuple[str, ...] = ()  # of the table that is being written

    def feed(self, piece: str) -> list[str | Claim]:
        """What is decided once `piece` is known."""
        return [item for token in self._scanner.feed(piece) for item in self._add(token)]

    def close(self) -> list[str | Claim]:
        """What was held back, the last claim included."""
        found = [item for token in self._scanner.close() for item in self._add(token)]
        return [*found, *(self._end_row() if self._row else self._end_lines())]

    def _add(self, token: str | Marker | Lead) -> Iterator[str | Claim]:
        if isinstance(token, Lead):
            if token == Lead(ROW):
                yield from self._end_lines()
                self._row = True
            else:
                self._header = ()
                self._leads.append((len(self._text), token.mark))
            return
        if isinstance(token, Marker):
            line = self._text[self._text.rfind("\n") + 1 :]
            kept = tuple(rank for rank in token.ranks if rank in self._ranks)
            self._marks.append((len(self._text), not line.strip(), kept))
            return
        if self._row:
            if token not in "\r\n":
                self._text += token
                return
            yield from self._end_row()
            self._leads = [(0, "\n")]
            return
        self._text += token
        if token.strip():
            self._header = ()
        if token in "\r\n":
            self._leads.append((len(self._text), "\n"))
        # Whether these end a sentence is told by what follows.
        spans = sentences(self._text.rstrip(".…"))
        for span, following in pairwise(spans):
            yield from self._give(span)
            ranks = self._cited(span, following)
            self._given = 0
            if _says_something(span.of(self._text)):
                yield self._claim(span, ranks)
        if spans:
            self._drop(spans[-1].start)
            yield from self._give(Span(0, len(spans[-1])))

    def _end_lines(self) -> Iterator[str | Claim]:
        """Ends what is written; a table goes on where that is nothing."""
        if self._text.strip():
            self._header = ()
        for span in sentences(self._text):
            yield from self._give(span)
            if _says_something(span.of(self._text)):
                yield self._claim(span, [ranks for _, _, ranks in self._marks])
        self._text, self._given, self._marks = "", 0, []

    def _end_row(self) -> Iterator[str | Claim]:
        """The row that was written, as a claim; the first one of a table is its header."""
        cells = [cell.strip() for cell in self._text.split("\t")]
        text, cited = "\t".join(cells), [rank for *_, ranks in self._marks for rank in ranks]
        self._text, self._given, self._marks, self._row = "", 0, [], False
        if _says_something(text):
            yield text
            yield Claim(text, tuple(dict.fromkeys(cited)), ROW, self._header)
            self._header = self._header or tuple(cells)

    def _cited(self, span: Span, following: Span) -> list[tuple[int, ...]]:
        """Takes the marks of a sentence: those in it and behind it, and those in front of it
        where they begin the line; a mark alone on its line belongs to what stands above it."""
        taken, left = [], []
        for mark in self._marks:
            place, leading, ranks = mark
            alone = place > span.start and "\n" in self._text[place : following.start]
            if place <= following.start and (not leading or alone or place <= span.start):
                taken.append(ranks)
            else:
                left.append(mark)
        self._marks = left
        return taken

    def _claim(self, span: Span, marks: list[tuple[int, ...]]) -> Claim:
        text = span.of(self._text)
        named = [rank for rank in named_passages(text) if rank in self._ranks]
        cited = dict.fromkeys([*(rank for ranks in marks for rank in ranks), *named])
        leads = [mark for place, mark in self._leads if place <= span.start]
        self._leads = self._leads[len(leads) :]
        return Claim(text, tuple(cited), leads[-1] if leads else "")

    def _give(self, span: Span) -> Iterator[str]:
        """What of the sentence has not been given yet."""
        text = span.of(self._text)
        if _says_something(text) and len(text) > self._given:
            yield text[self._given :]
            self._given = len(text)

    def _drop(self, start: int) -> None:
        """Forgets the text before `start`."""
        self._text = self._text[start:]
        self._marks = [(place - start, leading, ranks) for place, leading, ranks in self._marks]
        self._leads = [(max(0, place - start), mark) for place, mark in self._leads]


def read_claims(text: str, ranks: Collection[int]) -> list[Claim]:
    """The claims of a whole text.

    >>> [(c.text, c.cited) for c in read_claims("桥长1080米。[1] 由何守礼设计[2,9]。", range(1, 4))]
    [('桥长1080米。', (1,)), ('由何守礼设计。', (2,))]
    """
    reader = ClaimReader(ranks)
    return [item for item in reader.feed(text) + reader.close() if isinstance(item, Claim)]


def read_claim(text: str, ranks: Collection[int], header: tuple[str, ...] = ()) -> Claim:
    """A whole text as one claim, whatever ends sentences in it; `header` is that of its table where
    it is a row.

    >>> claim = read_claim("桥长1080米。[1] 由何守礼设计[2,9]。", range(1, 4))
    >>> claim.text, claim.cited
    ('桥长1080米。 由何守礼设计。', (1, 2))
    """
    scanner = Scanner()
    tokens = scanner.feed(text) + scanner.close()
    marks = [token for token in tokens if isinstance(token, Marker)]
    leads = [token.mark for token in tokens if isinstance(token, Lead)]
    said = "".join(token for token in tokens if isinstance(token, str)).strip()
    named = named_passages(said)
    cited = [rank for mark in marks for rank in mark.ranks] + list(named)
    kept = tuple(dict.fromkeys(rank for rank in cited if rank in ranks))
    return Claim(said, kept, leads[-1] if leads else "", header)


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)


# A rewritten question is one line of at most so many characters; anything else is no question.
MAX_QUESTION_CHARACTERS = 300
MAX_QUESTION_TOKENS = 200
# How long a chat model that is tried may be silent.
MAX_SILENCE_SECONDS = 20.0

Check = Callable[[Claim], Sentence]
"""Holds a claim against the passages."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a chat model said: the sentences that are shown, and how many were withheld for want
    of support; none where it found no answer in the passages. `prompted` are the ranks of the
    passages that it was given, the others did not fit into the prompt."""

    sentences: tuple[Sentence, ...]
    withheld: int
    prompted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WritingTask:
    """What a chat model is to answer: a question, the passages, what the rules have to say of the
    question's premise, and facts that were read from tables or computed."""

    question: str
    passages: Sequence[Passage]
    remarks: Sequence[Remark] = ()
    given: Sequence[GivenFact] = ()


def write(
    model: ReplyModel, prompts: Prompts, task: WritingTask, check: Check
) -> Generator[Text | Sentence, None, Written]:
    """Gives the text in pieces and each sentence once it is complete and checked; in strict mode
    the text of a sentence comes only then, and not at all where it is unsupported. An empty
    piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    settings = model.settings
    sentences: list[Sentence] = []
    withheld, refused = 0, False
    packed, items = yield from _first(model, prompts, task)
    for item in items:
        if isinstance(item, str):
            if not settings.strict:
                yield Text(item)
            elif not item:
                yield Text("")
            continue
        if is_refusal(item.text):
            refused = True
            continue
        sentence = check(item)
        if settings.strict and sentence.support is Support.UNSUPPORTED:
            withheld += 1
            continue
        if settings.strict:
            yield Text(item.text)
        sentences.append(sentence)
        yield sentence
    if refused and not any(s.support is Support.SUPPORTED for s in sentences):
        sentences = []
    if not sentences and settings.strict:
        yield Text(refusal_of(task.question))
    return Written(tuple(sentences), withheld, packed.ranks)


def rewrite(
    model: ReplyModel, prompts: Prompts, question: str, history: Sequence[tuple[str, str]]
) -> Generator[Text, None, str | None]:
    """The follow-up as a question of its own, by the model; None where it gives none. An empty
    piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    lines = yield from _lines(model, rewriting(question, history, prompts))
    text = "".join(lines)
    return text if 0 < len(text) <= MAX_QUESTION_CHARACTERS else None


def divide(
    model: ReplyModel, prompts: Prompts, question: str
) -> Generator[Text, None, tuple[str, ...]]:
    """The questions, by the model, that are to be searched for to answer a hard or foreign one;
    none where it gives none. An empty piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    lines = yield from _lines(model, dividing(question, prompts))
    found = dict.fromkeys(line for line in lines if 0 < len(line) <= MAX_QUESTION_CHARACTERS)
    return tuple(found)[:MOST_PARTS]


def _lines(
    model: ReplyModel, messages: tuple[ChatMessage, ...]
) -> Generator[Text, None, tuple[str, ...]]:
    """A short reply, its sentences and lines, without markers."""
    reader = ClaimReader(())
    said: list[str | Claim] = []
    with closing(model.stream(messages, MAX_QUESTION_TOKENS, max_retries=0)) as pieces:
        for piece in pieces:
            if not piece:
                yield Text("")
            said += reader.feed(piece)
    said += reader.close()
    return tuple(item.text for item in said if isinstance(item, Claim))


_Items = Generator[str | Claim, None, None]


def _first(
    model: ReplyModel, prompts: Prompts, task: WritingTask
) -> Generator[Text, None, tuple[Packed, _Items]]:
    """The prompt that the model took and what it says to it. Where its server finds the prompt
    too long, half as many passages are packed, until only one is left."""
    tokens = budget(model.settings)
    cited = {rank for fact in task.given for rank in fact.cited}
    best = {passage.rank for passage in likely(task.passages)}
    passages = [passage for passage in task.passages if passage.rank in best | cited]
    while True:
        there = {passage.rank for passage in passages}
        given = [fact for fact in task.given if there.issuperset(fact.cited)]
        packed = pack(task.question, passages, prompts, tokens, task.remarks, given)
        items = _items(model, packed)
        try:
            for item in items:
                if item:
                    return packed, _chain(item, items)
                yield Text("")
        except ContextTooLong:
            if len(packed.ranks) <= 1:
                raise
            passages = passages[: len(packed.ranks) // 2]
        else:
            raise GenerationError(say("chat.nothing_shown", model=model.name))


def _items(model: ReplyModel, packed: Packed) -> _Items:
    reader = ClaimReader(packed.ranks)
    with closing(model.stream(packed.messages)) as pieces:
        for piece in pieces:
            if not piece:
                yield ""
            yield from reader.feed(piece)
    yield from reader.close()


def _chain(first: str | Claim, items: _Items) -> _Items:
    with closing(items):
        yield first
        yield from items


def try_chat(chat: Chat) -> None:
    """Asks the model of the settings for a word, once.

    Raises:
        GenerationError: and its kinds; the message says what to do.
        ModelUnavailable: a package is missing.
        SettingsError: there is no such provider, no key, or the prompts cannot be used.
    """
    seconds = min(chat.timeout_seconds, MAX_SILENCE_SECONDS)
    once = chat.model_copy(update={"max_retries": 0, "timeout_seconds": seconds})
    load_prompts(chat.prompts)
    ChatModel(once).reply([ChatMessage("user", "你好")])
