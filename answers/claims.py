"""Whether what a question states is right: 聘期五年吧, 高三能报吗, 聘书是市里发的吧.

What it states is held against the facts that answer it: figures of the same kind, grades, offices,
degrees. Where the two cannot be compared, nothing is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Final, NamedTuple

from answers.figures import PER, UNIT, Figure, FigureValue, figures, flat, pairs
from answers.telling import Told
from answers.topics import Topic
from language.numerals import HAN, fold, tidy, whole
from programmes.model import Programme
from programmes.values import chinese
from prompts import Lines, Text, Words, render, t

ADMITS: Final = ("grades", "who", "subjects")
"""The topics that tell which grades may join, and in what."""
SHORT: Final = 12
"""Characters of a line that says one thing alone, so that who is named in it is who is meant."""
NEAR: Final = 6
"""Characters behind a figure within which its verb stands: 8次也够了吧."""
LINE: Final = 30
"""Characters of a line that gives a condition and no more."""
BRIEF: Final = 16
"""Characters of a question that does nothing but state something: 聘期五年？"""

_OPEN: Final = re.compile(
    r"几(?!乎)|多少|谁|哪|什么(?![^,，]{0,6}都)|啥(?![^,，]{0,6}都)|怎么|怎样|咋|如何|为什么|多久|多长|何时|还是|分别"
)
"""What asks for more than yes or no."""
_REACHED: Final = re.compile("已经?|[做去到参交写见带收招跑报]了|还[差剩]")
"""What tells of oneself: nothing is claimed of the rule."""
_AGREES: Final = re.compile("吧|对[吗不么]|是不是|是吗|是否|没错|[吗么嘛?？]$")
_MAY: Final = re.compile("够|可以|[能行算让准]|成不|合格|达标|允许|来得及")
"""What asks whether so many will do."""
_ONLY: Final = re.compile("只|仅|就|封顶|最多|正好|固定|不超过")
_ONE_OF: Final = re.compile(
    "(?:个|名|位|所|支|家)?(?:导师|老师|教师|学校|高校|大学|中学|市|盟|学科|科(?!$)|队伍?|单位)"
)
"""What one of is most often no claim: 一个导师带5个."""
_PEOPLE: Final = re.compile("个?(?:学生|人|名额|孩子|娃|同学|徒弟|名)")
_RATIO: Final = re.compile(rf"(\d+|{HAN})比(\d+|{HAN})(?!\w*多)")
_MONTHS_MORE: Final = re.compile(rf"(\d+|{HAN})年零(\d+|{HAN}+)个月")
_MONTHS: Final = {"年": 12, "学年": 12, "个月": 1}
_EACH: Final = re.compile(
    r"1(?:个(?=[月星学])|(?=[周天学]))(月|周|星期|天|学期)(?=[^,。每]{0,6}\d)"
)
"""What asks of each month: 一个月见1次."""
_NEXT: Final = re.compile(r"[这那下上第]\d+(?:个|学)?[年期月届]")
"""Which year is meant, not how many: 下1年."""
_UNCOUNTED: Final = "?"
"""The kind of a number without a unit, which may be of any."""
_COUNTED: Final = ("人", "次", "元", "支", "所", "类", "篇", "份", _UNCOUNTED)
"""The kinds that a number without a unit may be of."""
_YEARS: Final = 1900
"""From here on a number of years is a year."""
_KINDS: Final = {
    **dict.fromkeys(("类", "种", "项", "门", "科"), "类"),
    **dict.fromkeys(("支", "队"), "支"),
}
_DENIED: Final = re.compile("[没非无]|不(?![对少低超多么]|得[少超]|$|[?？])")
_APART: Final = re.compile("[那这]$|不到$|[没未][^,，少到]{0,4}$")
"""Before a figure that is not claimed: 没去满10次."""
_ALL: Final = re.compile("[一总]共|合计|[加合]起来|乘|倍|除以")
_BROKEN: Final = re.compile(r"[\d万][千百多来余]|万\d|回事")
"""What makes another number of one: 6万2千5, 6万多."""
_COUNTS: Final = re.compile(
    "[每只就仅才光][^,，。]{0,3}(?<!算)#|(?:去|到校?|参加|见面?|考)#次|#.{0,4}就[行够可]"
)
"""Around a one that counts: 每月一次, 只有一所, 一支队就行."""
_LAST: Final = re.compile(
    r"\w{0,4}?(?:就[行够可][以了]?|就好)?(?:[对是]?[吧吗不么嘛]|没错|不[对是])*[?？]*"
)
"""What may follow a figure that is what is asked about: 100所大学吧; not 100个名额一定招满吗."""
_ONESELF: Final = re.compile("(?:我|我们|咱们?|本人)[^,，]{0,6}是")
_EVERY: Final = re.compile("都|每[科个]|全是")
_PIECES: Final = re.compile("[；\n]")
_MONTH_ENDS: Final = ("底", 28, 29, 30, 31)
"""Days on which a month ends: before July may mean by the end of June."""
_LISTED: Final = re.compile(r"^\d+\. ")
_NOT: Final = re.compile(
    "[（(]不是[^）)]*[）)]|[^，。；（(]*(?:不是|[没未]写|没有|未提|未列(?!入))[^，。；]*"
)
"""What a document does not say, by the words of a pack."""
_BEGINS: Final = re.compile("开[班始学课]|启动|起")
_ENDS: Final = re.compile("完|止|结束|截")
_SENIOR: Final = tuple(f"senior_{year}" for year in range(1, 4))
_LEVELS: Final = {
    **dict.fromkeys((f"{of}{one}班" for of in ("", "幼儿园") for one in "中小托"), ()),
    **dict.fromkeys(("小学生", "小学"), tuple(f"primary_{year}" for year in range(1, 7))),
    **dict.fromkeys(("初中生", "初中"), tuple(f"junior_{year}" for year in range(1, 4))),
    **dict.fromkeys(("普通高中", "普高"), _SENIOR),
    **dict.fromkeys(("高中生", "高中"), (*_SENIOR, "vocational")),
}
"""What names several grades at once, or one of those that no programme here is for."""
_LATER: Final = "(?:明年|下学期|快|马上|即将|升|开学)[^,，。]{0,3}?"
_NOT_THEY: Final = "[^,，。]{0,2}(?:老师|教师|毕业|园长|校长)"
"""Behind a grade: those who teach it, or have left it."""
_PARTIES: Final = {
    "中国科协": "中国科协",
    "(?:省|市|自治区)?科协": "(?<!国)科协|科学技术协会|办公室(?![在设])",
    "市里|市级|盟市|市办": "市",
    "省里|省级|省办|自治区": "省|自治区",
    "教育部": "教育部",
    "教育厅": "教育厅",
    "教育局": "教育局",
    "国家(?!级)|全国": "全国|国家|中国科协|教育部",
    "协会": "协会|办公室(?![在设])",
    "科技中心|中心": "中心|办公室(?![在设])",
    "科技馆": "科技馆|科学技术馆|办公室(?![在设])",
    "专家": "专家",
    "家长|爸妈": "家长",
    "导师": "导师",
    "班主任|中学老师|学校老师|学校|中学": "校|中学|教师|老师",
    "高校|大学": "高校|大学|院校",
}
"""By which words questions name those who do something, and packs."""
_DEGREES: Final = ("本科(?!生)", "硕士(?!生)", "博士(?![生后])")
"""Degrees, the lowest first: who has a higher one has enough."""
_LEVELS_OF: Final = tuple(
    f"{level}(?!管理|办公室|科协|教学)"
    for level in ("国家级", "(?<!自治)省级", "自治区级", "市级")
)
_PARTY: Final = "|".join(_PARTIES)
_DOES: Final = re.compile(
    rf"(?:(?<!不)是|由|归|靠|报给|报到|交给|交到)(?P<who>{_PARTY})"
    rf"|(?P<does>{_PARTY})(?:来|负责|统一|组织)*(?:颁?发|催|督促|审核?|批|评|办|定|出钱|打分|盯)"
)


class _Rival(NamedTuple):
    """A figure that the document gives, and the piece of a line that it stands in."""

    figure: Figure
    value: FigureValue
    piece: str


def verdict(question: str, told: Told, topic: Topic, *, sure: bool) -> Text | None:
    """Yes or no to what a question states, in the words of the facts; `None` if it states nothing
    that these facts can be held against. Unless the topic is surely meant, the question must share
    a word with it."""
    said = "".join(fold(tidy(question)).casefold().split())
    if told.silent or _OPEN.search(said):
        return None
    if topic.key in ADMITS and (found := of_grades(said, told.programme)):
        return found
    agrees = _AGREES.search(said)
    states = len(said) <= BRIEF or _MAY.search(said)
    if not agrees and (_REACHED.search(said) or not states):
        return None
    said = _MONTHS_MORE.sub(_in_months, said.replace("半年", "6个月").replace("年半", "年零6个月"))
    said = flat(_RATIO.sub(_colon, said))
    said = _EACH.sub(r"每\1", re.sub("每[1一]?[个所支名位]", "每", said)).replace("学校", "校")
    lines = [render(line, "zh") for line in told.said]
    if not sure and not _about(said) & pairs(flat("。".join([render(topic.label, "zh"), *lines]))):
        return None
    return (
        _of_figures(said, lines)
        or _of_periods(said, lines[0])
        or _of_parties(said, lines)
        or (None if told.unclear else _of_ranks(said, lines))
    )


def _colon(found: re.Match[str]) -> str:
    return f"{whole(found[1])}:{whole(found[2])}"


def _in_months(found: re.Match[str]) -> str:
    return f"{12 * (whole(found[1]) or 0) + (whole(found[2]) or 0)}个月"


# ---------------------------------------------------------------- figures


def _of_figures(said: str, lines: Sequence[str]) -> Text | None:
    """The first figure that the document does not share; if it shares all, that it does."""
    shared: Text | None = None
    claims = [
        one
        for one in figures(said)
        if not one.bounds & {"ordinal", "under", "over"}
        and not _BROKEN.search(said[one.start : one.end + 1])
        and not _APART.search(said[: one.start])
        and said[one.start] != "0"
    ]
    kinds = [_measured(one, said)[0] for one in claims]
    if len(claims) > 1 and (
        _ALL.search(said) or len({*kinds} - {"day"}) < len(kinds) - kinds.count("day")
    ):
        return None
    days = [one for one in claims if one.unit == "day"]
    if len(days) > 1 and (rivals := _nearest(said, "day", lines, every=True)):
        found = {one: [_equal(one, one.value, rival) for rival in rivals] for one in days}
        if all(True in same for same in found.values()):
            written = "；".join(dict.fromkeys(rival.piece for rival in rivals))
            return t("ask.claim.yes", written=written)
    claims.sort(key=lambda one: one.value == 1 and bool(_ONE_OF.match(said, one.start + 1)))
    for claim in claims:
        kind, value = _measured(claim, said)
        rivals = _nearest(said, kind, lines) if kind else []
        if not rivals or (value == 1 and not _COUNTS.search(_around(said, claim))):
            continue
        if _ALL.search(said) and len(rivals) > 1:
            return None
        if any(rival.figure.unit == "元" for rival in rivals) and _many(claims, said):
            return None
        judged = _judged(said, claim, value, rivals)
        if judged is None or judged.key != "ask.claim.yes":
            return judged
        shared = shared or judged
    return shared


def _around(said: str, claim: Figure) -> str:
    return f"{said[: claim.start]}#{said[claim.start + 1 :]}"


def _many(claims: Iterable[Figure], said: str) -> bool:
    """Whether several of anything are counted, so that what is said of money is said of all."""
    counted = (_measured(one, said) for one in claims)
    return any(kind in ("支", "人", "所", "市") and value != 1 for kind, value in counted)


def _nearest(said: str, kind: str, lines: Sequence[str], *, every: bool = False) -> list[_Rival]:
    """The figures of this kind that the question may mean: those with most of its words around,
    in the first line that has any; of days in all lines."""
    found: list[_Rival] = []
    for line in lines:
        for piece in _PIECES.split(line):
            written = flat(_LISTED.sub("", _NOT.sub("", piece)))
            for one in figures(written):
                its, value = _measured(one, written)
                if "ordinal" in one.bounds or (value == 1 and not one.bounds and its != "月"):
                    continue
                either = _UNCOUNTED in (its, kind) and {its, kind} <= {*_COUNTED}
                if its == kind or either:
                    found.append(_Rival(one, value, piece.strip()))
        if found and kind != "day":
            break
    words = _about(said)
    near = [len(words & pairs(flat(one.piece))) for one in found]
    most = 0 if every else max(near, default=0)
    if not most and kind != "day" and len({one.value for one in found}) > 1:
        return found if _EVERY.search(said) else []
    return [one for one, shared in zip(found, near, strict=True) if shared >= most]


def _about(said: str) -> set[str]:
    """The pairs of characters of a question, with what packs call a beginning and an end."""
    return pairs(
        said + "。开始" * bool(_BEGINS.search(said)) + "。结束" * bool(_ENDS.search(said))
    )


def _measured(figure: Figure, text: str) -> tuple[str, FigureValue]:
    """What kind of thing a figure counts, and how many in the unit of that kind."""
    value, unit, after = figure.value, figure.unit, text[figure.end :]
    if unit in ("day", "ratio"):
        return unit, value
    if not isinstance(value, Decimal) or unit == "年级" or _NEXT.match(text, figure.start - 1):
        return "", value
    if not (unit == "%" or UNIT.fullmatch(unit)):
        many = text[figure.start : figure.end].removesuffix(unit).endswith("万")
        return "元" if many or unit == "块" else _UNCOUNTED, value
    if unit in _MONTHS:
        return ("", value) if value >= _YEARS else ("月", value * _MONTHS[unit])
    if unit == "人" or (unit == "个" and (_PEOPLE.match(after) or after in ("", "吧"))):
        return "人", value
    return _KINDS.get(unit, unit), value


def _judged(said: str, claim: Figure, value: FigureValue, rivals: Sequence[_Rival]) -> Text | None:
    limit, bounds = rivals[0].value, rivals[0].figure.bounds
    written = "；".join(dict.fromkeys(one.piece for one in rivals))
    stated = said[claim.start : claim.end]
    if not (claim.unit in ("day", "ratio", "%") or UNIT.fullmatch(claim.unit)):
        stated = stated.removesuffix(claim.unit)
    words = {"stated": stated + "额" * said.startswith("额", claim.end), "written": written}
    same = [_equal(claim, value, one) for one in rivals]
    alone = len({one.value for one in rivals}) == 1
    per, of = set(PER.findall(said)), set(PER.findall(written))
    may = _MAY.search(said[claim.end : claim.end + NEAR]) and alone and per <= of
    if may and isinstance(value, Decimal) and isinstance(limit, Decimal):
        if "least" in bounds:
            return t("ask.claim.too_few" if value < limit else "ask.claim.enough", **words)
        if "most" in bounds and not _ONLY.search(said[: claim.start]):
            return t("ask.claim.too_many" if value > limit else "ask.claim.within", **words)
    other_period = bool(per and of and not per & of)
    if other_period and (each := PER.search(said)):
        words["stated"] = f"{each[0]}{stated}"
    differs = all(one is False for one in same) and not _between(value, rivals)
    if differs or other_period:
        return t("ask.claim.no", **words)
    if isinstance(value, Decimal) and not alone and _EVERY.search(said):
        return t("ask.claim.not_all", **words)
    if (
        not alone
        or not all(same)
        or per - of
        or (claim.bounds ^ bounds) & {"least", "most"} - bounds
    ):
        return None
    if "least" in bounds and _ONLY.search(said):
        return t("ask.claim.or_more", **words)
    if _MAY.search(said[: claim.start]) or not _LAST.fullmatch(said, claim.end):
        return None
    return _yes(said, written)


def _yes(said: str, written: str) -> Text | None:
    """That it is so, if that is what is asked and nothing is denied."""
    if not _AGREES.search(said) or _DENIED.search(said):
        return None
    return t("ask.claim.yes", written=written)


def _between(value: FigureValue, rivals: Sequence[_Rival]) -> bool:
    """Whether a month lies within a span of months: 10月 within 9—11月."""
    if not isinstance(value, tuple):
        return False
    ends = [one for one in rivals if one.figure.start == rivals[0].figure.start]
    months = [one.value[1] for one in ends if isinstance(one.value, tuple)]
    return len(months) > 1 and months[0] < value[1] < months[-1]


def _equal(claim: Figure, value: FigureValue, rival: _Rival) -> bool | None:
    """Whether the document's figure is the claimed one; `None` if that depends on the day."""
    if isinstance(value, tuple) and isinstance(rival.value, tuple):
        (year, month, day), (of_year, of_month, of_day) = value, rival.value
        if of_day is None and month + 1 == of_month and day in _MONTH_ENDS:
            return None if "before" in rival.figure.bounds else False
        if month != of_month or (year and of_year and year != of_year):
            return False
        if of_day is None and "before" in rival.figure.bounds - claim.bounds:
            return False
        if day == of_day:
            return True
        if day is None or of_day is None:
            # Before July is not before the end of July.
            bounds = claim.bounds if day is None else rival.figure.bounds
            return False if "before" in bounds else (day is None or None)
        return None if type(day) is not type(of_day) else False
    if isinstance(value, str) and isinstance(rival.value, str):
        return sorted(value.split(":")) == sorted(rival.value.split(":"))
    return value == rival.value


