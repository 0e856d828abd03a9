"""Every text of the page, once for each language: what Python writes and what its scripts do.

A text may hold `{name}`, which is replaced by the value of that name, and `{name:one|many}`, the
number of that name with the word that goes with it. Whole numbers are written with commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rag.page.messages import en, zh

DEFAULT = "zh"
_TEXTS: Mapping[str, Mapping[str, str]] = {"zh": zh.TEXTS, "en": en.TEXTS}
_FIELD = re.compile(r"\{(\w{1,40})(?::([^|{}]*)\|([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str | int) -> str:
        """The text of a key with its values; plain text, not HTML.

        >>> messages("en")("count.documents", documents=1)
        '1 document'
        """

        def filled(match: re.Match[str]) -> str:
            name, one, many = match.groups()
            value = values[name]
            shown = f"{value:,}" if isinstance(value, int) else value
            return shown if many is None else f"{shown} {one if value == 1 else many}"

        text = self.texts[key]
        return _FIELD.sub(filled, text) if values else text


def messages(language: str) -> Messages:
    """The texts of `language`, of the default where it is none of the page's."""
    known = language if language in _TEXTS else DEFAULT
    return Messages(known, _TEXTS[known])


def all_texts() -> dict[str, dict[str, str]]:
    """The texts of every language, by language and key, for the page's scripts."""
    return {language: dict(texts) for language, texts in _TEXTS.items()}


CHINESE = messages(DEFAULT)
