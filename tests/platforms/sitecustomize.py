"""Put on a Python's path, this takes away what Windows does not have: modules, from this program's
own imports (the standard library has its other ways), and functions, from everybody.
"""

import builtins
import os
import select
import signal
from typing import Any

MODULES = {"fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios"}
OF_OS = (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "PRIO_PROCESS", "chown", "fork",
    "fwalk", "getuid", "killpg", "mkfifo", "pread", "pwrite", "sched_getaffinity", "setpriority",
    "readv", "statvfs", "writev",
)  # fmt: skip

_import = builtins.__import__


def _limited(name: str, globals: Any = None, *rest: Any, **named: Any) -> Any:  # noqa: A002
    if name.partition(".")[0] in MODULES:
        asking = str((globals or {}).get("__name__", "")).partition(".")[0]
        if asking == "rag":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _import(name, globals, *rest, **named)


builtins.__import__ = _limited
os.supports_dir_fd.clear()
for module, names in (
    (os, OF_OS),
    (signal, ("SIGALRM", "ITIMER_REAL", "setitimer")),
    (select, ("poll", "epoll")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
