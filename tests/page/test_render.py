"""What the page shows, as HTML: every text escaped, every quotation marked where it stands."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.page.render import turn_html
from rag.page.turns import (
    Feedback,
    Judgement,
    Turn,
    conversation_markdown,
    escape,
    evidence_html,
    marked,
)
from rag.page.views import header_html, welcome_html
from rag.types import (
    ROW,
    Answer,
    Cell,
    Citation,
    Computed,
    Figure,
    IndexStatus,
    Label,
    Part,
    Remark,
    RemarkKind,
    Sentence,
    Span,
    Status,
    Support,
)
from tests.fakes_page import FakeAssistant, answer, citation, passage, refusal

STATUS = IndexStatus("index/sample", 3, 12, 1240, "wenju", 1000, False)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[点这里](javascript:alert(1)) ![图](http://evil.example/x.png)",
    "<a href='javascript:alert(1)'>1</a>",
    "[1] [2] &lt;b&gt; ${alert(1)} {{alert(1)}} `alert(1)`",
    "</div></article><mark data-c='0'>",
]


class Reader(HTMLParser):
    """Reads HTML back: its elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], "elements left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def done(value: Answer) -> str:
    return turn_html(Turn(value.question, answer=value, passages=value.passages))


def hostile_answer(text: str) -> Answer:
    """An answer in which every field that comes from outside is `text`."""
    source = passage(
        1,
        text,
        document=text,
        title=text,
        date=text,
        headings=(text, text),
        lead=(text,),
        also=(text,),
    )
    sentence = answer().sentences[1]
    quote = replace(citation(source, text), title=text, document=text)
    return replace(
        answer(text),
        short=text,
        sentences=(
            replace(
                sentence,
                text=text,
                reason=Remark(RemarkKind.NAME, (text, text)),
                citations=(quote,),
            ),
        ),
        passages=(source, replace(source, rank=2)),
        model=text,
        searched=text,
        remarks=(
            Remark(RemarkKind.EXTRACT_INSTEAD, (text,)),
            Remark(RemarkKind.ASKED_NUMBER, (text, text), 2),
        ),
        differing=(Figure(text, 1), Figure(text, 2)),
    )


def elements(html: str) -> list[str]:
    return [element for element, _ in Reader(html).elements]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    harmless = elements(done(hostile_answer("无害")))
    pages = {
        done(hostile_answer(text)): harmless,
        done(replace(refusal(text), text=text)): elements(done(refusal())),
        turn_html(Turn(text).failed(text)): elements(turn_html(Turn("无害").failed("无害"))),
        turn_html(Turn(text, pending=text, passages=())): ["article", "h2", "div", "span", "p"],
        welcome_html(STATUS, [text]): elements(welcome_html(STATUS, ["无害"])),
        welcome_html(replace(STATUS, index=text), []): elements(welcome_html(STATUS, [])),
        header_html(replace(STATUS, index=text.replace("/", "∕"))): elements(header_html(STATUS)),
    }
    for html, expected in pages.items():
        read = Reader(html)
        assert [element for element, _ in read.elements] == expected
        assert text in read.text.replace("∕", "/")
        for _, attributes in read.elements:
            assert not any(name.startswith("on") for name in attributes)
            assert not {"href", "src", "style", "srcdoc"} & set(attributes)


@given(st.text())
def test_escaped_text_reads_back_without_its_controls(text: str) -> None:
    read = Reader(f'<b title="{escape(text)}">{escape(text)}</b>')
    assert len(read.elements) == 1
    assert read.elements[0][1]["title"] == read.text
    assert set(read.text) <= set(text)


def test_escape_leaves_out_what_turns_the_direction() -> None:
    assert escape("a\u202eb\x00c\td\ne") == "abc\td\ne"


@given(
    st.text(st.sampled_from("文据<&。"), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=4),
)
def test_marks_keep_the_text_and_cover_the_quotations(
    text: str, places: list[tuple[int, int]]
) -> None:
    source = passage(1, text, span=Span(10, 10 + len(text)))
    quotes = [
        (number, Citation(1, "a", "甲", None, None, Span(start, start + length), "", None))
        for number, (start, length) in enumerate(places)
    ]
    covered: dict[int, set[int]] = {number: set() for number, _ in quotes}
    position = 0

    class Marks(Reader):
        def handle_data(self, data: str) -> None:
            nonlocal position
            inside = self.elements[-1][1]["data-c"].split() if self.open else []
            for number in inside:
                covered[int(number)] |= set(range(position, position + len(data)))
            position += len(data)
            self.text += data

    assert Marks(marked(source, quotes)).text == text
    for number, quote in quotes:
        inside = range(max(0, quote.span.start - 10), max(0, min(len(text), quote.span.end - 10)))
        assert covered[number] == set(inside)


