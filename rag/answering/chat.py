"""The answer that a chat model writes, each sentence checked as soon as it is complete."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from rag.answering.cite import ClaimReader
from rag.answering.llm import ChatModel, Message
from rag.answering.parts import MOST_PARTS
from rag.answering.prompt import (
    GivenFact,
    Packed,
    Prompts,
    budget,
    dividing,
    is_refusal,
    likely,
    pack,
    refusal_of,
    rewriting,
)
from rag.errors import ContextTooLong, GenerationError
from rag.types import Claim, Passage, Remark, Sentence, Support, Text

# A rewritten question is one line of at most so many characters; anything else is no question.
MAX_QUESTION_CHARACTERS = 300
MAX_QUESTION_TOKENS = 200

Check = Callable[[Claim], Sentence]
"""Holds a claim against the passages."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a chat model said: the sentences that are shown, and how many were withheld for want
    of support; none where it found no answer in the passages. `prompted` are the ranks of the
    passages that it was given, the others did not fit into the prompt."""

    sentences: tuple[Sentence, ...]
    withheld: int
    prompted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """What a chat model is to answer: a question, the passages, what the rules have to say of the
    question's premise, and facts that were read from tables or computed."""

    question: str
    passages: Sequence[Passage]
    remarks: Sequence[Remark] = ()
    given: Sequence[GivenFact] = ()


def write(
    model: ChatModel, prompts: Prompts, task: Task, check: Check
) -> Generator[Text | Sentence, None, Written]:
    """Gives the text in pieces and each sentence once it is complete and checked; in strict mode
    the text of a sentence comes only then, and not at all where it is unsupported. An empty
    piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    settings = model.settings
    sentences: list[Sentence] = []
    withheld, refused = 0, False
    packed, items = yield from _first(model, prompts, task)
    for item in items:
        if isinstance(item, str):
            if not settings.strict:
                yield Text(item)
            elif not item:
                yield Text("")
            continue
        if is_refusal(item.text):
            refused = True
            continue
        sentence = check(item)
        if settings.strict and sentence.support is Support.UNSUPPORTED:
            withheld += 1
            continue
        if settings.strict:
            yield Text(item.text)
        sentences.append(sentence)
        yield sentence
    if refused and not any(s.support is Support.SUPPORTED for s in sentences):
        sentences = []
    if not sentences and settings.strict:
        yield Text(refusal_of(task.question))
    return Written(tuple(sentences), withheld, packed.ranks)


def rewrite(
    model: ChatModel, prompts: Prompts, question: str, history: Sequence[tuple[str, str]]
) -> Generator[Text, None, str | None]:
    """The follow-up as a question of its own, by the model; None where it gives none. An empty
    piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    lines = yield from _lines(model, rewriting(question, history, prompts))
    text = "".join(lines)
    return text if 0 < len(text) <= MAX_QUESTION_CHARACTERS else None


def divide(
    model: ChatModel, prompts: Prompts, question: str
) -> Generator[Text, None, tuple[str, ...]]:
    """The questions, by the model, that are to be searched for to answer a hard or foreign one;
    none where it gives none. An empty piece is given while nothing comes.

    Raises:
        GenerationError: and its kinds.
    """
    lines = yield from _lines(model, dividing(question, prompts))
    found = dict.fromkeys(line for line in lines if 0 < len(line) <= MAX_QUESTION_CHARACTERS)
    return tuple(found)[:MOST_PARTS]


def _lines(
    model: ChatModel, messages: tuple[Message, ...]
) -> Generator[Text, None, tuple[str, ...]]:
    """A short reply, its sentences and lines, without markers."""
    reader = ClaimReader(())
    said: list[str | Claim] = []
    with closing(model.stream(messages, MAX_QUESTION_TOKENS, max_retries=0)) as pieces:
        for piece in pieces:
            if not piece:
                yield Text("")
            said += reader.feed(piece)
    said += reader.close()
    return tuple(item.text for item in said if isinstance(item, Claim))


_Items = Generator[str | Claim, None, None]


def _first(
    model: ChatModel, prompts: Prompts, task: Task
) -> Generator[Text, None, tuple[Packed, _Items]]:
    """The prompt that the model took and what it says to it. Where its server finds the prompt
    too long, half as many passages are packed, until only one is left."""
    tokens = budget(model.settings)
    passages = likely(task.passages)
    while True:
        packed = pack(task.question, passages, prompts, tokens, task.remarks, task.given)
        items = _items(model, packed)
        try:
            for item in items:
                if item:
                    return packed, _chain(item, items)
                yield Text("")
        except ContextTooLong:
            if len(packed.ranks) <= 1:
                raise
            passages = passages[: len(packed.ranks) // 2]
        else:
            raise GenerationError(f"the chat model {model.name} said nothing that can be shown")


def _items(model: ChatModel, packed: Packed) -> _Items:
    reader = ClaimReader(packed.ranks)
    with closing(model.stream(packed.messages)) as pieces:
        for piece in pieces:
            if not piece:
                yield ""
            yield from reader.feed(piece)
    yield from reader.close()


def _chain(first: str | Claim, items: _Items) -> _Items:
    with closing(items):
        yield first
        yield from items
