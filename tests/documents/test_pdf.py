"""Real PDF files: reading order, headings, table rows with their header, pages; and bad ones."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from rag import Index
from rag.documents.pdf.read import read_pdf
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind
from tests.documents.bad_pdf import ENCRYPTED, empty_pdf
from tests.documents.conftest import Open, find
from tests.pdf_file import at, chinese_font, drawn_pdf

REPORT = "finglm_annual_report_600201_2020.pdf"
HEADER = "主要会计数据\t2020年\t2019年\t本期比上年同期增减(%)\t2018年"


def test_a_row_of_the_annual_report(real: Open) -> None:
    report = real(REPORT)
    assert report.title == "金宇生物技术股份有限公司2020年年度报告"
    assert (report.date, report.source) == ("2021-04-22", None)
    row = find(report, "营业收入\t1,581,905,632.48", BlockKind.TABLE_ROW)
    assert row.span.of(report.text) == (
        "营业收入\t1,581,905,632.48\t1,126,782,253.35\t40.39\t1,896,608,630.19"
    )
    assert row.page == 5
    assert row.headings == (
        "第二节 公司简介和主要财务指标", "七、 近三年主要会计数据和财务指标", "(一) 主要会计数据",
    )  # fmt: skip
    assert row.lead == ("单位：元 币种：人民币", HEADER)


def test_cells_of_several_lines_are_whole(real: Open) -> None:
    report = real(REPORT)
    row = find(report, "归属于上市公司股东的净利润\t406,195,463.57", BlockKind.TABLE_ROW)
    assert row.span.of(report.text).endswith("\t221,041,634.94\t83.76\t754,465,552.70")
    assert row.lead[-1] == HEADER


def test_a_table_goes_on_on_the_next_page(real: Open) -> None:
    report = real(REPORT)
    row = find(report, "总资产\t6,278,282,683.24")
    assert (row.page, row.lead[-1]) == (6, HEADER)


def test_heads_and_page_numbers_are_left_out(real: Open) -> None:
    text = real(REPORT).text
    assert "/ 195" not in text and "/195" not in text
    assert text.count("2020年年度报告\n") <= 1
    assert "........" not in text


def test_paragraphs_go_on_over_lines(real: Open) -> None:
    report = real(REPORT)
    found = find(report, "国内业务收入占营业收入99.08%。", BlockKind.PARAGRAPH)
    assert found.page == 15


def test_headings_of_the_annual_report(real: Open) -> None:
    report = real(REPORT)
    heads = [b.span.of(report.text) for b in report.blocks if b.kind is BlockKind.HEADING]
    for number in ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十"):
        assert any(head.startswith(f"第{number}节") for head in heads), number


@pytest.mark.parametrize(
    ("name", "title", "sentence", "page", "heading"),
    [
        ("bce_Bio_zh_0.pdf", "供者CD19 CAR-T细胞治疗急性B淋巴细胞白血病移植后复发九例临床观察",
         "靶向CD19嵌合抗原受体T细胞（CAR-T细胞）治疗复发难治ALL患者完全缓解率达83％", 2, None),
        ("bce_Comp_zh_0.pdf", "大数据时代计算机网络信息安全防护策略探讨",
         "黑客攻击属于主动性的攻击行为，其是由黑客人员针对性地入侵到计算机系统中", 2,
         "2.2 黑客攻击和病毒入侵"),
        ("bce_Enco_zh_0.pdf", "京津冀城市群创业风险投资的时空分布特征及影响机制",
         "创业风险投资(venture capital, VC)作为一种新的金融制度安排", 1, "1 引言"),
        ("bce_Q-fin_zh_0.pdf", "数字金融对安徽专精特新企业高质量发展的影响效用及机制研究",
         "本文以样本企业的经营效率为被解释变量。", 5, "3.2.1被解释变量"),
    ],
)  # fmt: skip
def test_journal_articles(
    real: Open, name: str, title: str, sentence: str, page: int, heading: str | None
) -> None:
    article = real(name)
    assert article.title == title
    block = find(article, sentence)
    assert block.page == page
    if heading is not None:
        assert block.headings[-1].replace(" ", "") == heading.replace(" ", "")


def test_columns_are_read_one_after_the_other(real: Open) -> None:
    article = real("bce_Bio_zh_0.pdf")
    left = article.text.index("所有患者均入组临床试验")  # goes on at the top of the right column
    right = article.text.index("2. allo-HSCT方案")
    assert (
        article.text.index("1.病例资料")
        < left
        < right
        < article.text.index("3.供者CAR-T细胞的制备")
    )


def test_a_page_of_ruled_tables(real: Open) -> None:
    page = real("pymupdf_chinese-tables.pdf")
    row = find(page, "徽商银行南京中山北路支行")
    assert (
        row.span.of(page.text) == "2\t徽商银行南京中山北路支行\t330,435.30\t256,735.30\t73,700.00"
    )
    assert row.lead == (
        "表7-2：截至2023年3月末发行人授信及使用情况 单位：万元",
        "序号\t金融机构名称\t授信总额\t已使用情况\t剩余额度",
    )
    rated = find(page, "2020\tAA+")
    assert rated.span.of(page.text).split("\t")[2] == (
        "偿还债务的能力很强，受不利经济环境的影响不大，违约风险很低"
    )


def test_a_small_pdf(real: Open) -> None:
    read = real("chatchat_ocr_test.pdf")
    assert read.text.startswith("我是文字\n")
    assert [block.by_ocr for block in read.blocks] == [False, True, True]  # a picture below it


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 and nothing more", "damaged, truncated or no PDF"),
        (b"PK\x03\x04", "damaged, truncated or no PDF"),
        (ENCRYPTED, "encrypted; save it without a password"),
        (empty_pdf(1), "no text on any of its 1 pages"),
        (empty_pdf(21), "21 pages, the limit is 20; raise reading.max_pages"),
    ],
)
def test_bad_files(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_pdf(data, Reading(max_pages=20))


def test_a_truncated_file_never_crashes(shared: Path) -> None:
    data = (shared / "documents" / "pymupdf_chinese-tables.pdf").read_bytes()
    for share in (0.1, 0.5, 0.9):
        try:
            read = read_pdf(data[: int(share * len(data))], Reading())
        except UnreadableDocument as error:
            assert "damaged" in str(error) or "no text" in str(error)
        else:
            assert read.text


def test_a_hundred_thousand_empty_pages_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="100,000 pages, the limit is 20,000"):
        read_pdf(empty_pdf(100_000), Reading())


def test_a_page_read_by_ocr_is_named_in_a_warning(shared: Path, tmp_path: Path) -> None:
    import pypdfium2

    both = pypdfium2.PdfDocument.new()
    for name in ("chatchat_ocr_test.pdf", "rapidocr_image.pdf"):
        both.import_pages(pypdfium2.PdfDocument(shared / "documents" / name))
    both.save(tmp_path / "both.pdf")
    index = Index.build([tmp_path], tmp_path / "index")
    assert index.report is not None
    assert index.report.read == 1
    assert {warning.document for warning in index.report.warnings} == {"both.pdf"}
    reasons = [warning.reason for warning in index.report.warnings]
    assert any("1 of 2 pages are pictures and were read by OCR" in one for one in reasons)
    assert any("pictures on 1 of 2 pages were read by OCR" in one for one in reasons)
    document = index.document("both.pdf")
    assert [block.page for block in document.blocks if not block.by_ocr] == [1]
    assert {block.page for block in document.blocks if block.by_ocr} == {1, 2}
    assert "lower half of the figure with the lymph node" in document.text


def test_files_attached_to_a_file_are_counted() -> None:
    pdf = pypdfium2.PdfDocument(
        drawn_pdf([at(60, 700, "灯塔建于1902年。", 12, "G")], {"G": chinese_font()})
    )
    pdf.new_attachment("清单.txt").set_data("共三项。".encode())
    data = BytesIO()
    pdf.save(data)
    read = read_pdf(data.getvalue(), Reading())
    assert (read.text, read.warnings) == ("灯塔建于1902年。", ("1 attached files are not read",))
