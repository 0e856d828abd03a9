"""Chunks into an index and back: catalog (the source of truth), vectors, words."""
