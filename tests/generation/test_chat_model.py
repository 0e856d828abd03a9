"""The chat model over real HTTP: what it says, what goes wrong, what is tried again."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rag.errors import (
    ContextTooLong,
    GenerationError,
    GenerationRefused,
    GenerationTimeout,
    SettingsError,
)
from rag.generation.chat_model import ChatMessage, ChatModel, GivenModel
from rag.settings import Chat
from tests.chat_server import ChatServer, Reply, serve

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-very-secret-0123456789"
PROMPT = [ChatMessage("system", "规则"), ChatMessage("user", "问题")]


def test_half_characters_of_an_answerer_are_joined_or_replaced() -> None:
    class Own:
        name = "own"

        def stream(self, *_: object) -> Iterator[str]:
            yield from ("对\ud83d", "\ude00，", "半个\ud83d")

    assert "".join(GivenModel(Own(), Chat()).stream(PROMPT)) == "对😀，半个\ufffd"


def _thought(n: int) -> bytes:
    """A chunk of thinking that is no text of the answer."""
    delta = {"role": "assistant", "reasoning_content": f"想{n}"}
    choices = [{"index": 0, "delta": delta, "finish_reason": None}]
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": choices,
        }
    ).encode()


def model(server: ChatServer, **changes: Any) -> ChatModel:
    return ChatModel(server.settings(**changes), {"OPENAI_API_KEY": KEY})


def failure(server: ChatServer, **changes: Any) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        model(server, **changes).reply(PROMPT)
    assert KEY not in str(caught.value)
    assert server.url in str(caught.value) or "chat." in str(caught.value)
    return caught.value


def test_pieces_come_as_they_are_sent_and_the_request_says_what_is_set() -> None:
    with serve(Reply(["双礁", "大桥", "。[1]"])) as server:
        pieces = [p for p in model(server, temperature=0.3).stream(PROMPT, max_tokens=77) if p]
        assert pieces == ["双礁", "大桥", "。[1]"]
        (request,) = server.requests
        assert request["messages"] == [
            {"role": "system", "content": "规则"},
            {"role": "user", "content": "问题"},
        ]
        assert (request["model"], request["temperature"], request["stream"]) == (
            "scripted", 0.3, True,
        )  # fmt: skip
        assert 77 in (request.get("max_tokens"), request.get("max_completion_tokens"))
        assert server.keys == [f"Bearer {KEY}"]


def test_the_own_variable_comes_before_the_common_one() -> None:
    with serve(Reply(["好。"])) as server:
        environ = {"OPENAI_API_KEY": "common", "RAG_API_KEY": "own"}
        assert ChatModel(server.settings(), environ).reply(PROMPT) == "好。"
        assert ChatModel(server.settings(), {}).reply(PROMPT) == "好。"
        assert server.keys == ["Bearer own", "Bearer none"]


def test_a_wrong_key_is_said_once_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = Reply(status=401, error={"message": f"Incorrect API key provided: {KEY}"})
    with serve(wrong) as server:
        error = failure(server)
        assert "401" in str(error) and "RAG_API_KEY" in str(error)
        assert not error.retryable and len(server.requests) == 1
    assert KEY not in caplog.text


def test_an_unknown_model() -> None:
    with serve(Reply(status=404, error={"message": "no such model"})) as server:
        error = failure(server)
        assert "'scripted'" in str(error) and "/models" in str(error)
        assert not error.retryable and len(server.requests) == 1


def test_too_many_requests_are_tried_again_after_the_time_that_is_asked_for() -> None:
    busy = Reply(status=429, error={"message": "slow down"}, headers={"Retry-After": "0.01"})
    with serve(busy, busy, Reply(["好。"])) as server:
        assert model(server, max_retries=2).reply(PROMPT) == "好。"
        assert len(server.requests) == 3


def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    busy = Reply(status=429, error={"message": "slow down"}, headers={"Retry-After": "3600"})
    with serve(busy) as server:
        error = failure(server)
        assert "429" in str(error) and error.retryable and len(server.requests) == 1


def test_an_empty_account_is_not_tried_again() -> None:
    with serve(Reply(status=429, error={"message": "insufficient_quota"})) as server:
        error = failure(server)
        assert "credit" in str(error) and not error.retryable and len(server.requests) == 1


def test_a_failing_server_is_tried_as_often_as_is_set() -> None:
    failing = Reply(status=500, error={"message": "boom"}, headers={"Retry-After": "0"})
    with serve(failing) as server:
        error = failure(server, max_retries=1)
        assert "500" in str(error) and "boom" in str(error) and error.retryable
        assert len(server.requests) == 2


def test_a_prompt_that_is_too_long_has_an_error_of_its_own() -> None:
    for message in (
        "This model's maximum context length is 4096 tokens. However, you requested 5000",
        "the request exceeds the available context size (4096 tokens)",
    ):
        with serve(Reply(status=400, error={"message": message})) as server:
            error = failure(server)
            assert isinstance(error, ContextTooLong) and "context_tokens" in str(error)
            assert len(server.requests) == 1


def test_a_filtered_reply_is_a_refusal() -> None:
    with serve(Reply(["不"], finish="content_filter")) as server:
        assert isinstance(failure(server), GenerationRefused)


def test_a_server_that_says_nothing_in_time() -> None:
    with serve(Reply(["晚了"], wait=0)) as server:
        error = failure(server, timeout_seconds=0.2, max_retries=2)
        assert isinstance(error, GenerationTimeout) and "0.2 s" in str(error)
        assert len(server.requests) == 1
        assert server.left.wait(300)


def test_a_reply_that_stalls_is_no_complete_one() -> None:
    with serve(Reply(["前半", "后半"], wait=1)) as server:
        error = failure(server, timeout_seconds=0.2)
        assert isinstance(error, GenerationTimeout) and len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(["前半"], cut=True),
        Reply(["前半"], finish=None),
        Reply(["前半", b"data: {nonsense\n\n"]),
        Reply(["前半", b'data: {"error": {"message": "worker died"}}\n\n']),
    ],
    ids=["dropped", "no reason", "malformed", "error"],
)
def test_a_reply_that_breaks_off_is_no_complete_one(reply: Reply) -> None:
    with serve(reply) as server:
        stream, got = model(server).stream(PROMPT), ""
        with pytest.raises(GenerationError, match="cut off in the middle") as caught:
            for piece in stream:
                got += piece
        assert got == "前半" and caught.value.retryable and len(server.requests) == 1


def test_a_malformed_first_chunk_is_tried_again() -> None:
    with serve(Reply([b"data: {nonsense\n\n"]), Reply(["好。"])) as server:
        assert model(server).reply(PROMPT) == "好。"


def test_an_empty_reply_is_an_error() -> None:
    with serve(Reply([], finish="length")) as server:
        assert "max_answer_tokens" in str(failure(server))


def test_no_server_at_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}/v1"
        settings = Chat(model="openai:x", base_url=url, max_retries=0)
        with pytest.raises(
            GenerationError, match=r"no connection to http://127\.0\.0\.1"
        ) as caught:
            ChatModel(settings, {}).reply(PROMPT)
    assert "refused" in str(caught.value) and "secret" not in str(caught.value)


def test_leaving_ends_the_request_before_and_after_the_first_word() -> None:
    for wait, said in ((0, [""]), (1, ["前半"])):
        with serve(Reply(["前半", "后半"], wait=wait)) as server:
            stream = model(server).stream(PROMPT)
            assert [next(p for p in stream if p or not wait)] == said
            stream.close()
            assert server.left.wait(300)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingsError, match="no chat model"):
        ChatModel(Chat(), {})
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        ChatModel(Chat(model="openai:x"), {}).reply(PROMPT)
    with pytest.raises(SettingsError, match="nowhere"):
        ChatModel(Chat(model="nowhere:x"), {}).reply(PROMPT)


def test_many_threads_get_their_own_replies() -> None:
    with serve(*(Reply([f"第{n}", "句。"]) for n in range(16)), Reply([])) as server:
        chat = model(server)
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: chat.reply(PROMPT), range(16)))
    assert sorted(replies) == sorted(f"第{n}句。" for n in range(16))


def test_what_a_request_needs_is_imported_beforehand() -> None:
    program = (
        "import sys, time\n"
        "from rag.generation.chat_model import ChatModel\n"
        "from rag.settings import Chat\n"
        "ChatModel(Chat(model='openai:any', base_url='http://127.0.0.1:9/v1')).prepare()\n"
        "ChatModel(Chat(model='nobody:any')).prepare()\n"
        "deadline = time.monotonic() + 300\n"
        "while 'langchain_openai' not in sys.modules and time.monotonic() < deadline:\n"
        "    time.sleep(0.05)\n"
        "print('langchain_openai' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nothing_is_sent_on_to_another_server(status: int) -> None:
    with serve(Reply(["别处。"])) as elsewhere:
        to = {"location": f"{elsewhere.url}/chat/completions"}
        with serve(Reply(status=status, headers=to)) as server:
            error = failure(server)
            assert (str(elsewhere.url) in str(error), error.retryable) == (True, False)
            assert "chat.base_url" in str(error)
            assert len(server.requests) == 1
        assert elsewhere.requests == []


def test_a_server_may_send_on_to_itself() -> None:
    with serve(Reply(status=307, headers={"location": "/v1/other"}), Reply(["好。"])) as server:
        assert model(server).reply(PROMPT) == "好。"
        assert [one["messages"] for one in server.requests] == [server.requests[0]["messages"]] * 2


def test_half_characters_of_a_reply_are_joined_or_replaced() -> None:
    with serve(Reply(["好\ud83d", "\ude00。\udc00", "再\ud83d"])) as server:
        pieces = [piece for piece in model(server).stream(PROMPT) if piece]
        assert "".join(pieces) == "好😀。\ufffd再\ufffd"


@pytest.mark.parametrize(
    ("pieces", "limit"),
    [
        ([f"第{n}句。" for n in range(400)], {"max_reply_characters": 500}),
        ([b"data: {}\n\n".replace(b"{}", _thought(n)) for n in range(400)], {"max_reply_characters": 100}),
        ([f"这句话说了{'又' * (n // 90)}说。" for n in range(400)], {"max_repeated_characters": 200}),
    ],
    ids=["long", "hidden thinking", "the same again and again"],
)  # fmt: skip
def test_a_reply_without_end_is_ended(pieces: list[str | bytes], limit: dict[str, int]) -> None:
    """Whatever the server was asked for; the request ends with it."""
    with serve(Reply([*pieces, "last"], wait=len(pieces))) as server:
        error = failure(server, **limit)
        assert "and was ended" in str(error) and next(iter(limit)) in str(error)
        assert not error.retryable and len(server.requests) == 1
        assert server.left.wait(300)


def test_a_reply_that_takes_all_its_time_is_ended_although_it_goes_on() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "又"
            time.sleep(0.02)

    with serve(Reply(endless())) as server:
        error = failure(server, max_reply_seconds=0.4, max_reply_characters=300)
        assert "took 0.4 seconds, the limit" in str(error)
        assert server.left.wait(300)


def test_leaving_a_reply_ends_the_request_at_once() -> None:
    with serve(Reply(["一句。", "没有完。"], wait=1)) as server:
        pieces = model(server).stream(PROMPT)
        assert next(piece for piece in pieces if piece) == "一句。"
        pieces.close()
        assert server.left.wait(300)