# ---------------------------------------------------------------- how often, and by whom


def _of_periods(said: str, line: str) -> Text | None:
    """Whether it is as often as the question has it: 日志每周写吧."""
    claim, written = PER.search(said), line.partition("\n")[0]
    of = set(PER.findall(flat(_NOT.sub("", written))))
    if claim is None or not of:
        return None
    if claim[1] not in of:
        return t("ask.claim.no", stated=claim[0], written=written)
    return _yes(said, written)


def _of_parties(said: str, lines: Sequence[str]) -> Text | None:
    """Whether it is they who do it: 聘书是市里发的吧."""
    asked = _DOES.search(said)
    if asked is None or _ONESELF.search(said) or not (asked["who"] or _AGREES.search(said)):
        return None
    called = asked["who"] or asked["does"]
    if {*re.findall(_PARTY, said)} - {called, "导师"}:  # 导师聘书
        return None
    means = next(means for name, means in _PARTIES.items() if re.fullmatch(name, called))
    words = pairs(said)
    piece = max(_PIECES.split(lines[0]), key=lambda one: len(words & pairs(flat(one))))
    if not re.search(_PARTY, _NOT.sub("", piece)):
        return None
    if not any(re.search(means, _NOT.sub("", line)) for line in lines):
        return t("ask.claim.no", stated=called, written=piece)
    shared = called in piece and len(piece) <= SHORT and not _ONLY.search(said)
    return _yes(said, piece) if shared else None


