"""Bodies of requests that are still coming in: how many at once, how many bytes together, and how
long one may be silent. Somebody who begins many uploads and finishes none stops nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Receive

MAX_BODIES = 64
MAX_BODIES_BYTES = 500_000_000
"""Together: an upload is held in memory until it is whole."""
MAX_SILENCE_SECONDS = 30.0


class BodyRefused(Exception):
    """Why a body is not received, with the status of the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bodies:
    """Counts the bodies of one server. For one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0

    @contextmanager
    def one(self, size: int) -> Iterator[Body]:
        """A body of `size` bytes at most, which is counted as coming in until it is whole, its
        bytes until this ends. A single one may be larger than all together.

        Raises:
            BodyRefused: there are too many already.
        """
        if self._count >= MAX_BODIES or (self._bytes and self._bytes + size > MAX_BODIES_BYTES):
            raise BodyRefused(
                503,
                f"{self._count:,} uploads with {self._bytes:,} bytes are under way, the most at "
                "once; try again when some are finished",
            )
        self._count += 1
        self._bytes += size
        body = Body(self)
        try:
            yield body
        finally:
            body.end()
            self._bytes -= size

    def ended(self) -> None:
        """One is whole, or given up."""
        self._count -= 1


class Body:
    """A body that is coming in."""

    def __init__(self, among: Bodies) -> None:
        self._among = among
        self._coming = True

    async def receive(self, receive: Receive) -> Message:
        """The next message; once the body is whole, whatever comes next.

        Raises:
            BodyRefused: nothing came for too long.
        """
        if not self._coming:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), MAX_SILENCE_SECONDS)
        except TimeoutError:
            raise BodyRefused(
                408, f"nothing came for {MAX_SILENCE_SECONDS:g} seconds; send it again"
            ) from None
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.end()
        return message

    def end(self) -> None:
        """Nothing more of it comes."""
        if self._coming:
            self._coming = False
            self._among.ended()
