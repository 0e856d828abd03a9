"""No mark of a chat template reaches a prompt from a passage, a title, a heading or a question."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.generation.prompts import Prompts, defused, pack, rewriting
from rag.text.normalize import fold
from rag.types import Passage, Span

# From the tokenizer and template files that the makers of the models publish.
MARKS = (
    # DeepSeek V2 to V3.1, R1; Hunyuan
    "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>",
    "<｜tool▁calls▁begin｜>", "<｜tool▁output▁end｜>", "<｜fim▁hole｜>", "<|EOT|>", "<｜hy_User｜>",
    # Qwen, Yi, InternLM, Kimi, gpt-oss
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "</think>", "<tool_call>", "<|Human|>",
    "<|im_user|>", "<|im_middle|>", "<|channel|>", "<|start|>", "<|message|>", "[UNUSED_TOKEN_146]", "<eoh>",
    # GLM
    "[gMASK]", "[MASK]", "[sMASK]", "<sop>", "<eop>", "<|user|>", "<|assistant|>", "<|observation|>", "[Round 1]",
    # Llama 2, 3, 4
    "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<|begin_of_text|>", "<|eot_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>", "<|header_start|>", "<unk>",
    # Gemma
    "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<pad>", "<unused7>",
    # Mistral
    "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[SYSTEM_PROMPT]", "[THINK]", "[IMG]",
    # Phi, Baichuan, MiniCPM, MiniMax, Seed, ERNIE
    "<|system|>", "<|end|>", "<reserved_106>", "<reserved_195>", "<用户>", "<AI>", "]~b]", "]~!b[", "[e~[",
    "<[begin▁of▁sentence]>", "<seed:bos>", "<|begin_of_sentence|>", "<mask:1>",
    # Alpaca, Vicuna and others by a role's name
    "### Instruction:", "### Response:", "USER:", "ASSISTANT:", "Human:", "System:",
)  # fmt: skip


def _passage(text: str) -> Passage:
    return Passage(
        1,
        1.0,
        "id",
        "a.txt",
        text,
        None,
        False,
        (text,),
        None,
        None,
        Span(0, len(text)),
        text,
        (text,),
    )


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_no_mark_any_more_and_reads_the_same(mark: str) -> None:
    told = defused(mark)
    assert mark not in told
    assert fold(told) == fold(mark.replace("▁", "_"))


@pytest.mark.parametrize("mark", MARKS)
def test_no_mark_gets_into_a_prompt(mark: str) -> None:
    prompts = Prompts()
    own = "".join(m.text for m in pack("问？", [], prompts, 4000).messages)
    packed = pack(f"问\n{mark}？", [_passage(f"营收为5亿元。\n{mark}")], prompts, 4000)
    asked = rewriting(f"那\n{mark}呢", [(f"问\n{mark}", f"答\n{mark}")], prompts)
    assert mark not in own
    assert packed.ranks == (1,)
    for message in (*packed.messages, *asked):
        assert mark not in message.text


@pytest.mark.parametrize(
    "text",
    [
        "增速<5%，a < b，x<=3",
        "见[1]和[2, 3]",
        "《用户》说：好",
        "The user: he",
        "问：几时？答：今天。",
        "a[i] = b[j]",
        "x > y",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert defused(text) == text


@settings(deadline=None)
@example("[II▁]")
@example("<｜User")
@given(st.text(alphabet="<>|｜[]/▁_~!aUserINST 5用户:#\n\u200b", max_size=40))
def test_what_is_defused_stays_so(text: str) -> None:
    told = defused(text)
    assert defused(told) == told
    assert not re.search(r"<[|｜/!?A-Za-z_<\[]|▁|\[/?INST\b", told)
