"""Office files into fragments: documents, slides, sheets."""
