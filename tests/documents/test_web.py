"""Web pages and feeds: the text of a page without what surrounds it, in every encoding."""

from __future__ import annotations

import pytest

from rag.documents.formats.web import read_html, read_xml
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind
from tests.documents.conftest import Open, find

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>灯塔 - 海港网</title>
<meta property="article:published_time" content="2021-03-04T08:00:00+08:00">
<script>var x = "代码";</script></head><body>
<nav><a href="/">首页</a><a href="/a">新闻</a></nav>
<div class="breadcrumb">首页 &gt; 港口</div>
<main><h1>灯塔<a class="headerlink" href="#1">#</a></h1>
<p>灯塔建于<b>1902</b>年，<br>塔高
三十一米。</p>
<h2>开放时间</h2>
<p>票价如下：</p>
<ul><li>成人十元</li><li>儿童五元</li></ul>
<table><caption>表1 每月人数</caption><tr><th>月</th><th>人数</th></tr><tr><td>五月</td><td>3,100</td></tr></table>
<pre>第一行
  第二行</pre></main>
<footer>版权所有</footer></body></html>"""


def test_a_page() -> None:
    read = read_html(PAGE.encode(), Reading())
    assert (read.title, read.date, read.date_inferred) == ("灯塔", "2021-03-04", False)
    assert read.text.split("\n") == [
        "灯塔", "灯塔建于1902年，", "塔高三十一米。", "开放时间", "票价如下：", "成人十元", "儿童五元",
        "表1 每月人数", "月\t人数", "五月\t3,100", "第一行", "  第二行",
    ]  # fmt: skip
    row = read.blocks[9]
    assert (row.kind, row.lead) == (BlockKind.TABLE_ROW, ("表1 每月人数", "月\t人数"))
    item = read.blocks[6]
    assert (item.kind, item.headings) == (BlockKind.LIST_ITEM, ("灯塔", "开放时间"))
    assert read.blocks[5].lead == ("票价如下：",)


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "gb2312", "utf-8", "utf-16"])
def test_encodings_declared_or_not(encoding: str) -> None:
    expected = read_html(PAGE.encode(), Reading()).text
    for page in (PAGE.replace("utf-8", encoding), PAGE.replace('<meta charset="utf-8">', "")):
        assert read_html(page.encode(encoding), Reading()).text == expected


def test_a_few_damaged_bytes_where_the_encoding_is_declared() -> None:
    page = (
        PAGE.replace("utf-8", "gb2312")
        .encode("gb18030")
        .replace("塔高".encode("gb18030"), b"\xcb\xff")
    )
    assert "三十一米" in read_html(page, Reading()).text


@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        ("chardet_Big5__chromium_Big5_with_no_encoding_specified.html", "Big5",
         "抽查結果未發現違規物品，也未帶走任何文件，舍房內有監視器錄影，一切都有紀錄可查。"),
        ("chardet_Big5_coolloud.org.tw.xml", "苦勞網", "成功阻擋了12/26法院的點交程序"),
        ("chardet_Big5_sinica.edu.tw.xml", "「隨機部落格」之「線上演算法」", "B90902123 99"),
        ("chardet_GB2312__chromium_gb18030_with_no_encoding_specified.html.xml",
         "中国制造的领军者3名", "毕升发明印刷术900多年后，他为印刷术的故乡重新赢得了骄傲和尊严；"),
        ("chardet_GB2312__mozilla_bug171813_text.html", None, "搜狐在线国庆免费大酬宾"),
        ("chardet_GB2312_cnblog.org.xml", "CNBlog:Blog On Blog", "出版商oreilly推出了开放图书项目"),
        ("chardet_GB2312_softsea.net.xml", "系统工具", "是一个专门用来清除特洛伊木马和自动修复系统文件的工具"),
        ("mineru_zh_faq.html", "常见问题解答", "可通过以下命令安装libgl库解决："),
        ("mineru_zh_cli.html", "命令行参数进阶", "两种写法"),
    ],
)  # fmt: skip
def test_real_files(real: Open, name: str, title: str | None, words: str) -> None:
    document = real(name)
    find(document, words)
    assert title is None or document.title == title
    assert "\ufffd" not in document.text


def page(body: str, head: str = "") -> bytes:
    return f"<html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>".encode()


def test_exponents_indices_fractions_and_formulas() -> None:
    body = (
        "<h1>库容10<sup>8</sup>立方米</h1><p>排放CO<sub>2</sub>约10<sup>-3</sup>吨，占<sup>2</sup>&frasl;<sub>3</sub>，"
        'x<span style="vertical-align:super">2</span>，速度<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>。</p>'
        "<table><tr><td>面积</td><td>10 km<sup>2</sup></td></tr><tr><td>边长</td><td>12<br>34</td></tr></table>"
    )
    assert read_html(page(body), Reading()).text.split("\n") == [
        "库容10^8立方米", "排放CO_2约10^-3吨，占2/3，x^2，速度1/2。", "面积\t10 km^2", "边长\t12 34",
    ]  # fmt: skip


def test_readings_of_words_are_a_note() -> None:
    body = "<p>他住在<ruby>亳<rp>(</rp><rt>bó</rt><rp>)</rp>州<rt>zhōu</rt></ruby>城里。</p><p>第二段。</p>"
    read = read_html(page(body), Reading())
    assert read.text.split("\n") == ["他住在亳州城里。", "亳 bó 州 zhōu", "第二段。"]
    assert [block.kind for block in read.blocks] == [
        BlockKind.PARAGRAPH, BlockKind.NOTE, BlockKind.PARAGRAPH,
    ]  # fmt: skip


def test_hidden_text_is_left_out_and_counted() -> None:
    body = '<p>票价十元。</p><p class="old">票价八元。</p><p style="display:none">票价六元。</p>'
    read = read_html(page(body, "<style>.old{display:none}</style>"), Reading())
    assert read.text == "票价十元。"
    assert read.warnings == ("10 characters that the page's styles hide are left out",)


def test_fields_of_forms_and_ticked_boxes() -> None:
    body = (
        '<p>姓名：<input value="王五">，<input type="checkbox" checked>同意 <input type=checkbox>不同意，'
        '<select><option>甲</option><option selected>乙</option></select><input type="hidden" value="x"></p>'
    )
    assert read_html(page(body), Reading()).text == "姓名：王五，☑同意 □不同意，乙"


def test_pictures_and_frames_are_counted() -> None:
    body = '<p>文字。</p><img src="a.png"><img src="i.png" width="16"><iframe src="b"></iframe>'
    read = read_html(page(body), Reading())
    assert read.warnings == ("2 pictures, frames or films are not read",)


SENTENCE = "港口的灯塔建于一九〇二年，塔高三十一米，每晚七点亮灯。"


@pytest.mark.parametrize(
    "wrapper",
    [
        '<form id="aspnetForm">{}</form>', '<div class="sidebar-layout share">{}</div>',
        '<div class="related">{}</div>', "<aside>{}</aside>", '<div id="comment"><div class="ad">{}</div></div>',
        "<footer>{}</footer>",
    ],
)  # fmt: skip
def test_a_wrapper_does_not_swallow_the_page(wrapper: str) -> None:
    text = "".join(f"<p>第{i}段。{SENTENCE}</p>" for i in range(20))
    around = '<div class="footer">版权所有，未经许可不得转载。</div>'
    read = read_html(page(wrapper.format(text) + around), Reading())
    assert read.text.count(SENTENCE) == 20
    last = read.blocks[-1]
    assert last.span.of(read.text) == "版权所有，未经许可不得转载。" and last.kind is BlockKind.NOTE
    assert read.warnings == ()


def test_what_is_lost_for_the_most_part_is_kept_with_a_warning() -> None:
    parts = "".join(f'<div class="comments"><p>第{i}段。{SENTENCE}</p></div>' for i in range(20))
    read = read_html(page(f"<article><p>{SENTENCE}</p></article>{parts}"), Reading())
    assert read.text.count(SENTENCE) == 21
    (warning,) = read.warnings
    assert warning.startswith("1 of 1 pages have no main part")


def test_what_stands_beside_the_text_is_a_note_or_counted() -> None:
    links = "".join(f'<li><a href="{i}">栏目{i}</a></li>' for i in "甲乙丙")
    body = (
        f"<nav><ul>{links}</ul></nav><header><p>文号：港发〔2024〕3号</p></header><main><p>{SENTENCE * 3}</p></main>"
        '<aside><p>施工期间东门关闭。<a href="x">详情</a></p></aside><div class="related-parties"><table>'
        "<tr><td>关联方</td><td>金额</td></tr><tr><td>东港公司</td><td>31万元</td></tr></table></div>"
        '<footer><p><a href="y">联系我们 010-5550000</a></p><p>咨询电话：010-5551234</p></footer>'
    )
    read = read_html(page(body), Reading())
    assert read.text.split("\n")[1:] == [
        "文号：港发〔2024〕3号", "施工期间东门关闭。详情", "关联方\t金额", "东港公司\t31万元", "咨询电话：010-5551234",
    ]  # fmt: skip
    assert {block.kind for block in read.blocks[1:]} == {BlockKind.NOTE, BlockKind.TABLE_ROW}
    assert read.warnings == ("25 characters of navigation and links beside the text are left out",)


def test_a_list_of_documents_with_their_dates_is_no_navigation() -> None:
    items = "".join(
        f'<li><a href="{i}">关于港口第{i}号泊位的通知</a> 2024-0{i}-01</li>' for i in "123"
    )
    read = read_html(page(f"<p>{SENTENCE}</p><ul>{items}</ul>"), Reading())
    assert "关于港口第2号泊位的通知 2024-02-01" in read.text.split("\n")


def test_what_is_struck_out_is_left_out_and_counted() -> None:
    body = (
        '<p>票价<s>八元</s><del>九元</del><span style="text-decoration: line-through">十元</span>'
        '<span class="old">十一元</span>十二元。</p>'
    )
    read = read_html(
        page(body, "<style>.old{text-decoration-line:line-through}</style>"), Reading()
    )
    assert (read.text, read.warnings) == (
        "票价十二元。",
        ("9 characters that are struck out are left out",),
    )


def test_an_open_window_is_read_a_closed_one_counted_and_what_stands_without_scripts() -> None:
    body = (
        f"<p>{SENTENCE * 2}</p><dialog open><p>周一停航。</p></dialog><dialog><p>已过期。</p></dialog>"
        "<noscript><p>请致电 5551234。</p></noscript>"
    )
    read = read_html(page(body), Reading())
    assert read.text.split("\n")[1:] == ["周一停航。", "请致电 5551234。"]
    assert read.warnings == ("4 characters that the page's styles hide are left out",)


def test_a_feed_by_entries(real: Open) -> None:
    feed = real("chardet_Big5_coolloud.org.tw.xml")
    assert (feed.date, feed.date_inferred) == ("2005-12-31", False)
    block = find(feed, "成功阻擋了12/26法院的點交程序")
    assert block.headings == ("苦勞網", "1226檔下點交之後不見棺材不走人 進輪自救會長期抗戰")


def test_navigation_of_real_pages_is_left_out(real: Open) -> None:
    faq = real("mineru_zh_faq.html")
    assert "跳转至" not in faq.text
    assert "Material for MkDocs" not in faq.text
    head = find(faq, "Windows 直接安装后推理速度很慢怎么办？", BlockKind.HEADING)
    assert head.headings == ("常见问题解答",)


def test_entities_are_not_resolved() -> None:
    laughs = '<!DOCTYPE r [<!ENTITY a "笑笑笑笑笑笑笑笑笑笑">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    bomb = laughs + "]><r><p>开头的一句话。</p><p>&i;</p><p>结尾的一句话。</p></r>"
    text = read_xml(bomb.encode(), Reading()).text
    assert text.split("\n")[0] == "开头的一句话。"
    assert "笑" not in text
    outside = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><p>一句话。&x;</p></r>'
    assert read_xml(outside.encode(), Reading()).text == "一句话。"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html><body><script>x</script></body></html>", "no text"),
        (b"\x00\x01\x02" * 100, "binary"),
    ],
)
def test_bad_pages(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_html(data, Reading())


def test_a_page_nested_deeply_and_a_line_without_end() -> None:
    deep = "<div>" * 1000 + "最里面的一句话。" + "</div>" * 1000
    assert read_html(deep.encode(), Reading()).text == "最里面的一句话。"
    with pytest.raises(UnreadableDocument, match="nested too deeply"):
        read_html(deep.replace("<div>", "<div>" * 5).encode(), Reading())
    long = "<p>" + "港口很大。" * 200_000 + "</p>"
    assert len(read_html(long.encode(), Reading()).text) == 1_000_000


@pytest.mark.parametrize("data", [b"no markup at all", b"<a><b></a>"])
def test_bad_xml(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read_xml(data, Reading())


@pytest.mark.parametrize("tag", ["main", "article"])
def test_a_main_part_in_what_is_not_shown_is_none(tag: str) -> None:
    body = f"<p>灯塔高31米。</p><button><{tag}>更多灯塔</{tag}></button>"
    assert read_html(page(body), Reading()).text == "灯塔高31米。"
