"""Evaluation: runs questions in a batch, measures the answers, compares two runs."""
