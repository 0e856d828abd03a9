"""The command `rag`: its arguments, its exit codes, its streams.

Results go to stdout, all else to stderr; with `--json` stdout is one UTF-8 JSON value. Exit 0
done, 1 a `RagError` or an error of the operating system, 2 wrong usage (also an empty
question), 130 interrupted; on 1 and 2 stdout is empty. What a command does stands in
`rag.cli`, which is loaded when the command is called.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from rag import __version__
from rag.errors import FilterError, RagError

EXIT_DONE, EXIT_ERROR, EXIT_USAGE = 0, 1, 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE
SEARCH_RESULTS = 10
MAX_RESULTS = 1000  # rag.settings.MAX_K, which is not loaded for `--help`
_IN_NAME = re.compile(r"\n(?!  )|\r")
_WRITING = ("rag.cli.manage:index", "rag.cli.manage:watch", "rag.cli.ask:serve")
LEAST_MEMORY = 1_500_000_000
"""Bytes of address space that `rag index` and `rag serve` need: with less, native libraries end
the process."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. `argv` is by default the process's own."""
    try:
        parser = _parser()
        arguments = parser.parse_args(argv)
        if not getattr(arguments, "paths", True) and not getattr(arguments, "retry_skipped", True):
            parser.error("the following arguments are required: PATH")
    except SystemExit as stop:  # argparse's way to end: help and version 0, wrong usage 2
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    try:
        _check_memory(arguments)
        module, _, function = arguments.runs.partition(":")
        run: Callable[[argparse.Namespace], int] = getattr(import_module(module), function)
        code = run(arguments)
        sys.stdout.flush()
        return code
    except RagError as error:
        from rag.cli.terminal import in_words

        code = EXIT_USAGE if isinstance(error, FilterError) else EXIT_ERROR
        return _fail(in_words(error), code)
    except BrokenPipeError:
        # The reader is gone (`rag search … | head`); the flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except (OSError, MemoryError, ImportError) as error:
        return _fail(_words(error))
    except KeyboardInterrupt as stop:
        print(f"rag: {str(stop) or 'interrupted'}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _check_memory(arguments: argparse.Namespace) -> None:
    """Refuses to begin what writes an index where there is too little memory for it.

    Raises:
        RagError: there is.
    """
    if arguments.runs not in _WRITING:
        return
    with suppress(ImportError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if 0 <= limit < LEAST_MEMORY:  # -1: none
            raise RagError(
                f"this shell allows {limit:,} bytes of memory, {LEAST_MEMORY:,} are needed; raise "
                "its limit (ulimit -v)"
            )


def _words(error: OSError | MemoryError | ImportError) -> str:
    """What to say of an error that is none of ours."""
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    memory = (
        "there is not enough memory; close other programs, or raise the limit of this shell "
        "(ulimit -v)"
    )
    if isinstance(error, MemoryError):
        return memory
    return f"a library cannot be loaded ({error}); install wenju again; or {memory}"


def _fail(message: str, code: int = EXIT_ERROR) -> int:
    # The lines of a list are indented; any other line break is one in the name of a file.
    print(f"rag: {_IN_NAME.sub('␊', message)}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """Wrong usage in the form of all other errors, then the usage line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"rag: {message}\n{self.format_usage()}")


def _parser() -> _Parser:
    parser = _Parser(
        prog="rag",
        description="Wenju 文据: answers from your own documents, every sentence with its source.",
        epilog="Settings come from rag.toml, then RAG_… variables, then flags. "
        "RAG_QUIET=1 switches progress off.",
    )
    parser.add_argument("--version", action="version", version=f"wenju {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    common = _common()
    _add_index(commands.add_parser("index", parents=[common], help="read files into the index"))
    _add_search(commands.add_parser("search", parents=[common], help="find passages"))
    _add_ask(commands.add_parser("ask", parents=[common], help="answer with citations"))
    _add_talk(commands.add_parser("chat", parents=[common], help="have a conversation"))
    _add_watch(commands.add_parser("watch", parents=[common], help="keep the index in step"))
    _add_export(commands.add_parser("export", parents=[common], help="write documents as JSON"))
    _add_text(commands.add_parser("text", parents=[common], help="print a document as it was read"))
    _add_remove(commands.add_parser("remove", parents=[common], help="take a document out"))
    _add_documents(commands.add_parser("documents", parents=[common], help="list the documents"))
    _add_correct(
        commands.add_parser("correct", parents=[common], help="state a document's title or date")
    )
    status = commands.add_parser("status", parents=[common], help="what the index holds")
    status.set_defaults(runs="rag.cli.manage:status")
    _add_verify(commands.add_parser("verify", parents=[common], help="check the index for damage"))
    saving = commands.add_parser("backup", parents=[common], help="save the index as one file")
    saving.add_argument("file", metavar="FILE", type=Path, help="a new file")
    saving.set_defaults(runs="rag.cli.manage:backup")
    _add_restore(commands.add_parser("restore", parents=[common], help="bring a backup back"))
    doctor = commands.add_parser(
        "doctor",
        parents=[common],
        help="examine this installation; asks only a chat model with a base address; exits 0",
    )
    doctor.set_defaults(runs="rag.cli.manage:doctor")
    prompts = commands.add_parser(
        "prompts", parents=[common], help="print the chat model's prompts, as a file to change"
    )
    prompts.set_defaults(runs="rag.cli.manage:prompts")
    _add_serve(commands.add_parser("serve", parents=[common], help="open the chat page"))
    tools = "be a server of tools for other programs (MCP)"
    _add_mcp(commands.add_parser("mcp", parents=[common], help=tools))
    return parser


def _common() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("--index", metavar="DIR", type=Path, help="index folder (index/default)")
    common.add_argument("--config", metavar="FILE", type=Path, help="settings file (rag.toml)")
    common.add_argument("--json", action="store_true", help="print one JSON value")
    return common


def _add_index(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="file or folder")
    parser.add_argument(
        "--retry-skipped", action="store_true",
        help="read again what was left out or took too long, all of it without a PATH",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true", help="take out documents under PATH whose files are gone"
    )
    parser.add_argument(
        "--rebuild", action="store_true",
        help="make every vector anew, with another encoder than before too",
    )  # fmt: skip
    parser.set_defaults(runs="rag.cli.manage:index")


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", metavar="QUESTION", type=_question)
    parser.add_argument(
        "-k", metavar="N", type=_results, default=SEARCH_RESULTS, help="number of passages (10)"
    )
    parser.add_argument("--explain", action="store_true", help="show where each score comes from")
    _add_filter(parser)
    parser.set_defaults(runs="rag.cli.ask:search")


def _add_ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", metavar="QUESTION", type=_question)
    _add_filter(parser)
    _add_chat(parser)
    parser.set_defaults(runs="rag.cli.ask:ask")


def _add_talk(parser: argparse.ArgumentParser) -> None:
    _add_filter(parser)
    _add_chat(parser)
    parser.set_defaults(runs="rag.cli.ask:chat")


def _add_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="file or folder")
    parser.add_argument(
        "--interval", metavar="SECONDS", type=_seconds, default=2.0, help="how often to look (2)"
    )
    parser.set_defaults(runs="rag.cli.manage:watch")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file; - for stdout")
    parser.add_argument(
        "--passages", action="store_true", help="a line for each passage, not each document"
    )
    parser.add_argument("--force", action="store_true", help="replace the file that is there")
    _add_filter(parser)
    parser.set_defaults(runs="rag.cli.manage:export")


def _add_chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="MODEL", help="chat model, openai:NAME; its key is read from RAG_API_KEY"
    )
    parser.add_argument("--base-url", metavar="URL", help="its server's address, with the /v1")


def _add_filter(parser: argparse.ArgumentParser) -> None:
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--document", metavar="GLOB", dest="documents", help="of documents of such names", **several
    )
    parser.add_argument("--since", metavar="DATE", help="from YYYY, YYYY-MM or YYYY-MM-DD on")
    parser.add_argument("--until", metavar="DATE", help="up to and with YYYY, …")
    parser.add_argument(
        "--source", metavar="S", dest="sources", help="of documents published there", **several
    )
    parser.add_argument("--tag", metavar="T", dest="tags", help="of documents so tagged", **several)


