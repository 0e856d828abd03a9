"""Settings changed on the page, remembered for the next start of the same server.

They lie in a file of the user's own (`~/.config/wenju/page.json`), never beside an index: a folder
that is passed on must not tell its next owner's program where to send questions. No key is among
them.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

Values = Mapping[str, Any]


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Where settings are remembered for this user; None for one without a home.

    >>> str(user_file({"XDG_CONFIG_HOME": "/home/me/.config"}))
    '/home/me/.config/wenju/page.json'
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    return folder / "wenju" / "page.json"


class Remembered:
    """The settings of the server of one index folder, in a file with those of others."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._server = str(folder.absolute())

    def read(self, started: Values) -> dict[str, Any]:
        """What was changed, but for settings that are not started with what they were then: who
        has stated them anew since, in `rag.toml` or by a flag, means that."""
        found = self._everything().get(self._server, {})
        pairs = found.items() if isinstance(found, dict) else ()
        return {
            name: pair["now"]
            for name, pair in pairs
            if isinstance(pair, dict)
            and {"was", "now"} <= pair.keys()
            and name in started
            and started[name] == pair["was"]
        }

    def write(self, started: Values, now: Values) -> bool:
        """Remembers what differs from the start, in the place of what was remembered; says
        whether that could be done."""
        everything = self._everything()
        changed = {
            name: {"was": started[name], "now": now[name]}
            for name in started
            if started[name] != now[name]
        }
        everything.pop(self._server, None)
        if changed:
            everything[self._server] = changed
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(everything, file, ensure_ascii=False, indent=1)
            part.replace(self.path)
        except OSError as error:
            _log.warning("settings are not remembered: %s", error)
            with suppress(OSError):
                part.unlink()
            return False
        return True

    def _everything(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("%s is left aside: %s", self.path, error)
            return {}
        return found if isinstance(found, dict) else {}
