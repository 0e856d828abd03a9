"""The formats of files, one module a family."""
