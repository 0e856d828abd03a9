"""The index in a folder: catalog (the source of truth), vectors, words."""
