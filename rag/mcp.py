"""The assistant as tools of the Model Context Protocol. The door to `mcp`.

Three tools, none of which changes anything: `search`, `ask`, `read_passage`. They give what the
commands give with `--json`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import Field
from starlette.types import ASGIApp

from rag import __version__
from rag.errors import ModelUnavailable, RagError
from rag.http.filters import Restricted
from rag.http.neighbours import DEFAULT_AROUND, MAX_AROUND, neighbours_json
from rag.types import Answer, Document, Filter, Passage, Span
from rag.wire import answer_json, passage_json

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp_types import ToolAnnotations
except ImportError as error:
    raise ModelUnavailable(f"{error}; install it with: pip install 'wenju[mcp]'") from None

T = TypeVar("T")
HTTP_PATH = "/mcp"
INSTRUCTIONS = (
    "Questions about the user's own documents, mainly Chinese ones. `ask` gives an answer whose "
    "sentences each carry a quotation that was checked; status nearest means that the documents "
    "speak of the subject but do not answer (`missing` says what they lack, the sentences are only "
    "what comes nearest); status no_evidence means that the "
    "documents hold no answer. `ask` also tells about the documents themselves: how many, which, "
    "the newest, which mention a term; of one its date, author, chapters, a section, a summary. "
    "`search` gives passages; `read_passage` what stands around one. "
    "`where` narrows both to some of the documents."
)

Question = Annotated[str, Field(description="A question or keywords, in the documents' language")]
Where = Annotated[
    Restricted | None,
    Field(
        description="Only these documents: `document` patterns of names (* and ?, ** across "
        "folders), `since` and `until` dates (YYYY, YYYY-MM or YYYY-MM-DD), `source`, `tag`"
    ),
]


class Assistant(Protocol):
    """What the tools need of `rag.Assistant`."""

    def search(  # noqa: D102
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]: ...
    def ask(self, question: str, *, where: Filter | None = None) -> Answer: ...  # noqa: D102


def mcp_server(assistant: Assistant, document: Callable[[str], Document]) -> MCPServer[Any]:
    """The server; `document` gives a document by its name."""
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
        where: Where = None,
    ) -> dict[str, Any]:
        """Passages of the documents that are nearest to a question, best first. `start` and
        `end` count the characters of the document's text."""
        found = _or_say(lambda: assistant.search(question, k, _filter(where)))
        return {"passages": [passage_json(passage) for passage in found]}

    @server.tool(annotations=reads)
    def ask(question: Question, where: Where = None) -> dict[str, Any]:
        """An answer from the documents. Each sentence says how well it is supported and cites
        quotations; `[n]` in `text` is the rank of a passage. Status `nearest`: the documents speak
        of the subject but do not answer, `missing` says what they lack; status `no_evidence`: there
        is no answer in the documents, and `passages` are those that came nearest."""
        return answer_json(_or_say(lambda: assistant.ask(question, where=_filter(where))))

    @server.tool(annotations=reads)
    def read_passage(
        name: Annotated[str, Field(description="`document` of a passage or a citation")],
        start: Annotated[int, Field(ge=0, description="Its `start`")],
        end: Annotated[int, Field(ge=0, description="Its `end`")],
        around: Annotated[
            int, Field(ge=0, le=MAX_AROUND, description="Characters wanted on both sides")
        ] = DEFAULT_AROUND,
    ) -> dict[str, Any]:
        """The characters `start` to `end` of a document, and what stands before and after."""
        found = _or_say(lambda: document(name))
        try:
            return neighbours_json(found, Span(start, end), around)
        except (IndexError, ValueError) as error:
            raise ToolError(str(error)) from None

    return server


def _filter(where: Restricted | None) -> Filter | None:
    return None if where is None else where.where()


def _or_say(what: Callable[[], T]) -> T:
    """What is asked for; an expected error is told to the client, any other one is not."""
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
