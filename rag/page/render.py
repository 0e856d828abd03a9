"""A turn of the conversation, and what stands around it, as HTML.

Own HTML in `gr.HTML` and not `gr.Chatbot`: a citation is a button inside a sentence that opens
the evidence beside it, a sentence carries its own support, and a refusal has a form of its own;
Chatbot would have to be given HTML for all three, and would clean it on its way to the browser.
`gr.HTML` updates the page in place, so that streaming neither flickers nor loses the focus.

Every function is pure, and all text passes `evidence.escape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from rag.page.evidence import escape, evidence_html, places
from rag.page.markdown import turn_text
from rag.page.turn import Turn
from rag.types import Answer, Citation, IndexStatus, Passage, Sentence, Status, Support

EXTRACT_CHARACTERS = 90  # of a passage in a list
SUPPORT_WORDS = {
    Support.SUPPORTED: "有出处支持",
    Support.PARTLY: "部分支持",
    Support.UNSUPPORTED: "无依据",
}


ACTS_HTML = (
    '<div class="wj-acts"><button type="button" class="wj-plain" data-act="copy" data-copy="{}">'
    '复制</button><button type="button" class="wj-plain" data-act="retry">重试</button>'
    '<button type="button" class="wj-plain" data-act="edit">编辑问题</button></div>'
)


def turn_html(turn: Turn) -> str:
    """A question and its answer as far as it is there."""
    body = "".join(_body(turn)) + (ACTS_HTML.format(escape(turn_text(turn))) * (not turn.busy))
    state = "busy" if turn.busy else "done"
    return (
        f'<article class="wj-turn" data-state="{state}">'
        f'<h2 class="wj-question">{escape(turn.question)}</h2>{body}</article>'
    )


def _body(turn: Turn) -> Iterator[str]:
    if turn.answer is not None:
        refused = turn.answer.status is Status.NO_EVIDENCE
        yield from _refusal(turn.answer) if refused else _answer(turn.answer)
        return
    if turn.sentences or turn.pending:
        yield f'<div class="wj-answer">{_sentences(turn.sentences)}'
        if turn.pending:
            yield f'<span class="wj-pending">{escape(turn.pending)}</span>'
        yield "</div>"
    if turn.error is not None:
        yield f'<div class="wj-error" role="alert"><b>没能回答</b><p>{escape(turn.error)}</p></div>'
    elif turn.stopped:
        yield '<p class="wj-note">已停止。</p>'
    elif turn.passages is None:
        yield '<p class="wj-note wj-wait" role="status">正在查找…</p>'
    else:
        count = len(turn.passages)
        yield f'<p class="wj-note wj-wait" role="status">找到 {count} 段，正在核对…</p>'


def _answer(answer: Answer) -> Iterator[str]:
    if answer.short:
        yield f'<p class="wj-short">{escape(answer.short)}</p>'
    yield f'<div class="wj-answer">{_sentences(answer.sentences)}</div>'
    yield f'<p class="wj-note">{escape(summary(answer.sentences))} · {_made_by(answer)}</p>'
    yield from _remarks(answer)
    cited = _quoting(answer.sentences)
    first = [passage for passage in answer.passages if passage.rank in cited]
    rest = [passage for passage in answer.passages if passage.rank not in cited]
    if first:
        yield f'<ul class="wj-sources" aria-label="出处">{"".join(map(_source, first))}</ul>'
    if rest:
        items = "".join(_near(passage) for passage in rest)
        yield (
            f'<details class="wj-more"><summary>检索到的其他 {len(rest)} 段</summary>'
            f'<ul class="wj-nearest">{items}</ul></details>'
        )
    yield _store(answer.passages, cited)


def _remarks(answer: Answer) -> Iterator[str]:
    if answer.searched:
        yield f'<p class="wj-note">按“{escape(answer.searched)}”查找</p>'
    if answer.notice:
        yield f'<p class="wj-note wj-notice">{escape(answer.notice)}</p>'


def _refusal(answer: Answer) -> Iterator[str]:
    yield f'<div class="wj-refusal"><b>资料中没有依据</b><p>{escape(answer.text)}</p></div>'
    yield from _remarks(answer)
    if answer.passages:
        near, rest = answer.passages[:3], answer.passages[3:]
        yield '<p class="wj-note">最接近的段落，供参考：</p>'
        yield f'<ul class="wj-nearest">{"".join(map(_near, near))}</ul>'
        if rest:
            yield (
                f'<details class="wj-more"><summary>另外 {len(rest)} 段</summary>'
                f'<ul class="wj-nearest">{"".join(map(_near, rest))}</ul></details>'
            )
    yield _store(answer.passages, {})


def _sentences(sentences: Sequence[Sentence]) -> str:
    """Sentences with their citations; these are numbered through the answer from 0."""
    parts = []
    number = 0
    for sentence in sentences:
        buttons = ""
        for citation in sentence.citations:
            buttons += _cite(number, citation)
            number += 1
        # The last mark and the numbers stay on one line.
        body, end = escape(sentence.text[:-1]), escape(sentence.text[-1:])
        parts.append(
            f'<span class="wj-s" data-support="{sentence.support.value}">'
            f'<span class="wj-said">{body}</span><span class="wj-end">'
            f'<span class="wj-said">{end}</span>{buttons}</span>{_support(sentence)}</span>'
        )
    return " ".join(parts)


def _cite(number: int, citation: Citation) -> str:
    place = "，".join([citation.title, *places(citation.page, citation.lines)])
    return (
        f'<button type="button" class="wj-cite" data-n="{citation.n}" data-c="{number}"'
        f' data-quote="{escape(citation.quote)}" data-place="{escape(place)}"'
        f' aria-label="出处 {citation.n}：{escape(place)}">{citation.n}</button>'
    )


def _support(sentence: Sentence) -> str:
    word = SUPPORT_WORDS[sentence.support]
    if sentence.support is Support.SUPPORTED:
        return f'<span class="wj-unseen">（{word}）</span>'
    reason = f"：{escape(sentence.reason)}" if sentence.reason else ""
    return f'<span class="wj-support">{word}{reason}</span>'


def summary(sentences: Sequence[Sentence]) -> str:
    """How well the sentences are supported, in words.

    >>> summary([])
    '没有句子'
    """
    if not sentences:
        return "没有句子"
    counts = [
        f"{count} 句{SUPPORT_WORDS[support]}"
        for support in Support
        if (count := sum(sentence.support is support for sentence in sentences))
    ]
    return "，".join(counts)


def _made_by(answer: Answer) -> str:
    maker = "原文摘录" if answer.model == "extractive" else escape(answer.model)
    seconds = (answer.timings.retrieve_ms + answer.timings.answer_ms) / 1000
    return f"{maker} · {seconds:.2f} 秒"


def _quoting(sentences: Sequence[Sentence]) -> dict[int, list[tuple[int, Citation]]]:
    """The citations of each passage, by its rank, with their numbers in the answer."""
    found: dict[int, list[tuple[int, Citation]]] = {}
    citations = chain.from_iterable(sentence.citations for sentence in sentences)
    for number, citation in enumerate(citations):
        found.setdefault(citation.n, []).append((number, citation))
    return found


def _source(passage: Passage) -> str:
    date = f" · {escape(passage.date)}" if passage.date else ""
    return (
        f'<li><button type="button" data-n="{passage.rank}"><span class="wj-n">{passage.rank}'
        f"</span> {escape(passage.title)}<small>{date}</small></button></li>"
    )


def _near(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    extract = text[:EXTRACT_CHARACTERS] + "…" * (len(text) > EXTRACT_CHARACTERS)
    date = f" · {escape(passage.date)}" if passage.date else ""
    return (
        f'<li><button type="button" data-n="{passage.rank}"><span class="wj-n">{passage.rank}'
        f"</span> <b>{escape(passage.title)}</b><small>{date}</small>"
        f"<span>{escape(extract)}</span></button></li>"
    )


def _store(passages: Sequence[Passage], cited: dict[int, list[tuple[int, Citation]]]) -> str:
    """The evidence cards, unseen; the page's script shows one of them in the panel."""
    cards = "".join(
        f'<div data-n="{passage.rank}">{evidence_html(passage, cited.get(passage.rank, ()))}</div>'
        for passage in passages
    )
    return f'<div class="wj-store" hidden>{cards}</div>'


