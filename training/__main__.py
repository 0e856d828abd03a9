"""`python -m training [NAME …]` rebuilds the files under `rag/models/files`: all, or those named.

Progress and figures go to stderr. The manifest of checksums is written at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

from training import answers, build_encoder, reader, sources, verdict
from training.encoder import Recipe
from training.tokens import train_ranks

FILES = Path(__file__).parent.parent / "rag" / "models" / "files"
MANIFEST = "manifest.json"
NOT_LISTED = {MANIFEST, "README.md"}


def build_tokens(folder: Path) -> None:
    """The ranks of the token encoding."""
    (folder / "tokens.gz").write_bytes(train_ranks(sources.sample()))


def build_vectors(folder: Path, quick: bool) -> None:
    """The encoder; with few small steps if `quick`."""
    recipe = Recipe(steps=3, batch=8) if quick else Recipe()
    build_encoder.build(folder / "encoder", recipe)


def build_reader(folder: Path, quick: bool) -> None:
    """The reader; one pass over the questions if `quick`."""
    schedule = reader.Schedule(epochs=1) if quick else reader.Schedule()
    reader.build(folder / "reader", schedule)


def build_answers(folder: Path, quick: bool) -> None:
    """The models of the answer side, for the reader in the folder."""
    answers.build(folder, 0.04 if quick else 1.0)


def build_verdict(folder: Path, quick: bool) -> None:
    """The model of the wording of checked sentences."""
    verdict.build(folder, 0.02 if quick else 1.0)


BUILDERS: dict[str, Callable[[Path, bool], None]] = {
    "tokens": lambda folder, _: build_tokens(folder),
    "encoder": build_vectors,
    "reader": build_reader,
    "answers": build_answers,
    "verdict": build_verdict,
}


def write_manifest(folder: Path) -> None:
    """Writes the SHA-256 of every file under `folder`, documentation aside."""
    digests = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in NOT_LISTED
    }
    text = json.dumps(digests, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def main() -> None:
    """Builds what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"by default all: {', '.join(BUILDERS)}"
    )
    parser.add_argument("--out", type=Path, default=FILES, help="the folder to write to")
    parser.add_argument(
        "--quick", action="store_true", help="a few steps of each, to see that all of it runs"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if unknown := set(arguments.names) - set(BUILDERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BUILDERS)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or BUILDERS:
        logging.getLogger("training").info("building %s", name)
        BUILDERS[name](arguments.out, arguments.quick)
    write_manifest(arguments.out)


if __name__ == "__main__":
    main()
