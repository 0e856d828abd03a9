"""A program that uses all that `rag` offers, type-checked as strictly as the rest; run by
tests/test_public_names.py with a folder of documents, a new folder and a question."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag import Answer, Assistant, Index, RagError, Settings
from rag.errors import QuestionError, StoreError
from rag.generation.chat_model import ChatMessage
from rag.langchain import WenjuRetriever, answer_chain
from rag.types import Done, Event, Filter, Passage, Report, Retrieved, Sentence, Status, Text


class Parrot:
    """An answerer that says what the last passage of its prompt says."""

    name = "parrot"

    def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int | None = None
    ) -> Iterator[str]:
        """The reply in pieces."""
        for line in messages[-1].text.splitlines()[:max_tokens]:
            if line.startswith("渡轮的"):
                yield f"{line}[1]"
                return


def shown(event: Event) -> str:
    """A word on each kind of event."""
    match event:
        case Retrieved(passages):
            return f"{len(passages)} passages"
        case Text(piece):
            return piece
        case Sentence():
            return event.support.value
        case Done(answer):
            return answer.status.value


async def several(assistant: Assistant, question: str) -> tuple[Answer, list[Passage], list[str]]:
    """The asynchronous calls, side by side."""
    answer, passages = await asyncio.gather(assistant.aask(question), assistant.asearch(question))
    return answer, passages, [shown(event) async for event in assistant.astream(question)]


def main(folder: Path, place: Path, question: str) -> None:
    """Builds, asks, changes, closes."""
    logging.getLogger("rag").setLevel(logging.INFO)
    settings = Settings.load(environ={}, overrides={"retrieval": {"k": 5}})
    built = Index.build([folder], place, settings)
    report: Report | None = built.report
    print(report and report.read, built.verify(), built.repair())
    built.backup(place.with_suffix(".backup"))
    built.close()
    with Index.open(place, settings) as index:
        assistant = Assistant(index, settings, encoder=index.encoder)
        assistant.prepare()
        where = Filter.of({"documents": ["*.txt"], "since": "2020"})
        answer = assistant.ask(
            question, [("渡轮是什么？", "一种船。")], Filter(documents=("*.txt",))
        )
        assert answer.status is Status.ANSWERED and answer.to_dict()["short"] == answer.short
        print(answer.to_markdown("en"), [shown(event) for event in assistant.stream(question)])
        print(assistant.search(question, 3, where), assistant.relevance(question, ["4元", "船"]))
        print(asyncio.run(several(assistant, question))[2])
        retriever = WenjuRetriever(assistant=assistant, k=1)
        print(retriever.invoke(question), answer_chain(assistant).invoke(question)["answer"])
        print("parrot:", Assistant(index, answerer=Parrot()).ask(question).text)
        (info,) = index.documents()
        print(index.correct(info.name, title="票价").title, index.document(info.name).text)
        print(index.update([folder]).unchanged, index.status().documents, index.remove(info.name))
    try:
        assistant.ask(question)
    except StoreError as error:
        print("closed:", isinstance(error, RagError), QuestionError.__name__)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
