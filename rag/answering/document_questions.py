"""Questions about the documents themselves, recognised: how many there are, which, the newest, what
mentions a term; of one of them, or of an article in one, its date, author, title, chapters, a
section, a summary, the conclusions, where it stands.

Only what is such a question beyond doubt is taken for one: the whole question has to be of a known
form, and the document that it names has to be in the collection. All others are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import PurePosixPath

from rag.answering.outline import count_of
from rag.models.reader import rarity
from rag.text.normalize import fold_aligned, squeeze
from rag.text.segment import STOP_WORDS, words
from rag.types import BlockKind, Document, DocumentInfo

LONGEST_QUESTION = 120
MOST_READ = 20
"""Of at most so many documents the texts are looked at, where the catalog does not tell which one
is meant."""
HEAD_CHARACTERS = 600
# What a word of a reference counts that stands in a heading or at the beginning, and one that the
# text has several times; how much of all the best document must hold, and by how much it leads.
HEADED, TOLD, SEVERAL = 0.7, 0.4, 3
LEAST, LEAD = 0.5, 0.2


class DocumentQuestion(Enum):
    """What is asked of the documents."""

    COUNT = "count"
    LIST = "list"
    NEWEST = "newest"
    OLDEST = "oldest"
    MENTIONS = "mentions"
    DATE = "date"
    AUTHOR = "author"
    TITLE = "title"
    OUTLINE = "outline"
    SECTION = "section"
    SUMMARY = "summary"
    CONCLUSION = "conclusion"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Request:
    """A question about the documents, taken apart.

    `document` are the words that name one of them, `noun` is the kind of document that is asked
    for (报告), `term` what is mentioned, a section's name, what sections are called or the date of
    what is listed, `number`
    and `chapter` are those of a section, `english` tells the language of the question, `counted`
    that it asks how many there are."""

    asked: DocumentQuestion
    document: str = ""
    noun: str = ""
    term: str = ""
    number: int | None = None
    chapter: int | None = None
    english: bool = False
    counted: bool = False


# --- the forms of such questions ---------------------------------------------------------------

GENERIC = "(?:文档|文件|资料|文章|文稿|文本)"
_NOUN = (
    "(?:文档|文件|资料|文章|文稿|文本|材料|报告书?|研报|论文|年报|半年报|季报|月报|公告|公报|通告|通知|手册|说明书|指南"
    "|合同|协议|标书|规定|条例|办法|白皮书|蓝皮书|简报|简介|新闻稿?|报道|访谈|期刊|杂志|报纸|周刊|教材|讲义|ppt|pdf"
    "|演示文稿|幻灯片|文献|纪要|方案|计划书|专题|专刊|简讯|快报|周报|日报|内参"
    "|文摘|汇编|专报|监测|要闻|参考|研究|月刊|季刊|年鉴|总结|小结|摘要|须知|指引|章程|细则|纲要|规划|书)"
)
_M = "[份篇个本部则期册]"
_WHICH = f"(?:哪些|哪几{_M}|哪一?{_M})"
_HERE = (
    "(?:(?:(?:这个|本|我的?|你的?|您的?|当前|整个|我们的?)?(?:资料库|知识库|文档库|文件库|语料库|库)|这里|这儿|手头|现在|目前)"
    "(?:里面?|中|内|上)?的?|你|您|我们?)?"
)
_ALL = "(?:一共|总共|共|都|目前|现在|已经?)*"
_HOLDS = "(?:(?:收录|收集|收|存|导入|上传|索引|保存|加载)(?:了|着)?(?:有)?|有)"
_SAYS = (
    "(?:主要|都|大概|具体|到底)?(?:是)?(?:讲|说|写|介绍|谈|论述|讨论|讲述|规定|分析|阐述|说明|关于)"
    "(?:了|的)?(?:是)?"
)
_WHAT = "(?:些?什么|哪些|啥)(?:内容|方面|东西|问题|事)?"
_REF = "(?P<document>.{0,60}?)(?:里面?|中|内)?的?"
_N = "(?:[零〇一二三四五六七八九十百]{1,5}|[0-9]{1,3})"
_UNIT = "(?:章|节|部分|篇|编|单元|讲)"
_PART = f"(?:第(?P<chapter>{_N})章的?)?第(?P<number>{_N})(?P<unit>{_UNIT})"
_CALLED = "(?:章节?|节|部分|小节|栏目|版块|板块|大块|块|版面|小标题|篇章|专栏)"
_EACH_CALLED = "(?:[，,]?(?:分别|各)?(?:叫|是)(?:什么|哪些|啥)(?:名字)?)?"
_DATED = r"(?P<term>(?:19|20)\d\d年(?:\d{1,2}月份?)?)(?:发布|发表|出版|写|印发)?的?"
_ABOUT = "(?:的(?:内容|介绍|信息|资料|专访|采访|访谈|报道|文章|章节|数据|新闻))"
_HEADED = "(?:文章|内容|小节|报道|专题|标题|小标题|栏目|篇目|稿件)"
_FIRST = re.compile(
    r"^(?:请问|请|麻烦|帮忙?我?|你能|能不能|可以|告诉我|我想知道|想问一?下?|那么?[，,])*+"
)
_LAST = re.compile(r"(?<![?？。.!！吗呢呀啊吧])[?？。.!！吗呢呀啊吧]+$")

_CHINESE: tuple[tuple[DocumentQuestion, re.Pattern[str]], ...] = tuple(
    (asked, re.compile(f"^(?:{form})"))
    for asked, *forms in (
        (
            DocumentQuestion.COUNT,
            f"{_HERE}{_ALL}{_HOLDS}?(?:多少|几){_M}?{GENERIC}",
            f"{_HERE}{GENERIC}{_ALL}(?:有|是)(?:多少|几){_M}?",
            f"{_HERE}{GENERIC}的?(?:总数|数量|个数|份数|篇数)(?:是|有)?(?:多少)?",
        ),
        (
            DocumentQuestion.LIST,
            f"{_HERE}{_ALL}{_HOLDS}(?:哪些|什么|哪几{_M}){GENERIC}",
            f"(?:列出|列一下|列举|显示)(?:一下)?{_HERE}(?:所有|全部)?的?{GENERIC}(?:清单|列表|名单|名称)?",
            f"{_HERE}{GENERIC}(?:清单|列表)(?:是什么)?",
            f"{_HERE}{_DATED}{GENERIC}{_ALL}(?:有|是)?(?:哪些|什么|哪几{_M}|(?:多少|几){_M}?)",
            f"{_HERE}(?:有)?(?:哪些|哪几{_M}){GENERIC}(?:是|属于|来自)?{_DATED}",
        ),
        (
            DocumentQuestion.NEWEST,
            f"{_HERE}(?:日期|时间)?最(?:新|近)(?:发布|更新|出版|发表)?的?一?{_M}?(?P<noun>{_NOUN})是哪一?{_M}",
            f"{_HERE}最(?:新|近)(?:发布|更新|出版|发表)?的?一?{_M}?{GENERIC}(?:是什么|是哪个|叫什么)?",
            f"{_HERE}哪一?{_M}(?P<noun>{_NOUN})的?(?:日期|时间)?(?:是)?最(?:新|近|晚)的?",
            f"{_HERE}(?P<noun>{_NOUN})(?:里面?|中|当中)?最(?:新|近)的?(?:一{_M})?是哪一?{_M}",
        ),
        (
            DocumentQuestion.OLDEST,
            f"{_HERE}(?:日期|时间)?最(?:早|旧|老)(?:发布|出版|发表)?的?一?{_M}?(?P<noun>{_NOUN})是哪一?{_M}",
            f"{_HERE}最(?:早|旧|老)(?:发布|出版|发表)?的?一?{_M}?{GENERIC}(?:是什么|是哪个|叫什么)?",
            f"{_HERE}哪一?{_M}(?P<noun>{_NOUN})的?(?:日期|时间)?(?:是)?最(?:早|旧|老)的?",
        ),
        (
            DocumentQuestion.MENTIONS,
            (
                f"{_HERE}有?(?:{_WHICH}|(?:多少|几){_M})(?:{_NOUN})(?:里面?|中|内)?(?:的内容)?(?:都|也|曾|还)?"
                "(?:有)?(?:提到|提及|提过|说到|说起|讲到|谈到|谈及|涉及到?|写到|出现)(?:了|过)?(?P<term>.{1,40})"
            ),
            (
                f"(?P<term>.{{1,40}}?)(?:都)?(?:在|被){_WHICH}{_NOUN}(?:里面?|中|内)?(?:都)?"
                "(?:出现|提到|提及|说到|讲到|谈到|涉及)(?:了|过)?"
            ),
            (
                f"{_HERE}(?:{_WHICH}|(?:多少|几){_M}){_NOUN}(?:里面?|中|内)(?:都|也)?"
                f"(?:有|登了?|刊登了?|收录了?|包含)(?:关于)?(?P<term>.{{1,40}}?){_ABOUT}?"
            ),
            f"(?:关于)?(?P<term>.{{1,40}}?){_ABOUT}(?:都)?在{_WHICH}{_NOUN}(?:里面?|中|内)?",
        ),
        (
            DocumentQuestion.DATE,
            f"{_REF}是?(?:什么时候|何时|哪一?[年天月日]|几月几?[日号]?)(?:发布?|发表|出版|印发|刊登|写|撰写|编写|成文)的?",
            f"{_REF}(?:发布|发表|出版|印发|成文|撰写)?(?:的)?(?:日期|时间)(?:是)?(?:什么时候|哪一?[年天日]|什么|多少)?",
        ),
        (
            DocumentQuestion.AUTHOR,
            (
                f"{_REF}(?:作者|撰写人|撰稿人|编者|编写者|编写单位|撰写单位|发布单位|发布机构|发布者|出版社|出版单位|出版方|来源|出处)"
                "(?:分别)?(?:是|有)?(?:谁|哪一?[个位家些里](?:单位|机构|部门|人)?|什么)?"
            ),
            f"(?:是)?(?:谁|哪一?[个家](?:单位|机构|部门))(?:写|撰写|编写|发布|发表|编制)(?:了|的)?{_REF}",
            f"{_REF}(?:发表|刊登|登|刊发|出版)[在于]哪(?:里|儿|一?[本家份个](?:刊物|杂志|报纸|期刊|报|媒体)?)(?:上)?的?",
            f"{_REF}是?由?(?:谁|哪一?[个家](?:单位|机构|部门))(?:写|撰写|编写|发布|发表|编制|出)的",
        ),
        (
            DocumentQuestion.TITLE,
            f"{_REF}(?:标题|题目|题名|名称)(?:是|叫)?(?:什么)?",
            f"{_REF}叫什么(?:名字|题目|标题)?",
        ),
        (
            DocumentQuestion.OUTLINE,
            f"{_REF}{_ALL}(?:有|分为?成?|包括|包含|设有?)?了?(?:哪些|哪几|几|多少|什么)(?:大|个大?)?(?P<term>{_CALLED})(?:内容)?{_EACH_CALLED}",
            f"{_REF}(?P<term>{_CALLED})(?:分别)?(?:有|是|包括)(?:哪些|什么|哪几个|几个|多少个?)",
            f"{_REF}(?:目录|大纲|提纲|章节结构|章节安排|文章结构|篇章结构)(?:是|有)?(?:什么|怎样的?|如何|哪些)?",
        ),
        (
            DocumentQuestion.SECTION,
            f"{_REF}{_PART}(?:的?(?:内容|主要内容|标题|题目|名称))?(?:{_SAYS}|是|叫|有|包括)?{_WHAT}",
            f"(?:概括|总结|归纳|概述|简述|介绍)(?:一下)?{_REF}{_PART}(?:的?(?:主要)?内容)?",
            f'{_REF}[“"「《]?(?P<term>[^“”"「」《》的]{{1,30}}?)[”"」》]?(?:[这那]一?个?|一)?(?:章|节|部分|小节|栏目|版块|板块){_SAYS}{_WHAT}',
            (
                f'{_REF}[“"「《]?(?P<term>[^“”"「」《》的]{{1,30}}?)[”"」》]?(?:[这那]一?个?|一)?'
                "(?:章|节|部分|小节|栏目|版块|板块|栏)(?:里面?|中|内|下面?)?(?:都|一共|共)?"
                f"(?:有|包括|包含|收录?|刊登|登)了?(?:哪些|哪几|几|多少|什么){_M}?{_HEADED}"
            ),
        ),
        (
            DocumentQuestion.PLACE,
            f"{_REF}(?:是)?(?:登|刊登|放|收)?(?:在|属于)(?:哪一?个?|什么|第几个?){_CALLED}(?:里面?|中|内|下面?)?",
            f"哪一?个?{_CALLED}(?:主要)?(?:是)?(?:讲|写|谈|介绍|登|刊登|分析)了?的?(?:是)?(?P<document>.{{1,40}})",
        ),
        (
            DocumentQuestion.CONCLUSION,
            f"{_REF}(?:主要|最后|最终|基本|核心)?的?结论(?:(?:是|有)(?:什么|哪些|啥|怎样的?))?",
            f"{_REF}(?:得出|给出|有)了?(?:什么|哪些|怎样的|什么样的)(?:主要)?的?(?:结论|结果)",
            f"{_REF}(?:的?结果)(?:(?:是|有)(?:什么|哪些|啥|怎样的?)|如何|怎么?样)",
        ),
        (
            DocumentQuestion.SUMMARY,
            f"{_REF}{_SAYS}{_WHAT}",
            f"{_REF}(?:有|包括|包含)(?:哪些|什么)(?:主要)?内容",
            f"{_REF}(?:主要内容|大意|摘要|概要|梗概|要点|内容提要|中心思想|主旨|主要观点|核心观点|核心内容)(?:是|有)?(?:什么|哪些|啥)?",
            f"(?:概括|总结|归纳|概述|简述|简要介绍)(?:一下|下)?{_REF}(?:主要)?(?:的)?(?:内容|大意|要点|观点)?",
        ),
    )
    for form in forms
)
_DOCS = "(?:documents|files|texts|articles)"
_ONE = "(?:document|file|report|paper|article|text)"
_THIS = rf"(?P<document>(?:this|the) {_ONE}|[\"“].{{1,60}}[\"”])"
_ENGLISH: tuple[tuple[DocumentQuestion, re.Pattern[str]], ...] = tuple(
    (asked, re.compile(f"^(?:{form})"))
    for asked, *forms in (
        (
            DocumentQuestion.COUNT,
            (
                rf"how many {_DOCS}(?: are there| do you have| do i have| are indexed)?"
                "(?: in (?:the|this|my) (?:collection|library|index))?"
            ),
        ),
        (
            DocumentQuestion.LIST,
            rf"(?:which|what) {_DOCS} (?:are there|do you have|do i have)",
            rf"list (?:all )?(?:the |my )?{_DOCS}",
        ),
        (
            DocumentQuestion.NEWEST,
            rf"(?:what|which)(?: is|'s) the (?:newest|latest|most recent) {_ONE}",
            rf"(?:which|what) {_ONE} is the (?:newest|latest|most recent)",
        ),
        (
            DocumentQuestion.OLDEST,
            rf"(?:what|which)(?: is|'s) the (?:oldest|earliest) {_ONE}",
            rf"(?:which|what) {_ONE} is the (?:oldest|earliest)",
        ),
        (
            DocumentQuestion.MENTIONS,
            rf"(?:which|what) {_DOCS} (?:mention|refer to|talk about) (?P<term>.{{1,40}})",
        ),
        (
            DocumentQuestion.DATE,
            rf"when was {_THIS} (?:published|written|issued|released)",
            rf"what is the date of {_THIS}",
        ),
        (DocumentQuestion.AUTHOR, rf"who (?:wrote|published|is the author of) {_THIS}"),
        (DocumentQuestion.TITLE, rf"what is the title of {_THIS}"),
        (
            DocumentQuestion.OUTLINE,
            rf"(?:what|which|how many) (?P<term>chapters|sections|parts) does {_THIS} have",
            rf"(?:what|which|how many) (?P<term>chapters|sections|parts) are there in {_THIS}",
        ),
        (
            DocumentQuestion.SECTION,
            (
                rf"(?:what is|summari[sz]e) (?P<unit>chapter|section|part) (?P<number>\d{{1,3}})"
                rf"(?: of {_THIS})?(?: about)?"
            ),
        ),
        (
            DocumentQuestion.CONCLUSION,
            rf"what (?:are|is) the conclusions? of {_THIS}",
            rf"what does {_THIS} conclude",
        ),
        (DocumentQuestion.SUMMARY, rf"what is {_THIS} about", rf"summari[sz]e {_THIS}"),
    )
    for form in forms
)
_UNITS = {"chapter": "章", "section": "节", "part": "部分"}
_THESE = re.compile(f"(?:(?:这|那|该|本|此|上述)的?一?{_M}?|全)?(?:{_NOUN}|文)|文")
_ENGLISH_THIS = re.compile(rf"(?:this|the) {_ONE}")
_OF_KIND = re.compile(
    f"^(?:[这那该]一?{_M})?(?:关于|有关|讲|谈|写|介绍|开设|设有?|刊有?|登有?|收录)?了?(?P<words>.+?)"
    f"(?:(?:的?(?:这|那|该)一?{_M}?)?(?P<noun>{_NOUN})|的?[这那]一?{_M}[\u4e00-\u9fff]{{0,6}})"
)
_HOW_MANY = re.compile("多少|几[个章节部份篇块大]|how many")
_QUOTES = "“”\"'「」『』《》 "


def recognise(question: str) -> tuple[Request, ...]:
    """What a question may ask of the documents themselves, the likelier first; empty for any other
    question.

    >>> [request.asked.value for request in recognise("资料库里一共有多少份文件？")]
    ['count']
    >>> recognise("哪些文件提到了潮汐？")[0].term, recognise("《借阅规定》第三章讲什么")[0].number
    ('潮汐', 3)
    >>> recognise("申请时需要几份文件？")
    ()
    """
    if len(question) > LONGEST_QUESTION:
        return ()
    found: dict[Request, None] = {}
    for english, forms in ((False, _CHINESE), (True, _ENGLISH)):
        text, original = _plain(question, spaces=english)
        begin = len(text) - len(_FIRST.sub("", text)) if not english else 0
        end = len(_LAST.sub("", text))
        for asked, form in forms:
            match = form.fullmatch(text[begin:end])
            if match is not None:
                place = partial(_moved, original, begin)
                found.setdefault(replace(_request(asked, match, place), english=english))
    return tuple(found)


def _plain(question: str, *, spaces: bool) -> tuple[str, Callable[[int, int], str]]:
    """The question folded, without white space unless `spaces`, and what gives the original
    characters of a part of it."""
    folded = fold_aligned(question)
    kept = [i for i, character in enumerate(folded.text) if spaces or not character.isspace()]

    def original(start: int, end: int) -> str:
        if start >= end:
            return ""
        first, last = folded.offsets[kept[start]], folded.offsets[kept[end - 1]]
        return question[int(first) : int(last) + 1]

    return "".join(folded.text[i] for i in kept), original


def _moved(original: Callable[[int, int], str], by: int, start: int, end: int) -> str:
    return original(start + by, end + by)


def _request(
    asked: DocumentQuestion, match: re.Match[str], original: Callable[[int, int], str]
) -> Request:
    def said(name: str) -> str:
        known = name in match.re.groupindex and match[name] is not None
        return original(*match.span(name)).strip() if known else ""

    unit = said("unit").lower()
    return Request(
        asked,
        document=said("document"),
        noun=said("noun"),
        term=said("term").strip(_QUOTES) or _UNITS.get(unit, unit),
        number=count_of(squeeze(said("number"))),
        chapter=count_of(squeeze(said("chapter"))),
        counted=_HOW_MANY.search(match[0]) is not None,
    )


# --- the documents that are meant --------------------------------------------------------------


def meant(
    reference: str, infos: Sequence[DocumentInfo], source: Callable[[str], Document]
) -> DocumentInfo | None:
    """The one document that words name: by its title or file name, in title marks also by more
    than half of its title; by words before what it is (审计报告, 关于审计的报告) that all stand in
    its title, name, date or publisher, or, in a small collection, at its beginning; the only one
    there is for 这份报告 or nothing. None where no document is meant, or more than one could be.
    `source` gives a document by its name."""
    text = squeeze(reference).strip(_QUOTES)
    if not text or _THESE.fullmatch(text) or _ENGLISH_THIS.fullmatch(" ".join(reference.split())):
        return infos[0] if len(infos) == 1 else None
    same = [info for info in infos if text in (squeeze(info.title), *_names(info))]
    if same:
        return same[0] if len(same) == 1 else None
    if "《" in reference:
        near = [info for info in infos if _half(text, squeeze(info.title))]
        return near[0] if len(near) == 1 else None
    of_kind = _OF_KIND.fullmatch(text)
    if of_kind is None:
        return None
    wanted = wanted_words(reference)
    near = _holding(wanted, infos, _known)
    if near or len(infos) > MOST_READ:
        return near[0] if len(near) == 1 else None
    near = _holding(wanted, infos, lambda info: _known(info) + _head(source(info.name)))
    return near[0] if len(near) == 1 else _likeliest(wanted, infos, source)


def _likeliest(
    wanted: Sequence[str], infos: Sequence[DocumentInfo], source: Callable[[str], Document]
) -> DocumentInfo | None:
    """The document that some words fit by far best, each by how rare it is in Chinese at large and
    by where it stands: in what is known of the document, its beginning, its headings, or several
    times in its text. None where none leads by `LEAD`, or the best holds too little."""
    total = sum(map(rarity, wanted))
    if not total:
        return None
    shares = []
    for info in infos:
        document = source(info.name)
        known, head, text = _known(info), _head(document), squeeze(document.text)
        headings = squeeze(
            "".join(
                block.span.of(document.text)
                for block in document.blocks
                if block.kind is BlockKind.HEADING
            )
        )
        share = sum(
            rarity(word)
            * (
                1.0
                if word in known
                else max(
                    HEADED * (word in headings or word in head),
                    TOLD * (text.count(word) >= SEVERAL),
                )
            )
            for word in wanted
        )
        shares.append((share / total, info))
    shares.sort(key=lambda pair: -pair[0])
    first, second = shares[0], shares[1] if len(shares) > 1 else (0.0, None)
    return first[1] if first[0] >= LEAST and first[0] - second[0] >= LEAD else None


def wanted_words(reference: str) -> list[str]:
    """The words of a reference that say what the document or article is about."""
    text = squeeze(reference).strip(_QUOTES)
    of_kind = _OF_KIND.fullmatch(text)
    said = of_kind["words"] if of_kind else text
    return [squeeze(word) for word in words(said, parts=False) if word not in STOP_WORDS]


def _holding(
    wanted: Sequence[str], infos: Sequence[DocumentInfo], text: Callable[[DocumentInfo], str]
) -> list[DocumentInfo]:
    """The documents whose text of some kind holds all of some words; none for no words."""
    if not wanted:
        return []
    texts = [(info, text(info)) for info in infos]
    return [info for info, known in texts if all(word in known for word in wanted)]


def _names(info: DocumentInfo) -> tuple[str, str]:
    """The file's name with and without its ending."""
    name = PurePosixPath(info.name)
    return squeeze(name.name), squeeze(name.stem)


def _half(text: str, title: str) -> bool:
    """Whether one holds the other, which is more than half of it."""
    short, long = sorted((text, title), key=len)
    return short in long and 2 * len(short) > len(long)


def _known(info: DocumentInfo) -> str:
    return squeeze(f"{info.title} {info.name} {info.publisher or ''} {info.date or ''}")


def _head(document: Document) -> str:
    return squeeze(document.text[:HEAD_CHARACTERS])
