"""Whether the chat model of the settings answers, and if not, why."""

from __future__ import annotations

from rag.answering.llm import ChatModel, Message
from rag.answering.prompt import load_prompts
from rag.settings import Chat

# How long a chat model may be silent before it is called silent.
MAX_SILENCE_SECONDS = 20.0


def try_chat(chat: Chat) -> None:
    """Asks the model for a word, once.

    Raises:
        GenerationError: and its kinds; the message says what to do.
        ModelUnavailable: a package is missing.
        SettingsError: there is no such provider, no key, or the prompts cannot be used.
    """
    seconds = min(chat.timeout_seconds, MAX_SILENCE_SECONDS)
    once = chat.model_copy(update={"max_retries": 0, "timeout_seconds": seconds})
    load_prompts(chat.prompts)
    ChatModel(once).reply([Message("user", "你好")])
