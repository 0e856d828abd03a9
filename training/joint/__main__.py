"""`python -m training.joint pack|pretrain|tune|export`: one stage each, from folder to folder.

`pretrain` and `tune` may be called again and again with the same `--out`: each call takes at most
`--now` seconds and continues where the last one ended, until `--seconds` are spent.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from training.joint import schedule
from training.joint.material import read_asked, read_card, read_text
from training.joint.net import Backbone, Joint, Size

SIZES = {
    "full": {"layers": 4, "width": 256, "heads": 4},
    "toy": {"layers": 1, "width": 32, "heads": 2},
}
ROWS = {"full": 512, "toy": 8}
GROUPS = {"full": 24, "toy": 2}
OTHERS = 7


def main() -> None:
    """Runs the stage that the command line names."""
    arguments = _parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    {"pack": _pack, "pretrain": _pretrain, "tune": _tune, "export": _export}[arguments.stage](
        arguments
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.joint", description=__doc__)
    parser.add_argument("stage", choices=["pack", "pretrain", "tune", "export"])
    parser.add_argument("--pack", type=Path, required=True, help="folder of the pack")
    parser.add_argument("--out", type=Path, help="folder of weights and states; for export, its")
    parser.add_argument("--weights", type=Path, help="what pretrain or tune wrote")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--seconds", type=float, default=540, help="of training in all")
    parser.add_argument("--now", type=float, help="of training in this call, by default all")
    parser.add_argument("--limit", type=int, help="pack: documents and questions of each set")
    arguments = parser.parse_args()
    if arguments.stage != "pack" and arguments.out is None:
        parser.error("--out is needed: the folder to write to")
    if arguments.stage in ("tune", "export") and arguments.weights is None:
        parser.error("--weights is needed: backbone.safetensors for tune, joint.safetensors after")
    return arguments


def _pack(arguments: argparse.Namespace) -> None:
    from training.joint.pack import write

    write(arguments.pack, arguments.limit)


def _pretrain(arguments: argparse.Namespace) -> None:
    from training.joint.pretrain import RATE, pretrain

    text = read_text(arguments.pack)
    rows = ROWS[arguments.size]
    pretrain(text, _size(arguments), _budget(arguments, RATE), rows, arguments.out)


def _tune(arguments: argparse.Namespace) -> None:
    from training.joint.pretrain import load_backbone
    from training.joint.tune import RATE, tried, tune

    net = Joint(load_backbone(_size(arguments), arguments.weights, dropout=0.1))
    material = read_asked(arguments.pack)
    tune(material, net, _budget(arguments, RATE), GROUPS[arguments.size], OTHERS, arguments.out)
    figures = tried(material, net)
    logging.getLogger("training").info(
        ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
    )


def _export(arguments: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    from training.joint.export import export

    net = Joint(Backbone(_size(arguments)))
    net.load_state_dict({k: v.float() for k, v in load_file(arguments.weights).items()})
    export(net, str(read_card(arguments.pack)["tokenizer"]), arguments.out)


def _size(arguments: argparse.Namespace) -> Size:
    return Size(int(read_card(arguments.pack)["tokens"]), **SIZES[arguments.size])


def _budget(arguments: argparse.Namespace, rate: float) -> schedule.Budget:
    now = arguments.seconds if arguments.now is None else arguments.now
    return schedule.Budget(arguments.seconds, now, rate)


if __name__ == "__main__":
    main()
