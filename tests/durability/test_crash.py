"""Writers killed, disks that fail or are full, bytes flipped, two writers, many readers.

Small here; `make crash` runs the whole of it (DURABILITY=full).
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from rag.errors import RagError
from rag.index.local.catalog import CATALOG_FILE
from rag.index.local.maintenance import reencode, repair
from rag.settings import Settings
from tests.durability.stage import (
    CONTEXT,
    FAILED,
    OTHER,
    Fault,
    calls_of_an_update,
    change_encoder,
    check,
    ended,
    fresh,
    goes_on,
    opened,
    other_encoder,
    put_state,
    read_always,
    sized,
    state_of,
    update,
    update_always,
    writer,
)
from tests.fakes import CharacterEncoder


def test_killed_at_every_call(docs: Path, index: Path) -> None:
    total = calls_of_an_update(docs, index)
    assert total > 30
    states = Counter()  # type: Counter[int]
    for call in range(1, total + 1, sized(9, 1)):
        case = fresh(index, call)
        assert writer(docs, case, Fault(call)) == -signal.SIGKILL
        states[check(case, {10, 11})] += 1
        goes_on(docs, case)
    assert states[10] and states[11]
    print(f"{states.total()} moments of {total}: {dict(states)}")


def test_killed_at_every_call_of_a_change_of_the_encoder(index: Path, docs: Path) -> None:
    put_state(docs, 10)
    calls = CONTEXT.Value("i", 0)
    process = CONTEXT.Process(target=change_encoder, args=(fresh(index, 0), Fault(), calls))
    process.start()
    assert ended(process) == 0
    encoders = Counter()  # type: Counter[str]
    for call in range(1, calls.value + 1, sized(9, 1)):
        case = fresh(index, call)
        process = CONTEXT.Process(target=change_encoder, args=(case, Fault(call)))
        process.start()
        assert ended(process) == -signal.SIGKILL
        name = opened(case).status().encoder
        encoders[name] += 1
        after = opened(case, CharacterEncoder(*OTHER) if name == OTHER[0] else None)
        assert after.verify() == []
        assert state_of(after) == 10
        assert reencode(case, other_encoder(), lambda: None) or name == OTHER[0]
        again = opened(case, CharacterEncoder(*OTHER))
        assert again.verify() == []
        assert state_of(again) == 10
        shutil.rmtree(case, ignore_errors=True)
    assert encoders["characters-1"] and len(encoders) <= 2
    print(f"{encoders.total()} moments of {calls.value}: {dict(encoders)}")


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_every_call_fails(docs: Path, index: Path, error: int) -> None:
    total = calls_of_an_update(docs, index)
    results = Counter()  # type: Counter[int]
    for call in range(1, total + 1, sized(13, 1)):
        case = fresh(index, call)
        code = writer(docs, case, Fault(call, error))
        assert code in (0, FAILED)
        results[code] += 1
        check(case, {10, 11} if code else {11})
        goes_on(docs, case)
    assert results[FAILED]
    print(f"{results.total()} calls failed with {errno.errorcode[error]}: {dict(results)}")


def test_files_that_cannot_grow(docs: Path, index: Path) -> None:
    """Any write fails beyond a size, SQLite's and Tantivy's too."""
    results = Counter()  # type: Counter[int]
    for number, size in enumerate(range(0, 600_000, sized(120_000, 6_000)), 1):
        case = fresh(index, number)
        code = writer(docs, case, Fault(file_bytes=size))
        assert code in (0, FAILED)
        results[code] += 1
        check(case, {10, 11} if code else {11})
        goes_on(docs, case)
    assert results[FAILED] and results[0]
    print(f"{results.total()} sizes: {dict(results)}")


def test_killed_at_random(docs: Path, index: Path) -> None:
    """A writer that goes from state to state is killed somewhere, again and again."""
    source = random.Random(7)
    state, killed = 10, Counter()  # type: int, Counter[str]
    for _ in range(sized(8, 300)):
        process = CONTEXT.Process(target=update_always, args=(docs, index, state + 1))
        process.start()
        time.sleep(source.uniform(0.02, 1.0))
        process.kill()
        assert ended(process) == -signal.SIGKILL
        before, state = state, check(index, set(range(state, state + 1000)))
        killed["moved on" if state > before else "stayed"] += 1
    print(f"killed {killed.total()} times: {dict(killed)}")


def test_flipped_bytes(docs: Path, index: Path) -> None:
    """Each flip is noticed when the index is opened or verified, and then mended or refused with
    a clear error; or it changes nothing that is read. Every second one is in the catalog."""
    source = random.Random(3)
    put_state(docs, 10)  # the files from which documents are mended
    files = sorted(path.relative_to(index) for path in index.rglob("*") if path.stat().st_size)
    files = [path for path in files if (index / path).is_file() and path.name != "writer.lock"]
    results = Counter()  # type: Counter[str]
    for number in range(sized(40, 1000)):
        case = fresh(index, number)
        path = case / (CATALOG_FILE if number % 2 else files[number // 2 % len(files)])
        data = bytearray(path.read_bytes())
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        path.write_bytes(data)
        results[outcome(case)] += 1
        shutil.rmtree(case, ignore_errors=True)
    assert results["mended"]
    print(f"{results.total()} flipped bits in {len(files)} files: {dict(results)}")


def outcome(case: Path) -> str:
    settings = Settings(index=case)
    try:
        handle = opened(case)
        if handle.generation == 1 and not handle.verify():
            assert state_of(handle) == 10
            return "harmless"
    except RagError as error:
        assert str(error)
    try:
        repair(case, settings, CharacterEncoder)
        again = opened(case)
        if again.verify():
            return "refused"
    except RagError as error:
        assert str(error)
        return "refused"
    assert check(case, {10}) == 10
    return "mended"


def test_two_writers(docs: Path, index: Path) -> None:
    for _ in range(sized(2, 50)):
        both = [CONTEXT.Process(target=update, args=(docs, index, Fault())) for _ in range(2)]
        for process in both:
            process.start()
        codes = [ended(process) for process in both]
        assert 0 in codes and set(codes) <= {0, FAILED}
        check(index, {11})


def test_readers_during_updates(docs: Path, index: Path) -> None:
    """Every reader sees whole generations, never an older one after a newer."""
    updates, number = sized(6, 200), sized(3, 20)
    failed = CONTEXT.Value("i", 0)
    until = time.monotonic() + sized(4, 150)
    readers = [
        CONTEXT.Process(target=read_always, args=(index, until, failed)) for _ in range(number)
    ]
    for process in readers:
        process.start()
    handle = opened(index)
    for state in range(12, 12 + updates):
        put_state(docs, state)
        handle.update([docs], prune=True)
    assert [ended(process) for process in readers] == [0] * number
    assert failed.value == 0
    assert check(index, {11 + updates}) == 11 + updates
