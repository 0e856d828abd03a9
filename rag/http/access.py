"""Who is let in to a server, and under which names it is reached."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rag.errors import SettingsError
from rag.http.gate import Rules
from rag.http.login import Token

MAX_BODY_BYTES = 64_000  # a question of 2,000 characters needs 24,000 where all is escaped
MAX_TALK_BYTES = 1_000_000  # a chat client sends the whole conversation
LIMITS: Mapping[str, int] = MappingProxyType({"/api/": MAX_BODY_BYTES, "/v1/": MAX_TALK_BYTES})
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
ANY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in: requests that name this machine, `host`, on which the server listens, or one
    of `names`, under which it is reached through another server; with `token`, where there is
    one."""

    host: str = "127.0.0.1"
    names: Sequence[str] = ()
    token: Token | None = None

    @property
    def alone(self) -> bool:
        """Whether nobody but the users of this machine is let in."""
        return is_own(self.host) and not self.names and self.token is None

    def rules(self, limits: Mapping[str, int] | None = None, frames: Sequence[str] = ()) -> Rules:
        """The rules of the gate; see `Rules` for what is given.

        Raises:
            SettingsError: others can reach the server, and there is no token.
        """
        if self.token is None and not self.alone:
            name = next((name for name in self.names), self.host)
            raise SettingsError(
                f"everyone who reaches {name} could read these documents; set a token in "
                "RAG_TOKEN, or listen on 127.0.0.1"
            )
        anywhere = self.host in ANY_ADDRESS and not self.names
        own = () if self.host in ANY_ADDRESS else (self.host,)
        hosts = None if anywhere else (*LOOPBACK, *own, *self.names)
        return Rules(hosts, self.token, LIMITS if limits is None else {**LIMITS, **limits}, frames)


def is_own(host: str) -> bool:
    """Whether only this machine reaches `host`.

    >>> is_own("127.0.0.1"), is_own("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
