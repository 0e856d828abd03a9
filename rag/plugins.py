"""Parsers, encoders and rerankers that other packages bring, found by their entry points.

A package registers `NAME = "module:object"` in a group:

    group              the name is                   the object, called with
    wenju.parsers      an ending without its dot     (data: bytes, settings: Reading) -> Markdown
    wenju.encoders     what `encoder.name` says      (settings: EncoderSettings) -> Encoder
    wenju.rerankers    what `retrieval.reranker` is  () -> Reranker

What is built in is never replaced. A package that is installed runs code in any case; which
encoder and reranker is loaded is decided by the settings alone, and parsers run in the processes
that read files, within their limits. docs/extending.md has an example of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rag.errors import PluginError
from rag.i18n import say


class Group(Enum):
    """A group of entry points."""

    PARSERS = "wenju.parsers"
    ENCODERS = "wenju.encoders"
    RERANKERS = "wenju.rerankers"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One object of a package; nothing of it is imported until `load`."""

    name: str
    package: str
    version: str
    entry: EntryPoint

    @property
    def described(self) -> str:
        """As errors and an index's records name it."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """The object.

        Raises:
            PluginError: its module cannot be imported, or has no such object.
        """
        try:
            return self.entry.load()
        except Exception as error:  # noqa: BLE001 (a foreign module may raise anything)
            raise PluginError(
                say(
                    "plugin.not_loaded",
                    name=self.name,
                    package=self.described,
                    kind=type(error).__name__,
                    error=str(error).partition("\n")[0],
                )
            ) from None


def broken(plugin: Plugin, problem: str) -> PluginError:
    """The error of an object that breaks its contract."""
    return PluginError(
        say("plugin.broken", name=plugin.name, package=plugin.described, problem=problem)
    )


@cache
def plugins(group: Group) -> Mapping[str, Plugin]:
    """What is registered in a group, by name. Of two of one name the one of the package that comes
    first by its own name is taken, on every machine alike."""
    found = (
        Plugin(entry.name, entry.dist.name, entry.dist.version, entry)
        for entry in entry_points(group=group.value)
        if entry.dist is not None
    )
    return {one.name: one for one in sorted(found, key=lambda one: one.package, reverse=True)}
