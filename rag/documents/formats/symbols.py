"""Characters of symbol fonts that stand on codes of their own: ticks, boxes, arrows, Greek letters.

Office programs write them as codes from U+F000 on, or as a Latin letter in such a font, which
would be lost or read as that letter. Source: the code charts of Wingdings, Wingdings 2 and Symbol
(Microsoft), and the mapping of Symbol to Unicode (Unicode Consortium, `VENDORS/ADOBE/symbol.txt`).
"""

from __future__ import annotations

_PRIVATE = 0xF000
_WINGDINGS = {
    0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑",
    0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x9E: "·",
    0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "□", 0xD8: "➢", 0xDF: "←", 0xE0: "→",
    0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
    **{0x80 + i: mark for i, mark in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩")},
    **{0x8B + i: mark for i, mark in enumerate("⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
_WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●",
    0xA2: "■", 0xA3: "□",
    **{0x69 + i: mark for i, mark in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩")},
    **{0x74 + i: mark for i, mark in enumerate("⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
_SYMBOL = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεϕγηιφκλμνοπθρστυϖωξψζ", strict=True)),
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2D: "−", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥",
    0x7E: "∼", 0xA2: "′", 0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑",
    0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×",
    0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈",
    0xBC: "…", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xCC: "⊂",
    0xCD: "⊆", 0xCE: "∈", 0xCF: "∉", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™",
    0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔",
    0xDC: "⇐", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}


def is_symbol_font(font: str) -> bool:
    """Whether a font has codes of its own that are known here."""
    return _plain(font) in _FONTS


def symbol(code: int, font: str) -> str | None:
    """The character that a symbol font shows for a code, of its own or from U+F000 on. A code of
    the private area of which nothing is known but that it is one of a symbol font is looked for
    in Wingdings. None where it is unknown.

    >>> symbol(0xF0FE, "Wingdings"), symbol(0x6D, "Symbol"), symbol(0xF052, "Wingdings 2")
    ('☑', 'μ', '☑')
    """
    own = _FONTS.get(_plain(font), _WINGDINGS if code >= _PRIVATE else {})
    return own.get(code - _PRIVATE if code >= _PRIVATE else code)


def in_font(text: str, font: str) -> str:
    """A text in a font: as it is written but in a symbol font; unknown codes stay.

    >>> in_font("5 m", "Symbol"), in_font("\\uf0fe同意", "Wingdings")
    ('5 μ', '☑同意')
    """
    if not is_symbol_font(font) and not any("\\uf000" <= c <= "\\uf0ff" for c in text):
        return text
    return "".join(symbol(ord(c), font) or c for c in text)


def _plain(font: str) -> str:
    """The name of a font without the prefix of a subset and what is said of its style."""
    name = font.rpartition("+")[2].lower().replace("-regular", "").replace("_", " ").strip()
    return {"wingdings2": "wingdings 2", "symbolmt": "symbol"}.get(name, name)
