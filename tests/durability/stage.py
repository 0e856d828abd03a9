"""An index that moves between known states while its writer is killed or its disk fails.

Every state is one number: all documents of the collection name it, so that a mixture of two
states shows. Writers run in processes of their own, forked from one that has everything loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.errors import RagError
from rag.index.local.database import Database
from rag.index.local.index import Index
from rag.index.local.maintenance import reencode
from rag.index.local.opening import LazyEncoder
from rag.index.protocol import Field
from rag.settings import Settings
from tests.fakes import CharacterEncoder

DOCUMENTS = 6
QUESTION = "灯塔高多少米？"
OTHER = ("characters-2", 48)
"""Name and dimension of another encoder."""

FAILED = 3
"""Exit code of a writer that ended with a clear error."""


def processes() -> ForkServerContext:
    """Where writers and readers are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.durability.stage", "faiss", "tantivy"])
    return context


def put_state(docs: Path, state: int) -> None:
    """Writes the collection in this state: in odd states it has one document fewer."""
    docs.mkdir(exist_ok=True)
    for number in range(DOCUMENTS):
        path = docs / f"{number}.txt"
        text = f"第{number}号记录，状态{state}。\n\n灯塔高{state}米，由第{number}班看守。\n"
        path.write_text(text + f"\n附记{number}：潮水每天涨落两次，渔船清晨出海。\n" * 5, "utf-8")
    if state % 2:
        (docs / f"{DOCUMENTS - 1}.txt").unlink()


def opened(index: Path, encoder: CharacterEncoder | None = None) -> Index:
    return Index.open(index, Settings(index=index), encoder=encoder or CharacterEncoder())


def build(docs: Path, index: Path) -> Index:
    settings = Settings(index=index)
    return Index.build([docs], index, settings, encoder=CharacterEncoder())


def state_of(index: Index) -> int:
    """The state that an index shows; fails where it shows a mixture or answers wrongly."""
    found = {info.name: index.document(info.name).text for info in index.documents()}
    (state,) = {int(text.split("状态")[1].split("。")[0]) for text in found.values()}
    assert sorted(found) == [f"{n}.txt" for n in range(DOCUMENTS - state % 2)]
    rows = [row for row, _ in index.rank_words({Field.WORDS: {"灯塔": 1.0}}, 50)]
    assert {index.row_document(row).name for row in rows} == set(found)
    assert all(f"灯塔高{state}米" in chunk.text for chunk in index.chunks(rows))
    vector = index.encoder.encode_queries(["灯塔高米由第班看守"])[0]
    assert index.row_document(index.rank_vectors(vector, 1)[0][0]).name in found
    return state


def check(index: Path, allowed: set[int]) -> int:
    """Opens, verifies and asks; returns the state, which has to be one of those allowed."""
    again = opened(index)
    assert again.verify() == []
    state = state_of(again)
    assert state in allowed
    answer = Assistant(again, Settings(index=index)).ask(QUESTION)
    assert f"{state}米" in answer.text
    parts = [path.name for path in index.iterdir() if path.name.startswith("parts-")]
    assert f"parts-{again.generation}" in parts
    return state


@dataclass(frozen=True)
class Fault:
    """What befalls a writer: at the `call`-th of its fsyncs, renames, links and commits it is
    killed (`error` 0), or that call fails with the error number. `file_bytes`: no file grows
    beyond."""

    call: int = 0
    error: int = 0
    file_bytes: int | None = None


class _Counter:
    def __init__(self, fault: Fault) -> None:
        self.calls = 0
        self._fault = fault

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, which may fail."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self._fault.call:
                if not self._fault.error:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(self._fault.error, os.strerror(self._fault.error))
            return call(*arguments, **named)

        return counted


def install(fault: Fault) -> _Counter:
    """Lets the fault befall this process."""
    counter = _Counter(fault)
    for owner, name in (
        (os, "fsync"), (os, "link"), (os, "mkdir"), (os, "replace"), (os, "unlink"),
        (Path, "replace"), (Database, "commit"), (Database, "checkpoint"),
    ):  # fmt: skip
        setattr(owner, name, counter.around(getattr(owner, name)))
    if fault.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.file_bytes, limits[1]))
    return counter


def update(docs: Path, index: Path, fault: Fault, calls: Any = None) -> None:
    """The body of a writer: one update with pruning. `calls.value` is set to the number of calls
    that could have failed."""
    counter = install(fault)
    try:
        opened(index).update([docs], prune=True)
    except (RagError, OSError):
        os._exit(FAILED)
    finally:
        if calls is not None:
            calls.value = counter.calls


def other_encoder() -> LazyEncoder:
    return LazyEncoder(Settings().encoder, CharacterEncoder(*OTHER))


def change_encoder(index: Path, fault: Fault, calls: Any = None) -> None:
    """The body of a writer that gives the index another encoder."""
    counter = install(fault)
    try:
        reencode(index, other_encoder(), lambda: None)
    except (RagError, OSError):
        os._exit(FAILED)
    finally:
        if calls is not None:
            calls.value = counter.calls


def update_always(docs: Path, index: Path, first: int) -> None:
    """A writer that goes from state to state until it is killed."""
    state = first
    while True:
        put_state(docs, state)
        opened(index).update([docs], prune=True)
        state += 1


def read_always(index: Path, until: float, failed: Any) -> None:
    """A reader that opens again and again; counts what it saw in a mixed or damaged state."""
    last = 0
    handle = opened(index)
    while time.monotonic() < until:
        for _ in range(2):  # the second time without opening again: nothing may have moved
            state = state_of(handle)
            if state < last:
                failed.value += 1
            last = state
        handle.reopen()


def ended(process: ForkServerProcess) -> int:
    """Its exit code."""
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


FULL = os.environ.get("DURABILITY") == "full"
CONTEXT = processes()


def sized(small: int, full: int) -> int:
    """How much of a test to run."""
    return full if FULL else small


def writer(docs: Path, index: Path, fault: Fault) -> int:
    process = CONTEXT.Process(target=update, args=(docs, index, fault))
    process.start()
    return ended(process)


def calls_of_an_update(docs: Path, index: Path) -> int:
    """How many fsyncs, renames, links and commits an update makes; the index is left alone."""
    copy = fresh(index, 0)
    calls = CONTEXT.Value("i", 0)
    process = CONTEXT.Process(target=update, args=(docs, copy, Fault(), calls))
    process.start()
    assert ended(process) == 0
    assert check(copy, {11}) == 11
    return int(calls.value)


def fresh(index: Path, number: int) -> Path:
    """A copy of the index for one case. No folder serves two: a handle of the earlier case that
    is not collected yet may still write to the catalog that it has open."""
    copy = index.with_name(f"case-{number}")
    shutil.copytree(index, copy)
    return copy


def goes_on(docs: Path, index: Path) -> None:
    """The next update succeeds and leaves nothing behind."""
    opened(index).update([docs], prune=True)
    assert check(index, {11}) == 11
    again = opened(index)
    left = {path.name for path in index.iterdir() if not path.name.startswith("catalog")}
    assert left == {f"parts-{again.generation}", "writer.lock"}
    shutil.rmtree(index, ignore_errors=True)  # room for the next case, which has its own folder
