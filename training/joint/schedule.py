"""Training that is measured in seconds and can be continued in another process.

A machine that is lent for minutes at a time decides how long training takes, so the rate follows
the share of the seconds that are spent, over all processes together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

log = logging.getLogger("training")

WARM = 0.03  # share of the time in which the rate rises
CLIPPED = 1.0
LOGGED = 20.0  # seconds between two lines of the log


@dataclass(frozen=True, slots=True)
class Budget:
    """`seconds` of training in all, of which this process takes `now` at most; the highest rate."""

    seconds: float
    now: float
    rate: float


def device() -> torch.device:
    """The accelerator, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def run(net: nn.Module, step: Callable[[], Tensor], budget: Budget, state: Path) -> bool:
    """Takes steps until the time is up: each gives a loss, its gradient is followed. Continues
    from `state` where that exists and writes it at the end; whether all seconds are now spent.

    `net` is on its device; the state holds weights, the optimiser's moments, seconds and steps.
    """
    optimiser = torch.optim.AdamW(
        net.parameters(), budget.rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    spent, steps = _resume(net, optimiser, state)
    began = said = time.monotonic()
    losses: list[Tensor] = []
    net.train()
    while (now := time.monotonic()) - began < budget.now:
        share = (spent + now - began) / budget.seconds
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = budget.rate * min(share / WARM + 0.01, 1 - share, 1)
        loss = step()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), CLIPPED)
        optimiser.step()
        losses.append(loss.detach())
        steps += 1
        if now - said > LOGGED:
            said = now
            log.info("step %d, %.0f %%, loss %.3f", steps, 100 * share, _mean(losses))
            losses.clear()
    spent += time.monotonic() - began
    log.info("%d steps in %.0f of %.0f s", steps, spent, budget.seconds)
    state.parent.mkdir(parents=True, exist_ok=True)
    torch.save(
        {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "at": [spent, steps]}, state
    )
    return spent >= budget.seconds


def _resume(net: nn.Module, optimiser: torch.optim.Optimizer, state: Path) -> tuple[float, int]:
    if not state.exists():
        return 0.0, 0
    found = torch.load(state, map_location="cpu", weights_only=True)
    net.load_state_dict(found["net"])
    optimiser.load_state_dict(found["optimiser"])
    spent, steps = found["at"]
    return float(spent), int(steps)


def _mean(losses: list[Tensor]) -> float:
    return float(torch.stack(losses).float().mean()) if losses else float("nan")
