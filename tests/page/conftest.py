"""A real browser, and a real server in a thread for it to open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rag.serving.server import address_of, listen

CHROMIUM = Path("/usr/bin/chromium")
# No sandbox, since the tests may run as root; the rest keeps the browser itself from calling out.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# gradio's own figures on its queue use what pandas 3 says will go.
GRADIO_WARNINGS = [
    pytest.mark.filterwarnings(f"ignore:{text}:DeprecationWarning")
    for text in (
        "'future.no_silent_downcasting' is deprecated",
        "The copy keyword is deprecated",
    )
]

# A slow machine may take long; nothing here waits longer than it must.
expect.set_options(timeout=300_000)

Opened = Callable[..., Page]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serves `app` on a free port in a thread; gives its address."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}; Debian's package is `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opened]:
    """Opens an address in a browser profile of its own. When the test is over, nothing may have
    been asked of another host, and no script may have failed (but for a page that `leaves`:
    gradio complains of what a reload breaks off, the browser of a request that is refused)."""
    foreign: list[str] = []
    failures: list[str] = []
    contexts = []

    def opened(
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        leaves: bool = False,
        wait: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((address.split("?", maxsplit=1)[0], "data:", "blob:"))
                else foreign.append(request.url)
            ),
        )
        said = [] if leaves else failures
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "console",
            lambda message: said.append(message.text) if message.type == "error" else None,
        )
        page.goto(address)
        if wait:
            page.wait_for_selector("#wj-question textarea")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert foreign == []
    assert failures == []
