"""The page as Gradio blocks, mounted on an application. The door to gradio.

The conversation lives in the browser session's state: a tuple of `Turn`, the last one being
answered. Of it, `past` shows all but the last and is sent once for each question; `now` shows
the last and is sent for every event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from importlib.resources import files
from typing import Any

import gradio as gr
from fastapi import FastAPI

from rag.answering.query import MAX_QUESTION_CHARACTERS
from rag.page.render import (
    DOCUMENTS_HTML,
    PANEL_HTML,
    header_html,
    turn_html,
    welcome_html,
)
from rag.page.streaming import Answers, answering
from rag.page.turn import Turn
from rag.types import IndexStatus

# Older turns leave the page: a browser slows down over a conversation without end.
MAX_TURNS = 50
# Answers given at the same time; more wait in line.
MAX_CONCURRENT = 8
_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_MONO = ("ui-monospace", "Consolas", "monospace")
# Examples call `trigger`, which hands the event to Python.
_EXAMPLES_SCRIPT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-question]');
  if (button) trigger('ask', { question: button.dataset.question });
});
"""

Turns = tuple[Turn, ...]


def mount_page(
    app: FastAPI,
    assistant: Answers,
    status: Callable[[], IndexStatus],
    examples: Sequence[str] = (),
    *,
    documents: bool = False,
) -> FastAPI:
    """Puts the page at `/` of `app`. `status` is asked at every load of the page; `documents`
    says that `app` serves `rag.http.documents`, and the page shows them."""

    async def in_a_loop() -> FastAPI:
        return mount()

    def mount() -> FastAPI:
        return _mount(app, page(assistant, status, examples, documents=documents))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Where no event loop runs, gradio makes some, sets them for the thread, leaves them open.
        return asyncio.run(in_a_loop())
    return mount()


def _mount(app: FastAPI, blocks: gr.Blocks) -> FastAPI:
    styles = "".join(map(_file, ("page.css", "documents.css")))
    scripts = "".join(map(_file, ("page.js", "documents.js")))
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        allowed_paths=[],
        app_kwargs={"openapi_url": None},
        theme=gr.themes.Base(font=_FONTS, font_mono=_MONO),
        # Not `css`: gradio would put a prefix before each selector, those of the body included.
        head=f"<style>{styles}</style><script>{scripts}</script>",
    )
    return mounted


def _file(name: str) -> str:
    return files("rag.page").joinpath(name).read_text(encoding="utf-8")


def page(
    assistant: Answers,
    status: Callable[[], IndexStatus],
    examples: Sequence[str] = (),
    *,
    documents: bool = False,
) -> gr.Blocks:
    """The page: head, conversation, question, evidence, documents."""

    def state() -> tuple[str, str]:
        now = status()
        return (
            header_html(now, documents=documents),
            welcome_html(now, examples, documents=documents),
        )

    blocks: gr.Blocks
    with gr.Blocks(title="文据 Wenju", analytics_enabled=False, fill_width=True) as blocks:
        turns = gr.State(())
        head = _html(state()[0], "wj-head")
        with gr.Row(elem_id="wj-main"):
            with gr.Column(elem_id="wj-talk"):
                welcome = gr.HTML(
                    state()[1],
                    elem_id="wj-hello",
                    js_on_load=_EXAMPLES_SCRIPT,
                    apply_default_css=False,
                )
                past = _html("", "wj-past")
                now = _html("", "wj-now")
                question = gr.Textbox(
                    placeholder="问一个关于这些文档的问题",
                    label="问题",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=6,
                    max_length=MAX_QUESTION_CHARACTERS,
                    autofocus=True,
                    submit_btn="提问",
                    elem_id="wj-question",
                )
            with gr.Column(elem_id="wj-side"):
                _html(PANEL_HTML, "wj-evidence")
        if documents:
            _html(DOCUMENTS_HTML, "wj-documents")
        _connect(assistant, turns, question, (welcome, past, now))
        blocks.load(
            state,
            outputs=[head, welcome],
            show_progress="hidden",
            api_visibility="private",
        )
    return blocks


def _html(value: str, name: str) -> gr.HTML:
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)


def _connect(
    assistant: Answers,
    turns: gr.State,
    question: gr.Textbox,
    shown: tuple[gr.HTML, gr.HTML, gr.HTML],
) -> None:
    """Wires what happens when a question is sent, an example is clicked, an answer is stopped."""
    welcome, past, now = shown
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    async def respond(text: str, before: Turns) -> AsyncIterator[dict[Any, Any]]:
        if not text.strip():
            yield {question: gr.Textbox(value="")}
            return
        kept, turn = before[-MAX_TURNS + 1 :], Turn(text.strip())
        yield {
            question: gr.Textbox(value="", submit_btn=False, stop_btn="停止"),
            past: "".join(map(turn_html, kept)),
            now: turn_html(turn),
            turns: (*kept, turn),
        }
        async with aclosing(answering(assistant, turn)) as grown:
            async for turn in grown:
                yield {turns: (*kept, turn), now: turn_html(turn)}
        yield {question: gr.Textbox(submit_btn="提问", stop_btn=False)}

    def stop(before: Turns) -> dict[Any, Any]:
        stopped = (*before[:-1], before[-1].stop()) if before else ()
        return {
            turns: stopped,
            now: turn_html(stopped[-1]) if stopped else "",
            question: gr.Textbox(submit_btn="提问", stop_btn=False),
        }

    asked: dict[str, Any] = {
        "inputs": [question, turns],
        "outputs": [question, past, now, turns],
        "concurrency_limit": MAX_CONCURRENT,
        "concurrency_id": "answers",
    }
    sent = question.submit(respond, **asked, **quiet)
    picked = welcome.ask(_picked, outputs=[question], **quiet)
    chosen = picked.then(respond, **asked, **quiet)
    question.stop(
        stop, inputs=[turns], outputs=[turns, now, question], cancels=[sent, chosen], **quiet
    )


def _picked(event: gr.EventData) -> str:
    """The example that was clicked; what a browser sends is not trusted to be one."""
    return str(event.question)[:MAX_QUESTION_CHARACTERS]
