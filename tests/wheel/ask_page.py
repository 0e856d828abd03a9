"""Waits for a running page and asks it one question: python tests/wheel/ask_page.py ADDRESS.

Needs nothing but Python. Ends with an error when the page or the answer is not as it should be.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

QUESTION = "双礁大桥实际什么时候通的车？"
DOCUMENT = "双礁大桥审计公报.md"
SHORT = "2024年10月18日"
WAIT_SECONDS = 120


def ask(address: str) -> dict[str, Any]:
    """The answer of the server at `address`, whose index is the sample corpus."""
    page = _first_page(address)
    if "<html" not in page:
        raise SystemExit(f"{address}/ is not a page: {page[:200]!r}")
    body = json.dumps({"question": QUESTION}).encode()
    request = Request(f"{address}/api/ask", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    cited = {citation["document"] for citation in answer["citations"]}
    if answer["status"] != "answered" or SHORT not in answer["text"] or DOCUMENT not in cited:
        raise SystemExit(f"wrong answer: {json.dumps(answer, ensure_ascii=False)[:2000]}")
    return answer


def _first_page(address: str) -> str:
    start = time.monotonic()
    while True:
        try:
            with urlopen(f"{address}/", timeout=60) as response:
                return str(response.read().decode("utf-8"))
        except (URLError, ConnectionError) as error:
            if time.monotonic() - start > WAIT_SECONDS:
                raise SystemExit(f"no page at {address} in {WAIT_SECONDS} s: {error}") from None
            time.sleep(0.5)


if __name__ == "__main__":
    print(ask(sys.argv[1])["text"])
