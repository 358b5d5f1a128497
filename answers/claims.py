"""Whether what a question states is right: 聘期五年吧, 高三能报吗, 聘书是市里发的吧.

What it states is held against the facts that answer it: figures of the same kind, grades, offices,
degrees. Where the two cannot be compared, nothing is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from answers.figures import PER, UNIT, Figure, FigureValue, figures, flat, pairs
from answers.telling import Told
from answers.topics import Topic, read_yaml
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
ENTRIES: Final = 2
"""Fewest entries of a list that may be alike."""
FEW: Final = 3
"""Lines of a topic that is about one thing."""
TERSE: Final = 5
"""Characters of what is no sentence, only what is looked for: 30个名额."""
BRIEF: Final = 16
"""Characters of a question that does nothing but state something: 聘期五年？"""

_RATIO: Final = re.compile(rf"(\d+|{HAN})比(\d+|{HAN})(?!\w*多)")
_MONTHS_MORE: Final = re.compile(rf"(\d+|{HAN})年零(\d+|{HAN}+)个月")
_MONTHS: Final = {"年": 12, "学年": 12, "个月": 1}
_EACH: Final = re.compile(
    r"1(?:个(?=[月星学])|(?=[周天学]))(月|周|星期|天|学期)(?=[^,，。每]{0,6}\d)"
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
_BROKEN: Final = re.compile(r"[\d万][千百多来余]|万\d|回事")
"""What makes another number of one: 6万2千5, 6万多."""
_CLAUSES: Final = re.compile("[，,。；;？?！!\\s]+")
_PIECES: Final = re.compile("[；\n]")
_ENDS_OF: Final = ("开始", "结束")
"""How packs call the beginning and the end of a cycle."""
_MONTH_ENDS: Final = ("底", 28, 29, 30, 31)
"""Days on which a month ends: before July may mean by the end of June."""
_LISTED: Final = re.compile(r"^\d+\. ")
_NOT: Final = re.compile(
    r"[（(]不是[^）)]*[）)]|[^，。；（(\n]*(?:不是|[没未]写|没有|未提|未列(?!入))[^，。；\n]*"
)
"""What a document does not say, by the words of a pack."""


_SOFT: Final = re.compile("拟|原则上|左右|约|计划培养")
"""By which packs say that a figure is not fixed."""
_DENIES: Final = re.compile(
    "(?:(?<!还)没有(?![写提列说定规要明单])|不是|不含|不包括|未列入)(?P<what>(?:(?!的)[\u3400-\u9fff]){2,6})(?!的)"
    "|(?P<whom>[\u3400-\u9fff]{2,6}?)(?:不发|不要求|未列入|不能|不得)"
)
"""What a document denies, by the words of a pack: 没有优秀档, 不合格不发."""
_FIRST: Final = re.compile("(?:审批|批准|审核|审定)[^，。；]{0,3}(?:才|后)")
"""What has to be done first."""
_OPEN_WHO: Final = re.compile("谁[^，。]{0,4}[没未]写")
"""By which packs say that a document does not name who does it."""
_GAP: Final = "[^、，；。（）()《》「」]{1,4}"
_HAN_RUNS: Final = re.compile("[\u3400-\u9fff]+")


class _Vocabulary(BaseModel):
    """By which words questions state something: `claims.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open: re.Pattern[str]
    reached: re.Pattern[str]
    agrees: re.Pattern[str]
    whether: re.Pattern[str]
    may: re.Pattern[str]
    only: re.Pattern[str]
    fixed: re.Pattern[str]
    every: re.Pattern[str]
    limits: re.Pattern[str]
    softens: re.Pattern[str]
    must: re.Pattern[str]
    around: re.Pattern[str]
    skips: re.Pattern[str]
    same: re.Pattern[str]
    more: re.Pattern[str]
    differs: re.Pattern[str]
    denied: re.Pattern[str]
    apart: re.Pattern[str]
    altogether: re.Pattern[str]
    counts: re.Pattern[str]
    last: re.Pattern[str]
    one_of: re.Pattern[str]
    people: re.Pattern[str]
    begins: re.Pattern[str]
    ends: re.Pattern[str]
    oneself: re.Pattern[str]
    states: re.Pattern[str]
    light: re.Pattern[str]
    later: str
    not_they: str
    levels: Mapping[str, tuple[str, ...]]
    parties: Mapping[str, str]
    before_who: str
    behind_who: str
    beside_who: tuple[str, ...]
    doings: tuple[str, ...]
    whatever: tuple[str, ...]
    applies: tuple[str, ...]
    degrees: tuple[str, ...]
    ranks: tuple[str, ...]

    @cached_property
    def party(self) -> str:
        return "|".join(self.parties)

    @cached_property
    def does(self) -> re.Pattern[str]:
        """Who is said to do something: 是市里发的, 导师审的."""
        return re.compile(
            rf"{self.before_who}(?P<who>{self.party})|(?P<does>{self.party}){self.behind_who}"
        )


@cache
def _vocabulary() -> _Vocabulary:
    return _Vocabulary(**read_yaml(Path(__file__).with_name("claims.yaml")))


class _Rival(NamedTuple):
    """A figure that the document gives, and the piece of a line that it stands in."""

    figure: Figure
    value: FigureValue
    piece: str


def verdict(question: str, told: Told, topic: Topic, *, sure: bool) -> Text | None:
    """Yes or no to what a question states, in the words of the facts; `None` if it states nothing
    that these facts can be held against. Unless the topic is surely meant, and wherever a sentence
    only states something, it must share a word with it."""
    words = _vocabulary()
    question = _stating(fold(tidy(question)).casefold())
    said = words.whether.sub(_affirmed, "".join(question.split()))
    if told.silent or words.open.search(said):
        return None
    if topic.key in ADMITS and (found := of_grades(said, told.programme)):
        return found
    agrees = words.agrees.search(said) or words.whether.search(question)
    states = len(said) <= BRIEF or words.may.search(said)
    if not agrees and (words.reached.search(said) or not states):
        return None
    said = _MONTHS_MORE.sub(_in_months, said.replace("半年", "6个月").replace("年半", "年零6个月"))
    said = flat(_RATIO.sub(_colon, said))
    full = _EACH.sub(r"每\1", re.sub("每[1一]?[个所支名位]", "每", said))
    said = full.replace("学校", "校")
    lines = [render(line, "zh") for line in told.said]
    label = render(topic.label, "zh")
    stated = agrees or words.states.search(said)
    shares = bool(_about(said) & pairs(flat("。".join([label, *lines])))) or any(
        one.unit and one.unit in label for one in figures(said)
    )
    if not sure and not shares:
        return None
    found = (
        _of_figures(said, lines)
        or _of_periods(said, lines[0])
        or _of_same(said, lines, each=topic.frame == "each")
        or _of_parties(full, label, lines)
        or _of_bans(said, label, lines)
        or (_of_denials(said, lines) if stated else None)
        or (None if told.unclear else _of_ranks(said, lines))
        or (_of_words(full, label, lines) if stated and not told.unclear else None)
    )
    if found is None or found.key != "ask.claim.yes" or agrees:
        return found
    told_so = stated or words.same.search(said) or figures(said)
    return found if shares and len(said) > TERSE and told_so else None


def _stating(question: str) -> str:
    """Of a question that asks more than yes or no, the one clause that asks only that, if it is a
    sentence: 聘期是三年吧，到期了怎么办."""
    words = _vocabulary()
    if not words.open.search(question):
        return question
    clauses = _CLAUSES.split(question)
    only = [
        one
        for one in clauses
        if len(one) > TERSE and words.agrees.search(one) and not words.open.search(one)
    ]
    return only[0] if len(only) == 1 else question


def _affirmed(found: re.Match[str]) -> str:
    return found[found.lastindex or 0]


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
        and not (one.unit != "ratio" and _BROKEN.search(said[one.start : one.end + 1]))
        and not _vocabulary().apart.search(said[: one.start])
        and said[one.start] != "0"
    ]
    kinds = [_measured(one, said)[0] for one in claims]
    if len(claims) > 1 and (
        _vocabulary().altogether.search(said)
        or len({*kinds} - {"day"}) < len(kinds) - kinds.count("day")
    ):
        return None
    days = [one for one in claims if one.unit == "day"]
    if len(days) > 1 and (rivals := _nearest(said, "day", lines, every=True)):
        found = {one: [_equal(one, one.value, rival) for rival in rivals] for one in days}
        if all(True in same for same in found.values()):
            written = "；".join(dict.fromkeys(rival.piece for rival in rivals))
            return t("ask.claim.yes", written=written)
    claims.sort(
        key=lambda one: one.value == 1 and bool(_vocabulary().one_of.match(said, one.start + 1))
    )
    for claim in claims:
        kind, value = _measured(claim, said)
        rivals = _nearest(said, kind, lines) if kind else []
        if not rivals or (value == 1 and not _vocabulary().counts.search(_around(said, claim))):
            continue
        if _vocabulary().altogether.search(said) and len(rivals) > 1:
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
    ends = [end for end in _ENDS_OF if end in words]
    near = [
        len(words & pairs(flat(one.piece))) + 2 * any(end in one.piece for end in ends)
        for one in found
    ]
    most = 0 if every else max(near, default=0)
    if not most and kind != "day" and len({one.value for one in found}) > 1:
        return found if _vocabulary().every.search(said) else []
    return [one for one, shared in zip(found, near, strict=True) if shared >= most]


def _about(said: str) -> set[str]:
    """The pairs of characters of a question, with what packs call a beginning and an end."""
    return pairs(
        said
        + "。开始" * bool(_vocabulary().begins.search(said))
        + "。结束" * bool(_vocabulary().ends.search(said))
    )


def _measured(figure: Figure, text: str) -> tuple[str, FigureValue]:
    """What kind of thing a figure counts, and how many in the unit of that kind."""
    value, unit, after = figure.value, figure.unit, text[figure.end :]
    if unit in ("day", "ratio"):
        return unit, value
    if (
        not isinstance(value, Decimal)
        or unit in ("年级", "中")
        or _NEXT.match(text, figure.start - 1)
    ):
        return "", value
    if not (unit == "%" or UNIT.fullmatch(unit)):
        many = text[figure.start : figure.end].removesuffix(unit).endswith("万")
        return "元" if many or unit == "块" else _UNCOUNTED, value
    if unit in _MONTHS:
        return ("", value) if value >= _YEARS else ("月", value * _MONTHS[unit])
    if unit == "人" or (
        unit == "个" and (_vocabulary().people.match(after) or after in ("", "吧"))
    ):
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
    may = _vocabulary().may.search(said[claim.end : claim.end + NEAR]) and alone and per <= of
    if may and isinstance(value, Decimal) and isinstance(limit, Decimal):
        if "least" in bounds:
            return t("ask.claim.too_few" if value < limit else "ask.claim.enough", **words)
        if "most" in bounds and not _vocabulary().only.search(said[: claim.start]):
            return t("ask.claim.too_many" if value > limit else "ask.claim.within", **words)
    other_period = bool(per and of and not per & of)
    if other_period and (each := PER.search(said)):
        words["stated"] = f"{each[0]}{stated}"
    differs = all(one is False for one in same) and not _between(value, rivals)
    if differs or other_period:
        return t("ask.claim.no", **words)
    if isinstance(value, Decimal) and not alone and _vocabulary().every.search(said):
        return t("ask.claim.not_all", **words)
    if (
        not alone
        or not all(same)
        or per - of
        or (claim.bounds ^ bounds) & {"least", "most"} - bounds
    ):
        return None
    if "least" in bounds and _vocabulary().only.search(said):
        return t("ask.claim.or_more", **words)
    if _vocabulary().fixed.search(said) and _SOFT.search(written):
        return None
    if _vocabulary().may.search(said[: claim.start]) or not _vocabulary().last.fullmatch(
        said, claim.end
    ):
        return None
    return _yes(said, written)


def _yes(said: str, written: str) -> Text | None:
    """That it is so, unless anything is denied."""
    return None if _vocabulary().denied.search(said) else t("ask.claim.yes", written=written)


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


def _of_denials(said: str, lines: Sequence[str]) -> Text | None:
    """That it is not so, if the document itself denies it (有优秀这一档, 不合格也有证书), or asks
    for more (计划自己定好就能做)."""
    words = _vocabulary()
    *_, clause = re.split("[,，]", said)
    if words.denied.search(words.skips.sub("", said)):
        return None
    for piece in (piece for line in lines for piece in _PIECES.split(line)):
        denied = (one["what"] or one["whom"] for one in _DENIES.finditer(piece))
        meant = any(
            what in clause or (len(what) > 2 and _in_order(what, clause)) for what in denied
        )
        if meant:
            return t("ask.claim.not_so", written=piece)
        if len(lines) <= FEW and words.skips.search(said) and _FIRST.search(piece):
            return t("ask.claim.not_so", written=piece)
    return None


def _of_bans(said: str, label: str, lines: Sequence[str]) -> Text | None:
    """That it is not allowed, if it stands in a list of what is not: 绩效可以从里面发."""
    words = _vocabulary()
    if "不能" not in label or words.denied.search(said) or not words.may.search(said):
        return None
    banned = any(len(one) > 1 and one in said for one in _PIECES.split(lines[0]))
    return t("ask.claim.banned", label=label, written=lines[0]) if banned else None


def _in_order(thing: str, said: str) -> bool:
    """Whether the characters stand in a text in this order: 优秀档 in 优秀学生这一档."""
    return re.search("[^,，]{0,4}".join(thing), said) is not None


def _of_same(said: str, lines: Sequence[str], *, each: bool) -> Text | None:
    """Whether several are alike: 生物名额跟其他科一样多, 团队老师方向都得一样."""
    words = _vocabulary()
    more = words.more.search(said)
    if not (words.same.search(said) or more) or words.denied.search(said):
        return None
    about = pairs(words.same.sub("。", said))
    for piece in (piece for line in lines for piece in _PIECES.split(line)):
        if not more and words.differs.search(piece) and about & pairs(flat(piece)):
            return t("ask.claim.not_same", written=piece)
    entries = _PIECES.split(lines[0]) if len(lines) == 1 else lines
    found = [frozenset(_measured(one, flat(of)) for one in figures(flat(of))) for of in entries]
    if not each or len(entries) < ENTRIES or any(len(of) != 1 for of in found):
        return None
    written = "；".join(entries)
    alike = len(set(found)) == 1
    if more:
        return t("ask.claim.not_so", written=written) if alike else None
    return t("ask.claim.yes" if alike else "ask.claim.not_same", written=written)


def _of_parties(said: str, label: str, lines: Sequence[str]) -> Text | None:
    """Whether it is they who do it: 聘书是市里发的吧."""
    asked = _vocabulary().does.search(said)
    if (
        asked is None
        or _vocabulary().denied.search(said)
        or _vocabulary().oneself.search(said)
        or not (
            asked["who"]
            or _vocabulary().agrees.search(said)
            or re.fullmatch("[的了]?", said[asked.end() :])
        )
    ):
        return None
    group = "who" if asked["who"] else "does"
    called = asked[group]
    if {*re.findall(_vocabulary().party, said)} - {called, *_vocabulary().beside_who}:
        return None
    means = next(
        means
        for name, means in _vocabulary().parties.items()
        if (one := re.compile(name).match(said, asked.start(group))) and one[0] == called
    )
    words = pairs(said)
    does = said[asked.end(group) : asked.end()] or said[asked.end() :].lstrip("来")[:1]
    first = _PIECES.split(lines[0])
    if does and does[-1] in _vocabulary().doings and not re.search(means, lines[0]):
        later = [piece for line in lines[1:] for piece in _PIECES.split(line)]
        first = [one for one in later if does[-1] in one] or first
    piece = max(first, key=lambda one: len(words & pairs(flat(one))))
    named = re.compile(_vocabulary().party)
    if not named.search(_NOT.sub("", piece)):
        return None
    by = re.search("由([^，。；]{1,8})", _NOT.sub("", piece))
    if (
        by
        and does
        and named.search(by[1])
        and does[-1] in _vocabulary().whatever
        and not re.search(means, piece)
    ):
        return t("ask.claim.no", stated=called, written=piece)
    there = "\n".join(_NOT.sub("", line) for line in lines)
    office = called in label or ("办公室" in called and called in there)
    if not (_OPEN_WHO.search(piece) or office or re.search(means, there)):
        return t("ask.claim.no", stated=called, written=piece)
    limited = _vocabulary().only.search(said) or _vocabulary().limits.search(said)
    same = (
        called in piece
        and len(piece) <= SHORT
        and (does in piece or does not in _vocabulary().applies)
    )
    return _yes(said, piece) if same and not limited and not _OPEN_WHO.search(piece) else None


def _of_ranks(said: str, lines: Sequence[str]) -> Text | None:
    """Whether it is this degree or level: 硕士就可以吧, 证书是省级吧."""
    words = _vocabulary()
    for ranks, lower_only in ((words.degrees, True), (words.ranks, False)):
        asked = {place for place, name in enumerate(ranks) if re.search(name, said)}
        every = (line for line in lines if "\n" not in line and len(line) <= LINE)
        written = next((line for line in every if re.search("|".join(ranks), line)), "")
        if len(asked) != 1 or not written or _vocabulary().every.search(said):
            continue
        (place,) = asked
        has = {at for at, name in enumerate(ranks) if re.search(name, _NOT.sub("", written))}
        needs = words.must.search(said) and not words.denied.search(said)
        if lower_only and has and min(has) < place and needs:
            return t("ask.claim.not_so", written=written)
        if place in has:
            return None if lower_only else _yes(said, written)
        if has and (not lower_only or place < min(has)):
            stated = re.search(ranks[place], said)
            return t("ask.claim.no", stated=stated[0] if stated else "", written=written)
    return None


def _of_words(said: str, label: str, lines: Sequence[str]) -> Text | None:
    """That it is so, if the document says it in nearly the same words: 我们要交读书报告."""
    words = _vocabulary()
    limits = set(words.limits.findall(said))
    if words.denied.search(said) or any(one.value != 1 for one in figures(said)):
        return None
    things = _HAN_RUNS.findall(words.light.sub(" ", words.around.sub(" ", said)))
    those = {one for one in things if re.fullmatch(words.party, one)}
    if those.issuperset(things) or any(len(one) < 2 for one in things):
        return None
    for piece in (piece for line in lines for piece in _PIECES.split(line)):
        written = flat(_NOT.sub("", piece))
        if (
            words.softens.search(written)
            or words.denied.search(written)
            or not all(one in written for one in limits)
        ):
            continue
        done = all(re.search(f"由[^，。；]{{0,6}}{one}", written) for one in those)
        rest = [one for one in things if one not in those]
        made = [_made_of(one, written) for one in rest]
        if (
            done
            and any(made)
            and all(m or _made_of(one, label) for one, m in zip(rest, made, strict=True))
        ):
            return t("ask.claim.yes", written=piece)
    return None


def _made_of(thing: str, written: str) -> bool:
    """Whether some words are in a text, at most with something between them: 中期汇报 in
    中期的学科汇报. Who does something is not to be torn from it."""
    if thing in written:
        return True
    return not re.search(_vocabulary().party, thing) and any(
        re.search(f"{thing[:at]}{_GAP}{thing[at:]}", written) for at in range(2, len(thing) - 1)
    )


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
        elif _vocabulary().only.search(said) and len(named) == 1 and len(admitted) > len(keys):
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
    named = f"({_vocabulary().later})?({'|'.join(every)})(?!{_vocabulary().not_they})"
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
    one_each = {name: (key,) for name, key in chinese()["grades"].items()}
    every = {**one_each, **_vocabulary().levels}
    return {name: every[name] for name in sorted(every, key=len, reverse=True)}
