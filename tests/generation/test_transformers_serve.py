"""The real `transformers serve` with a tiny Qwen2 model of random weights, made here: what it
says is nonsense, and all of it must come out as unsupported."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rag import Assistant, Settings
from rag.errors import GenerationError
from rag.generation.chat_model import ChatMessage, ChatModel
from rag.settings import Chat
from rag.types import Done, Retrieved, Support, Text

pytest.importorskip("transformers", reason="pip install 'transformers[serving]'")
pytest.importorskip("accelerate", reason="pip install 'transformers[serving]'")

START_SECONDS = 300
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<unk>", "<|im_start|>", "<|im_end|>"]


def make_model(folder: Path) -> None:
    """A model of some 40,000 weights whose tokens are single characters; the end of a turn is
    out of its reach, so that it always says as much as it may."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    said = [chr(code) for code in range(0x4E00, 0x4E00 + 400)] + list("。，；[]123")
    characters = [chr(code) for code in range(0x20, 0x7F)] + ["\n"]
    vocabulary = {text: i for i, text in enumerate(dict.fromkeys(SPECIAL + said + characters))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        eos_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=TEMPLATE,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(20)
    config = Qwen2Config(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        eos_token_id=vocabulary["<|im_end|>"],
    )
    model = Qwen2ForCausalLM(config)
    model.generation_config.suppress_tokens = [vocabulary[text] for text in SPECIAL]
    model.save_pretrained(folder)


def free_port() -> int:
    """None of those that the system gives to whoever asks for any: until the server listens there,
    another test could get it."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    folder = tmp_path_factory.mktemp("qwen2")
    make_model(folder / "model")
    port = free_port()
    program = Path(sys.executable).with_name("transformers")
    command = shutil.which(str(program)) or pytest.fail(f"no {program}")
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command, "serve", str(folder / "model"), "--port", str(port), "--device", "cpu"],
            env={**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            yield Chat(
                model=f"openai:{folder / 'model'}",
                base_url=f"http://127.0.0.1:{port}/v1",
                max_answer_tokens=60,
                temperature=1.0,
            )
        finally:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text("utf-8", "replace")
            time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8", "replace"))


def test_all_that_it_says_is_unsupported(server: Chat, small: Assistant) -> None:
    assistant = Assistant(small.index, Settings(chat=server))
    events = list(assistant.stream("白泽灯塔建于何时？"))
    assert isinstance(events[0], Retrieved) and isinstance(events[-1], Done)
    answer = events[-1].answer
    assert answer.model == server.model and answer.prompted
    assert len([event for event in events if isinstance(event, Text) and event.piece]) > 1
    assert answer.sentences
    assert {sentence.support for sentence in answer.sentences} == {Support.UNSUPPORTED}
    assert answer.short is None


def test_strict_says_nothing_of_it(server: Chat, small: Assistant) -> None:
    chat = server.model_copy(update={"strict": True})
    answer = Assistant(small.index, Settings(chat=chat)).ask("白泽灯塔建于何时？")
    assert (answer.sentences, answer.status.value) == ((), "no_evidence")


def test_it_can_be_left_and_asked_again(server: Chat) -> None:
    model = ChatModel(server, {})
    stream = model.stream([ChatMessage("user", "说")], 300)
    assert next(piece for piece in stream if piece)
    stream.close()
    assert model.reply([ChatMessage("user", "说")], 5)


def test_its_errors_are_understood(server: Chat) -> None:
    wrong = server.model_copy(update={"base_url": server.base_url + "/nowhere", "max_retries": 0})
    with pytest.raises(GenerationError, match="404"):
        ChatModel(wrong, {}).reply([ChatMessage("user", "说")])
