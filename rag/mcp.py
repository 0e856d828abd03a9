"""The assistant as tools of the Model Context Protocol. The door to `mcp`.

Three tools, none of which changes anything: `search`, `ask`, `read_passage`. They give what the
commands give with `--json`, and say its form. The documents are resources, in pages: a list of
them, of each its sections and its text. A prompt has a question answered with citations.

One name for one thing: `document` is the name of a document, `start` and `end` count the characters
of its text, and filters have the names that they have everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from rag import __version__
from rag.answering.outline import sections
from rag.assistant import in_thread
from rag.errors import ModelUnavailable, RagError
from rag.i18n import say
from rag.serving.requests import DEFAULT_AROUND, MAX_AROUND, Restricted, neighbours_json
from rag.types import (
    Document,
    DocumentInfo,
    Done,
    Event,
    Filter,
    History,
    Passage,
    Retrieved,
    Sentence,
    Span,
)
from rag.wire import answer_json, info_json, passage_json

try:
    from mcp.server.mcpserver import Context, MCPServer, ResourceSecurity
    from mcp.server.mcpserver.exceptions import ResourceError, ToolError
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp_types import ToolAnnotations
except ImportError as error:
    raise ModelUnavailable(say("server.no_mcp", error=error)) from None

T = TypeVar("T")
HTTP_PATH = "/mcp"
PAGE = 200  # documents or sections of a resource
TEXT_PAGE = 20_000  # characters of one
INSTRUCTIONS = (
    "Questions about the user's own documents, mainly Chinese ones. `ask` gives an answer whose "
    "sentences each carry a quotation that was checked; status nearest means that the documents "
    "speak of the subject but do not answer (`missing` says what they lack, the sentences are only "
    "what comes nearest); status no_evidence means that the "
    "documents hold no answer. `ask` also tells about the documents themselves: how many, which, "
    "the newest, which mention a term; of one its date, author, chapters, a section, a summary. "
    "`search` gives passages; `read_passage` what stands around one. "
    "`where` narrows both to some of the documents. The resource wenju://documents lists them."
)


class Where(Restricted):
    """A filter, and the collection that is meant, the default one where it is empty."""

    collection: str = ""


Question = Annotated[str, Field(description="A question or keywords, in the documents' language")]
Narrowed = Annotated[
    Where | None,
    Field(
        description="Only these documents: `documents` patterns of names (* and ?, ** across "
        "folders), `since` and `until` dates (YYYY, YYYY-MM or YYYY-MM-DD), `sources`, `tags`; "
        "`collection` names another collection"
    ),
]
Collection = Annotated[str, Field(description="The collection, the default one where it is empty")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CellForm(_Form):
    """A cell of a table with the places of its labels, outermost first."""

    start: int
    end: int
    text: str
    rows: list[tuple[int, int]]
    columns: list[tuple[int, int]]
    unit: str | None


class PassageForm(_Form):
    """One result of a search."""

    rank: int
    score: float
    document: str
    title: str
    date: str | None
    date_inferred: bool
    headings: list[str]
    page: int | None
    lines: tuple[int, int] | None
    start: int
    end: int
    text: str
    lead: list[str]
    also: list[str]
    publisher: str | None
    cells: list[CellForm]


class PassagesForm(_Form):
    """The passages of a search, best first."""

    passages: list[PassageForm]


class RemarkForm(_Form):
    """Something to say of a sentence or an answer."""

    kind: str
    values: list[str]
    n: int | None


class SentenceForm(_Form):
    """A sentence: supported, partly, unsupported, or none where it claims nothing."""

    text: str
    support: str
    reason: str
    remark: RemarkForm | None
    citations: list[int]


class CitationForm(_Form):
    """A quotation: characters `start` to `end` of a document; `n` is the rank of its passage."""

    n: int
    sentence: int
    document: str
    title: str
    page: int | None
    lines: tuple[int, int] | None
    start: int
    end: int
    quote: str
    clause: str
    source: list[tuple[int, int]] | None


class ComputedForm(_Form):
    """A figure that was computed from figures that passages say."""

    expression: str
    value: float
    unit: str
    operands: list[int]


class FigureForm(_Form):
    """A figure that a passage gives for what is asked."""

    figure: str
    n: int


class TimingsForm(_Form):
    """Milliseconds."""

    retrieve_ms: float
    answer_ms: float


class AnswerForm(_Form):
    """An answer: status answered, nearest or no_evidence; `[n]` in `text` is the rank of a
    passage."""

    question: str
    status: str
    text: str
    short: str | None
    missing: str | None
    computed: ComputedForm | None
    sentences: list[SentenceForm]
    citations: list[CitationForm]
    passages: list[PassageForm]
    confidence: float
    model: str
    searched: str
    notice: str
    remarks: list[RemarkForm]
    differing: list[FigureForm]
    prompted: list[int]
    timings: TimingsForm


class AroundForm(_Form):
    """The text of a span, and what stands before and after it."""

    document: str
    title: str
    date: str | None
    date_inferred: bool
    characters: int
    start: int
    end: int
    before: str
    text: str
    after: str


class Served(Protocol):
    """What is needed of a collection; see `rag.serving.collections.Collection`."""

    def search(  # noqa: D102
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]: ...
    def stream(  # noqa: D102
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]: ...
    def document(self, name: str) -> Document: ...  # noqa: D102
    def documents(self) -> Sequence[DocumentInfo]: ...  # noqa: D102


def mcp_server(find: Callable[[str], Served]) -> MCPServer[Any]:
    """The server; `find` gives a collection by its name, the default one for an empty one."""
    server: MCPServer[Any] = MCPServer(
        "wenju",
        title="文据 Wenju",
        version=__version__,
        instructions=INSTRUCTIONS,
        log_level="WARNING",
    )
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(annotations=reads)
    def search(
        question: Question,
        k: Annotated[int, Field(ge=1, le=100, description="How many passages")] = 10,
        where: Narrowed = None,
    ) -> PassagesForm:
        """Passages of the documents that are nearest to a question, best first. `start` and
        `end` count the characters of the document's text."""
        within = where or Where()
        found = _or_say(lambda: find(within.collection).search(question, k, within.where()))
        return PassagesForm.model_validate({"passages": list(map(passage_json, found))})

    @server.tool(annotations=reads)
    async def ask(question: Question, context: Context, where: Narrowed = None) -> AnswerForm:
        """An answer from the documents. Each sentence says how well it is supported and cites
        quotations; `[n]` in `text` is the rank of a passage. Status `nearest`: the documents speak
        of the subject but do not answer, `missing` says what they lack; status `no_evidence`: there
        is no answer in the documents, and `passages` are those that came nearest."""
        within = where or Where()
        try:
            events = in_thread(lambda: find(within.collection).stream(question, (), within.where()))
            told = 0
            async for event in events:
                if isinstance(event, Done):
                    return AnswerForm.model_validate(answer_json(event.answer))
                if isinstance(event, Retrieved | Sentence):
                    told += 1
                    message = event.text if isinstance(event, Sentence) else "passages found"
                    await context.report_progress(told, None, message)
        except RagError as error:
            raise ToolError(str(error)) from None
        raise AssertionError("a stream ends with Done")

    @server.tool(annotations=reads)
    def read_passage(
        document: Annotated[str, Field(description="`document` of a passage or a citation")],
        start: Annotated[int, Field(ge=0, description="Its `start`")],
        end: Annotated[int, Field(ge=0, description="Its `end`")],
        around: Annotated[
            int, Field(ge=0, le=MAX_AROUND, description="Characters wanted on both sides")
        ] = DEFAULT_AROUND,
        collection: Collection = "",
    ) -> AroundForm:
        """The characters `start` to `end` of a document, and what stands before and after."""
        found = _or_say(lambda: find(collection).document(document))
        try:
            return AroundForm.model_validate(neighbours_json(found, Span(start, end), around))
        except (IndexError, ValueError) as error:
            raise ToolError(str(error)) from None

    _add_resources(server, find)

    @server.prompt(title="Answer with citations")
    def answer_with_citations(question: str) -> str:
        """Has a question answered from the documents alone, each statement with its quotation."""
        return (
            f"Call the tool `ask` with this question: {question}\n\n"
            "Answer from its reply alone, in the question's language. Put behind each statement "
            "the document, page or lines, and the quotation that it rests on, word for word as in "
            "`citations`. Leave out sentences whose support is `unsupported`, and say of those "
            "that are `partly` what `reason` says. If the status is `nearest` or `no_evidence`, "
            "say first that the documents do not answer, and what `missing` says; do not answer "
            "from what you know yourself."
        )

    return server


