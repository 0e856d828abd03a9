"""Contents, running heads, page numbers and navigation are left out; text is not."""

from rag.documents.formats.text import clean_text
from rag.documents.fragments import find_furniture
from rag.documents.layout import infer_layout, split_lines


def furniture(source: str) -> tuple[list[str], frozenset[str]]:
    lines = split_lines(source)
    found = find_furniture(lines, infer_layout(lines))
    return [lines[i].text for i in sorted(found.positions)], found.titles


def test_contents_are_left_out_and_their_titles_are_headings() -> None:
    source = (
        "目录\n\n港口概况..... 3\n- 客运：缆车与轮渡..... 5\n货运 8\n\n"
        "港口概况\n\n港口建于1902年，三面环山，冬天不结冰。\n\n"
        "客运：缆车与轮渡\n\n缆车每天运送四万人次，轮渡只有两条航线还在开。\n"
    )
    out, titles = furniture(source)
    assert out == ["目录", "港口概况..... 3", "- 客运：缆车与轮渡..... 5", "货运 8"]
    assert titles == {"港口概况", "客运:缆车与轮渡"}
    cleaned = clean_text(source)
    assert cleaned.blocks[1].headings == ("港口概况",)
    assert cleaned.blocks[3].headings == ("客运：缆车与轮渡",)


def test_a_running_head_with_its_page_number_inside_a_sentence() -> None:
    page = "港务局在这一年里完成了三件事，其中最要紧的是把老码\n\n\n\n港务年报\n\n{n}\n\n头的护栏换新。"
    source = "\n\n".join(page.format(n=n) for n in (11, 12, 13))
    out, _ = furniture(source)
    assert out.count("港务年报") == 3
    assert clean_text(source).title == "港务年报"
    assert "老码头的护栏" in clean_text(source).text


def test_a_lone_number_that_counts_something_stays() -> None:
    source = "工程拖延到了\n\n\n\n2023\n年才完工，比计划晚了两年，花的钱也多了一倍。\n"
    assert furniture(source)[0] == []


def test_repeated_labels_are_kept_once() -> None:
    source = "".join(
        f"科技版\n\n第{n}条新闻写的是港口的第{n}台吊机已经装好。\n\n" for n in "一二三四"
    )
    assert furniture(source)[0] == ["科技版"] * 3


def test_navigation_is_left_out() -> None:
    assert furniture("正文在这里，说了一件小事。\n\n返回目录\n")[0] == ["返回目录"]


LONG = "海港市国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要（征求意见稿）"
SENTENCES = "港口在这一年里完成了三件事，其中最要紧的是把老码头的护栏换新，其余两件也都按时做完。"


def test_long_heads_of_two_parts() -> None:
    chapters = ["第一章 客运", "第二章 货运", "第二章 货运", "第三章 灯塔"]
    pages = [
        f"{LONG}    {chapter}\n\n第{n}页写的是：{SENTENCES}\n\n{n}"
        for n, chapter in enumerate(chapters, 11)
    ]
    cleaned = clean_text("\n\f".join(pages))
    assert LONG not in cleaned.text
    assert cleaned.text.count(SENTENCES) == 4


def test_heads_with_their_page_number_on_the_line() -> None:
    pages = [f"{n}    港务局二〇二三年度工作报告\n{SENTENCES}第{n}页。" for n in range(3, 8)]
    cleaned = clean_text("\n\n\n\n".join(pages))
    assert "工作报告" not in cleaned.text
    assert cleaned.text.count(SENTENCES) == 5


def test_what_stands_at_page_breaks_once_stays() -> None:
    pages = [f"第{n}节的小标题{n * 'x'}\n{SENTENCES}" for n in range(1, 6)]
    assert "小标题x" in clean_text("\n\n\n\n".join(pages)).text
