"""From an assistant that blocks to turns that an event loop can wait for, and leave.

Gradio ends an event only at an `await`: a generator that blocks while a chat model thinks could
be stopped no sooner than the model's next word, and a question asked meanwhile would be lost.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import reduce
from typing import Protocol

from rag.assistant import History
from rag.errors import RagError
from rag.http.threads import gathered, in_thread
from rag.page.messages import CHINESE, Messages
from rag.page.turn import Turn
from rag.telling.errors import error_text
from rag.types import Event

# An answer of the documents' sentences is complete by then, and is shown once.
PAUSE_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Answers(Protocol):
    """What the page needs of an assistant."""

    def stream(self, question: str, history: History = ()) -> Iterator[Event]:
        """The events of an answer, `Done` last."""
        ...


async def answering(
    assistant: Answers, turn: Turn, history: History = (), say: Messages = CHINESE
) -> AsyncGenerator[Turn, None]:
    """The turn as it grows, not more often than every `PAUSE_SECONDS`; the last one is complete
    or says what went wrong."""
    events = in_thread(lambda: assistant.stream(turn.question, history))
    try:
        async with aclosing(gathered(events, PAUSE_SECONDS)) as groups:
            async for group in groups:
                turn = reduce(Turn.after, group, turn)
                yield turn
    except RagError as error:
        yield turn.failed(error_text(str(error), say.language))
    except Exception:
        # The page must not go on waiting, and its user can do nothing with a traceback.
        logger.exception("no answer to a question of %d characters", len(turn.question))
        yield turn.failed(say("turn.internal"))
