"""Files into Documents, Documents into Chunks."""
