"""Every expectation is worked out by hand; ir_measures and scikit-learn are oracles."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from eval.metrics import answers, citations, folding, refusals, retrieval

QUOTE = "一二三四五六七八九"  # 5-grams: 一…五, 二…六, 三…七, 四…八, 五…九


def test_fold_drops_space_markers_case_and_width_but_keeps_traditional_characters() -> None:
    assert folding.fold(" ＡＢ c\u3000臺灣[12]\n。") == "abc臺灣。"
    assert folding.fold("[1][2]") == ""


def test_grams_of_a_short_text_are_the_text_itself() -> None:
    assert folding.grams("") == frozenset()
    assert folding.grams("一二三四") == {"一二三四"}
    assert folding.grams("一二三四五") == {"一二三四五"}
    assert len(folding.grams(QUOTE)) == 5


def test_share_held_counts_different_grams() -> None:
    assert folding.share_held("前一二三四五六七后", QUOTE) == 3 / 5
    assert folding.share_held("什么都没有", QUOTE) == 0.0
    assert folding.share_held("什么都没有", "  ") == 0.0


def test_a_quotation_is_found_at_60_percent_of_its_grams() -> None:
    assert retrieval.finds("一二三四五六七", QUOTE)  # 3 of 5
    assert not retrieval.finds("一二三四五六", QUOTE)  # 2 of 5
    assert retrieval.finds("一 二\n三四５六七".replace("５", "五"), QUOTE)


def test_budget_takes_the_first_always_and_ends_at_the_first_that_is_too_long() -> None:
    assert retrieval.within_budget(["一" * 20, "二"], 10) == 1
    assert retrieval.within_budget(["一" * 5, "二" * 6, "三"], 10) == 1
    assert retrieval.within_budget(["一" * 5, "二 " * 5, "三"], 10) == 2
    assert retrieval.within_budget([], 10) == 0


def test_evidence_recall_counts_quotations_found_by_one_taken_passage() -> None:
    passages = ["x" * 600, QUOTE + "x" * 300, "甲乙丙丁戊己"]
    quotations = [QUOTE, "甲乙丙丁戊己", "不在这里的一句话"]
    ranks = retrieval.first_ranks(passages, quotations)
    assert ranks == [2, 3, None]
    assert retrieval.evidence_recall(passages, ranks, 500) == 0.0
    assert retrieval.evidence_recall(passages, ranks, 910) == pytest.approx(1 / 3)
    assert retrieval.evidence_recall(passages, ranks, 1000) == pytest.approx(2 / 3)
    assert retrieval.reciprocal_rank(ranks) == pytest.approx((1 / 2 + 1 / 3) / 3)
    assert [retrieval.hit_at(ranks, k) for k in (1, 2)] == [0.0, 1.0]
    assert retrieval.recall_at(ranks, 2) == pytest.approx(1 / 3)


def test_reciprocal_rank_is_zero_beyond_ten() -> None:
    assert retrieval.reciprocal_rank([10]) == 0.1
    assert retrieval.reciprocal_rank([11]) == 0.0


def test_a_quotation_split_over_two_passages_is_not_found() -> None:
    assert retrieval.first_ranks(["一二三四五", "六七八九"], [QUOTE]) == [None]


def test_ndcg_by_hand() -> None:
    # Gains 0, 2, 1 against the ideal 2, 1.
    expected = (2 / math.log2(3) + 1 / math.log2(4)) / (2 + 1 / math.log2(3))
    assert retrieval.ndcg_at(["x", "a", "a", "b"], {"a": 2, "b": 1}) == pytest.approx(expected)
    assert retrieval.ndcg_at(["x"], {"a": 0}) == 0.0


def test_ranks_of_documents_are_those_of_their_first_passage() -> None:
    assert retrieval.relevant_ranks(["b", "b", "a", "c"], {"a", "z"}) == [2, None]
    assert retrieval.first_relevant_rank([None, 4, 2]) == 2
    assert retrieval.first_relevant_rank([None]) is None


def test_ranking_measures_agree_with_ir_measures() -> None:
    ir_measures = pytest.importorskip("ir_measures", reason="ir_measures is not installed")
    dice = random.Random(7)
    names = [f"d{i}" for i in range(30)]
    for _ in range(50):
        ranked = dice.sample(names, 20)
        gains = {name: dice.choice([0, 1, 1, 2, 3]) for name in dice.sample(names, 6)}
        relevant = [name for name, gain in gains.items() if gain > 0]
        if not relevant:
            continue
        scores = {name: float(-rank) for rank, name in enumerate(ranked)}
        oracle = ir_measures.calc_aggregate(
            [ir_measures.nDCG @ 10, ir_measures.R @ 10, ir_measures.RR @ 10],
            {"q": gains},
            {"q": scores},
        )
        ranks = retrieval.relevant_ranks(ranked, relevant)
        first = retrieval.first_relevant_rank(ranks)
        assert retrieval.ndcg_at(ranked, gains) == pytest.approx(oracle[ir_measures.nDCG @ 10])
        assert retrieval.recall_at(ranks, 10) == pytest.approx(oracle[ir_measures.R @ 10])
        assert retrieval.reciprocal_rank([first]) == pytest.approx(oracle[ir_measures.RR @ 10])


def test_answer_hit_needs_every_part_of_a_list_and_any_form_of_an_entity() -> None:
    text = "有16nm、18 NM两种。[1]"
    assert answers.answer_hit(text, ["16NM", "18nm", "128层"], all_required=True) == pytest.approx(
        2 / 3
    )
    assert answers.answer_hit(text, ["16NM", "18nm", "128层"]) == 1.0
    assert answers.answer_hit(text, ["128层"]) == 0.0
    assert answers.answer_hit("", ["128层"]) == 0.0
    assert answers.answer_hit(text, [["16纳米", "16nm"], "0"], all_required=True) == 0.5


def test_answer_characters_leave_markers_and_space_out() -> None:
    assert answers.answer_characters("一二 三。[1][12]\n四。[3]") == 6


def test_exact_match_ignores_punctuation_width_and_case() -> None:
    assert answers.exact_match("“ＧＰＴ－４”。", ["gpt4"]) == 1.0
    assert answers.exact_match("三体", ["三体问题"]) == 0.0
    assert answers.exact_match("某物", []) == 0.0
    assert answers.exact_match(" ", []) == 1.0


def test_character_f1_is_of_the_longest_common_substring() -> None:
    # 甲乙丙丁 against 乙丙戊: the longest common substring is 乙丙, P = 2/4, R = 2/3.
    assert answers.character_f1("甲乙丙丁", ["乙丙戊"]) == pytest.approx(2 * 2 / 7)
    # The best of several answers counts; an English word is one token.
    assert answers.character_f1("Tim Cook说", ["库克", "Tim Cook"]) == pytest.approx(2 * 2 / 5)
    assert answers.character_f1("", ["库克"]) == 0.0
    assert answers.character_f1("", []) == 1.0


def test_rouge_l_is_of_the_longest_common_subsequence() -> None:
    # 甲丙戊 is common to 甲乙丙丁戊 and 甲丙戊己.
    assert answers.rouge_l("甲乙丙丁戊", "甲丙戊己") == pytest.approx(2 * 3 / 9)
    assert answers.rouge_l("", "甲") == 0.0


def test_bit_vector_subsequence_agrees_with_the_textbook() -> None:
    dice = random.Random(3)
    for _ in range(200):
        a = "".join(dice.choices("甲乙丙丁", k=dice.randrange(1, 12)))
        b = "".join(dice.choices("甲乙丙丁", k=dice.randrange(1, 12)))
        length = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                length[i + 1][j + 1] = (
                    length[i][j] + 1 if x == y else max(length[i][j + 1], length[i + 1][j])
                )
        expected = 2 * length[-1][-1] / (len(a) + len(b))
        assert answers.rouge_l(a, b) == pytest.approx(expected)


def test_citation_on_evidence_measures_against_the_shorter() -> None:
    assert citations.on_evidence("一二三四五六七", [QUOTE])  # all 3 grams of the shorter
    assert citations.on_evidence("序" * 50 + QUOTE + "跋" * 50, [QUOTE])
    assert not citations.on_evidence("一二三四五甲乙丙丁", [QUOTE])  # 1 of 5
    assert citations.evidence_precision(["一二三四五六七", "无关的另一句话"], [QUOTE]) == 0.5


def test_evidence_recall_needs_half_of_a_quotation_in_one_citation() -> None:
    assert citations.evidence_recall(["一二三四五六七"], [QUOTE]) == 1.0  # 3 of 5
    assert citations.evidence_recall(["一二三四五六", "六七八九"], [QUOTE]) == 0.0  # 2 of 5
    assert citations.evidence_recall([], [QUOTE]) == 0.0
    assert citations.evidence_recall([QUOTE], [QUOTE, "另外一句没有引用的话"]) == 0.5


def test_f1_of_zeros_is_zero() -> None:
    assert citations.f1(0.0, 0.0) == 0.0
    assert citations.f1(0.25, 0.75) == pytest.approx(0.375)


def test_pieces_must_lie_in_the_file_and_give_the_quote() -> None:
    source = "序 一二\n\n12\n三四。"
    assert citations.gives_quote(source, [(2, 5), (9, 12)], "一二三四。")
    assert not citations.gives_quote(source, [(2, 12)], "一二三四。")
    assert not citations.gives_quote(source, [], "")
    assert not citations.gives_quote(source, [(2, 99)], "一二")
    assert not citations.gives_quote(source, [(-3, -1)], "四")


def test_auroc_by_hand_and_against_scikit_learn() -> None:
    assert refusals.auroc(np.array([0.8, 0.3]), np.array([0.3, 0.5])) == pytest.approx(2.5 / 4)
    assert math.isnan(refusals.auroc(np.array([]), np.array([0.3])))
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    generator = np.random.default_rng(5)
    positive = generator.integers(0, 10, 40) / 10
    negative = generator.integers(0, 8, 15) / 10
    labels = np.r_[np.ones(40), np.zeros(15)]
    expected = metrics.roc_auc_score(labels, np.r_[positive, negative])
    assert refusals.auroc(positive, negative) == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95, 0.91, 1.0, 0.12])
    outcome = np.array([1.0, 0.0, 1.0, 0.0])
    # Bin of three: mean confidence .9533, right 2/3; bin of one: .12 against 0.
    expected = 3 / 4 * ((0.95 + 0.91 + 1.0) / 3 - 2 / 3) + 1 / 4 * 0.12
    assert refusals.calibration_error(confidence, outcome) == pytest.approx(expected)
    assert math.isnan(refusals.calibration_error(np.array([]), np.array([])))
    rows = np.array([[0.95, 0.12, np.nan], [0.5, 0.5, 0.5]])
    outcomes = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, np.nan]])
    assert refusals.calibration_errors(rows, outcomes) == pytest.approx([0.17 / 2, 0.0])
    assert refusals.reliability(confidence, outcome) == [
        (1, 0.12, 0.0),
        (3, pytest.approx(2.86 / 3), pytest.approx(2 / 3)),
    ]