def _add_resources(server: MCPServer[Any], find: Callable[[str], Served]) -> None:
    """The documents of the default collection, in pages; `next` is where one goes on."""

    @server.resource("wenju://documents", title="Documents", mime_type="application/json")
    def documents() -> dict[str, Any]:
        """The first documents, with where their sections and texts are."""
        return _documents(find(""), 0)

    @server.resource("wenju://documents/{offset}", mime_type="application/json")
    def more_documents(offset: int) -> dict[str, Any]:
        """The documents from one on, counted from 0."""
        return _documents(find(""), offset)

    names = ResourceSecurity(exempt_params={"document"})  # it is looked up, never a path

    @server.resource(
        "wenju://sections/{offset}/{+document}", mime_type="application/json", security=names
    )
    def section_list(offset: int, document: str) -> dict[str, Any]:
        """The sections of a document from one on: title, depth, and the characters of its text."""
        found = _or_none(lambda: find("").document(document))
        every = sections(found)
        page = every[max(0, offset) : max(0, offset) + PAGE]
        return {
            "document": document,
            "total": len(every),
            "sections": [
                {
                    "title": one.text,
                    "depth": one.depth,
                    "start": one.span.start,
                    "end": one.body.end,
                    "text": f"wenju://text/{one.span.start}/{quote(document)}",
                }
                for one in page
            ],
            "next": _next(f"wenju://sections/{{}}/{quote(document)}", offset, PAGE, len(every)),
        }

    @server.resource(
        "wenju://text/{start}/{+document}", mime_type="application/json", security=names
    )
    def text(start: int, document: str) -> dict[str, Any]:
        """The text of a document from a character on."""
        found = _or_none(lambda: find("").document(document))
        place = f"wenju://text/{{}}/{quote(document)}"
        end = min(len(found.text), max(0, start) + TEXT_PAGE)
        return {
            "document": document,
            "title": found.title,
            "start": start,
            "end": end,
            "text": found.text[max(0, start) : end],
            "next": _next(place, start, TEXT_PAGE, len(found.text)),
        }


