"""Files of office programs into the formats that are read here, by LibreOffice where it is there.

It runs as a program of its own: in a profile folder made for the one file and removed with it, with
macros off, links not followed, no network where the system can take it away, and limits of time,
memory and the size of what it writes. It ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.reading.child import child_environment, limit_memory
from rag.settings import Reading

INSTALL = (
    "install LibreOffice (https://www.libreoffice.org; Debian and Ubuntu: apt-get install "
    "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui)"
)
"""What makes `available` true."""
SHARE_OF_TIME = 0.8
"""A file is converted for this share of the time that reading it may take."""
_RESTART = 81
"""With this exit code the program asks to be started again, once it has made its profile.

Source: `EXITHELPER_NORMAL_RESTART` in LibreOffice, desktop/source/inc/exithelper.h.
"""
_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
)
_COMMAND = "from rag.documents.formats.libreoffice import launch; launch()"
PREFIX = "wenju-office-"
"""How the names of the folders begin in which files are converted."""
_ITEM = (
    '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse">'
    "<value>{}</value></prop></item>"
)
_PROXY = "Inet/Settings"
_SCRIPTS, _CONTENT = "Office.Common/Security/Scripting", "Content/Update"
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    + "".join(
        _ITEM.format(*facts)
        for facts in (
            (_SCRIPTS, "MacroSecurityLevel", 3),  # no macro of a document ever runs
            (_SCRIPTS, "DisableMacrosExecution", "true"),
            (_SCRIPTS, "BlockUntrustedRefererLinks", "true"),
            (f"Office.Writer/{_CONTENT}", "Link", 2),  # never
            (f"Office.Calc/{_CONTENT}", "Link", 2),
            (_PROXY, "ooInetProxyType", 1),  # a proxy that is not there
            (_PROXY, "ooInetHTTPProxyName", "127.0.0.1"),
            (_PROXY, "ooInetHTTPProxyPort", 9),
            (_PROXY, "ooInetHTTPSProxyName", "127.0.0.1"),
            (_PROXY, "ooInetHTTPSProxyPort", 9),
            (_PROXY, "ooInetNoProxy", ""),
        )
    )
    + "</oor:items>"
)
# Linux: a network of its own, which holds nothing, and the end with the parent process.
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000
_SIGNAL_OF_PARENT, _SIGKILL = 1, 9


@cache
def program() -> Path | None:
    """Where the program lies, None where it is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    found = found or next((place for place in _PLACES if os.path.isfile(place)), None)  # noqa: PTH113
    if found is None:
        return None
    path = Path(found).resolve()
    inner = path.with_name("soffice.bin")  # the other one is a script that starts this one
    return inner if os.access(inner, os.X_OK) else path


def available() -> bool:
    """Whether files can be converted."""
    return program() is not None


def convert(data: bytes, ending: str, target: str, settings: Reading) -> bytes:
    """A file, which should have the `ending` (`.doc`), as one of the format `target` (`docx`).

    Raises:
        UnreadableDocument: LibreOffice is not installed, cannot read the file, or takes too long.
    """
    office = program()
    if office is None:
        raise UnreadableDocument(f"{ending} files are read by way of LibreOffice; {INSTALL}")
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given, made = folder / f"file{ending}", folder / "out" / f"file.{target}"
        given.write_bytes(data)
        profile = folder / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        arguments = [
            str(office), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
            "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard",
            "--convert-to", target, "--outdir", str(made.parent), str(given),
        ]  # fmt: skip
        if _run(arguments, folder, settings) == _RESTART:
            _run(arguments, folder, settings)
        try:
            return made.read_bytes()
        except OSError:
            raise UnreadableDocument(
                f"LibreOffice cannot read the file: it is damaged, encrypted, or no {ending} file"
            ) from None


def _run(arguments: list[str], folder: Path, settings: Reading) -> int:
    limits = [str(settings.max_memory_bytes), str(settings.max_unpacked_bytes)]
    seconds = SHARE_OF_TIME * settings.max_seconds
    environment = {
        **child_environment(),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "SAL_USE_VCLPLUGIN": "svp",  # no display
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    try:
        return subprocess.run(
            [sys.executable, "-c", _COMMAND, *limits, *arguments],
            env=environment, cwd=folder, timeout=seconds, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnreadableDocument(
            f"LibreOffice took longer than {seconds:g} seconds and was ended; raise "
            "reading.max_seconds to give it longer"
        ) from None
    except OSError as error:
        raise UnreadableDocument(f"LibreOffice did not start: {error.strerror}") from None


def launch() -> None:
    """Becomes the program that the arguments of this process name, under limits: bytes of memory,
    bytes of a file that it writes, then the program and its own arguments."""
    memory, written, *command = sys.argv[1:]
    limit_memory(int(memory))
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(written), hard))
    if sys.platform == "linux":
        # What the system does not allow is left; the profile has no way to the network either.
        with suppress(OSError, AttributeError):
            system = ctypes.CDLL(None)
            system.prctl(_SIGNAL_OF_PARENT, _SIGKILL)
            system.unshare(_NEW_USERS | _NEW_NETWORK)
    os.execv(command[0], command)
