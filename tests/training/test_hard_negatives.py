"""Questions changed so that their passage does not answer them."""

import numpy as np
import pytest

from training.data import Question
from training.hard_negatives import NOWHERE, Changer, names_in, years_in

PASSAGE = "2019年，云台的沈砚在上海建成第2号灯塔，高31米。2021年，北京的渡轮停航。"
QUESTION = Question("2019年沈砚在上海建成了第2号什么？", PASSAGE, "灯塔", PASSAGE.index("灯塔"))
OTHER = Question("北京的渡轮是哪一年停航的？", PASSAGE, "2021年", PASSAGE.index("2021年"))


def random() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def changer() -> Changer:
    return Changer([QUESTION, OTHER])


def test_names_and_years() -> None:
    assert {name.word for name in names_in(QUESTION.text)} >= {"上海"}
    assert years_in(PASSAGE) == ["2019", "2021"]


def test_another_year_is_none_of_the_questions(changer: Changer) -> None:
    changed = changer.of_other_year(QUESTION, random())
    assert changed is not None and "2019" not in changed.text
    assert years_in(changed.text) != ["2019"]


def test_another_number(changer: Changer) -> None:
    changed = changer.of_other_number(QUESTION, random())
    assert changed is not None and "第2号" not in changed.text and "2019年" in changed.text


def test_a_rival_stands_in_the_passage(changer: Changer) -> None:
    changed = changer.of_rival(OTHER, random())
    assert changed is not None
    (rival,) = (name.word for name in names_in(changed.text) if name.tag == "ns")
    assert rival != "北京" and rival in PASSAGE


def test_what_is_changed_has_no_answer(changer: Changer) -> None:
    changed = changer.unanswered(QUESTION, random())
    assert changed is not None
    assert (changed.answer, changed.start) == ("", NOWHERE) and changed.passage == PASSAGE
    assert changed.text != QUESTION.text
