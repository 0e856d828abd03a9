"""What stands around the conversation, as HTML: the head, the welcome, the history, the panel; and
the views of the documents and of the settings, which the page's scripts fill.

All text that is not the page's own passes `escape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rag.i18n import CHINESE, Messages
from rag.page.turns import escape
from rag.settings import DEFAULT_INDEX
from rag.types import IndexStatus

_COLLECTION_ACTS = ("new", "rename", "delete")
_FILTERS = ("documents", "since", "until", "sources", "tags")
_DATE = ' inputmode="numeric" placeholder="2024-05"'
# Settings that are numbers: name, lowest, highest, step.
_NUMBERS = (
    ("k", 1, 1000, "1"),
    ("min_confidence", 0, 1, "0.01"),
    ("max_sentences", 1, 20, "1"),
    ("max_characters", 20, 10_000, "1"),
    ("max_answer_tokens", 16, 100_000, "1"),
)
_TAGS = {"zh": "zh-CN", "en": "en"}


def documents_html(say: Messages = CHINESE) -> str:
    """The view of the documents: the collection, files to add, what is found, the list."""
    return (
        f'<section class="wj-docs" aria-label="{say("docs.title")}">{_collections(say)}'
        f"{_adding(say)}{_finding(say)}"
        f'<p class="wj-docs-note" role="status"></p>{_picked(say)}<ul class="wj-docs-list"></ul>'
        '<button type="button" class="wj-plain wj-docs-rest" hidden></button></section>'
    )


def _picked(say: Messages) -> str:
    """What can be done with the documents that are ticked."""
    buttons = "".join(
        f'<button type="button" class="wj-plain" data-pick-act="{act}">{say(text)}</button>'
        for act, text in (
            ("ask", "docs.ask_picked"),
            ("export", "docs.export"),
            ("delete", "docs.delete"),
            ("all", "docs.pick_all"),
            ("none", "docs.pick_none"),
        )
    )
    return (
        f'<div class="wj-docs-picked" role="group" aria-label="{say("docs.picked_label")}" hidden>'
        f'<span role="status"></span>{buttons}</div>'
    )


def reader_html(say: Messages = CHINESE) -> str:
    """The view of a document: what is known of it, its outline, its text."""
    steps = "".join(
        f'<button type="button" class="wj-plain wj-read-step" data-step="{step}" hidden '
        f'aria-label="{say(text)}">{sign}</button>'
        for step, text, sign in ((-1, "read.previous", "‹"), (1, "read.next", "›"))
    )
    return (
        f'<section class="wj-read" aria-label="{say("read.title")}"><header class="wj-read-head">'
        f'<button type="button" class="wj-plain" data-view="docs">{say("read.back")}</button>'
        '<h2 class="wj-read-title" lang="zh-CN"></h2><p class="wj-hint wj-read-facts"></p></header>'
        f'<form class="wj-read-search" role="search"><input class="wj-field wj-read-find" '
        f'type="search" placeholder="{say("read.find")}" aria-label="{say("read.find")}">'
        f'{steps}<span class="wj-hint wj-read-count" role="status"></span>'
        f'<button type="button" class="wj-plain wj-read-ask-all">{say("read.ask")}</button></form>'
        '<p class="wj-docs-note wj-read-status" role="status"></p>'
        '<div class="wj-read-body">'
        f'<nav class="wj-read-outline" aria-label="{say("read.outline")}" hidden>'
        f"<h3>{say('read.outline')}</h3><ol></ol></nav>"
        '<article class="wj-read-text" lang="zh-CN"></article></div></section>'
    )


def _collections(say: Messages) -> str:
    """Which collection is shown, and what can be done with it; unseen where there can be only
    one. The name is typed once more before a collection is deleted."""
    buttons = "".join(
        f'<button type="button" class="wj-plain" data-collection="{act}" aria-expanded="false">'
        f"{say(f'collections.{act}')}</button>"
        for act in _COLLECTION_ACTS
    )
    forms = "".join(
        f'<form class="wj-collection-form" data-collection="{act}" hidden><label>'
        f'<span class="wj-hint">{say(f"collections.{act}_name")}</span> <input class="wj-field" '
        f'required maxlength="60" autocomplete="off" spellcheck="false"></label>'
        f'<button class="wj-plain">{say(f"collections.{act}_do")}</button></form>'
        for act in _COLLECTION_ACTS
    )
    return (
        f'<div class="wj-collections" hidden><label>{say("collections.label")} '
        '<select class="wj-field wj-collection"></select></label>'
        f"{buttons}{forms}</div>"
    )


def _adding(say: Messages) -> str:
    return (
        f'<div class="wj-docs-add"><p class="wj-docs-drop">{say("docs.drop")}</p>'
        '<div class="wj-docs-buttons">'
        '<button type="button" class="wj-main-button" data-pick="wj-pick-files">'
        f'{say("docs.files")}</button><button type="button" class="wj-second-button" '
        f'data-pick="wj-pick-folder">{say("docs.folder")}</button>'
        '<button type="button" class="wj-second-button wj-docs-again" hidden></button></div>'
        f'<input id="wj-pick-files" type="file" multiple hidden aria-label="{say("docs.files")}">'
        '<input id="wj-pick-folder" type="file" webkitdirectory hidden '
        f'aria-label="{say("docs.folder")}">'
        '<div class="wj-docs-progress" hidden><progress max="1" value="0" '
        f'aria-label="{say("docs.progress")}"></progress><span></span>'
        f'<button type="button" class="wj-plain wj-docs-cancel">{say("docs.cancel")}</button></div>'
        '<p class="wj-docs-note wj-docs-report" role="status"></p>'
        f'<div class="wj-docs-skipped" tabindex="0" role="region" '
        f'aria-label="{say("docs.report_label")}"></div></div>'
    )


def _finding(say: Messages) -> str:
    """One field for the list and, on return or by its button, for passages; filters for both."""
    fields = "".join(
        f'<label>{say(f"docs.filter_{name}")}<input class="wj-field" name="{name}" '
        f'autocomplete="off"{_DATE * (name in ("since", "until"))}></label>'
        for name in _FILTERS
    )
    return (
        '<form class="wj-docs-head" role="search"><span class="wj-docs-count" role="status"></span>'
        f'<input class="wj-docs-find" type="search" placeholder="{say("docs.find_hint")}" '
        f'aria-label="{say("docs.find")}"><button class="wj-plain">{say("docs.search")}</button>'
        f'<details class="wj-docs-filters"><summary>{say("docs.filters")}</summary>'
        f'<div class="wj-fields">{fields}</div><button type="button" class="wj-plain" '
        f'data-clear="filters">{say("docs.filter_clear")}</button></details></form>'
        '<section class="wj-docs-found" hidden aria-live="polite"><div class="wj-docs-head">'
        '<h2 class="wj-docs-count"></h2><button type="button" class="wj-plain" data-clear="found">'
        f'{say("docs.search_close")}</button></div><ol class="wj-docs-passages"></ol></section>'
    )


def scope_html(say: Messages = CHINESE) -> str:
    """What a question is asked of: a button that says so, what is chosen, and where to choose."""
    dates = "".join(
        f'<label>{say(f"docs.filter_{name}")}<input class="wj-field" name="{name}" '
        f'autocomplete="off"{_DATE}></label>'
        for name in ("since", "until")
    )
    return (
        '<div class="wj-scope"><button type="button" class="wj-plain wj-scope-open" '
        f'aria-expanded="false" aria-controls="wj-scope-panel">{say("scope.all")}</button>'
        f'<span class="wj-scope-chips" role="group" aria-label="{say("scope.chosen")}"></span>'
        f'<section class="wj-scope-panel" id="wj-scope-panel" aria-label="{say("scope.title")}" '
        f'hidden><div class="wj-docs-head"><input class="wj-field wj-scope-find" type="search" '
        f'placeholder="{say("scope.find")}" aria-label="{say("scope.find")}">'
        f'<button type="button" class="wj-plain wj-scope-close">{say("scope.close")}</button></div>'
        f'<ul class="wj-scope-list wj-scope-documents" aria-label="{say("docs.title")}"></ul>'
        '<p class="wj-hint wj-scope-note" role="status"></p>'
        f'<div class="wj-scope-tagged" hidden><span class="wj-hint">{say("scope.tags")}</span>'
        f'<ul class="wj-scope-list wj-scope-tags" aria-label="{say("scope.tags")}"></ul></div>'
        f'<div class="wj-fields wj-scope-dates">{dates}</div></section>'
        f'<select class="wj-plain wj-model" aria-label="{say("model.label")}"></select></div>'
    )


def settings_html(say: Messages = CHINESE) -> str:
    """The view of the settings."""
    numbers = "".join(
        f'<label>{say(f"settings.{name}")}<input class="wj-field" type="number" name="{name}" '
        f'data-label="{say(f"settings.{name}")}" min="{low}" max="{high}" step="{step}" '
        "required></label>"
        for name, low, high, step in _NUMBERS
    )
    languages = "".join(
        f'<button type="button" class="wj-second-button wj-language" data-language="{language}" '
        f'lang="{tag}" aria-pressed="{str(language == say.language).lower()}">'
        f"{say(f'language.{language}')}</button>"
        for language, tag in _TAGS.items()
    )
    return (
        f'<section class="wj-settings" aria-label="{say("settings.title")}"><form novalidate>'
        f"<fieldset><legend>{say('settings.group_model')}</legend>"
        f'<p class="wj-hint">{say("settings.about_model")}</p>'
        f'<p class="wj-hint wj-settings-fixed" hidden>{say("settings.fixed")}</p>{_servers(say)}'
        f"{_text(say, 'base_url')}{_text(say, 'key', 'password')}"
        f'<p class="wj-hint">{say("settings.key_note")} <span class="wj-settings-key"></span></p>'
        f'{_text(say, "model", listed="wj-models")}<datalist id="wj-models"></datalist>'
        f'<p class="wj-settings-do">{_act(say, "list")}{_act(say, "test")}</p>'
        '<p class="wj-settings-tested" role="status"></p>'
        f"</fieldset><fieldset><legend>{say('settings.group_answer')}</legend>"
        f'<label class="wj-check"><input type="checkbox" name="strict"> {say("settings.strict")}'
        f'</label><div class="wj-fields">{numbers}</div></fieldset>'
        f'<p><button class="wj-main-button">{say("settings.save")}</button> '
        '<span class="wj-settings-note" role="status"></span></p></form>'
        f'<p class="wj-settings-changed" hidden><span class="wj-hint wj-settings-scope"></span> '
        f"{_act(say, 'reset')}</p>"
        f'<fieldset><legend>{say("settings.language")}</legend><p class="wj-docs-buttons '
        f'wj-languages">{languages}</p></fieldset></section>'
    )


_PRESETS = (
    ("Ollama", "http://127.0.0.1:11434/v1", ""),
    ("LM Studio", "http://127.0.0.1:1234/v1", ""),
    ("llama.cpp", "http://127.0.0.1:8080/v1", ""),
    ("vLLM", "http://127.0.0.1:8000/v1", ""),
    ("DeepSeek", "https://api.deepseek.com/v1", "deepseek-chat"),
    ("DashScope", "https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen-plus"),
    ("OpenAI", "https://api.openai.com/v1", "gpt-4o-mini"),
)


def _servers(say: Messages) -> str:
    """What finds a server of chat models: a look at this machine, and addresses that are known."""
    presets = "".join(
        f'<button type="button" class="wj-plain" data-preset="{address}" data-model="{model}">'
        f"{name}</button>"
        for name, address, model in _PRESETS
    )
    return (
        f'<div class="wj-settings-servers"><p class="wj-settings-do">{_act(say, "look")}'
        f'<span class="wj-settings-found" role="group" aria-label="{say("settings.found")}"></span>'
        f'</p><p class="wj-settings-do" role="group" aria-label="{say("settings.presets")}">'
        f'<span class="wj-hint">{say("settings.presets")}</span>{presets}</p></div>'
    )


def _act(say: Messages, act: str) -> str:
    return (
        f'<button type="button" class="wj-second-button wj-settings-{act}" '
        f'data-settings="{act}">{say(f"settings.{act}")}</button>'
    )


def _text(say: Messages, name: str, kind: str = "text", listed: str = "") -> str:
    extra = f' list="{listed}"' if listed else ""
    label = say(f"settings.{name}")
    return (
        f'<label>{label}<input class="wj-field" name="{name}" type="{kind}" autocomplete="off" '
        f'spellcheck="false" data-label="{label}" placeholder="{say(f"settings.{name}_hint")}"'
        f"{extra}></label>"
    )


VIEWS = ("talk", "docs", "talks", "settings")  # in the head; a document is read from these
_NAMES = {
    "zh": '文据 <small lang="en">Wenju</small>',
    "en": 'Wenju <small lang="zh-CN">文据</small>',
}


def header_html(
    status: IndexStatus | None, say: Messages = CHINESE, *, documents: bool = False
) -> str:
    """The head of the page with the state of the index, None where there is none, and its name
    where it is not the standard one; with `documents` the way to them."""
    counts = name = older = ""
    if status is not None:
        counts = counts_text(status, say)
        folder = PurePath(status.index).name
        name = "" if folder == DEFAULT_INDEX.name else f" · <span>{escape(folder)}</span>"
        older = f' · <span class="wj-older">{say("status.older")}</span>' * status.stale
    return (
        f'<div class="wj-bar" data-language="{say.language}">'
        '<span class="wj-seal" aria-hidden="true" lang="zh-CN">据</span>'
        f"<h1>{_NAMES[say.language]}</h1>{_ways(say) if documents else ''}"
        f'<p class="wj-status"><span class="wj-counts">{counts}</span>{name}{older}</p>'
        f"{_switch(say)}</div>"
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
        f'data-view="docs">{say("welcome.add")}</button></p>'
    )
    command = (
        f"<p>{say('welcome.first')}</p>"
        f"<pre><code>rag index {say('welcome.folder')} --index {escape(status.index)}</code></pre>"
    )
    return (
        f'<div class="wj-welcome" data-documents="{status.documents}"><div class="wj-when-empty">'
        f'<p class="wj-hero">{say("welcome.empty")}</p>'
        f"{add if documents else command}"
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
        '</div><div class="wj-panel-body"></div></section>'
    )
