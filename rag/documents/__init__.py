"""Files into Documents and Documents into Chunks."""

READER_VERSION = 5
"""Raised whenever the same file gives another Document than before."""
