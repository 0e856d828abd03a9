"""Chunks into an index and back: what retrieval asks of one, and the local one."""
