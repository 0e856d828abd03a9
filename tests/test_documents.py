"""Questions asked of real files of other formats: the right page, quotations of the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant, Index, Settings
from rag.types import Status

NAMES = ["finglm_annual_report_600201_2020.pdf", "bce_Bio_zh_0.pdf", "mineru_pptx_01.pptx"]


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = shared / "documents"
    if not folder.is_dir():
        pytest.skip(f"no folder documents in {shared}; set WENJU_SHARED")
    settings = Settings()
    return Index.build([folder / name for name in NAMES], tmp_path_factory.mktemp("index"), settings)


def test_the_row_of_the_annual_report_is_found(index: Index) -> None:
    found = Assistant(index).search("主要会计数据 营业收入 2020年", k=5)
    row = "营业收入\t1,581,905,632.48\t1,126,782,253.35\t40.39\t1,896,608,630.19"
    hit = next(passage for passage in found if row in passage.text)
    assert (hit.document, hit.page, hit.lines) == (NAMES[0], 5, None)


@pytest.mark.parametrize(
    ("question", "words", "document", "pages"),
    [
        ("2020年归属于上市公司股东的净利润是多少？", "40,620万元", NAMES[0], {13}),
        ("复发患者中位总生存期约为几个月？", "5.5个月", NAMES[1], {2}),
        ("B-ALL患者移植后复发的9例中，男女各多少例？", "男3例，女6例", NAMES[1], {3}),
    ],
)  # fmt: skip
def test_answers_are_cited_with_their_page(
    index: Index, question: str, words: str, document: str, pages: set[int]
) -> None:
    answer = Assistant(index).ask(question)
    assert answer.status is Status.ANSWERED
    assert words in answer.text
    cited = [citation for sentence in answer.sentences for citation in sentence.citations]
    assert {citation.document for citation in cited} >= {document}
    assert any(citation.page in pages for citation in cited)
    for citation in cited:
        text = index.document(citation.document).text
        assert citation.quote == citation.span.of(text)
        assert citation.source is None
        assert citation.lines is None


def test_an_index_of_such_files_is_sound(index: Index) -> None:
    assert index.verify() == []
