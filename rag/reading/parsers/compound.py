"""Compound files, the containers of old office programs and of Outlook: which streams they hold.
Third party: olefile."""

from __future__ import annotations

import warnings
from io import BytesIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def stream_names(data: bytes) -> frozenset[str]:
    """The names of the streams and folders at the root of a compound file; none where it is
    damaged or no such file."""
    import olefile

    if not data.startswith(MAGIC):
        return frozenset()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damage that does not matter
            with olefile.OleFileIO(BytesIO(data)) as file:
                return frozenset(entry[0] for entry in file.listdir(streams=True, storages=True))
    except Exception:  # noqa: BLE001 (a damaged file raises whatever it meets)
        return frozenset()
