"""`python -m eval.speed …`"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.speed.beside import beside_text, measure_beside
from eval.speed.building import build_text, measure_build
from eval.speed.encoding import measure_encoding
from eval.speed.growth import SIZES, measure_growth
from eval.speed.report import searches_text, write_beside, write_growth
from eval.speed.searching import as_json, measure_searches
from eval.speed.sets import write_set
from eval.speed.updating import changes_text, measure_changes
from eval.table import shared
from rag.errors import RagError
from rag.models.encoder import load_encoder
from rag.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. 0 done, 1 an error, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except (RagError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.speed", description="Measures size and speed."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sets = commands.add_parser("sets", help="write text files that make so many chunks")
    sets.add_argument("folder", type=Path, metavar="DIR", help="where to; what is there stays")
    sets.add_argument("--chunks", type=int, required=True, metavar="N", help="about how many")
    sets.set_defaults(command=_sets)
    search = commands.add_parser("search", help="time searches in an index")
    search.add_argument("index", type=Path, metavar="DIR", help="index folder")
    search.add_argument("--json", action="store_true", help="print JSON")
    search.set_defaults(command=_search)
    encoding = commands.add_parser("encoding", help="time the built-in encoder on the news")
    encoding.set_defaults(command=_encoding)
    build = commands.add_parser("build", help="time the build of an index of the news")
    build.add_argument("folder", type=Path, metavar="DIR", help="where files and index lie")
    build.add_argument("--articles", type=int, default=66_223, metavar="N", help="of the news")
    build.set_defaults(command=_build)
    update = commands.add_parser("update", help="time one changed file of many")
    update.add_argument("index", type=Path, metavar="INDEX", help="index folder")
    update.add_argument("texts", type=Path, metavar="DIR", help="folder that it was made of")
    update.set_defaults(command=_update)
    growth = commands.add_parser("growth", help="time an index that grows to a million chunks")
    growth.add_argument("folder", type=Path, metavar="DIR", help="where texts and index lie")
    growth.add_argument("--most", type=int, default=SIZES[-1], metavar="N", help="largest size")
    growth.set_defaults(command=_growth)
    bench = commands.add_parser("bench", help="measure other libraries over the same files")
    bench.add_argument("folder", type=Path, metavar="DIR", help="where files and indexes lie")
    bench.add_argument("--articles", type=int, default=66_223, metavar="N", help="of the news")
    bench.add_argument(
        "--python",
        type=Path,
        required=True,
        metavar="FILE",
        help="interpreter of the other libraries' environment",
    )
    bench.set_defaults(command=_bench)
    return parser


def _sets(options: argparse.Namespace) -> None:
    characters = write_set(shared() / "data", options.folder, options.chunks)
    print(f"{options.folder} has {characters:,} characters")


def _search(options: argparse.Namespace) -> None:
    found = measure_searches(options.index, recall=True)
    print(json.dumps(as_json(found), indent=1) if options.json else searches_text(found))


def _encoding(_: argparse.Namespace) -> None:
    found = measure_encoding(shared() / "data", load_encoder(Settings().encoder))
    print(f"{found.by_clock:,.0f} passages a second, {found.by_cpu:,.0f} a second of CPU")


def _build(options: argparse.Namespace) -> None:
    folder = options.folder.resolve()
    print(build_text(measure_build(shared() / "data", folder, options.articles)))


def _update(options: argparse.Namespace) -> None:
    print(changes_text(measure_changes(options.index.resolve(), options.texts.resolve())))


def _growth(options: argparse.Namespace) -> None:
    sizes = [size for size in SIZES if size <= options.most]
    write_growth(measure_growth(shared() / "data", options.folder, sizes))


def _bench(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    found = measure_beside(shared(), options.folder.resolve(), options.articles, options.python)
    write_beside(found)
    print(beside_text(found))


if __name__ == "__main__":
    sys.exit(main())
