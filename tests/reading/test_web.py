"""Web pages and feeds: the text of a page without what surrounds it, in every encoding."""

from __future__ import annotations

import pytest

from rag.errors import UnreadableDocument
from rag.reading.marked.feed import read_xml
from rag.reading.marked.web import read_html
from rag.settings import Reading
from rag.types import BlockKind
from tests.reading.conftest import Open, find

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
    page = PAGE.replace("utf-8", "gb2312").encode("gb18030").replace("塔高".encode("gb18030"), b"\xcb\xff")
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
