"""What the page needs of the collection that a request is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.page.conversations import Conversations
from rag.page.streaming import Answers
from rag.types import IndexStatus

# The parameter of the page's address and of the API that names a collection.
PARAMETER = "collection"


@dataclass(frozen=True, slots=True)
class Room:
    """A collection on the page: who answers, what the index holds, the questions offered before
    the first one, and where its conversations are kept, None where nothing is."""

    assistant: Answers
    status: Callable[[], IndexStatus]
    examples: Sequence[str] = ()
    kept: Conversations | None = None


Rooms = Callable[[str], Room]
"""The room of a collection by its name, empty for the default one. Raises UnknownCollection."""