def header_html(status: IndexStatus, *, documents: bool = False) -> str:
    """The head of the page with the state of the index; with `documents` the way to them."""
    older = ' · <span class="wj-older">索引比程序旧，请再运行 rag index</span>' * status.stale
    ways = (
        '<nav class="wj-nav"><button type="button" data-view="talk" aria-current="page">对话'
        '</button><button type="button" data-view="docs">文档</button><button type="button" '
        'data-view="talks">历史</button><button type="button" class="wj-new" data-act="new" '
        'aria-label="新对话" title="新对话">＋</button></nav>'
    )
    return (
        '<div class="wj-bar"><span class="wj-seal" aria-hidden="true">据</span>'
        f'<h1>文据 <small lang="en">Wenju</small></h1>{ways * documents}'
        f'<p class="wj-status"><span class="wj-counts">{status.documents:,} 份文档 · '
        f"{status.chunks:,} 段</span> · <span>{escape(status.index)}</span>{older}</p></div>"
    )


def welcome_html(status: IndexStatus, examples: Sequence[str], *, documents: bool = False) -> str:
    """What stands on the page before the first question; the page's script says how many
    documents there are when files are added."""
    buttons = "".join(
        f'<li><button type="button" data-question="{text}">{text}</button></li>'
        for text in map(escape, examples)
    )
    chips = f'<ul class="wj-examples" aria-label="例题">{buttons}</ul>' if examples else ""
    add = (
        '<p>把文件或文件夹拖到这里，或者</p><p><button type="button" class="wj-main-button" '
        'data-view="docs">添加文件</button></p><p>也可以在命令行里读入：</p>'
    )
    return (
        f'<div class="wj-welcome" data-documents="{status.documents}"><div class="wj-when-empty">'
        '<p class="wj-hero">索引里还没有文档</p>'
        f"{add if documents else '<p>先把文件读进来，再打开这个页面：</p>'}"
        f"<pre><code>rag index 文件夹 --index {escape(status.index)}</code></pre></div>"
        '<div class="wj-when-filled"><p class="wj-hero">向你的文档提问</p>'
        "<p>每句话都附原文出处，点数字即可核对；资料里没有的，会直说没有。</p>"
        f"{chips}</div></div>"
    )