def _add_documents(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mentioning", metavar="TERM", help="those whose text has it")
    _add_filter(parser)
    parser.set_defaults(runs="rag.cli.manage:documents")


def _add_correct(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", help="name of a document in the index")
    parser.add_argument("--title", metavar="TITLE", help='its title; "" takes a correction back')
    parser.add_argument("--date", metavar="DATE", help='YYYY, YYYY-MM or YYYY-MM-DD; "": likewise')
    parser.set_defaults(runs="rag.cli.manage:correct")


def _add_text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", help="name of a document in the index")
    parser.set_defaults(runs="rag.cli.manage:text")


def _add_remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", help="name of a document in the index")
    parser.set_defaults(runs="rag.cli.manage:remove")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repair", action="store_true", help="rebuild what can be rebuilt")
    parser.set_defaults(runs="rag.cli.manage:verify")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="what rag backup wrote")
    parser.add_argument("--force", action="store_true", help="replace the index that is there")
    parser.set_defaults(runs="rag.cli.manage:restore")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=7860, help="0 takes a free one (7860)")
    _add_allowed(parser)
    _add_chat(parser)
    parser.set_defaults(runs="rag.cli.ask:serve")


def _add_mcp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", type=_port, help="serve HTTP on this port, not stdin and stdout; 0: a free one"
    )
    _add_allowed(parser)
    parser.set_defaults(runs="rag.cli.ask:mcp")


def _add_allowed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--collections",
        action="store_true",
        help="serve the other indexes in the same folder too; the page can then make new ones "
        "(so without --index)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which this server is reached, through another one; "
        "needs RAG_TOKEN; may be repeated",
    )


def _question(value: str) -> str:
    """A question with something to read in it; white space and invisible characters are not."""
    if all(unicodedata.category(character)[0] in "ZC" for character in value):
        # Surrogates are of category C, too: bytes that the terminal's encoding cannot decode.
        raise argparse.ArgumentTypeError("the question is empty or not readable; say what to find")
    if any(0xD800 <= ord(character) < 0xE000 for character in value):
        raise argparse.ArgumentTypeError(
            f"the question holds bytes that are not {sys.getfilesystemencoding()}: {value!r}"
        )
    return value


def _results(value: str) -> int:
    return _whole_number(value, 1, MAX_RESULTS)


def _port(value: str) -> int:
    return _whole_number(value, 0, 65_535)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds") from None
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{value} is not from 0.1 to 86400 seconds")
    return seconds


def _whole_number(value: str, least: int, most: int) -> int:
    try:
        number = int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number") from None
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{number} is not from {least} to {most}")
    return number
