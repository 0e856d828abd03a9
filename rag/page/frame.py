"""What stands around the conversation, as HTML: the head, the welcome, the history, the panel.

All text that is not the page's own passes `escape`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.page.evidence import escape
from rag.page.messages import CHINESE, Messages
from rag.types import IndexStatus

VIEWS = ("talk", "docs", "talks", "settings")
_NAMES = {
    "zh": '文据 <small lang="en">Wenju</small>',
    "en": 'Wenju <small lang="zh-CN">文据</small>',
}
_TAGS = {"zh": "zh-CN", "en": "en"}


def header_html(status: IndexStatus, say: Messages = CHINESE, *, documents: bool = False) -> str:
    """The head of the page with the state of the index; with `documents` the way to them."""
    older = f' · <span class="wj-older">{say("status.older")}</span>' * status.stale
    counts = counts_text(status, say)
    return (
        f'<div class="wj-bar" data-language="{say.language}">'
        '<span class="wj-seal" aria-hidden="true" lang="zh-CN">据</span>'
        f"<h1>{_NAMES[say.language]}</h1>{_ways(say) if documents else ''}"
        f'<p class="wj-status"><span class="wj-counts">{counts}</span> · '
        f"<span>{escape(status.index)}</span>{older}</p>{_switch(say)}</div>"
    )


def counts_text(status: IndexStatus, say: Messages) -> str:
    """How much the index holds, in words."""
    documents = say("count.documents", documents=status.documents)
    return f"{documents} · {say('count.passages', passages=status.chunks)}"


def _ways(say: Messages) -> str:
    current = ' aria-current="page"'
    buttons = "".join(
        f'<button type="button" data-view="{view}"{current * (view == "talk")}>'
        f"{say(f'nav.{view}')}</button>"
        for view in VIEWS
    )
    new = escape(say("nav.new"))
    return (
        f'<nav class="wj-nav" aria-label="{say("nav.label")}">{buttons}<button type="button" '
        f'class="wj-new" data-act="new" aria-label="{new}" title="{new}">＋</button></nav>'
    )


def _switch(say: Messages) -> str:
    """The button to the other language, whose name it bears in that language."""
    other = "en" if say.language == "zh" else "zh"
    return (
        f'<button type="button" class="wj-language" data-language="{other}" lang="{_TAGS[other]}">'
        f"{say(f'language.{other}')}</button>"
    )


def welcome_html(
    status: IndexStatus,
    examples: Sequence[str],
    say: Messages = CHINESE,
    *,
    documents: bool = False,
) -> str:
    """What stands on the page before the first question; the page's script says how many
    documents there are when files are added."""
    buttons = "".join(
        f'<li><button type="button" data-act="example">{text}</button></li>'
        for text in map(escape, examples)
    )
    chips = (
        f'<ul class="wj-examples" aria-label="{say("welcome.examples")}">{buttons}</ul>'
        if examples
        else ""
    )
    add = (
        f'<p>{say("welcome.drop")}</p><p><button type="button" class="wj-main-button" '
        f'data-view="docs">{say("welcome.add")}</button></p><p>{say("welcome.command")}</p>'
    )
    return (
        f'<div class="wj-welcome" data-documents="{status.documents}"><div class="wj-when-empty">'
        f'<p class="wj-hero">{say("welcome.empty")}</p>'
        f"{add if documents else '<p>' + say('welcome.first') + '</p>'}"
        f"<pre><code>rag index {say('welcome.folder')} --index {escape(status.index)}</code></pre>"
        f'</div><div class="wj-when-filled"><p class="wj-hero">{say("welcome.ask")}</p>'
        f"<p>{say('welcome.promise')}</p>{chips}</div></div>"
    )


def talks_html(say: Messages = CHINESE) -> str:
    """The kept conversations: a view of their own and, where there is room, a list beside the
    conversation, which can be folded away."""
    fold = escape(say("talks.fold"))
    return (
        f'<button type="button" class="wj-talks-fold" aria-expanded="true" title="{fold}" '
        f'aria-label="{fold}"></button>'
        f'<section class="wj-talks" aria-label="{say("talks.title")}">'
        f'<button type="button" class="wj-second-button wj-talks-new" data-act="new">'
        f'{say("nav.new")}</button><div class="wj-docs-head">'
        f'<span class="wj-docs-count">{say("talks.kept")}</span>'
        f'<input class="wj-docs-find wj-talks-find" type="search" '
        f'placeholder="{say("talks.find_hint")}" aria-label="{say("talks.find")}"></div>'
        '<p class="wj-talks-note" role="status"></p>'
        '<ul class="wj-docs-list wj-talks-list"></ul></section>'
    )


def panel_html(say: Messages = CHINESE) -> str:
    """The panel beside the conversation, which shows the evidence."""
    title = say("evidence.title")
    return (
        f'<section class="wj-panel" aria-label="{title}" tabindex="-1">'
        f'<div class="wj-panel-bar"><span>{title}</span>'
        f'<button type="button" class="wj-close" aria-label="{say("evidence.close")}">✕</button>'
        '</div><div class="wj-panel-body" aria-live="polite"></div></section>'
    )
