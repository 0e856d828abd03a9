"""Pages of placed characters into lines and paragraphs."""