def test_a_citation_is_a_button_that_names_passage_and_quotation() -> None:
    read = Reader(done(answer()))
    buttons = [a for e, a in read.elements if a.get("class") == "wj-cite"]
    assert [(b["data-n"], b["data-c"]) for b in buttons] == [("1", "0"), ("2", "1")]
    assert buttons[0]["data-quote"].startswith("二〇二三年公司实现营业收入")
    assert buttons[0]["aria-label"] == "出处 1：年度报告之1，第 12 页，第 120–124 行"
    marks = [a["data-c"] for e, a in read.elements if e == "mark"]
    assert marks == ["0", "1"]


def test_support_is_a_word_and_not_a_colour_alone() -> None:
    read = Reader(done(answer()))
    states = [a["data-support"] for _, a in read.elements if "data-support" in a]
    doubted = ["partly", "unsupported"]
    assert states == ["supported", *doubted, "quoted", *doubted]  # the sentences, and their counts
    assert "部分支持：引文里没有数字 118 亿元" in read.text
    assert "无依据：检索到的段落里没有这句话的依据" in read.text
    assert "1 句引文属实，1 句部分支持，1 句无依据 · 原文摘录" in read.text


def test_a_mark_says_what_was_checked_and_no_more() -> None:
    said = answer()
    one, *_ = said.sentences
    retold = replace(one, text="2023年营业收入为 32,122 亿元，下降 3.2%。")
    computed = Computed("353 − 3 = 350 元", 350, "元", (1,))
    derived = replace(one, text="少 3 元（353 − 3 = 350 元）。")
    changed = replace(said, sentences=(one, retold, derived), computed=computed, model="qwen")
    read = Reader(done(changed))
    marks = [a["data-mark"] for _, a in read.elements if "data-mark" in a]
    assert marks == ["引文属实", "已与引文核对：数字、日期、措辞", "由引文里的数字算出"]
    assert "支持" not in read.text
    counted = "1 句引文属实，1 句由引文里的数字算出，1 句已与引文核对（数字、日期、措辞） · qwen"
    assert counted in read.text


def test_the_three_outcomes_have_three_faces() -> None:
    nearest = replace(answer(), status=Status.NEAREST, short=None, missing="没有找到时间")
    faces = [
        [a["data-face"] for e, a in Reader(done(one)).elements if e == "article"]
        for one in (answer(), nearest, refusal())
    ]
    assert faces == [["answered"], ["nearest"], ["none"]]
    differing = replace(answer(), differing=(Figure("112亿元", 2), Figure("118 亿元", 3)))
    html = done(differing)
    assert "wj-short" in done(answer()) and "wj-short" not in html
    assert html.index("wj-differ") < html.index('class="wj-answer"')
    assert "wj-short" not in done(replace(answer(), short=None))


def test_sources_of_one_document_are_one_card_with_its_places() -> None:
    first, second, third = answer().passages
    same = replace(first, rank=2, page=13, span=second.span, text=second.text)
    read = Reader(done(replace(answer(), passages=(first, same, third))))
    assert [a.get("class") for _, a in read.elements].count("wj-source") == 1
    assert "年度报告之1 · 2023-12-311 第 12 页 · 一、经营情况2 第 13 页 · 一、经营情况" in read.text
    assert "wj-from" not in done(replace(answer(), sentences=answer().sentences[:1]))
    assert "wj-from" in done(answer())  # two places speak


def test_rows_of_a_document_are_a_table_with_labels_and_the_asked_cell_marked() -> None:
    row = "2023\t10,545\t95.7"
    text = f"年份\t发电量\t可用率\n{row}"
    at = 100
    label = Label(Span(at + 8, at + 11), "可用率（%）")
    cells = tuple(
        Cell(Span(start, start + len(words)), words, columns=(replace(label, text=name),))
        for start, words, name in (
            (at + text.index("95.7"), "95.7", "可用率（%）"),
            (at + text.index("10,545"), "10,545", "发电量"),
        )
    )
    found = passage(1, text, cells=cells)
    said = Sentence(row, Support.SUPPORTED, None, (citation(found, row),))
    one = replace(answer(), sentences=(said,), passages=(found,), short="95.7%")
    html = done(one)
    table = html[html.index("<table>") : html.index("</table>")]
    assert '<th scope="col"></th><th scope="col">发电量</th>' in table
    assert (
        table.count("<mark") == 1 and '<mark class="wj-asked"><span class="wj-said">95.7' in table
    )
    header = Sentence(
        "年份\t发电量\t可用率",
        Support.SUPPORTED,
        None,
        (citation(found, text.split("\n", maxsplit=1)[0]),),
    )
    whole = done(replace(one, sentences=(header, said)))
    table = whole[whole.index("<table>") : whole.index("</table>")]
    assert table.count("<tr") == 2 and table.count("<th>") == 3


