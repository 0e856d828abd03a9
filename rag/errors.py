"""Every error that Wenju raises on purpose.

    RagError
    ├── SettingsError          a setting is unknown, malformed or out of range
    │   └── ChangeRefused          it may not be changed while the program runs
    ├── QuestionError          the question is empty or too long
    │   └── FilterError            a filter, or what is stated of a document, holds no such date
    ├── DocumentError          one file cannot become a Document
    │   ├── UnsupportedFormat      no parser for this kind of file
    │   └── UnreadableDocument     empty, binary, damaged, unreadable, changing
    │       ├── ReadingTimeout         reading it took longer than it may
    │       └── NothingRead            none of the files of a new index; carries `skipped`
    ├── StoreError             the index folder
    │   ├── StoreMissing           no index there
    │   ├── StoreMismatch          another format version, or another encoder
    │   ├── StoreCorrupt           its parts do not agree with each other
    │   ├── StoreLocked            another process is writing
    │   ├── UnknownDocument        the index holds no document of that name
    │   ├── UnknownConversation    no conversation of that id is kept
    │   └── UnknownCollection      no collection of that name is served
    ├── ModelError             an encoder, reranker or reader
    │   └── ModelUnavailable       it cannot be loaded on this machine
    ├── PluginError            what another package brings cannot be used
    └── GenerationError        the chat model; carries `retryable`
        ├── GenerationTimeout      it said nothing for too long
        ├── GenerationRefused      it, or its server's filter, would not answer
        └── ContextTooLong         the prompt does not fit into its context

A message says what happened, the value, the limit, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class RagError(Exception):
    """Base of all errors that Wenju raises on purpose."""


class SettingsError(RagError):
    """A setting is unknown, malformed or out of range."""


class ChangeRefused(SettingsError):
    """A setting that may not be changed while the program runs."""


class QuestionError(RagError):
    """The question is empty or longer than the limit."""


class FilterError(QuestionError):
    """What documents are to be found by, or to be called, is no date, pattern or name."""


class DocumentError(RagError):
    """One file cannot become a Document; the run goes on with the others."""


class UnsupportedFormat(DocumentError):
    """No parser reads this kind of file."""


class UnreadableDocument(DocumentError):
    """The file is empty, binary, damaged, unreadable or changed while it was read."""


class ReadingTimeout(UnreadableDocument):
    """Reading the file took longer than `reading.max_seconds` and was ended."""


class NothingRead(UnreadableDocument):
    """None of the files of a new index could be read; `skipped` are their names with reasons."""

    def __init__(self, message: str, skipped: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.skipped = tuple(skipped)


class StoreError(RagError):
    """Something is wrong with the index folder."""


class StoreMissing(StoreError):
    """There is no index in the folder."""


class StoreMismatch(StoreError):
    """The index was made by another format version or another encoder."""


class StoreCorrupt(StoreError):
    """The parts of the index do not agree with each other."""


class StoreLocked(StoreError):
    """Another process is writing to the index."""


class UnknownDocument(StoreError):
    """The index holds no document of that name."""


class UnknownConversation(StoreError):
    """No conversation of that id is kept."""


class UnknownCollection(StoreError):
    """No collection of that name is served."""


class ModelError(RagError):
    """A model file or a model's output is not what it should be."""


class ModelUnavailable(ModelError):
    """A model cannot be loaded on this machine; the message says how to get it."""


class PluginError(RagError):
    """A parser, encoder or reranker of another package cannot be loaded, or breaks its contract."""


class GenerationError(RagError):
    """The chat model failed; `retryable` says whether asking again can help."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class GenerationTimeout(GenerationError):
    """The chat model said nothing for longer than the limit."""


class GenerationRefused(GenerationError):
    """The chat model, or a filter of its server, would not answer."""


class ContextTooLong(GenerationError):
    """The prompt does not fit into the chat model's context."""
