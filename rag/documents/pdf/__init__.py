"""Pages of placed characters into lines, tables and paragraphs."""
