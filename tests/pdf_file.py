"""PDF files with text, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SIZE = 12
_LEFT, _TOP, _LEADING = 60, 760, 20
_CMAP = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
    "/CMapName /Own def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange "
    "1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end"
)
_FIRST = (
    (
        "<</Type/Font/Subtype/Type0/BaseFont/Own/Encoding/Identity-H"
        "/DescendantFonts[2 0 R]/ToUnicode 3 0 R>>"
    ),
    (
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/Own/DW 1000/FontDescriptor 4 0 R"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
    ),
    f"<</Length {len(_CMAP)}>>stream\n{_CMAP}\nendstream",
    (
        "<</Type/FontDescriptor/FontName/Own/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0"
        "/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
    ),
)


def pdf_file(pages: Iterable[Sequence[str]]) -> bytes:
    """A PDF file in which every page holds its lines of text, one below the other, 12 points
    high, every character as wide as high; the first line's lower left corner lies at (60, 760)
    from the page's lower left corner, on pages of 595 by 842."""
    objects = list(_FIRST)
    kids = []
    tree = len(_FIRST) + 1
    objects.append("")  # the tree of pages, which is not known yet
    for lines in pages:
        shown = f"BT /F {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td " + " ".join(
            f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines
        )
        objects.append(f"<</Length {len(shown) + 3}>>stream\n{shown} ET\nendstream")
        objects.append(
            f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F 1 0 R>>>>>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[tree - 1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    objects.append(f"<</Type/Catalog/Pages {tree} 0 R>>")
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
