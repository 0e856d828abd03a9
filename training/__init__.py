"""Rebuilds the files under `rag/models/files` from open data; see README.md here."""
