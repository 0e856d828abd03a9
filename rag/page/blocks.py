"""The page as Gradio blocks, mounted on an application. The door to gradio, with `talk`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.resources import files

import gradio as gr
from fastapi import FastAPI

from rag.answering.query import MAX_QUESTION_CHARACTERS
from rag.page.conversations import Conversations
from rag.page.render import (
    DOCUMENTS_HTML,
    PANEL_HTML,
    TALKS_HTML,
    header_html,
    welcome_html,
)
from rag.page.streaming import Answers
from rag.page.talk import EVENTS_SCRIPT, Talk
from rag.types import IndexStatus

_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_MONO = ("ui-monospace", "Consolas", "monospace")
# Examples call `trigger`, which hands the event to Python.
_EXAMPLES_SCRIPT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-question]');
  if (button) trigger('ask', { question: button.dataset.question });
});
"""


def mount_page(
    app: FastAPI,
    assistant: Answers,
    status: Callable[[], IndexStatus],
    examples: Sequence[str] = (),
    kept: Conversations | None = None,
) -> FastAPI:
    """Puts the page at `/` of `app`. `status` is asked at every load of the page. With `kept`,
    conversations are; `app` then serves `rag.http.documents` and `rag.http.conversations`, and
    the page shows both."""

    async def in_a_loop() -> FastAPI:
        return mount()

    def mount() -> FastAPI:
        return _mount(app, page(assistant, status, examples, kept))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Where no event loop runs, gradio makes some, sets them for the thread, leaves them open.
        return asyncio.run(in_a_loop())
    return mount()


def _mount(app: FastAPI, blocks: gr.Blocks) -> FastAPI:
    styles = "".join(map(_file, ("page.css", "documents.css")))
    scripts = "".join(map(_file, ("page.js", "documents.js", "conversations.js", "evidence.js")))
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
    kept: Conversations | None = None,
) -> gr.Blocks:
    """The page: head, conversation, question, evidence; documents, conversations."""
    documents = kept is not None

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
        if kept is not None:
            _html(DOCUMENTS_HTML, "wj-documents")
            _html(TALKS_HTML, "wj-talks")
        identity = gr.HTML("", elem_id="wj-id", js_on_load=EVENTS_SCRIPT, apply_default_css=False)
        Talk(
            assistant, kept, turns, gr.State(None), question, welcome, past, now, identity
        ).connect(blocks)
        blocks.load(
            state,
            outputs=[head, welcome],
            show_progress="hidden",
            api_visibility="private",
        )
    return blocks


def _html(value: str, name: str) -> gr.HTML:
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)
