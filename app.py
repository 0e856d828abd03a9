"""Opens the chat page: `python app.py [--index DIR] [--host H] [--port P]`, as `rag serve`."""

from __future__ import annotations

import sys

from rag.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
