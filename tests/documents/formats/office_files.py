"""Flat OpenDocument files, from which the tests have LibreOffice make files of old programs."""

from __future__ import annotations

from rag.documents.formats.office import convert
from rag.settings import Reading

_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "number": "datastyle", "presentation": "presentation", "svg": "svg-compatible", "fo": "xsl-fo-compatible",
        "meta": "meta", "script": "script",
    }.items()
)  # fmt: skip
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<office:document {_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2" office:mimetype="application/'
    'vnd.oasis.opendocument.{}"><office:meta><dc:title>{}</dc:title><dc:date>2021-03-04T05:06:07</dc:date>'
    "</office:meta>{}<office:body>{}</office:body></office:document>"
)


def text_document(body: str, title: str = "") -> bytes:
    """A .fodt of this body."""
    return _HEAD.format("text", title, "", f"<office:text>{body}</office:text>").encode()


def slides(*pages: tuple[str, str]) -> bytes:
    """A .fodp: of each slide the title and one line."""
    box = (
        '<draw:frame presentation:class="{0}" presentation:style-name="{0}" svg:x="1cm" svg:y="{1}cm" svg:width="20cm" '
        'svg:height="3cm"><draw:text-box><text:p>{2}</text:p></draw:text-box></draw:frame>'
    )
    body = "".join(
        f'<draw:page draw:master-page-name="Standard">{box.format("title", 1, title)}'
        f"{box.format('outline', 6, line)}</draw:page>"
        for title, line in pages
    )
    styles = (
        '<office:automatic-styles><style:page-layout style:name="PM0"/>'
        '<style:style style:name="title" style:family="presentation" style:parent-style-name="Standard-title"/>'
        '<style:style style:name="outline" style:family="presentation" style:parent-style-name="Standard-outline1"/></office:automatic-styles>'
        '<office:master-styles><style:master-page style:name="Standard" '
        f'style:page-layout-name="PM0">{box.format("title", 1, "")}{box.format("outline", 6, "")}'
        "</style:master-page></office:master-styles>"
    )
    return _HEAD.format(
        "presentation", "", styles, f"<office:presentation>{body}</office:presentation>"
    ).encode()


SHEETS = _HEAD.format(
    "spreadsheet",
    "",
    '<office:automatic-styles><number:percentage-style style:name="N1"><number:number '
    'number:decimal-places="2" number:min-decimal-places="2" number:min-integer-digits="1"/>'
    "<number:text>%</number:text></number:percentage-style>"
    '<number:number-style style:name="N2"><number:number number:decimal-places="0" '
    'number:min-integer-digits="1" number:grouping="true"/></number:number-style>'
    '<style:style style:name="c1" style:family="table-cell" style:data-style-name="N1"/>'
    '<style:style style:name="c2" style:family="table-cell" style:data-style-name="N2"/>'
    "</office:automatic-styles>",
    "<office:spreadsheet>"
    '<table:table table:name="客运"><table:table-row>'
    + "".join(
        f'<table:table-cell office:value-type="string"><text:p>{word}</text:p></table:table-cell>'
        for word in ("港口", "人数", "占比")
    )
    + "</table:table-row><table:table-row>"
    '<table:table-cell office:value-type="string"><text:p>东港</text:p></table:table-cell>'
    '<table:table-cell table:style-name="c2" office:value-type="float" office:value="31500"/>'
    '<table:table-cell table:style-name="c1" office:value-type="percentage" office:value="0.4039"/>'
    "</table:table-row></table:table></office:spreadsheet>",
).encode()


def made(flat: bytes, ending: str, target: str) -> bytes:
    """The flat file, of that `ending`, as LibreOffice writes it in the format `target`."""
    return convert(flat, ending, target, Reading())
