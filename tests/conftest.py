"""What all tests share: the folder of real data, and what a skip means.

`REQUIRE=all` says that this machine is meant to have everything: a skip is then a failure.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from rag import Index

ROOT = Path(__file__).parent.parent
REQUIRE = os.environ.get("REQUIRE", "")
os.environ["LC_ALL"] = "C.UTF-8"  # errors of commands are told in the language of the terminal


# How long an example takes says how busy the machine is, and nothing of the code. Where the whole
# suite decides on a change (REQUIRE=all) each run tries the same examples; others try new ones.
hypothesis.settings.register_profile(
    "wenju",
    deadline=None,
    derandomize=REQUIRE == "all",
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("wenju")
# Tests run in a process a core: libraries that start a thread a core themselves wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell starts what runs in the background with Ctrl-C ignored, and programs inherit that; those
# that the tests start are to be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    if REQUIRE not in ("", "all"):
        raise pytest.UsageError(f"REQUIRE={REQUIRE!r}: it is `all` or not set")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real corpus, questions and data: $WENJU_SHARED or ../shared."""
    folder = Path(os.environ.get("WENJU_SHARED", ROOT.parent / "shared"))
    if not (folder / "corpus").is_dir():
        pytest.skip(f"no corpus in {folder}; set WENJU_SHARED")
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of the sample corpus, which no test changes."""
    return Index.build([ROOT / "examples" / "corpus"], tmp_path_factory.mktemp("sample") / "index")


def _why(longrepr: object) -> str:
    return longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE=all a test that was skipped has failed (an expected failure has not)."""
    report = yield
    if REQUIRE == "all" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE=all, but {_why(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    if REQUIRE == "all" and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"REQUIRE=all, but {_why(report.longrepr)}"
    return report
