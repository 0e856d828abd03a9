"""The units of quantities: one name for each, the class it measures, and its size in the class's
own unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction


class UnitClass(Enum):
    """What a unit measures."""

    MONEY = "money"
    SHARE = "share"
    POINTS = "percentage points"
    TIMES = "times"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    MASS = "mass"
    POWER = "power"
    ENERGY = "energy"
    SPEED = "speed"
    TEMPERATURE = "temperature"
    FREQUENCY = "frequency"
    DATA = "data"
    DURATION = "duration"
    AGE = "age"
    COUNT = "count"
    ORDINAL = "ordinal"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Unit:
    """`name` is the unit's one name; two quantities compare by `size` only where `base` is the
    same (元 and 美元 are both money, but no amount of one is an amount of the other)."""

    name: str
    measures: UnitClass
    base: str
    size: Fraction


NO_UNIT = Unit("", UnitClass.NONE, "", Fraction(1))
ORDINAL = Unit("第", UnitClass.ORDINAL, "第", Fraction(1))

# A line for each class: the names of its units. "=" begins a base with its own unit; a name with
# ":" and a number is of a unit that is so many of the base; names of one size are one unit, the
# first of which stands for all. "_" is a space.
_TABLE = """
money: =元 人民币 元人民币 人民币元 块钱 圆 yuan rmb cny ¥ 角:1/10 =美元 美金
    usd us$ $ dollars dollar =欧元 eur € euros euro =英镑 gbp
    £ pounds =日元 jpy =港元 港币 hkd hk$ =新台币 新台币元 nt$ =韩元 =卢布
    =卢比 =澳元 =加元 =瑞士法郎 =法郎 =泰铢 =新元 新加坡元 =比索 =里拉
share: =% percent 百分比 per_cent ‰:1/10
percentage_points: =个百分点 百分点 percentage_points
    percentage_point 基点:1/100 个基点:1/100 bp:1/100 bps:1/100
times: =倍 times =折
length: =米 公尺 m metres meters 纳米:1/1000000000
    nm:1/1000000000 微米:1/1000000 μm:1/1000000 um:1/1000000
    毫米:1/1000 mm:1/1000 厘米:1/100 公分:1/100 cm:1/100 分米:1/10
    公里:1000 km:1000 千米:1000 kilometers:1000
    kilometres:1000 ㎞:1000 海里:1852 英里:1609344/1000
    miles:1609344/1000 英寸:254/10000 英尺:3048/10000
    feet:3048/10000
area: =平方米 平米 平方公尺 m2 m^2 m² ㎡ 平方公里:1000000 平方千米:1000000
    km2:1000000 km^2:1000000 km²:1000000 平方厘米:1/10000
    平方毫米:1/1000000 公顷:10000 ha:10000 hectares:10000
    亩:2000/3 平方英里:2589988 平方英尺:929/10000
volume: =立方米 m3 m^3 m³ 立方公里:1000000000 立方厘米:1/1000000
    升:1/1000 毫升:1/1000000 ml:1/1000000 =桶 barrels
mass: =公斤 千克 kg ㎏ kilograms 吨:1000 公吨:1000 tonnes:1000
    tons:1000 克:1/1000 毫克:1/1000000 mg:1/1000000
    微克:1/1000000000 斤:1/2 磅:45359237/100000000
    盎司:283495/10000000
power: =瓦 瓦特 千瓦:1000 kw:1000 兆瓦:1000000 mw:1000000
    吉瓦:1000000000 gw:1000000000 太瓦:1000000000000
    马力:7355/10
energy: =千瓦时 度电 kwh 兆瓦时:1000 mwh:1000 吉瓦时:1000000
    gwh:1000000 太瓦时:1000000000 twh:1000000000 =焦耳 千焦:1000
    =卡路里 千卡:1000 大卡:1000
speed: =节 =马赫
temperature: =摄氏度 ℃ °c =华氏度 ℉ °f =度 °
frequency: =赫兹 hz khz:1000 千赫:1000 mhz:1000000 兆赫:1000000
    ghz:1000000000 吉赫:1000000000
data: =字节 kb:1000 mb:1000000 gb:1000000000
    tb:1000000000000 pb:1000000000000000 =eflops =pflops
    =flops
duration: =秒 秒钟 seconds second 毫秒:1/1000 ms:1/1000
    微秒:1/1000000 分钟:60 minutes:60 minute:60 小时:3600
    钟头:3600 个小时:3600 hours:3600 hour:3600 天:86400
    days:86400 day:86400 昼夜:86400 周:604800 个星期:604800
    星期:604800 weeks:604800 week:604800 =个月 months month
    个多月 年:12 周年:12 载:12 years:12 year:12 个季度:3 季度:3
    quarters:3 年度:12 =个工作日 工作日 =个交易日 交易日 =学时 =课时
age: =岁 周岁
other: =分 =点 =伏特 =千伏 kv =兆帕 mpa =千帕 kpa =流明 =像素 =分贝 =摩尔
    =ppm =吨公里 =人次 =人公里 =标准箱 teu
"""
# Measure words: the same number of things may be counted in 个, 家 or 户.
COUNTS = (
    "个家名人户台辆只所项款条座位种件宗起股艘架张枚颗类层届期集部本篇首场站门支套间枝根块处例级"
    "次步段页章卷份批对双组队名员笔单箱袋瓶片头匹棵株朵幅扇床口人具封道盏顶粒滴声句字轮局"
)
_LONG_COUNTS = ("个人", "个国家", "个城市", "person", "people", "persons", "companies")


def _units() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    measures, base = UnitClass.NONE, ""
    names: dict[Fraction, str] = {}
    for entry in _TABLE.split():
        if entry.endswith(":"):
            measures = UnitClass(entry[:-1].replace("_", " "))
        elif entry.startswith("="):
            base = entry[1:]
            names = {Fraction(1): base}
            table[base] = Unit(base, measures, base, Fraction(1))
        else:
            spelled, _, size = entry.partition(":")
            factor = Fraction(size or 1)
            name = names.setdefault(factor, spelled)
            table[spelled.replace("_", " ")] = Unit(name, measures, base, factor)
    for word in (*COUNTS, *_LONG_COUNTS):
        table.setdefault(word, Unit(word, UnitClass.COUNT, "count", Fraction(1)))
    return table


UNITS = _units()
"""Every spelling of a unit, in lower case and simplified characters."""
