"""The date of a text that states none."""

import pytest

from rag.reading.dates import infer_date


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
    assert infer_date(lines) == expected


def test_a_far_date_needs_company() -> None:
    lines = [f"2023年11月{day}日发生了一件事，写在这里，这一行不是报头。" for day in range(1, 6)]
    assert (
        infer_date([*lines, "工程预计2029年8月1日完工，这一行也不是报头，它很长。"]) == "2023-11-05"
    )
