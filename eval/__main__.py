"""`python -m eval …`"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.errors import RagError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. 0 done, 1 an error or a failed gate, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except RagError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval", description=__import__("eval").__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _run_parser(commands.add_parser("run", help="ask the questions of a file"))
    return parser


def _run_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("questions", type=Path, metavar="QUESTIONS", help="JSONL, CSV or TSV")
    parser.add_argument("--index", type=Path, metavar="DIR", help="index folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run folder")
    parser.add_argument("--force", action="store_true", help="replace the run that is there")
    parser.add_argument("--retry-errors", action="store_true", help="ask again what failed")
    parser.add_argument("--retrieval-only", action="store_true", help="search, do not answer")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.add_argument("--concurrency", type=_positive, default=1, metavar="N",
                        help="questions asked at a time")
    parser.add_argument("--rate", type=float, default=0.0, metavar="N",
                        help="questions started a minute at most")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from eval.batch import Options, run_batch, summary
    from eval.engine import Engine
    from eval.run import Pace
    from rag.settings import Settings

    overrides = {} if options.index is None else {"index": options.index}
    engine = Engine.open(Settings.load(options.config, overrides=overrides))
    scores = run_batch(engine, options.questions, options.out, Options(
        force=options.force,
        retry_errors=options.retry_errors,
        retrieval_only=options.retrieval_only,
        pace=Pace(options.concurrency, options.rate),
    ))
    print(summary(scores))
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
