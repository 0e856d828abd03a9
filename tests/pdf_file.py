"""PDF files with text, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_SIZE = 12
_LEFT, _TOP, _LEADING = 60, 760, 20
_FACTS = "/Registry(Adobe)/Ordering(Identity)/Supplement 0"


def _cmap(shift: int, more: str) -> str:
    """A map from codes to characters: each code, moved by `shift`, but for `more`."""
    parts = (
        f"<{high:02X}00> <{high:02X}FF> <{(high * 256 + shift) % 0x10000:04X}>"
        for high in range(256)
    )
    ranges = list(parts)
    groups = "".join(
        f"64 beginbfrange {' '.join(ranges[i : i + 64])} endbfrange " for i in range(0, 256, 64)
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def "
        f"/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange {groups}{more}"
        "endcmap end end"
    )


def font(
    name: str = "Own", *, shift: int | None = 0, height: int = 1000, more: str = ""
) -> list[str]:
    """The objects of a font, numbered from the place that `{0}` names, all of whose characters are
    as wide as its type; its codes are those of Unicode. `shift` moves what its map says they are;
    None leaves the map out. `height` is what it says of its highest characters, in thousandths;
    `more` is put to the map."""
    cmap = _cmap(shift or 0, more)
    named = "/ToUnicode {2} 0 R" if shift is not None else ""
    return [
        (
            f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
            f"/DescendantFonts[{{1}} 0 R]{named}>>"
        ),
        (
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/DW 1000/FontDescriptor {{3}} 0 R"
            f"/CIDSystemInfo<<{_FACTS}>>>>"
        ),
        f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream",
        (
            f"<</Type/FontDescriptor/FontName/{name}/Flags 4/ItalicAngle 0/StemV 80"
            f"/FontBBox[0 -200 1000 {height - 100}]/Ascent {height - 120}/Descent -120"
            "/CapHeight 700>>"
        ),
    ]


def chinese_font(direction: str = "H") -> list[str]:
    """The objects of a font that every reader of PDF files knows, for text that runs to the right
    (`H`) or down (`V`)."""
    return [
        (
            "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/DescendantFonts[{1} 0 R]"
            f"/Encoding/UniGB-UCS2-{direction}>>"
        ),
        (
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/FontDescriptor {2} 0 R"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>>>"
        ),
        (
            "<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]"
            "/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
        ),
    ]


def shown(text: str) -> str:
    """The code of an operator that shows `text` in a font of `font`."""
    return f"<{text.encode('utf-16-be').hex()}> Tj"


def at(x: float, y: float, text: str, size: float = _SIZE, name: str = "F") -> str:
    """The operators that set `text` from (`x`, `y`) on, from the lower left corner."""
    return f"BT /{name} {size} Tf {x} {y} Td {shown(text)} ET "


def pdf_file(pages: Iterable[Sequence[str]]) -> bytes:
    """A PDF file in which every page holds its lines of text, one below the other, 12 points
    high, every character as wide as high; the first line's lower left corner lies at (60, 760)
    from the page's lower left corner, on pages of 595 by 842."""
    return drawn_pdf(
        f"BT /F {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td "
        + " ".join(f"{shown(line)} T*" for line in lines)
        + " ET"
        for lines in pages
    )


def drawn_pdf(
    contents: Iterable[str],
    fonts: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[str] = (),
    form: str = "",
) -> bytes:
    """A PDF file of pages of 595 by 842 with these contents. `fonts` are known by their names
    beside `F`; `notes` are the annotations of the first page, `form` is the form of the file, in
    which `{0}` … are their numbers."""
    objects: list[str] = []
    named = ""
    for name, parts in {"F": font(), **(fonts or {})}.items():
        numbers = [len(objects) + 1 + i for i in range(len(parts))]
        named += f"/{name} {numbers[0]} 0 R"
        for part in parts:
            filled = part
            for i, number in enumerate(numbers):
                filled = filled.replace(f"{{{i}}}", str(number))
            objects.append(filled)
    objects += notes
    first = len(objects) - len(notes) + 1
    own = "/Annots[" + " ".join(f"{first + i} 0 R" for i in range(len(notes))) + "]"
    tree = len(objects) + 1
    objects.append("")  # the tree of pages, which is not known yet
    kids: list[str] = []
    for content in contents:
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
        objects.append(
            f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R"
            f"/Resources<</Font<<{named}>>>>{own if notes and not kids else ''}>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[tree - 1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    for i in range(len(notes)):
        form = form.replace(f"{{{i}}}", str(first + i))
    shape = f"/AcroForm{form}" if form else ""
    objects.append(f"<</Type/Catalog/Pages {tree} 0 R{shape}>>")
    return _written(objects)


def _written(objects: Sequence[str]) -> bytes:
    """The objects as a file; the last one is its root."""
    body, offsets = "%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj{item}endobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    return (
        f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}"
        f"trailer<</Size {count}/Root {count - 1} 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    ).encode("ascii")
