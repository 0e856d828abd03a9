"""What errors, skipped files and warnings say, in Chinese: from the English words, `{}` for each
value, to the Chinese ones, `{0}` for the first value. tests/telling holds them against the sources.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    # questions and filters
    "the question is empty; ask something": "问题是空的，请先输入问题",
    "the question has {} characters, the limit is {}; shorten it": (
        "问题有 {0} 个字，上限是 {1} 个，请缩短"
    ),
    "the question holds half a character ({}); type it again": (
        "问题里有半个字符（{0}），请重新输入"
    ),
    "nothing is since {} and until {}; swap them": "没有既不早于 {0} 又不晚于 {1} 的，请对调",
    "an empty name in {}; leave it out to search them all": "筛选 {0} 里有空的名称；不筛选就留空",
    "the pattern {} is longer than {} characters or has more than {} times **; shorten it": (
        "文件名 {0} 超过 {1} 个字，或 ** 超过 {2} 处，请缩短"
    ),
    "{} {} is no date ({}); give YYYY, YYYY-MM or YYYY-MM-DD": (
        "{1} 不是日期；请写成 年、年-月 或 年-月-日，例如 2024-05"
    ),
    "{} wants the question and passages to be sent on to another server, {}; nothing was sent "
    "there: set chat.base_url to it if it is the right one": (
        "{0} 要把问题和段落转到另一台服务器 {1}；没有发过去。如果那才是对的地址，"
        "请把 chat.base_url 改成它"
    ),
    # documents and collections
    "no documents yet; add files first": "还没有文档，请先添加文件",
    "files are being read already; wait until they are": "正在读入文件，请等它读完",
    "files are being read; wait until they are": "正在读入文件，请等它读完",
    "{} cannot be added: a name is made of parts of at most {} bytes with / between them, none of "
    'which begins with a dot or holds one of \\ : * ? " < > |; rename the file': (
        "不能添加 {0}：文件名每一段最多 {1} 字节，不能以点开头，也不能有 "
        '\\ : * ? " < > | 这些符号；请改名后再试'
    ),
    "{} cannot be kept: {}": "{0} 保存不了：{1}",
    "{} cannot be removed: {}": "{0} 删不掉：{1}",
    "{} cannot be brought back: {}": "{0} 恢复不了：{1}",
    "{} has been added again; it stays as it is now": "{0} 已重新添加过，保留现在的",
    "{} cannot be brought back: it was damaged, or is there again": (
        "{0} 恢复不了：内容已损坏，或者已重新添加过"
    ),
    "that was removed for good; add the file again": "已彻底删除，请重新添加文件",
    "there is no document {}; reload the list": "没有文档 {0}，请刷新列表",
    "{} is a link; what the page adds is kept in a folder of its own: put the folder itself "
    "there": ("{0} 是一个链接；页面添加的文件要存放在自己的文件夹里，请把真正的文件夹放在那里"),
    "{} uploads with {} bytes are under way, the most at once; try again when some are finished": (
        "正在上传的已有 {0} 个、共 {1} 字节，请等其中一些传完再试"
    ),
    "nothing came for {} seconds; send it again": "{0} 秒没有收到数据，请重新上传",
    "the body is longer than {} bytes": "超过了 {0} 字节的上限",
    "the index holds no document {}; near: {}": "索引里没有文档 {0}；相近的有：{1}",
    "the index holds no document {}; rag status says how many there are": "索引里没有文档 {0}",
    "index {} is being written to by {}; wait until it has finished, or end it": (
        "别的程序（{1}）正在写索引 {0}，请等它写完"
    ),
    "index {} cannot be written to: {}": "索引 {0} 写不进去：{1}",
    "the title {} has {} characters, the limit is {}, or some that cannot be shown": (
        "标题 {0} 有 {1} 个字，上限是 {2} 个，或含有无法显示的字符"
    ),
    "there is no collection {}": "没有文档集 {0}，可能已在别处改名或删除",
    "{} cannot be a collection's name: it has at most {} characters, no / in it and no {} at its "
    "end": "{0} 不能作文档集的名称：最多 {1} 个字，不能有 /，不能以 {2} 结尾",
    "one collection alone is served; start without --index for several": (
        "现在只打开了一个文档集；启动时不写 --index 才有多个"
    ),
    "there is a collection {} already; choose another name": "已经有文档集 {0}，请换个名称",
    "there are {} collections already, the most there can be": "已有 {0} 个文档集，不能再多",
    "{} is something else in {}; choose another name": "{1} 里的 {0} 是别的东西，请换个名称",
    "{} cannot be made: {}": "建不了 {0}：{1}",
    "{} is what the server was started with; it can be neither renamed nor deleted here": (
        "{0} 是启动时打开的文档集，不能在这里改名或删除"
    ),
    "{} cannot be renamed: {}": "{0} 改不了名：{1}",
    "{} cannot be deleted: {}": "{0} 删不掉：{1}",
    "there is no conversation {}; reload": "没有这个对话（{0}），可能已在别处删除，请刷新",
    "the conversation was kept by another version of this program; export it with that one "
    "({} fields differ)": "这个对话是程序的另一个版本保存的，请用那个版本导出",
    "{} cannot be used: {}": "{0} 用不了：{1}",
    # pages as pictures
    "{} has no pages that can be drawn; PDF files and pictures have": (
        "{0} 没有可以画出的页面；PDF 和图片才有"
    ),
    "the file of {} is no longer where it was indexed": "{0} 的原文件已不在读入时的位置",
    "the file of {} has changed since it was indexed; index it again": (
        "{0} 的原文件在读入之后改过了，请重新读入"
    ),
    "page {} takes more than {} s to draw": "画第 {0} 页超过了 {1} 秒",
    "page {} cannot be drawn (exit code {})": "第 {0} 页画不出来（退出码 {1}）",
    "there is no page {}; the file has {}": "没有第 {0} 页，文件共 {1} 页",
    "there is no page {} in the picture": "图片里没有第 {0} 页",
    # settings
    "the chat model and its address are set where the server is started: others can reach it, and "
    "it would send questions and passages there": (
        "对话模型和地址只能在启动时设定：别人也能访问这个服务，问题和段落会发到那里"
    ),
    "no name and password in an address: everybody here would see it": (
        "地址里不能有用户名和密码，否则看到页面的人都会知道"
    ),
    "{} is no address: {}": "{0} 不是地址：{1}",
    "no chat model is set; answers are sentences of the documents": (
        "没有设定对话模型，现在用原文句子作答"
    ),
    "{}: only models of the form {}:NAME can be set on the page, for any OpenAI-compatible server; "
    "others where the server is started": (
        "{0}：页面上只能设 {1}:模型名（任何兼容 OpenAI 的服务）；别的请在启动时设定"
    ),
    "{} needs a base address: a key is only sent where the server was started to send it (--model, "
    "--base-url)": ("{0} 需要服务地址：密钥只发给启动时指定的地方（--model、--base-url）"),
    "{}: Input should be less than or equal to {}": "{0}：不能大于 {1}",
    "{}: Input should be greater than or equal to {}": "{0}：不能小于 {1}",
    "{}: Input should be a valid integer": "{0}：要填整数",
    "{}: Input should be a valid number": "{0}：要填数字",
    "{}: String should match pattern {}": "{0}：格式不对（{1}）",
    # the chat model
    "the server of {}": "{0} 的服务器",
    "no key for {}: set the variable OPENAI_API_KEY, or chat.base_url for a server of your own "
    "that needs none": (
        "没有 {0} 的密钥：请设环境变量 OPENAI_API_KEY；自己的服务器不需要密钥的，设 chat.base_url"
    ),
    "the chat model {} needs LangChain; {}": "对话模型 {0} 需要 LangChain；{1}",
    "the chat model {} at {} gave no usable reply ({}: {}); look at the server's log": (
        "对话模型 {0}（{1}）没有给出可用的回复（{2}：{3}）；请看那个服务的日志"
    ),
    "the reply from {} {}, and was ended; {}, or use another model": (
        "{0} 的回复{1}，已中止；{2}，或换一个模型"
    ),
    "had {} characters, the limit": "到了 {0} 个字的上限",
    "said the same again and again for {} characters, the limit": (
        "反复说同样的话，到了 {0} 个字的上限"
    ),
    "took {} seconds, the limit": "到了 {0} 秒的上限",
    "raise chat.max_reply_characters": "可以调大 chat.max_reply_characters",
    "ask again, or raise chat.max_repeated_characters": (
        "请重新提问，或调大 chat.max_repeated_characters"
    ),
    "raise chat.max_reply_seconds": "可以调大 chat.max_reply_seconds",
    "the reply from {} was cut off in the middle ({}); ask again, and look at the server's log if "
    "it happens again": "{0} 的回复中途断了（{1}）；请再问一次，再断就看那个服务的日志",
    "a content filter of {} stopped the reply; ask in other words, or use another model": (
        "{0} 的内容过滤拦下了回复；请换个说法，或换一个模型"
    ),
    "the chat model {} said nothing; {}": "对话模型 {0} 什么也没有说；{1}",
    "all of chat.max_answer_tokens went into thinking; raise it": (
        "chat.max_answer_tokens 全用在思考上了，请调大"
    ),
    "ask again, or use another model": "请再问一次，或换一个模型",
    "{} refused the key {}; set RAG_API_KEY or OPENAI_API_KEY to one of its keys": (
        "{0} 不接受这个密钥 {1}；请把 RAG_API_KEY 或 OPENAI_API_KEY 设成它的密钥"
    ),
    "{} has no model {}, or chat.base_url is not its address up to /v1 {}; `curl {}/models` lists "
    "its models": (
        "{0} 没有模型 {1}，或者 chat.base_url 没有写到 /v1 {2}；用 `curl {3}/models` 可列出它的模型"
    ),
    "the account at {} has no credit left {}; top it up": "{0} 的账户余额不足 {1}，请充值",
    "{} has too many requests {}; ask again later": "{0} 的请求太多 {1}，请稍后再问",
    "{} failed {}; look at its log": "{0} 出错了 {1}；请看它的日志",
    "{} did not accept the request {}; check chat.model and the other settings under [chat]": (
        "{0} 不接受这个请求 {1}；请检查 chat.model 和 [chat] 下的其他设置"
    ),
    "{} stopped talking for {} s, the limit; raise chat.timeout_seconds, or use a faster model": (
        "{0} 中途停了 {1} 秒，到了上限；请调大 chat.timeout_seconds，或换快一些的模型"
    ),
    "{} said nothing for {} s, the limit; raise chat.timeout_seconds, or use a faster model": (
        "{0} 等了 {1} 秒没有回应，到了上限；请调大 chat.timeout_seconds，或换快一些的模型"
    ),
    "the prompt is too long for {} ({}); set chat.context_tokens to what the server allows": (
        "提示对 {0} 太长（{1}）；请把 chat.context_tokens 设成服务允许的大小"
    ),
    "no connection to {} ({}); start the server, or correct chat.base_url": (
        "连不上 {0}（{1}）；请启动那个服务，或改正 chat.base_url"
    ),
    # files that are not read, or not whole
    "the file is empty": "文件是空的",
    "the file cannot be read: {}": "文件读不了：{0}",
    "the folder cannot be read: {}": "文件夹读不了：{0}",
    "the file changed while it was read; try again": "读的时候文件变了，请再试",
    "{} files cannot be read; supported: {}": "读不了 {0} 文件；能读的有：{1}",
    "nothing is left of the file once page furniture is taken out": (
        "去掉页眉页脚之后，文件里没有内容"
    ),
    "the file has {} bytes, the limit is {}; raise reading.max_file_bytes to read it": (
        "文件有 {0} 字节，上限是 {1}；要读就调大 reading.max_file_bytes"
    ),
    "the file has {} pages, the limit is {}; raise reading.max_pages, or split the file": (
        "文件有 {0} 页，上限是 {1}；请调大 reading.max_pages，或拆开文件"
    ),
    "a symbolic link that leads out of the folder; name what it leads to, to read it": (
        "这是指向文件夹外面的符号链接；要读就直接指定它指向的文件"
    ),
    "no regular file (a pipe, socket or device)": "不是普通文件（管道、套接字或设备）",
    "the table is empty": "表格是空的",
    "the feed holds no text": "订阅里没有文字",
    "the file holds no text": "文件里没有文字",
    "the page holds no text": "网页里没有文字",
    "the book holds no text": "书里没有文字",
    "the workbook holds no text": "工作簿里没有文字",
    "the slides hold no text": "幻灯片里没有文字",
    "the document holds no text": "文档里没有文字",
    "the JSON holds no text": "JSON 里没有文字",
    "chapters are missing from the file: {}": "文件里缺少章节：{0}",
    "pictures of text are read by OCR, which needs: {}": "读图片里的文字要用 OCR，请先安装：{0}",
    "{} of {} pages are pictures without a text layer and are missing (page {}); to have them read "
    "by OCR: {}, then: {}": (
        "共 {1} 页，其中 {0} 页是没有文字层的图片，没有读入（第 {2} 页）；"
        "要用 OCR 读：{3}，然后运行 {4}"
    ),
    "the file has no text on any of its {} pages": "文件共 {0} 页，哪一页都没有文字",
    "{} of {} pages are pictures and were read by OCR, which may misread characters (page {})": (
        "共 {1} 页，其中 {0} 页是图片，由 OCR 识别，个别字可能认错（第 {2} 页）"
    ),
    "{} of {} pages are pictures and were read by OCR, which may misread characters (page {}); {} "
    "lines too unclear to read are left out": (
        "共 {1} 页，其中 {0} 页是图片，由 OCR 识别，个别字可能认错（第 {2} 页）；"
        "{3} 行太模糊，没有读入"
    ),
    "{} of {} pages are pictures and are missing, reading them takes too long (page {}); raise "
    "reading.max_page_seconds, then: {}": (
        "共 {1} 页，其中 {0} 页是图片，识别太久，没有读入（第 {2} 页）；"
        "请调大 reading.max_page_seconds，然后运行 {3}"
    ),
    "{} sheets are hidden; they were read: {}": "{0} 张工作表是隐藏的，已读入：{1}",
    "{} formulas have no stored value and are missing ({}); to have them computed, {}, then index "
    "the file again; or open and save it in a spreadsheet program": (
        "{0} 个公式没有存下结果，没有读入（{1}）；要计算就{2}，再重新建索引；"
        "或用表格软件打开并保存一次"
    ),
    "a table has {} rows; of those after the first {} the text is read, but not the labels": (
        "有一张表共 {0} 行；前 {1} 行之后只读入文字，不带行列标签"
    ),
    "{} files are read by way of LibreOffice; {}": "{0} 文件要经 LibreOffice 读取；请安装：{1}",
    "LibreOffice cannot read the file: it is damaged, encrypted, or no {} file": (
        "LibreOffice 读不了这个文件：文件损坏、有密码，或不是 {0} 文件"
    ),
    "LibreOffice took longer than {} seconds and was ended; raise reading.max_seconds to give it "
    "longer": "LibreOffice 用了超过 {0} 秒，已中止；请调大 reading.max_seconds",
    "the file is damaged, encrypted, or none of: {}": "文件损坏、有密码，或不是这些格式：{0}",
    "the workbook is damaged or encrypted: {}": "工作簿损坏或有密码：{0}",
    "cells are read as they are stored: percent signs, thousands separators and currencies of "
    "their number formats are missing; to have them, {}, then: {}": (
        "单元格按存储的值读入，没有百分号、千分位和货币符号；"
        "要有这些，请安装 LibreOffice，然后运行 {1}"
    ),
    "{} places hold bytes that are no {}; shown as {}": "有 {0} 处不是 {1} 的字节，显示为 {2}",
    "{} pictures inside the text are not read": "正文里有 {0} 张图片没有读入",
    "the message holds no text": "邮件里没有文字",
    "the file is no message: it has no headers": "这不是邮件：没有邮件头",
    "the message is encrypted; save it decrypted to read it": "邮件已加密；请解密后另存再读",
    "the file is damaged or no message of Outlook": "文件损坏，或不是 Outlook 邮件",
    "the file holds no subtitles: no line of times with text below": "文件里没有字幕",
    "the file holds no web page": "文件里没有网页",
    "the notebook holds no text": "笔记本里没有文字",
    "the notebook is damaged: {}": "笔记本损坏：{0}",
    "{} pictures or other outputs of code are not read": "代码输出的 {0} 张图片或其他内容没有读入",
    "{} figures are not read": "有 {0} 张图没有读入",
    "all pages are pictures without a text; save the file as PDF to have them read by OCR": (
        "每一页都是没有文字的图片；请另存为 PDF，再由 OCR 读"
    ),
    "{} attached files are not read": "有 {0} 个附件没有读入",
    "the file is encrypted, or of the old binary format; save it without a password as .docx, "
    ".pptx or .xlsx": "文件有密码，或是旧的二进制格式；请不设密码另存为 .docx、.pptx 或 .xlsx",
    "the PDF is encrypted; save it without a password to read it": "PDF 有密码；请另存为没有密码的",
    "the PDF is damaged, truncated or no PDF at all ({})": (
        "PDF 损坏、不完整，或根本不是 PDF（{0}）"
    ),
    "the PDF is damaged: {}": "PDF 损坏：{0}",
    "the archive holds {} files, the limit is {}": "压缩包里有 {0} 个文件，上限是 {1} 个",
    "the archive unpacks to {} bytes from {}, more than is read ({}); raise "
    "reading.max_unpacked_bytes if it is no trap": (
        "压缩包从 {1} 字节解开成 {0} 字节，超过上限（{2}）；"
        "确认可靠就调大 reading.max_unpacked_bytes"
    ),
    "{} in the archive is encrypted; unpack it yourself": "压缩包里的 {0} 有密码，请自己解开",
    "{} in the archive is larger than it says": "压缩包里的 {0} 比它声称的大",
    "{} in the archive cannot be read: {}": "压缩包里的 {0} 读不了：{1}",
    "the file is no {} file: it holds no {}": "不是 {0} 文件：里面没有 {1}",
    "the file is damaged or no zip archive: {}": "文件损坏，或不是 zip 压缩包：{0}",
    "its name leads out of the archive": "它的名称指向压缩包外面",
    "no name of a file (unprintable, or more than {} characters)": (
        "不能作文件名（有无法显示的字符，或超过 {0} 个字）"
    ),
    "an archive in an archive; unpack it to have it read": "压缩包里还有压缩包；请先解开",
    "a second file of this name in the archive": "压缩包里有重名的文件",
    "the archive changed while it was read; try again": "读的时候压缩包变了，请再试",
    "the picture has {} x {} pixels, the limit is {}; raise reading.max_pixels, or make it "
    "smaller": ("图片有 {0} × {1} 像素，上限是 {2}；请调大 reading.max_pixels，或缩小图片"),
    "the picture has more pixels than are ever decoded; the limit is {}": (
        "图片的像素太多；上限是 {0}"
    ),
    "the picture is damaged or none: {}": "图片损坏，或不是图片：{0}",
    "the file is no JSON: line {}, near {}": "不是 JSON：第 {0} 行，{1} 附近",
    "the file has more than {} values; split it": "文件里的值超过 {0} 个，请拆开",
    "the JSON is nested more than {} deep": "JSON 的嵌套超过 {0} 层",
    "{} lines are no JSON and are missing (line {})": "{0} 行不是 JSON，没有读入（第 {1} 行）",
    "no line of the file is JSON": "文件里没有一行是 JSON",
    "the {} is damaged: its elements are nested too deeply": "{0} 损坏：元素嵌套太深",
    "the file is no {}": "不是 {0} 文件",
    "the {} is damaged: {}": "{0} 损坏：{1}",
    "the workbook is damaged: {}": "工作簿损坏：{0}",
    "the file has more than {} elements": "文件里的元素超过 {0} 个",
    "the encoding is unknown: not UTF-8 ({}), and no other encoding gives readable text (best: {}, "
    "{} common characters, {} needed); save the file as UTF-8": (
        "认不出编码：不是 UTF-8（{0}），别的编码也读不通（最接近 {1}，常用字占 {2}，要 {3}）；"
        "请另存为 UTF-8"
    ),
    "the file looks binary: {} control characters; only text can be read here": (
        "像是二进制文件：有 {0} 个控制字符；这里只能读文本"
    ),
    "the file starts like {} but byte offset {} is not: {}": (
        "文件开头是 {0}，但第 {1} 个字节起不是：{2}"
    ),
    "reading needs more than {} bytes of memory; raise reading.max_memory_bytes to give it more": (
        "读它要超过 {0} 字节的内存；请调大 reading.max_memory_bytes"
    ),
    "reading took longer than {} seconds and was ended; raise reading.max_seconds to give it "
    "longer": "读了超过 {0} 秒，已中止；请调大 reading.max_seconds",
    "the file cannot be parsed ({}: {})": "文件解析不了（{0}：{1}）",
    "the parser crashed on this file (exit code {})": "读这个文件时解析程序崩溃了（退出码 {0}）",
    "internal error; the log of the server has it": "程序内部出错，详情见服务的日志",
}