def _of_ranks(said: str, lines: Sequence[str]) -> Text | None:
    """Whether it is this degree or level: 硕士就可以吧, 证书是省级吧."""
    for ranks, lower_only in ((_DEGREES, True), (_LEVELS_OF, False)):
        asked = {place for place, name in enumerate(ranks) if re.search(name, said)}
        every = (line for line in lines if "\n" not in line and len(line) <= LINE)
        written = next((line for line in every if re.search("|".join(ranks), line)), "")
        if len(asked) != 1 or not written or _EVERY.search(said):
            continue
        (place,) = asked
        has = {at for at, name in enumerate(ranks) if re.search(name, _NOT.sub("", written))}
        if place in has:
            return None if lower_only else _yes(said, written)
        if has and (not lower_only or place < min(has)):
            stated = re.search(ranks[place], said)
            return t("ask.claim.no", stated=stated[0] if stated else "", written=written)
    return None


# ---------------------------------------------------------------- grades


def admitting(
    question: str, programmes: Iterable[Programme], called: Mapping[str, str]
) -> Text | None:
    """Which of several programmes take the one grade that a question names."""
    named = _grades(question)
    if len(named) != 1:
        return None
    ((name, keys),) = named.items()
    every = [one for one in programmes if one.fact("participants.grades").value]
    those = [one for one in every if set(keys) & set(_admitted(one))]
    if not those:
        return t("ask.claim.by_none", grade=name, others=[called[one.key] for one in every])
    return t(
        "ask.claim.by_some", grade=name, programmes=[_taking(one, keys, called) for one in those]
    )


