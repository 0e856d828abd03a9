"""Compound files, in which old office programs and Outlook keep what they write: their streams.
Third party: olefile."""

from __future__ import annotations

import warnings
from io import BytesIO

from rag.errors import UnreadableDocument

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


def read_streams(data: bytes, max_bytes: int) -> dict[tuple[str, ...], bytes]:
    """All streams of a compound file by their path; `max_bytes` limits them together.

    Raises:
        UnreadableDocument: no compound file, damaged, or too large.
    """
    import olefile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with olefile.OleFileIO(BytesIO(data)) as file:
                paths = [tuple(path) for path in file.listdir(streams=True, storages=False)]
                total = sum(file.get_size(list(path)) for path in paths)
                if total > max_bytes:
                    raise UnreadableDocument(
                        f"the file's parts have {total:,} bytes, the limit is {max_bytes:,}; raise "
                        "reading.max_unpacked_bytes to read it"
                    )
                return {path: file.openstream(list(path)).read() for path in paths}
    except UnreadableDocument:
        raise
    except Exception as error:  # noqa: BLE001 (a damaged file raises whatever it meets)
        raise UnreadableDocument(f"the file is damaged: {error!r:.200}") from None
