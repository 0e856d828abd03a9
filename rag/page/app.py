"""The page as Gradio blocks, mounted on an application. The door to gradio, with `chat`."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from typing import Any

import gradio as gr
from fastapi import FastAPI

from rag.errors import UnknownCollection
from rag.i18n import Messages, all_texts, messages, told
from rag.page.chat import EVENTS_SCRIPT, Room, Rooms, Sitting, Talk
from rag.page.render import error_html, stop_html
from rag.page.turns import escape
from rag.page.views import (
    documents_html,
    header_html,
    panel_html,
    reader_html,
    scope_html,
    settings_html,
    talks_html,
    welcome_html,
)
from rag.retrieval.query import MAX_QUESTION_CHARACTERS

_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_MONO = ("ui-monospace", "Consolas", "monospace")


def mount_page(app: FastAPI, rooms: Rooms, language: str, *, keeping: bool = False) -> FastAPI:
    """Puts the page at `/` of `app`, in `language` for browsers that ask for none. With `keeping`
    conversations are kept; `app` then serves `rag.serving.routes.documents` and
    `rag.serving.routes.questions`, and the page shows both."""

    async def in_a_loop() -> FastAPI:
        return mount()

    def mount() -> FastAPI:
        return _mount(app, page(rooms, language, keeping=keeping), language)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Where no event loop runs, gradio makes some, sets them for the thread, leaves them open.
        return asyncio.run(in_a_loop())
    return mount()


def _mount(app: FastAPI, blocks: gr.Blocks, language: str) -> FastAPI:
    styles = "".join(
        map(_file, ("page.css", "talking.css", "documents.css", "forms.css", "reading.css"))
    )
    # First of the scripts: the texts, and which of them this browser wants.
    names = (
        *(
            "base.js",
            "ways.js",
            "page.js",
            "documents.js",
            "reader.js",
            "adding.js",
            "collections.js",
            "settings.js",
        ),
        *("talking.js", "scope.js", "conversations.js", "evidence.js", "pictures.js"),
    )
    texts = json.dumps({"language": language, "texts": all_texts()}, ensure_ascii=False)
    scripts = f"window.wjMessages = {texts};\n" + "".join(map(_file, names))
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


def page(rooms: Rooms, language: str, *, keeping: bool = False) -> gr.Blocks:
    """The page: head, conversation, question, evidence; with `keeping` documents and
    conversations. It is built in `language` and shown in the one that a browser asks for."""
    say = messages(language)
    room = rooms("")
    blocks: gr.Blocks
    with gr.Blocks(title="文据 Wenju", analytics_enabled=False, fill_width=True) as blocks:
        head = _html(_head(room, say, keeping=keeping), "wj-head")
        with gr.Row(elem_id="wj-main"):
            with gr.Column(elem_id="wj-talk"):
                welcome = _html(_welcome(room, say, keeping=keeping), "wj-hello")
                past = _html("", "wj-past")
                now = _html("", "wj-now")
                with gr.Column(elem_id="wj-ask"):
                    chosen = _html(scope_html(say) if keeping else "", "wj-scope")
                    where = gr.Textbox(visible=False)
                    question = gr.Textbox(
                        placeholder=say("question.placeholder"),
                        label=say("question.label"),
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=6,
                        max_length=MAX_QUESTION_CHARACTERS,
                        autofocus=True,
                        submit_btn=say("question.send"),
                        elem_id="wj-question",
                    )
                    stop = _html(stop_html(say), "wj-stop")
            with gr.Column(elem_id="wj-side"):
                panel = _html(panel_html(say), "wj-evidence")
        views = {chosen: scope_html} if keeping else {}
        if keeping:
            views[_html(documents_html(say), "wj-documents")] = documents_html
            views[_html(reader_html(say), "wj-reader")] = reader_html
            views[_html(talks_html(say), "wj-talks")] = talks_html
            views[_html(settings_html(say), "wj-settings")] = settings_html
        identity = gr.HTML("", elem_id="wj-id", js_on_load=EVENTS_SCRIPT, apply_default_css=False)
        talk = Talk(rooms, language, gr.State(Sitting()), question, where, past, now, identity)
        talk.connect(blocks)

        def opened(request: gr.Request) -> dict[Any, Any]:
            """What the page says of itself, at every load: the index may have grown, and the
            browser may want another language."""
            say = talk.say(request)
            try:
                room = talk.room(request)
                top, first = _head(room, say, keeping=keeping), _welcome(room, say, keeping=keeping)
            except UnknownCollection as error:
                top = header_html(None, say, documents=keeping)
                first = error_html(escape(told(error, say.language)))
            changes: dict[Any, Any] = {head: top, welcome: first}
            if say.language == language:
                return changes
            return (
                changes
                | {view: html(say) for view, html in views.items()}
                | {
                    panel: panel_html(say),
                    stop: stop_html(say),
                    question: gr.Textbox(
                        placeholder=say("question.placeholder"),
                        label=say("question.label"),
                        submit_btn=say("question.send"),
                    ),
                }
            )

        blocks.load(
            opened,
            outputs=[head, welcome, panel, stop, question, *views],
            queue=False,  # see rag.page.chat
            show_progress="hidden",
            api_visibility="private",
        )
    return blocks


def _head(room: Room, say: Messages, *, keeping: bool) -> str:
    return header_html(room.status(), say, documents=keeping)


def _welcome(room: Room, say: Messages, *, keeping: bool) -> str:
    return welcome_html(room.status(), room.examples, say, documents=keeping)


def _html(value: str, name: str) -> gr.HTML:
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)
