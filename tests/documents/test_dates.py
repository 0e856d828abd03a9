"""The date of a text that states none."""

from datetime import date

import pytest

from rag.documents.headings import infer_date, not_after

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        (["没有日期。"], None),
        (["白泽晚报 2024年3月4日 星期一", "正文说到2025年1月1日。"], "2024-03-04"),
        (
            ["会议于2023年5月2日召开，要求在2026年4月30日前完成，此后再议，这一行很长，不是报头。"],
            "2023-05-02",
        ),
        (["2021年2月与2021年2月的数字。"], "2021-02"),
        (["2019年与2019年相比，2031年只提到一次。"], "2019"),
        (["比例为2017年21.6%。"], "2017"),
        (["日期2023.13.45不成立。"], None),
    ],
)
def test_inferred_dates(lines: list[str], expected: str | None) -> None:
    assert infer_date(lines, TODAY) == expected


def test_a_far_date_needs_company() -> None:
    lines = [f"2023年11月{day}日发生了一件事，写在这里，这一行不是报头。" for day in range(1, 6)]
    later = "工程预计2025年8月1日完工，这一行也不是报头，它很长。"
    assert infer_date([*lines, later], TODAY) == "2023-11-05"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["海港市灯塔条例", "二〇二三年五月一日"], "2023-05-01"),
        (["海港年报", "二○二二年十二月", "2021年的旅客多于2021年的货物。"], "2022-12"),
        (["（二〇一九年十月二十三日通过）"], "2019-10-23"),
        (["海港年报 2030年1月1日", "会议于2024年3月4日召开，这一行很长，不是报头，只是正文。"], "2024-03-04"),
        (["计划到2035年建成，2035年前完工，2020年开工。"], "2020"),
        (["2026年7月与2026年7月的计划，2025年3月开工。"], "2025-03"),
        (["详见附件《会议纪要_2024-05-06.docx》和报告20240708.pdf，2019年5月6日成文，此行不是报头。"], "2019-05-06"),
        (["见2024年5月6日会议.pdf"], None),
    ],
)  # fmt: skip
def test_dates_in_numerals_ahead_and_in_names_of_files(
    lines: list[str], expected: str | None
) -> None:
    assert infer_date(lines, TODAY) == expected


def test_a_stated_date_ahead_is_none() -> None:
    assert not_after("2026-06-02", TODAY) is None
    assert [not_after(day, TODAY) for day in ("2026-06-01", "2026-06", "2026", None)] == [
        "2026-06-01", "2026-06", "2026", None,
    ]  # fmt: skip
