"""Sentences of a reply that claim nothing of what the passages say: lead-ins, closings, remarks on
what the passages lack."""

from __future__ import annotations

import re

from rag.answering.facts import clauses
from rag.answering.marks import without_named_passages

_SOURCE = (
    "(?:资料|段落|文档|文中|文章|原文|材料|报道|上述|以上|所给|给出的|提供的|检索|引文|文件|来源|信息|内容|并|尚|也|均|都"
    "|passages?|documents?|sources?|text|information|they|it)"
)
_LACKS = re.compile(
    rf"{_SOURCE}[^，。；]{{0,24}}?(?:没有|未|并未|没|不|无法|无)(?:有)?(?:[^，。；]{{0,8}}?)"
    "(?:提到|提及|写明|说明|给出|涉及|包含|找到|披露|明确|提供|交代|说到|列出|指明|介绍|回答|记载|标明|标注|直接|具体|相关|有关|进一步|详细)"
    "|(?:无法|不能|难以)(?:[^，。；]{0,6})(?:确定|回答|判断|得知|确认|得出|给出|知道|推断)"
    "|(?:no|not|n't)\\s(?:\\w+\\s){0,3}(?:mention|state|provide|contain|say|give|specif|answer|include|evidence|information)",
    re.IGNORECASE,
)
_ONLY = re.compile(
    "(?:给出的|所给的?|以上|上述)?(?:资料|段落|文档|文中|文章|原文|材料)(?:中|里)?(?:的[^，。]{0,10})?(?:只|仅)"
    "(?:包含|列出|提到|说到?|涉及|给出|有|写)了?"
)
_LEAD_IN = re.compile(
    r"(?:如下|以下|下列|包括|方面|几点|[一二两三四五六七八九十\d]\s?(?:个|点|项|种|条|类|大)|原因|情况|内容|要点|分别|回答|看|说|following|follows|reasons|points|below)?"
    r"[^，。；：:]{0,8}[：:]\s*$"
)
_CLOSING = re.compile(
    r"^\s*(?:综上|总之|总而言之|总的来(?:说|看)|总体(?:来看|而言|上看|上)|由此可见|可见|概括来说|简而言之|一句话|归纳起来|以上(?:就是|是|内容|信息|回答)"
    r"|In summary|Overall|In conclusion|To sum up|In short)",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^\s*(?:希望(?:以上|这)|如(?:需|果您|有)(?:更多|进一步|其他|需要)|请(?:注意|参考|核实|以)|好的|当然|您好|谢谢|注[:：]|答[:：]?$"
    r"|根据(?:以上|上述|所给|提供的|给出的)?(?:资料|段落|文档|材料|信息|内容)[，,]?\s*(?:回答|答案|整理|总结|可以)?[^，。]{0,6}[：:]?$"
    r"|Hope this|Let me know|Please note|Sure|Here (?:is|are))",
    re.IGNORECASE,
)


def without_remarks(text: str) -> str:
    """The sentence without its clauses that only say what the passages lack; empty where nothing
    else is in it.

    >>> without_remarks("资料没有写明票价。")
    ''
    >>> without_remarks("资料没有写明票价，大桥长1080米。")
    '大桥长1080米'
    """
    text = _ONLY.sub("", without_named_passages(text))
    every = list(clauses(text))
    kept = [span for span in every if not _LACKS.search(span.of(text))]
    if len(kept) == len(every):
        return text
    return "，".join(span.of(text).strip() for span in kept)


def is_lead_in(text: str) -> bool:
    """Whether a sentence only announces what follows, closes what was said, or is a courtesy.

    >>> is_lead_in("主要原因有两点："), is_lead_in("综上所述，前景不明。"), is_lead_in("桥长3米。")
    (True, True, False)
    """
    return bool(
        (text.rstrip().endswith(("：", ":")) and _LEAD_IN.search(text))
        or _CLOSING.match(text)
        or _COURTESY.match(text)
    )
