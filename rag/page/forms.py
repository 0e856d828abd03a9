"""The views of the documents and of the settings, as HTML; the page's scripts fill them."""

from __future__ import annotations

from rag.page.messages import CHINESE, Messages

_COLLECTION_ACTS = ("new", "rename", "delete")
_FILTERS = ("document", "since", "until", "source", "tag")
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
        '<p class="wj-docs-note" role="status"></p><ul class="wj-docs-list"></ul>'
        '<button type="button" class="wj-plain wj-docs-rest" hidden></button></section>'
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
        f'data-pick="wj-pick-folder">{say("docs.folder")}</button></div>'
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


def settings_html(say: Messages = CHINESE) -> str:
    """The view of the settings."""
    numbers = "".join(
        f'<label>{say(f"settings.{name}")}<input class="wj-field" type="number" name="{name}" '
        f'min="{low}" max="{high}" step="{step}" required></label>'
        for name, low, high, step in _NUMBERS
    )
    languages = "".join(
        f'<button type="button" class="wj-second-button wj-language" data-language="{language}" '
        f'lang="{tag}" aria-pressed="{str(language == say.language).lower()}">'
        f"{say(f'language.{language}')}</button>"
        for language, tag in _TAGS.items()
    )
    return (
        f'<section class="wj-settings" aria-label="{say("settings.title")}">'
        f"<form novalidate><fieldset><legend>{say('settings.group_model')}</legend>"
        f"{_text(say, 'model')}{_text(say, 'base_url')}"
        f'<p class="wj-hint wj-settings-fixed" hidden>{say("settings.fixed")}</p>'
        f'<p class="wj-hint">{say("settings.key")} <span class="wj-settings-key"></span></p>'
        f'<p><button type="button" class="wj-second-button wj-settings-test">'
        f'{say("settings.test")}</button></p><p class="wj-settings-tested" role="status"></p>'
        f"</fieldset><fieldset><legend>{say('settings.group_answer')}</legend>"
        f'<label class="wj-check"><input type="checkbox" name="strict"> {say("settings.strict")}'
        f'</label><div class="wj-fields">{numbers}</div></fieldset>'
        f'<p><button class="wj-main-button">{say("settings.save")}</button> '
        '<span class="wj-settings-note" role="status"></span></p></form>'
        f'<div class="wj-settings-toml" hidden><p class="wj-hint"><span class="wj-settings-scope">'
        f'</span> {say("settings.toml")}</p><pre tabindex="0" aria-label="rag.toml"><code></code>'
        f'</pre><p><button type="button" class="wj-plain wj-settings-reset">'
        f"{say('settings.reset')}</button></p></div>"
        f'<fieldset><legend>{say("settings.language")}</legend><p class="wj-docs-buttons '
        f'wj-languages">{languages}</p></fieldset></section>'
    )


def _text(say: Messages, name: str) -> str:
    return (
        f'<label>{say(f"settings.{name}")}<input class="wj-field" name="{name}" autocomplete="off" '
        f'spellcheck="false" placeholder="{say(f"settings.{name}_hint")}"></label>'
    )