def test_figures_that_differ_stand_beside_each_other() -> None:
    figures = (Figure("112亿元", 2), Figure("118 亿元", 3))
    read = Reader(done(replace(answer(), differing=figures)))
    assert "资料里的数字不一致112亿元年度报告之2，2023-12-312118 亿元会议纪要3请看" in read.text
    assert "wj-differ" in {a.get("class") for _, a in read.elements}
    shown = [a for e, a in read.elements if e == "button" and a.get("data-n") in {"2", "3"}]
    first, second, cited, *_ = shown
    assert (first["data-c"], "data-c" in second, cited["data-c"]) == ("1", False, "1")
    assert "wj-differ" not in done(answer())


def test_an_answer_can_be_judged() -> None:
    def pressed(turn: Turn) -> dict[str, str]:
        elements = Reader(turn_html(turn)).elements
        return {a["data-verdict"]: a["aria-pressed"] for _, a in elements if "aria-pressed" in a}

    turn = Turn("问", answer=answer())
    assert pressed(turn) == {"good": "false", "bad": "false"}
    judged = turn.rated(Feedback(Judgement.BAD, '"><b>'))
    assert pressed(judged) == {"good": "false", "bad": "true"}
    (field,) = [a for e, a in Reader(turn_html(judged)).elements if e == "input"]
    assert field["value"] == '"><b>'
    stopped = Turn("问").stop()
    assert pressed(stopped) == {}
    assert stopped.rated(Feedback(Judgement.GOOD)) is stopped


def test_a_refusal_has_its_own_form_with_the_nearest_passages() -> None:
    read = Reader(done(refusal()))
    classes = [a.get("class") for _, a in read.elements]
    assert "wj-refusal" in classes
    assert "wj-answer" not in classes
    near = [a["data-n"] for e, a in read.elements if e == "button" and "data-n" in a]
    assert near == ["1", "2", "3", "4", "5"]
    assert "另外 2 段" in read.text


def test_what_comes_nearest_says_first_what_is_missing_and_claims_nothing() -> None:
    missing = "没有找到“2019年”的数字；下面是资料里较接近的内容。"
    read = Reader(done(replace(answer(), status=Status.NEAREST, short=None, missing=missing)))
    classes = [a.get("class") for _, a in read.elements]
    assert "wj-missing" in classes and "wj-short" not in classes and "wj-count" not in classes
    assert read.text.index(missing) < read.text.index("最接近的原文（不是答案）")


def test_evidence_says_where_the_passage_stands() -> None:
    source = passage(1, "文字。", also=("mirror/1.txt",), lead=("单位：万元", "项目 | 金额"))
    read = Reader(evidence_html(source))
    for part in ("年度报告之1", "reports/1.txt", "2023-12-31", "注明", "第 12 页", "第 120–124 行"):
        assert part in read.text
    assert "第三节 管理层讨论一、经营情况" in read.text
    titled = passage(1, "字", headings=("年度报告之1", "一、经营情况"))
    assert Reader(evidence_html(titled)).text.count("年度报告之1") == 1
    assert "data-picture" not in evidence_html(source)
    assert "data-picture" in evidence_html(passage(1, "字", document="年报.PDF"))
    assert "承前 单位：万元项目 | 金额" in read.text
    assert "同文另见 mirror/1.txt" in read.text
    inferred = Reader(evidence_html(passage(2, "文字。", lines=(7, 7)))).text
    assert "推断" in inferred
    assert "第 7 行" in inferred


