"""`python -m eval …`"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError

if TYPE_CHECKING:
    from eval.table import Material
    from rag.generation.chat_model import ChatModel
    from rag.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. 0 done, 1 an error or a failed gate, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except RagError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has gone; what is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description="Asks questions in a batch, measures the answers, compares runs.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _run_parser(commands.add_parser("run", help="ask the questions of a file"))
    _compare_parser(commands.add_parser("compare", help="say which of two runs is better"))
    _benchmark_parser(commands.add_parser("benchmark", help="run a published question set"))
    _asks_parser(
        commands.add_parser("asks", help="ask natural questions; count what is misleading")
    )
    _ablations_parser(
        commands.add_parser(
            "ablations", help="what each group of features of the answer side carries"
        )
    )
    _verification_parser(
        commands.add_parser(
            "verification", help="measure the check of sentences against their quotations"
        )
    )
    _replies_parser(
        commands.add_parser(
            "replies", help="measure the check of sentences on labelled replies of a chat model"
        )
    )
    _planted_parser(
        commands.add_parser(
            "planted", help="measure whether planted wrong figures are noticed (RGB)"
        )
    )
    _reader_parser(
        commands.add_parser(
            "reader", help="measure the spans that the reader alone marks (SQuAD's format)"
        )
    )
    _questions_parser(
        commands.add_parser(
            "questions", help="make a question set of the answers that were judged on the page"
        )
    )
    _cells_parser(
        commands.add_parser(
            "cells", help="measure whether the right cell of a table is among the first shown"
        )
    )
    _english_parser(
        commands.add_parser("english", help="measure English questions on Chinese paragraphs")
    )
    _page_parser(
        commands.add_parser(
            "page", help="measure how soon the page is there and answers, alone and with eight"
        )
    )
    _table_parser(commands.add_parser("table", help="index the corpus and print the figures"))
    return parser


def _run_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("questions", type=Path, metavar="QUESTIONS", help="JSONL, CSV, TSV, Excel")
    parser.add_argument("--index", type=Path, metavar="DIR", help="index folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run folder")
    parser.add_argument("--force", action="store_true", help="replace the run that is there")
    parser.add_argument("--retry-errors", action="store_true", help="ask again what failed")
    parser.add_argument("--retrieval-only", action="store_true", help="search, do not answer")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        type=_condition,
        metavar="FIELD=VALUE",
        help="ask those of which a field has the value; != for another one; may be repeated",
    )
    parser.add_argument("--sample", type=_natural, default=0, metavar="N", help="ask N of them")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draw others (0)")
    parser.add_argument(
        "--without-evidence",
        action="store_true",
        help="ask each answerable question again with its evidence out of reach",
    )
    parser.add_argument(
        "--judge", action="store_true", help="have the settings' chat model judge every answer"
    )
    parser.add_argument(
        "--judge-model",
        metavar="PROVIDER:NAME",
        help="judge by this model; the answers stay the settings'",
    )
    _settings_arguments(parser)
    _pace_arguments(parser)
    parser.set_defaults(command=_run)


def _condition(value: str) -> tuple[str, str, bool]:
    name, mark, wanted = value.partition("=")
    if not mark or not name.strip("! "):
        raise argparse.ArgumentTypeError(f"{value!r} is not FIELD=VALUE")
    return name.rstrip("!").strip(), wanted.strip(), not name.endswith("!")


def _natural(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no number from 1")
    return int(value)


def _run(options: argparse.Namespace) -> int:
    from eval.batch import Options, run_batch, summary
    from eval.engine import Engine
    from eval.questions import Selection
    from eval.run import Pace
    from rag.cli.terminal import load_settings

    settings = load_settings(options)
    judge = _judge(options, settings)
    engine = Engine.open(settings)
    outcome = run_batch(
        engine,
        options.questions,
        options.out,
        Options(
            force=options.force,
            retry_errors=options.retry_errors,
            retrieval_only=options.retrieval_only,
            without_evidence=options.without_evidence,
            judge=judge,
            pace=Pace(options.concurrency, options.rate),
            selection=Selection(tuple(options.where), options.sample, options.seed),
        ),
    )
    print(summary(outcome, required=False))  # the required values are for the project's own sets
    return 0


def _judge(options: argparse.Namespace, settings: Settings) -> ChatModel | None:
    """The judge that the options ask for, found to answer."""
    from eval.engine import reachable
    from eval.errors import EvaluationError
    from rag.generation.chat_model import ChatModel
    from rag.settings import Settings

    if not (options.judge or options.judge_model):
        return None
    if options.retrieval_only:
        raise EvaluationError(
            "--retrieval-only gives --judge no answers to judge; leave one of them out"
        )
    model = options.judge_model or settings.chat.model
    if not model:
        raise EvaluationError(
            "--judge needs a chat model; set chat.model, or name one with --judge-model openai:NAME"
        )
    checked = Settings.load(options.config, overrides={"chat": {"model": model}})
    return reachable(ChatModel(settings.chat.model_copy(update={"model": checked.chat.model})))


def _compare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "a",
        type=Path,
        metavar="RUN_A",
        help="the run to compare with: its folder, or its scores.jsonl",
    )
    parser.add_argument("b", type=Path, metavar="RUN_B", help="the run that is judged")
    parser.add_argument(
        "--alpha",
        type=float,
        default=0.05,
        metavar="P",
        help="a headline measure that is worse with p below this fails (0.05)",
    )
    parser.add_argument(
        "--max-loss",
        type=_limit,
        action="append",
        default=[],
        metavar="MEASURE=LOSS",
        help="a larger loss fails",
    )
    parser.add_argument(
        "--at-least",
        type=_limit,
        action="append",
        default=[],
        metavar="MEASURE=VALUE",
        help="a lower value of RUN_B fails",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> int:
    from eval.compare import compare, comparison_json, comparison_text, failures, load_scored

    comparison = compare(load_scored(options.a), load_scored(options.b))
    failed = failures(
        comparison,
        alpha=options.alpha,
        max_loss=dict(options.max_loss),
        at_least=dict(options.at_least),
    )
    print(
        json.dumps(comparison_json(comparison, failed), ensure_ascii=False, indent=1)
        if options.json
        else comparison_text(comparison)
    )
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failed else 0


def _benchmark_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="squad, rgb, expmrc, beir, dbqa, domainrag")
    parser.add_argument("path", type=Path, metavar="PATH", help="its file, or the folder with it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run folder")
    parser.add_argument("--force", action="store_true", help="replace the run that is there")
    parser.add_argument("--retry-errors", action="store_true", help="ask again what failed")
    parser.add_argument(
        "--way",
        choices=["open", "given", "both"],
        default="both",
        help="all passages in an index, or the question's own passages",
    )
    parser.add_argument("--first", type=_positive, metavar="N", help="the first N questions only")
    _settings_arguments(parser)
    _pace_arguments(parser)
    parser.set_defaults(command=_benchmark, index=None)


def _benchmark(options: argparse.Namespace) -> int:
    from eval.batch import Options, summary
    from eval.benchmarks.running import GIVEN, OPEN, Plan, run_benchmark
    from eval.run import Pace
    from rag.cli.terminal import load_settings

    ways = (OPEN, GIVEN) if options.way == "both" else (options.way,)
    plan = Plan(options.name, options.path, ways, options.first)
    found = run_benchmark(
        plan,
        load_settings(options),
        options.out,
        Options(
            force=options.force,
            retry_errors=options.retry_errors,
            pace=Pace(options.concurrency, options.rate),
        ),
    )
    for way, outcome in found.items():
        print(f"{options.name}, {way}\n{summary(outcome, required=False)}\n")
    return 0


def _asks_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("questions", type=Path, metavar="FILE", help="JSONL of natural questions")
    parser.add_argument(
        "--index-a",
        type=Path,
        required=True,
        metavar="DIR",
        help="index of the questions whose corpus is A",
    )
    parser.add_argument("--index-b", type=Path, metavar="DIR", help="likewise of B")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run folder")
    parser.add_argument("--force", action="store_true", help="replace the run that is there")
    _settings_arguments(parser)
    parser.set_defaults(command=_asks, index=None)


def _asks(options: argparse.Namespace) -> int:
    from eval.asks import print_asks, run_asks
    from rag.cli.terminal import load_settings

    indexes = {"A": options.index_a} | ({"B": options.index_b} if options.index_b else {})
    print_asks(
        run_asks(
            options.questions, load_settings(options), indexes, options.out, force=options.force
        )
    )
    return 0


def _ablations_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets",
        nargs="+",
        choices=["asks", "dev", "sample"],
        default=["asks", "dev"],
        metavar="SET",
        help="asks and dev of $WENJU_SHARED, sample of examples/ (asks, dev)",
    )
    parser.add_argument(
        "--index",
        type=Path,
        required=True,
        metavar="DIR",
        help="index of the corpus that the questions are about",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    _settings_arguments(parser)
    parser.set_defaults(command=_ablations)


def _ablations(options: argparse.Namespace) -> int:
    from eval.ablations import ablate, load_set, losses_json, losses_text
    from rag.cli.terminal import load_settings

    shared = Path(os.environ.get("WENJU_SHARED", "../shared")) / "questions"
    files = {
        "asks": shared / "asks.jsonl",
        "dev": shared / "dev.jsonl",
        "sample": Path("examples/questions.jsonl"),
    }
    settings = load_settings(options)
    found = [
        loss
        for name in options.sets
        for loss in ablate(load_set(name, files[name], settings, options.index))
    ]
    print(
        json.dumps(losses_json(found), ensure_ascii=False, indent=1)
        if options.json
        else losses_text(found)
    )
    return 0


def _verification_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shared",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="folder with data/news.jsonl.xz and questions/dev.jsonl; by default "
        "$WENJU_SHARED, else ../shared",
    )
    parser.set_defaults(command=_verification)


def _english_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="the folder of open data; by default that of $WENJU_SHARED, else of ../shared",
    )
    _settings_arguments(parser)
    parser.set_defaults(command=_english, index=None)


def _english(options: argparse.Namespace) -> int:
    from eval.english import run_english
    from rag.cli.terminal import load_settings

    data = options.data or Path(os.environ.get("WENJU_SHARED", "../shared")) / "data"
    for name, value in run_english(data, load_settings(options)).items():
        print(f"{name:<20}{value:.3f}" if isinstance(value, float) else f"{name:<20}{value}")
    return 0


def _replies_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("replies", type=Path, metavar="FILE", help="labelled replies, JSONL")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run folder")
    parser.add_argument("--force", action="store_true", help="replace the run that is there")
    parser.set_defaults(command=_replies)


def _replies(options: argparse.Namespace) -> int:
    from eval.replies import run_replies, summary

    print(summary(run_replies(options.replies, options.out, force=options.force)))
    return 0


def _planted_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="zh_fact.json of RGB")
    parser.set_defaults(command=_planted)


def _planted(options: argparse.Namespace) -> int:
    from eval.planted import measure, table
    from rag.settings import Settings

    print(table(measure(options.path, Settings())))
    return 0


def _reader_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="a set in SQuAD's format")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.set_defaults(command=_reader, index=None)


def _reader(options: argparse.Namespace) -> int:
    from eval.marking import table
    from rag.settings import Settings

    print(table(options.path, Settings.load(options.config)))
    return 0


def _verification(options: argparse.Namespace) -> int:
    import os

    from eval.verification import table

    print(table(options.shared or Path(os.environ.get("WENJU_SHARED", "../shared"))))
    return 0


def _cells_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "questions",
        type=Path,
        metavar="FILE",
        help="JSONL with the cell of each question, or natural questions",
    )
    parser.add_argument("--index", type=Path, required=True, metavar="DIR", help="index folder")
    parser.add_argument(
        "--index-b", type=Path, metavar="DIR", help="index folder of the questions of corpus B"
    )
    parser.add_argument("--missed", action="store_true", help="name the questions that failed")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.set_defaults(command=_cells)


def _cells(options: argparse.Namespace) -> int:
    from eval.cells import measure, summary
    from rag.settings import Settings

    indexes = {"A": options.index} | ({"B": options.index_b} if options.index_b else {})
    outcomes = measure(options.questions, indexes, Settings.load(options.config))
    print(json.dumps(summary(outcomes)))
    for one in outcomes if options.missed else ():
        if not one.found:
            print(f"{one.id}: {'not shown' if one.rank is None else f'cell {one.rank}'}")
    return 0


def _questions_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="index",
        type=Path,
        required=True,
        metavar="INDEX",
        help="the index folder whose page was used",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write there, where nothing may be; by default to stdout",
    )
    parser.set_defaults(command=_questions)


def _questions(options: argparse.Namespace) -> int:
    from eval.errors import EvaluationError
    from eval.feedback import jsonl, judged_questions

    rows = judged_questions(options.index)
    unfinished = sum("fill_in" in row for row in rows)
    if options.out is None:
        sys.stdout.write(jsonl(rows))
    else:
        try:
            with options.out.open("x", encoding="utf-8") as file:
                file.write(jsonl(rows))
        except OSError as error:
            raise EvaluationError(f"{options.out} cannot be written: {error.strerror}") from None
    print(f"{len(rows)} questions, {unfinished} of them to be filled in", file=sys.stderr)
    return 0


def _table_parser(parser: argparse.ArgumentParser) -> None:
    _material_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the run is kept")
    _settings_arguments(parser)
    _pace_arguments(parser)
    parser.set_defaults(command=_table, index=None)


def _page_parser(parser: argparse.ArgumentParser) -> None:
    _material_arguments(parser)
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="take pictures of the page on the sample corpus instead",
    )
    _settings_arguments(parser)
    parser.set_defaults(command=_page, index=None)


def _page(options: argparse.Namespace) -> int:
    from eval.page.measuring import print_page_speed
    from rag.cli.terminal import load_settings

    if options.pictures is not None:
        from eval.page.pictures import take_pictures

        for path in take_pictures(options.pictures, load_settings(options)):
            print(f"{path}  {path.stat().st_size:,} bytes")
        return 0
    print_page_speed(_material(options), load_settings(options))
    return 0


def _table(options: argparse.Namespace) -> int:
    from eval.run import Pace
    from eval.table import print_table
    from rag.cli.terminal import load_settings

    print_table(
        _material(options),
        load_settings(options),
        options.out,
        Pace(options.concurrency, options.rate),
    )
    return 0


def _material(options: argparse.Namespace) -> Material:
    from eval.errors import EvaluationError
    from eval.table import Material

    if (options.corpus is None) is not (options.questions is None):
        raise EvaluationError("--corpus and --questions belong together; name both or neither")
    return Material(options.corpus, options.questions) if options.corpus else Material.find()


def _material_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="folder of documents")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="questions about them")


def _settings_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file")
    parser.add_argument("--model", metavar="PROVIDER:NAME", help="chat model that answers")
    parser.add_argument("--base-url", metavar="URL", help="address of its server, with its /v1")


def _pace_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--concurrency", type=_positive, default=1, metavar="N", help="questions asked at a time"
    )
    parser.add_argument(
        "--rate", type=float, default=0.0, metavar="N", help="questions started a minute at most"
    )


def _limit(text: str) -> tuple[str, float]:
    name, separator, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be MEASURE=NUMBER, got {text!r}" if separator else f"no `=` in {text!r}"
        ) from None


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
