"""The measures: pure functions over plain values, one idea each.

Everything that compares strings compares them folded (`folding.fold`). A measure that is not
defined for a question is not computed for it; `eval.score` decides which questions count.
"""
