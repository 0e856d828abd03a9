"""One parser per family of formats: bytes into raw blocks."""
