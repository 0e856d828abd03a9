"""Pages of placed characters into fragments: tables, columns, furniture, paragraphs."""
