"""pyproject.toml, constraints.txt and the Makefile agree."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
WANTED = [
    Requirement(text) for group in [PROJECT["dependencies"], *EXTRAS.values()] for text in group
]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def _version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: str(wanted.name))
def test_every_requirement_has_a_pin_in_its_range(wanted: Requirement) -> None:
    (pin,) = [p for p in PINS if canonicalize_name(p.name) == canonicalize_name(wanted.name)]
    assert _version(pin) in wanted.specifier


def test_pins_are_exact_unique_and_of_no_local_build() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert len(names) == len(set(names))
    assert not any("+" in _version(pin) or pin.url for pin in PINS)
    assert {"torch": "2.13.0"}.items() <= {pin.name: _version(pin) for pin in PINS}.items()
    assert "wenju" not in names


def test_the_makefile_installs_extras_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installed = re.findall(r'"\.\[([a-z,]+)\]"', makefile)
    assert {extra for extras in installed for extra in extras.split(",")} <= set(EXTRAS)
    assert set(installed[-1].split(",")) == set(EXTRAS)


def test_ci_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
