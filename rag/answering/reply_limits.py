"""What one reply of a chat model may be at most: its length, its time, and how long it may say the
same again and again. A server may ignore the longest answer that it was asked for."""

from __future__ import annotations

import time

from rag.errors import GenerationError
from rag.settings import Chat

# A run of up to so many characters is looked for, each time that so many have come.
LONGEST_RUN = 200
_STEP = 256


class ReplyLimits:
    """Counts a reply as it comes, from the moment that this is made."""

    def __init__(self, settings: Chat, address: str) -> None:
        self._settings = settings
        self._address = address
        self._end = time.monotonic() + settings.max_reply_seconds
        self._length = 0
        self._looked_at = 0
        self._tail = ""

    @property
    def seconds_left(self) -> float:
        """Until the reply has taken all its time."""
        return self._end - time.monotonic()

    def add(self, text: str) -> None:
        """Counts a piece of the reply; one without text, such as a piece of hidden thinking, as a
        character.

        Raises:
            GenerationError: the reply is too long, or says the same again and again.
        """
        settings = self._settings
        self._length += max(1, len(text))
        if self._length > settings.max_reply_characters:
            raise self._ended(
                f"had {settings.max_reply_characters:,} characters, the limit",
                "raise chat.max_reply_characters",
            )
        self._tail = (self._tail + text)[-settings.max_repeated_characters :]
        if self._length - self._looked_at >= _STEP:
            self._looked_at = self._length
            if repeats(self._tail, settings.max_repeated_characters):
                raise self._ended(
                    f"said the same again and again for {settings.max_repeated_characters:,} "
                    "characters, the limit",
                    "ask again, or raise chat.max_repeated_characters",
                )

    def out_of_time(self) -> GenerationError:
        """The error of a reply that has taken all its time."""
        return self._ended(
            f"took {self._settings.max_reply_seconds:g} seconds, the limit",
            "raise chat.max_reply_seconds",
        )

    def _ended(self, what: str, advice: str) -> GenerationError:
        return GenerationError(
            f"the reply from {self._address} {what}, and was ended; {advice}, or use another model",
            retryable=False,
        )


def repeats(text: str, characters: int) -> bool:
    """Whether the last `characters` of a text are one run of up to `LONGEST_RUN` characters, at
    least three times over.

    >>> repeats("对" + "不对，" * 9, 27), repeats("一二三四五六七八九", 9)
    (True, False)
    """
    tail = text[-characters:]
    if len(tail) < characters:
        return False
    longest = min(LONGEST_RUN, characters // 3)
    return any(tail[run:] == tail[:-run] for run in range(1, longest + 1))