def _taking(programme: Programme, keys: Iterable[str], called: Mapping[str, str]) -> Words:
    """A programme, and the subjects in which alone it takes these grades."""
    admitted = _admitted(programme)
    only = sorted({code for key in keys for code in admitted.get(key, ())})
    if not only:
        return called[programme.key]
    subjects = [programme.subject_name(code) for code in only]
    return t("ask.claim.only_in", programme=called[programme.key], subjects=subjects)


def of_grades(said: str, programme: Programme) -> Text | None:
    """Whether those of the grades that the question names may join, and in what."""
    admitted, named = _admitted(programme), _grades(said)
    if not admitted or not named:
        return None
    written = "；".join(programme.fact("participants.grades").words)
    lines: list[Text] = []
    for name, keys in named.items():
        taken = [key for key in keys if key in admitted]
        subjects = {code for key in taken for code in admitted[key]}
        if not taken:
            lines.append(t("ask.claim.grade_out", grade=name, written=written))
        elif len(taken) < len(keys):
            grades = [t(f"programme.grade.{key}") for key in taken]
            lines.append(t("ask.claim.grade_part", grade=name, grades=grades))
        elif subjects and all(admitted[key] for key in taken):
            only = [programme.subject_name(code) for code in sorted(subjects)]
            lines.append(t("ask.claim.grade_only", grade=name, subjects=only, written=written))
        elif _ONLY.search(said) and len(named) == 1 and len(admitted) > len(keys):
            lines.append(t("ask.claim.grade_more", grade=name, written=written))
        else:
            lines.append(t("ask.claim.grade_in", grade=name))
    return t("ask.parts", parts=Lines(lines))


def _admitted(programme: Programme) -> dict[str, tuple[str, ...]]:
    """The grades that may join, and the subjects in which alone they may, if not in all."""
    value = programme.fact("participants.grades").value
    return {str(one.grade): one.only_subjects for one in value or ()}


def _grades(question: str) -> dict[str, tuple[str, ...]]:
    """The grades that a question names, as they are called, and their keys."""
    said = re.sub("(?<=[高初小])[1-6]", lambda found: "零一二三四五六"[int(found[0])], question)
    every = _called()
    named = f"({_LATER})?({'|'.join(every)})(?!{_NOT_THEY})"
    found = {one[2]: every[one[2]] for one in re.finditer(named, said) if not one[1]}
    alone = {keys for keys in found.values() if len(keys) == 1}
    return {
        name: keys
        for name, keys in found.items()
        if len(keys) < 2 or not any(one <= {*keys} for one in map(set, alone))
    }


@cache
def _called() -> Mapping[str, tuple[str, ...]]:
    """What grades are called, the longest first."""
    every = {name: (key,) for name, key in chinese()["grades"].items()} | _LEVELS
    return {name: every[name] for name in sorted(every, key=len, reverse=True)}
