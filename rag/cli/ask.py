"""The commands that answer, once, in a conversation or as a server.

`rag search`, `rag ask`, `rag chat`; `rag serve`: the page and the HTTP API; `rag mcp`: the
assistant as tools of other programs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.terminal import (
    Terminal,
    filter_of,
    in_words,
    load_settings,
    open_assistant,
    visible,
    write,
    write_json,
    write_line,
)
from rag.errors import GenerationError, QuestionError, RagError
from rag.offline import SERVING
from rag.settings import DEFAULT_INDEX, Settings
from rag.types import Answer, Citation, Passage, Sentence, Status, Support
from rag.wire import answer_json, passage_json, remark_text
from rag.wire import notice as told

if TYPE_CHECKING:
    from rag.serving.collections import Library
    from rag.serving.security import Token


# What a person reads after a sentence that its quotation does not support in full.
SUPPORT_WORDS = {Support.PARTLY: "部分支持", Support.UNSUPPORTED: "无依据"}
SUPPORT_STYLES = {Support.PARTLY: "warn", Support.UNSUPPORTED: "bad"}
NEAREST = 3  # passages shown with a refusal
CONTEXT = 60  # characters shown on each side of a quotation


def search(arguments: argparse.Namespace) -> int:
    """Prints the passages found for a question, best first."""
    where = filter_of(arguments)
    passages = open_assistant(arguments).search(arguments.question, arguments.k, where)
    words = searched_words(arguments.question) if arguments.explain else []
    if arguments.json:
        found = [passage_json(passage, explain=arguments.explain) for passage in passages]
        write_json([item | {"words": words} for item in found] if arguments.explain else found)
        return 0
    terminal = Terminal.of_stdout()
    if words:
        write(terminal.flow([("检索词：" + " ".join(words), "dim")]) + "\n")
    write(show_passages(passages, terminal, explain=arguments.explain))
    return 0


def searched_words(question: str) -> list[str]:
    """The words of a question as they are searched for: folded, function words left out.

    Raises:
        QuestionError: the question is empty or too long.
    """
    from rag.retrieval.query import parse_query

    return list(parse_query(question).words)


def ask(arguments: argparse.Namespace) -> int:
    """Prints the answer to a question and the quotations that it rests on."""
    where = filter_of(arguments)
    answer = open_assistant(arguments).ask(arguments.question, where=where)
    if arguments.json:
        write_json(answer_json(answer))
    else:
        write(show_answer(answer, Terminal.of_stdout()))
    return 0


TURNS = 20  # of a conversation that are remembered
_HELP = "/new 开始新的对话，/quit 结束（或 Ctrl-D）"


def chat(arguments: argparse.Namespace) -> int:
    """A conversation: a question a line, each understood with those before it. With `--json` an
    object a line, `error` in the place of an answer that there is none."""
    where, assistant = filter_of(arguments), open_assistant(arguments)
    terminal = Terminal.of_stdout()
    talking = sys.stdin.isatty() and not arguments.json
    history: list[tuple[str, str]] = []
    if talking:
        with suppress(ImportError):
            import readline  # noqa: F401 (earlier lines come back with the arrow keys)
        write(terminal.paint(_HELP, "dim"))
    for line in _typed() if talking else sys.stdin:
        question = line.strip()
        if question == "/new":
            history.clear()
        elif question == "/quit":
            break
        elif question.startswith("/"):
            write(terminal.paint(_HELP, "dim"))
        elif question:
            try:
                answer = assistant.ask(question, history[-TURNS:], where)
            except (QuestionError, GenerationError) as error:
                _no_answer(error, question, json_wanted=arguments.json)
                continue
            history.append((question, answer.text))
            if arguments.json:
                write_line(answer_json(answer))
            else:
                write(f"{show_answer(answer, terminal)}\n")
    return 0


def _typed() -> Iterator[str]:
    """The lines of a person, until there are no more."""
    while True:
        try:
            yield input("› ")
        except EOFError:
            write("")
            return


def _no_answer(error: RagError, question: str, *, json_wanted: bool) -> None:
    if json_wanted:
        write_line({"question": question, "error": str(error)})
    else:
        print(f"rag: {in_words(error)}", file=sys.stderr)


def show_passages(
    passages: list[Passage] | tuple[Passage, ...], terminal: Terminal, *, explain: bool = False
) -> str:
    """Passages for reading: title, date, place, text; with `explain` the parts of the score."""
    if not passages:
        return "没有找到相关段落。"
    return "\n\n".join(_passage(passage, terminal, explain=explain) for passage in passages)


def _passage(passage: Passage, terminal: Terminal, *, explain: bool) -> str:
    lines = [
        terminal.flow(
            [
                (f"{passage.rank:>2}  ", "dim"),
                (_one_line(passage.title), "bold"),
                (f"  {_date(passage)}", ""),
                (f"  {passage.score:.3f}", "dim"),
            ]
        ),
        terminal.flow([(_place(passage.document, passage.page, passage.lines), "dim")], 4),
    ]
    if passage.headings:
        lines.append(terminal.flow([(_one_line(" › ".join(passage.headings)), "dim")], 4))
    if passage.lead:
        lines.append(terminal.flow([("承前：" + _one_line(" / ".join(passage.lead)), "dim")], 4))
    lines.append(terminal.flow([(passage.text.strip(), "")], 4))
    if passage.also:
        lines.append(terminal.flow([("同文另见：" + "、".join(passage.also), "dim")], 4))
    if explain:
        lines += [terminal.flow([(line, "dim")], 4) for line in _explanation(passage)]
    return "\n".join(lines)


def _explanation(passage: Passage) -> Iterator[str]:
    for part in passage.parts:
        rank = "未入选" if part.rank is None else f"第 {part.rank} 名"
        yield f"{part.name} {part.score:.4f}（{rank}）"


def show_answer(answer: Answer, terminal: Terminal) -> str:
    """An answer for reading: the short answer, the sentences with their numbers, and below
    them every quotation in its surroundings; a refusal with the nearest passages."""
    told = "".join(terminal.flow([(line, "dim")]) + "\n\n" for line in _told(answer))
    if answer.status is Status.NO_EVIDENCE:
        text = told + terminal.flow([(answer.text, "bold")])
        if not answer.passages:
            return text
        nearest = show_passages(answer.passages[:NEAREST], terminal)
        return f"{text}\n\n{terminal.paint('最接近的段落：', 'dim')}\n\n{nearest}"
    parts = []
    if answer.missing:
        parts.append(terminal.flow([(answer.missing, "bold")]))
        parts.append(terminal.paint("最接近的原文（不是答案）：", "dim"))
    elif answer.short:
        parts.append(terminal.flow([(answer.short, "bold")]))
    parts += ["\n".join(terminal.flow(line) for line in _lines(answer))]
    passages = {passage.rank: passage for passage in answer.passages}
    citations = [citation for sentence in answer.sentences for citation in sentence.citations]
    for n, group in groupby(sorted(citations, key=lambda c: (c.n, c.span)), lambda c: c.n):
        if n in passages:
            parts.append(_source(passages[n], list(group), terminal))
    return told + "\n\n".join(parts)


def _told(answer: Answer) -> Iterator[str]:
    """What goes before an answer: how it was made, and what was searched for."""
    notice = told(answer)
    if notice:
        yield _one_line(notice)
    if answer.searched:
        yield f"按“{_one_line(answer.searched)}”检索"


def _lines(answer: Answer) -> list[list[tuple[str, str]]]:
    """The sentences, as many on a line as read on; a heading or row has one of its own."""
    from rag.wire import parting

    lines: list[list[tuple[str, str]]] = [[]]
    before = ""
    for sentence in answer.sentences:
        if sentence.lead or parting(before, sentence.text) == "\n":
            lines.append([])
        lines[-1].append((sentence.lead.strip("\n|"), ""))
        lines[-1] += _sentence(sentence)
        before = sentence.text
    return lines


def _sentence(sentence: Sentence) -> Iterator[tuple[str, str]]:
    yield " ｜ ".join(sentence.text.split("\t")), ""
    yield "".join(f"[{n}]" for n in dict.fromkeys(c.n for c in sentence.citations)), "good"
    if sentence.support not in (Support.SUPPORTED, Support.NONE):
        reason = f"：{remark_text(sentence.reason)}" if sentence.reason else ""
        yield f"（{SUPPORT_WORDS[sentence.support]}{reason}）", SUPPORT_STYLES[sentence.support]


def _source(passage: Passage, citations: list[Citation], terminal: Terminal) -> str:
    lines = [
        terminal.flow(
            [
                (f"[{passage.rank}] ", "good"),
                (_one_line(passage.title), "bold"),
                (f"  {_date(passage)}", ""),
            ]
        )
    ]
    place = _place(passage.document, citations[0].page, citations[0].lines)
    lines.append(terminal.flow([(" · ".join([place, *passage.headings]), "dim")], 4))
    for citation in dict.fromkeys(citations):
        lines.append(terminal.flow(_quotation(passage, citation), 4))
    if passage.also:
        lines.append(terminal.flow([("同文另见：" + "、".join(passage.also), "dim")], 4))
    return "\n".join(lines)


def _quotation(passage: Passage, citation: Citation) -> list[tuple[str, str]]:
    """The quotation between brackets, with what stands around it in the passage."""
    start = citation.span.start - passage.span.start
    end = citation.span.end - passage.span.start
    quote = (f"「{_one_line(citation.quote)}」", "mark")
    if not 0 <= start <= end <= len(passage.text):
        return [quote]
    before = _one_line(passage.text[max(0, start - CONTEXT) : start])
    after = _one_line(passage.text[end : end + CONTEXT])
    return [
        ("…" * (start > CONTEXT) + before, "dim"),
        quote,
        (after + "…" * (end + CONTEXT < len(passage.text)), "dim"),
    ]


def _date(passage: Passage) -> str:
    date = passage.date and passage.date + "（推断）" * passage.date_inferred
    return "  ".join(filter(None, (date, passage.publisher)))


def _place(document: str, page: int | None, lines: tuple[int, int] | None) -> str:
    parts = [_one_line(document)]
    if page is not None:
        parts.append(f"第 {page} 页")
    if lines is not None:
        first, last = lines
        parts.append(f"第 {first} 行" if first == last else f"第 {first}–{last} 行")
    return " · ".join(parts)


def _one_line(text: str) -> str:
    """`text` on one line, without control characters."""
    return " ".join(visible(text).split())


# Where `make run` puts the index of the sample corpus, and the questions that go with it.
SAMPLE_INDEX = Path("index/sample")
SAMPLE_QUESTIONS = Path("examples/questions.jsonl")
# What everybody must know who wants in; without it, only this machine is listened to.
TOKEN_VARIABLE = "RAG_TOKEN"


def serve(arguments: argparse.Namespace) -> int:
    """Opens the page and stays until it is interrupted. Without a named index this is
    `index/default`, or the sample's where only that has been built, with the others beside it.
    Where there is no index, the page takes the files for one."""
    os.environ.update(SERVING)
    token = _token()
    from rag.serving.routes.preferences import user_file
    from rag.serving.security import Access
    from rag.serving.server import address_of, create_app, listen, run

    settings = load_settings(arguments)
    library = _library(arguments, settings)
    collection = library.default
    access = Access(arguments.host, arguments.allow_host, token)
    examples = examples_for(collection.folder)
    with listen(arguments.host, arguments.port) as listener:
        remembered = user_file(os.environ)
        app = create_app(collection, collection.status, examples, access, library, remembered)
        address = address_of(listener)
        print(json.dumps({"address": address}) if arguments.json else f"文据 Wenju  {address}")
        sys.stdout.flush()
        library.tend()
        try:
            run(app, listener)
        finally:
            library.close()
    return 0


def mcp(arguments: argparse.Namespace) -> int:
    """Serves the tools on stdin and stdout, or, with a port, over HTTP, until the client is done
    or the process is interrupted."""
    os.environ.update(SERVING)
    from rag.mcp import HTTP_PATH, http_app, mcp_server
    from rag.serving.security import Access
    from rag.serving.server import address_of, guarded, listen, run

    library = _library(arguments, load_settings(arguments))
    _ = library.default.index  # where there is none, that is said now
    server = mcp_server(library.collection)
    if arguments.port is None:
        server.run()
        return 0
    access = Access(arguments.host, arguments.allow_host, _token())
    app = guarded(http_app(server), access)
    with listen(arguments.host, arguments.port) as listener:
        address = address_of(listener) + HTTP_PATH
        print(json.dumps({"address": address}) if arguments.json else f"文据 Wenju  {address}")
        sys.stdout.flush()
        run(app, listener)
    return 0


def _library(arguments: argparse.Namespace, settings: Settings) -> Library:
    """What is served: an index alone where one is named, else all that lie in its folder."""
    from rag.serving.collections import Collection, Library

    folder = _folder(settings)
    several = arguments.collections or settings.index == DEFAULT_INDEX
    return Library(Collection(folder, settings), folder.parent if several else None)


def _token() -> Token | None:
    from rag.serving.security import Token

    secret = os.environ.get(TOKEN_VARIABLE)
    return None if secret is None else Token(secret)


def _folder(settings: Settings) -> Path:
    if settings.index == DEFAULT_INDEX and not DEFAULT_INDEX.exists() and SAMPLE_INDEX.exists():
        return SAMPLE_INDEX
    return settings.index


def examples_for(folder: Path) -> list[str]:
    """Example questions for the index in `folder`: those of the sample that are marked to be
    shown, the last one without an answer; none for another index."""
    if folder.resolve() != SAMPLE_INDEX.resolve() or not SAMPLE_QUESTIONS.exists():
        return []
    lines = SAMPLE_QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [item["question"] for item in map(json.loads, lines) if item.get("shown")]
