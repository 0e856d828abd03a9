"""Wrapped lines are told from whole paragraphs, and joined where the page broke them."""

from rag.documents.formats.text import clean_text
from rag.documents.layout import infer_layout, split_lines

WRAPPED = """山城的缆车在清晨六点发出第一班，车厢里坐满了去

江北上班的人。司机老杜开了二十年，他说最怕的不是

大雾，而是春天河面上升起的水汽，那时连对岸的灯都

看不见。

车站的时刻表去年换过一次，末班车从夜里十点推迟到

十一点半，因为大学城的学生提了意见。运营处统计，

晚间乘客由此增加了三成，票款却只多了一成，原因是

学生票半价。

新的站房用了本地的青石，屋顶收集雨水浇花，这笔钱

由市民捐款支付。
"""


def test_wrapping_is_undone() -> None:
    text = clean_text(WRAPPED).text
    assert text.split("\n") == [
        (
            "山城的缆车在清晨六点发出第一班，车厢里坐满了去江北上班的人。司机老杜开了二十年，他说最怕的不是"
            "大雾，而是春天河面上升起的水汽，那时连对岸的灯都看不见。"
        ),
        (
            "车站的时刻表去年换过一次，末班车从夜里十点推迟到十一点半，因为大学城的学生提了意见。运营处统计，"
            "晚间乘客由此增加了三成，票款却只多了一成，原因是学生票半价。"
        ),
        "新的站房用了本地的青石，屋顶收集雨水浇花，这笔钱由市民捐款支付。",
    ]


def test_a_trailing_space_ends_a_paragraph_even_at_the_margin() -> None:
    full = "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯"
    source = "\n\n".join([full, full, "到此为止。 "] * 4 + [full + "。 ", full, "完。 "])
    lines = split_lines(source)
    layout = infer_layout(lines)
    assert layout.marked and layout.width == 48
    assert clean_text(source).blocks[-2].lines == (25, 25)


def test_whole_paragraphs_stay_and_cut_ones_go_on() -> None:
    source = (
        "短标题\n\n第一段写得很完整，讲了港口的由来，也讲了它的将来。\n\n"
        "第二段在页末被切断，说的是港务局今年打算把三号码头的\n\n吊机全部换成电动的。\n"
    )
    assert clean_text(source).text.split("\n") == [
        "短标题",
        "第一段写得很完整，讲了港口的由来，也讲了它的将来。",
        "第二段在页末被切断，说的是港务局今年打算把三号码头的吊机全部换成电动的。",
    ]


ENGLISH = """The harbour office said on Monday that the two new cranes,
which were delivered in May after a delay of six months, now
work without a fault. The old ones had broken down in each of
the last three winters, and the office had to hire a floating
crane from the shipyard on the other bank, at some consider-
able cost. The council will decide in June whether a third
crane is to be bought, and who is going to pay for it.

A second paragraph begins here and is as long as it has to be
to fill a line or two.
"""


def test_words_keep_their_space_and_hyphens_are_undone() -> None:
    text = clean_text(ENGLISH).text
    assert text.count("\n") == 1
    assert "cranes, which were" in text
    assert "some considerable cost" in text


def test_a_line_that_ends_with_a_hyphen_goes_on_in_a_short_text_too() -> None:
    text = clean_text(
        "The reser-\nvoir of 1958. See annu-\nal report ISO-\n9001 of the dam.\n"
    ).text
    assert text == "The reservoir of 1958. See annual report ISO-9001 of the dam."