DOCUMENTS_HTML = (
    '<section class="wj-docs" aria-label="文档"><div class="wj-docs-add">'
    '<p class="wj-docs-drop">把文件或文件夹拖到这里</p><div class="wj-docs-buttons">'
    '<button type="button" class="wj-main-button" data-pick="wj-pick-files">选择文件</button>'
    '<button type="button" class="wj-second-button" data-pick="wj-pick-folder">选择文件夹</button>'
    '</div><input id="wj-pick-files" type="file" multiple hidden aria-label="选择文件">'
    '<input id="wj-pick-folder" type="file" webkitdirectory hidden aria-label="选择文件夹">'
    '<div class="wj-docs-progress" hidden><progress max="1" value="0" aria-label="进度"></progress>'
    '<span></span><button type="button" class="wj-plain wj-docs-cancel">取消</button></div>'
    '<p class="wj-docs-note" role="status"></p><ul class="wj-docs-skipped"></ul></div>'
    '<div class="wj-docs-head"><span class="wj-docs-count"></span><input class="wj-docs-find" '
    'type="search" placeholder="查找文档，或文中提到的词" aria-label="查找文档"></div>'
    '<ul class="wj-docs-list"></ul></section>'
)


TALKS_HTML = (
    '<section class="wj-talks" aria-label="历史"><div class="wj-docs-head">'
    '<span class="wj-docs-count">保存的对话</span>'
    '<input class="wj-docs-find wj-talks-find" type="search" placeholder="查找问题和回答" '
    'aria-label="查找对话"></div><p class="wj-talks-note" role="status"></p>'
    '<ul class="wj-docs-list wj-talks-list"></ul></section>'
)

PANEL_HTML = (
    '<section class="wj-panel" aria-label="出处原文" tabindex="-1">'
    '<div class="wj-panel-bar"><span>出处原文</span>'
    '<button type="button" class="wj-close" aria-label="关闭出处">✕</button></div>'
    '<div class="wj-panel-body" aria-live="polite"></div></section>'
)