def _documents(served: Served, offset: int) -> dict[str, Any]:
    every = _or_none(served.documents)
    page = every[max(0, offset) : max(0, offset) + PAGE]
    return {
        "total": len(every),
        "documents": [
            info_json(info)
            | {
                "sections": f"wenju://sections/0/{quote(info.name)}",
                "text": f"wenju://text/0/{quote(info.name)}",
            }
            for info in page
        ],
        "next": _next("wenju://documents/{}", offset, PAGE, len(every)),
    }


def _next(place: str, start: int, step: int, total: int) -> str | None:
    return place.format(max(0, start) + step) if max(0, start) + step < total else None


def _or_none(what: Callable[[], T]) -> T:
    """What is asked for; an expected error is told to the client, any other one is not."""
    try:
        return what()
    except RagError as error:
        raise ResourceError(str(error)) from None


def _or_say(what: Callable[[], T]) -> T:
    """As `_or_none`, for a tool."""
    try:
        return what()
    except RagError as error:
        raise ToolError(str(error)) from None


def http_app(server: MCPServer[Any]) -> ASGIApp:
    """The server as an ASGI application at `/mcp`. It keeps nothing between requests, and
    leaves to the gate in front of it who is let in."""
    return server.streamable_http_app(
        streamable_http_path=HTTP_PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
