"""Files into Documents and Documents into Chunks."""