def test_a_turn_grows_with_the_events() -> None:
    turn = Turn("营业收入是多少？")
    assert "正在查找…" in turn_html(turn)
    seen = []
    for event in FakeAssistant().stream(turn.question):
        turn = turn.after(event)
        seen.append(turn_html(turn))
    assert "找到 3 段，正在核对…" in seen[0]
    assert "wj-pending" in seen[1]
    assert Reader(seen[2]).text.count("32,122") == 1
    assert "wj-pending" not in seen[3]
    assert 'data-state="busy"' in seen[-2]
    assert 'data-state="done"' in seen[-1]
    assert not turn.busy
    assert turn.stop() is turn


def test_a_stopped_turn_keeps_what_is_there() -> None:
    turn = Turn("问").after(answer().sentences[0]).stop()
    read = Reader(turn_html(turn))
    assert "已停止。" in read.text
    assert "32,122 亿元" in read.text
    assert read.elements[0][1]["data-state"] == "done"


def test_an_empty_index_says_what_to_do() -> None:
    empty = replace(STATUS, documents=0, chunks=0)
    assert "rag index 文件夹 --index index/sample" in Reader(welcome_html(empty, ["问？"])).text
    assert 'data-documents="0"' in welcome_html(empty, ["问？"])
    assert "data-view" not in welcome_html(empty, [])
    assert 'data-view="docs"' in welcome_html(empty, [], documents=True)


def test_the_head_names_the_index_and_its_size() -> None:
    assert "12 份文档 · 1,240 段 · sample" in Reader(header_html(STATUS)).text
    standard = header_html(replace(STATUS, index="index/default"))
    assert "default" not in standard and "index" not in standard
    assert "较早的程序" in header_html(replace(STATUS, stale=True))


def test_evidence_says_why_it_was_found() -> None:
    read = Reader(
        evidence_html(passage(1, "字", parts=(Part("keyword", 12.5, 1), Part("<b>", 0.7, None))))
    )
    assert "关键词12.5001" in read.text
    assert "<b>0.700—" in read.text
    assert "why" not in evidence_html(passage(1, "字", parts=()))


def test_a_table_is_shown_as_a_table_with_its_quotation_marked() -> None:
    text = "见下表。\n甲站\t12.5\t<b>\n乙站\t\t3\n完。"
    one = Cell(Span(105, 107), "甲站")
    found = passage(1, text, lead=("雨量表", "站\t雨量\t<i>备注"), cells=(one,))
    quoted = Citation(1, "a", "甲", None, None, Span(108, 112), "12.5", None)
    read = Reader(evidence_html(found, [(0, quoted)]))
    roles = [attributes.get("role") for _, attributes in read.elements]
    assert roles.count("table") == 1
    assert (roles.count("row"), roles.count("columnheader"), roles.count("cell")) == (3, 3, 6)
    assert '<span role="cell"><mark data-c="0">12.5</mark></span>' in evidence_html(
        found, [(0, quoted)]
    )
    assert "<b>备注" not in evidence_html(found) and "&lt;i&gt;备注" in evidence_html(found)
    assert '<span role="cell">&lt;b&gt;</span>' in evidence_html(found)
    assert "雨量表" in read.text and "完。" in read.text


def test_items_are_lists_and_rows_tables_each_with_its_own_mark() -> None:
    one, two, three = answer().sentences
    header = replace(three, text="项目\t金额", support=Support.NONE, reason=None, lead=ROW)
    said = (
        replace(two, text="要点：", lead=""),
        replace(one, lead="1. "),
        replace(one, text="又一句。", lead=""),
        replace(three, lead="2. "),
        header,
        replace(one, text="收入\t32,122亿元", lead=ROW),
        replace(three, text="研发\t9亿元", lead=ROW),
        replace(one, text="以上。", lead="\n"),
    )
    html = done(replace(answer(), sentences=said))
    said_html = html.split('<div class="wj-answer">')[1].split('<section class="wj-differ"')[0]
    said_html = said_html.split('<ul class="wj-sources"')[0]
    found = [said_html.count(f"<{tag}") for tag in ("ol", "li", "table", "tr", "th", "td")]
    assert found == [1, 2, 1, 3, 2, 4]
    rows = re.findall(r'<tr class="wj-s" data-support="(\w+)"', html)
    assert rows == ["none", "supported", "unsupported"]
    cited = re.findall(r'class="wj-cite" data-n="\d" data-c="(\d)"', html)
    assert cited == [str(number) for number in range(len(cited))] and len(cited) == 5
    markdown = conversation_markdown("答", [Turn("问？", answer=answer(), sentences=said)])
    assert (
        "\n1. 二〇二三年" in markdown and "\n| 项目 | 金额 |\n| --- | --- |\n| 收入 | " in markdown
    )
