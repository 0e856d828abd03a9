"""Marked-up files into fragments: web pages, feeds, office documents."""
