"""Passages into an answer without a chat model; verification of every answer."""
