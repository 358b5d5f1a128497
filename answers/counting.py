"""Applies a programme's rule to a number in the question: 做了7次还差几次, 13个市总共多少,
年级400人排55名够不够."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from answers.telling import called_too
from language.numerals import WHOLE, fold, tidy, whole
from programmes.model import Programme
from programmes.values import CityQuota, Counter, Minimum, Per, Quota, RankLimit, RankThreshold
from prompts import Lines, Text, t

_LEFT: Final = re.compile(
    r"(?:还|再|最多|另外?|尚)[^,，。]{0,10}几|[差缺](?:几|多少)|够不够|够了?[吗没不么]|够数|[还再]能|达标"
    r"|\bhow many (?:more|are left|left)\b|\bis (?:that|it) enough\b"
)
"""What asks how much is left of a number: 还差几次, 还能再收几个, 够了吗."""
_ALL: Final = re.compile(
    r"总共|一共|拢共|[合总]计|[加合]起来|加一块|总的|\b(?:in total|altogether)\b"
)
_AGREES: Final = re.compile("是不是|[对是]?吧$|对[吗不]|是吗")
_STATED: Final = re.compile(
    rf"(?:[了过有到收带签招去做跑见参加已经下]|\b(?:have|has|had|did|done|been to|with)\b)"
    rf"[^,，。\d]{{0,4}}?"
    rf"(?P<n>{WHOLE})\s*(?P<unit>[次回趟个名位人]|sessions?|times|students?)"
)
"""A number that is reached already: 做了7次, 名下已经签了3个."""
_MORE: Final = re.compile(
    rf"(?:还|再)[能可想要]?[以]?(?:再|多)?[收带签招报加添塞来进]?(?P<n>{WHOLE})\s*[个名位人](?!月)"
)
"""How many are to be added: 还能收2个不."""
_TIMES: Final = re.compile(r"[次回趟]|sessions?|times")
_THERE: Final = re.compile(r"到[校学]|去|面对面|当面|人到|campus")
_MONTHS: Final = re.compile(
    rf"(?<!\d)(?P<first>\d{{1,2}}|{WHOLE})月[^,，。]{{0,8}}?[到至~-]\s*(?P<last>\d{{1,2}}|{WHOLE})月"
)

_MONTHS_LONG: Final = re.compile(
    rf"(?:(?P<n>{WHOLE})个月|(?<!第)[一1全整](?P<year>年)|半年)(?=.*(?:几|多少)\s*[次回趟])"
)
"""So many months together: 一年得面对面多少次."""
_FACE: Final = re.compile("面对面|当面|面授|见")

_NTH: Final = re.compile(
    rf"(?P<year>20\d\d)年(?P<month>\d{{1,2}}|{WHOLE})月份?(?:是|算|处于|在)?第几个?月"
)
"""Which month of the cycle a month is: 2023年10月是第几个月."""
_GONE: Final = re.compile(
    rf"到(?P<month>\d{{1,2}}|{WHOLE})月[底末][^,，。]{{0,6}}(?:[过完了满]几个月|几个月)"
)
"""How many months of the cycle are over: 到8月底算走完几个月."""
_EACH_MONTH: Final = re.compile(
    rf"(?:[每这上本][个一]?个?月|[一1]个?月)[^,，。]{{0,10}}?(?P<n>{WHOLE})\s*[次回趟]"
)
"""How often in one month: 一个月见学生1回够不够."""
_NONE: Final = re.compile("[都也]?(?:没|还没|未)")
_ENOUGH: Final = re.compile(
    r"够|能报|可以报|能上|能进|能参加|可以参加|能申请|达标|合格|行不行|可不可以|少不少|[行可]以?[吗不么]|行$"
)
_OF_ALL: Final = re.compile(
    rf"(?:年级|同级|全级|一共|总共|共)[^,，。\d第前排]{{0,6}}?(?P<all>{WHOLE})\s*(?:[个名来号多]*[人娃]|个?学生)"
)
_PLACE: Final = re.compile(
    rf"(?:排|名次|考|第)[^,，。\d]{{0,6}}?第?(?P<place>{WHOLE})(?!\s*[%个次科门]|百分)"
)
"""How many are in a grade, and somebody's place among them: 年级400人排第55."""
_GRADE: Final = re.compile(r"年级|全级|同级|全校|排名|名次|综合|总排|单科|前(?:百分之|\d+%)")
_HOW_MANY: Final = re.compile("前?多少名|前几|几名|多少人|几个人")
"""How many are within the required rank: 年级450人，前10%是前几名."""
_PERCENT: Final = re.compile(rf"(?P<n>\d{{1,3}})%|百分之(?P<han>{WHOLE})")
_OVERALL: Final = re.compile("综合|总分|总成绩|总排|全科|总的")
_SUBJECT: Final = re.compile("单科|学科|数学|物理|化学|生物|计算机|信息")
_LEAST: Final = re.compile(
    rf"(?P<n>{WHOLE})\s*(?P<of>[支个]队伍?|所?(?:高校|大学|学校))[^。]{{0,16}}(?:带|培养|收|招|管)[^。]{{0,6}}(?:多少|几)"
)
"""How many learners so many teams must have: 3支队总共得带几个学生."""
_TEAMS: Final = re.compile(rf"(?P<n>{WHOLE})\s*所?(?:高校|大学|学校)[^。]*(?:几|多少)\s*[支个]?队")
_INTERVIEWED: Final = re.compile(
    rf"(?P<n>{WHOLE})\s*[个名]?(?:名额|学生)|(?:录取?|招|入选|收|取)[^,，。\d]{{0,4}}?(?P<m>{WHOLE})\s*[个名]?人?"
)
"""How many are interviewed for so many places: 30个名额大概进多少人面试."""
_INTERVIEWS: Final = re.compile("面试.*(?:几|多少)|(?:几|多少).*面试|面(?:多少|几)")
_TAKEN: Final = re.compile(
    rf"(?:面试[^,，。\d]{{0,6}}?(?P<n>{WHOLE})\s*[个名]?[人个名]|(?P<m>{WHOLE})\s*[个名]?人?(?:进|参加|来)?面试)"
    rf"[^。]{{0,10}}?(?:录|入选|招|取|进|要|收|留)[^。]{{0,4}}?(?:几|多少)"
)
"""How many can be taken of so many that are interviewed: 面试60个人最多录几个."""


_BUT: Final = re.compile("除了?|不算|其[他它余]|剩下|剩余")
_MORE_THAN: Final = re.compile("比|相?差|多[几多]|少[几多]")
_NEEDED: Final = re.compile(
    rf"(?P<n>{WHOLE})\s*[个名]?(?:学生|孩子|娃|人|名额)[^。]*?(?:几|多少)\s*[个名位]?(?:导师|老师)"
)
"""How many mentors so many students need: 50个学生要几个导师."""


class Numbered(NamedTuple):
    """A fact that sets a number, and the words by which people mean it."""

    topic: str
    path: str
    said: str


_FOR_EACH: Final = (
    Numbered("money_city", "quotas.funding_per_city_office", r"个?(?:设区市|盟市|市)"),
    Numbered("money", "quotas.funding_per_team", r"[支个]队"),
    Numbered("money", "quotas.funding_per_university", r"所?(?:高校|大学|学校)"),
    Numbered(
        "money_student",
        "quotas.funding_per_student",
        r"[个名位]?(?:受?资助)?(?:的|着)?(?:学生|孩子|娃|人|名额)",
    ),
)
"""What money is given for, and the word that counts it."""
_MONEY: Final = re.compile(r"拨|钱|元|万|经费|资助|补助|预算|money|fund")


_RULES: Final = (
    Numbered("sessions", "cultivation.min_sessions", r"[次回趟]|sessions?|times"),
    Numbered("teams", "quotas.per_team_min", r"队|\bteam"),
    Numbered("per_city", "quotas.per_city", r"我们[市盟]|[市盟旗]里|全[市盟]|本市|\bcity\b"),
    Numbered("mentor_cap", "mentor.student_cap", r"名下|[收带签招]|徒弟|学生|娃|\bstudents?\b"),
)


@dataclass(frozen=True, slots=True)
class Sum:
    """The result of applying a rule to a number, and the topic of the rule."""

    topic: str
    says: Text


def summed(question: str, programme: Programme) -> Sum | None:
    """The result of applying one of the programme's rules to the number that a question states.
    `None` if the question asks no such thing, or the document states no number for it."""
    said = fold(tidy(question)).casefold()
    if found := _in_a_month(said, programme) or _ranked(said, programme):
        return found
    left = _LEFT.search(said) or _MORE.search(said)
    found = _left(said, programme) if left else None
    if found is None and (_ALL.search(said) or _AGREES.search(said) or "多少钱" in said):
        found = _money(said, programme)
    others = (_by_month, _interviewed, _added, _of_the_cycle, _led, _teams, _mentors)
    return found or next((one for each in others if (one := each(said, programme))), None)


def _left(said: str, programme: Programme) -> Sum | None:
    more = _MORE.search(said)
    stated = [
        one for one in _STATED.finditer(said) if not more or one.start("n") != more.start("n")
    ]
    for rule in _RULES:
        if not stated or not re.search(rule.said, said):
            continue
        value = programme.fact(rule.path).value
        if isinstance(value, CityQuota):
            value = value.each
        elif isinstance(value, int):  # a limit
            value = Quota(rule="at_most", n=value)
        have = _have(said, stated, value)
        if have is None:
            continue
        if isinstance(value, Minimum) and value.per is Per.CYCLE and not _EACH_MONTH.search(said):
            return Sum(rule.topic, _to_reach(have, value.at_least, t("ask.sum.visits")))
        if isinstance(value, Quota) and value.rule == "at_least":
            return Sum(rule.topic, _to_reach(have, value.n, t("ask.sum.people")))
        if isinstance(value, Quota) and value.rule == "at_most":
            wanted = whole(more["n"]) if more else None
            return Sum(rule.topic, _up_to(have, value.n, wanted or 0, soft=value.soft))
    return None


def _have(said: str, stated: list[re.Match[str]], value: object) -> int | None:
    """The one number that the question gives of what the rule counts. Of visits, only those on
    campus count where the rule counts no others."""
    visits = isinstance(value, Minimum)
    found = [one for one in stated if bool(_TIMES.fullmatch(one["unit"])) == visits]
    if isinstance(value, Minimum) and value.counts is Counter.ON_CAMPUS and len(found) > 1:
        found = [one for one in found if _THERE.search(said, max(0, one.start() - 8), one.end())]
    # 几 is no number.
    numbers = {number for one in found if (number := whole(one["n"])) is not None}
    return numbers.pop() if len(numbers) == 1 else None


def _to_reach(have: int, least: int, of: Text) -> Text:
    key = "ask.sum.lacking" if have < least else "ask.sum.reached"
    return t(key, have=have, least=least, left=least - have, of=of)


def _up_to(have: int, most: int, wanted: int, *, soft: bool) -> Text:
    """What may be added below a limit; whether what is to be added still may."""
    key = "ask.sum.room" if have < most else "ask.sum.full" if have == most else "ask.sum.over"
    of = t("ask.sum.people")
    words = t(key, have=have, most=most, left=abs(most - have), of=of)
    if wanted and have < most:
        key = "ask.sum.fits" if have + wanted <= most else "ask.sum.too_many"
        words = t(key, says=words, wanted=wanted, total=have + wanted, of=of)
    return t("ask.sum.soft", says=words) if soft else words


def _in_a_month(said: str, programme: Programme) -> Sum | None:
    """Whether so many meetings in a month reach the minimum of each month."""
    value = programme.fact("cultivation.monthly_face_to_face").value
    asked = _EACH_MONTH.search(said)
    if not isinstance(value, Minimum) or value.per is not Per.MONTH or asked is None:
        return None
    # 一次都没有 is none.
    have = 0 if _NONE.match(said, asked.end()) else whole(asked["n"])
    if have is None or not _ENOUGH.search(said):
        return None
    key = "ask.sum.month_lacking" if have < value.at_least else "ask.sum.month_reached"
    says = t(key, have=have, least=value.at_least, left=value.at_least - have)
    return Sum("face_to_face", says)


def _ranked(said: str, programme: Programme) -> Sum | None:
    """Whether a place in a grade of so many is within the required ranks."""
    value = programme.fact("participants.rank_threshold").value
    if not isinstance(value, RankThreshold) or not _GRADE.search(said):
        return None
    means = {"subject": _SUBJECT.search(said), "overall": _OVERALL.search(said)}
    meant = [one for one in value.any_of if means[one.by]] or value.any_of
    among, at = _OF_ALL.search(said), _PLACE.search(said)
    everybody, place = (whole(one[1]) if one else None for one in (among, at))
    if everybody and place and place <= everybody:
        lines = [_within(place, everybody, one) for one in meant]
    elif everybody and at is None and _HOW_MANY.search(said):
        lines = [_first(everybody, one) for one in meant]
    elif among is None and _ENOUGH.search(said) and (percents := _percents(said)):
        lines = [
            _in_percent(mine, one)
            for one in value.any_of
            if (mine := percents.get(one.by, percents.get("") if one in meant else None))
        ]
    else:
        return None
    return Sum("rank", t("ask.parts", parts=Lines(lines)))


def _percents(said: str) -> dict[str, int]:
    """The percentages of one's places, by what they are places in, where that is said."""
    found: dict[str, int] = {}
    before = 0
    for one in _PERCENT.finditer(said):
        words, before = said[before : one.start()], one.end()
        by = "overall" if _OVERALL.search(words) else "subject" if _SUBJECT.search(words) else ""
        found[by] = whole(one["n"] or one["han"]) or 0
    return found


def _in_percent(percent: int, limit: RankLimit) -> Text:
    within = percent <= limit.top_percent
    key = "ask.sum.percent_within" if within else "ask.sum.percent_below"
    by = t(f"ask.sum.rank_{limit.by}")
    return t(key, by=by, have=percent, percent=limit.top_percent)


def _first(everybody: int, limit: RankLimit) -> Text:
    """How many are within the required rank."""
    last = everybody * limit.top_percent // 100
    by = t(f"ask.sum.rank_{limit.by}")
    return t("ask.sum.rank_first", by=by, all=everybody, percent=limit.top_percent, last=last)


def _within(place: int, everybody: int, limit: RankLimit) -> Text:
    last = everybody * limit.top_percent // 100
    key = (
        "ask.sum.rank_within"
        if place * 100 <= everybody * limit.top_percent
        else "ask.sum.rank_below"
    )
    by = t(f"ask.sum.rank_{limit.by}")
    return t(key, by=by, all=everybody, percent=limit.top_percent, last=last, place=place)


def _teams(said: str, programme: Programme) -> Sum | None:
    """How many teams so many universities have at least."""
    each, asked = programme.fact("quotas.teams_per_university_min").value, _TEAMS.search(said)
    count = whole(asked["n"]) if asked else None
    if not isinstance(each, Quota) or not count:
        return None
    says = t("ask.sum.least_teams", count=count, each=each.n, total=count * each.n)
    return Sum("teams", says)


def _led(said: str, programme: Programme) -> Sum | None:
    """How many learners so many teams have at least."""
    each, asked = programme.fact("quotas.per_team_min").value, _LEAST.search(said)
    count = whole(asked["n"]) if asked else None
    if not isinstance(each, Quota) or each.rule != "at_least" or asked is None or not count:
        return None
    if "队" not in asked["of"]:
        teams = programme.fact("quotas.teams_per_university_min").value
        if not isinstance(teams, Quota):
            return None
        says = t(
            "ask.sum.least_of_teams",
            count=count,
            teams=teams.n,
            each=each.n,
            total=count * teams.n * each.n,
        )
        return Sum("teams", says)
    return Sum("teams", t("ask.sum.least", count=count, each=each.n, total=count * each.n))


def _by_month(said: str, programme: Programme) -> Sum | None:
    """A minimum of each month, for the months that are named, or so many of them."""
    value = programme.fact("cultivation.monthly_face_to_face").value
    if not isinstance(value, Minimum) or value.per is not Per.MONTH:
        return None
    span, count = _MONTHS.search(said), _MONTHS_LONG.search(said)
    first, last = (whole(span["first"]), whole(span["last"])) if span else (1, None)
    if count and not span and _FACE.search(said):
        last = whole(count["n"]) if count["n"] else 12 if count["year"] else 6
    if first is None or last is None or not 1 <= first <= last <= 12:
        return None
    months, each = last - first + 1, value.at_least
    says = t("ask.sum.months", months=months, each=each, total=months * each)
    return Sum("face_to_face", says)


def _of_the_cycle(said: str, programme: Programme) -> Sum | None:
    """Which month of the cycle is meant, or how many of its months are over."""
    start, end = programme.fact("cycle.start").value, programme.fact("cycle.end").value
    asked = _NTH.search(said) or _GONE.search(said)
    month = whole(asked["month"]) if asked else None
    if not (start and end and start.month and end.month and asked and month):
        return None
    first, last = start.year * 12 + start.month, end.year * 12 + end.month
    year = int(asked.groupdict().get("year") or start.year + (month < start.month))
    at, all_months = year * 12 + month - first + 1, last - first + 1
    if not 1 <= at <= all_months:
        return None
    key = "ask.sum.month" if asked.re is _NTH else "ask.sum.gone"
    return Sum("cycle", t(key, month=at, left=all_months - at, total=all_months))


def _interviewed(said: str, programme: Programme) -> Sum | None:
    """How many are interviewed for a number of places, or taken of a number interviewed."""
    ratio = programme.fact("selection.interview_ratio").value
    if ratio is None:
        return None
    each, asked = ratio.per_place, _INTERVIEWED.search(said)
    taken = _TAKEN.search(said)
    named = sum(n for _, places in _places(programme) for n in _named(said, places).values())
    if taken and (count := whole(taken["n"] or taken["m"])):
        says = t("ask.sum.taken", count=count, each=each, places=count // each)
    elif not _INTERVIEWS.search(said):
        return None
    elif count := (whole(asked["n"] or asked["m"]) if asked else None) or named:
        least = ratio.rule == "at_least"
        key = "ask.sum.interviewed_least" if least else "ask.sum.interviewed"
        says = t(key, places=count, each=each, total=count * each)
    else:
        return None
    return Sum("ratio", t("ask.sum.soft", says=says) if ratio.soft else says)


def _places(programme: Programme) -> Iterator[tuple[str, Mapping[str, int]]]:
    """The lists of places that the document gives, by topic: of subjects, of cities."""
    subjects = programme.fact("quotas.per_subject").value or {}
    yield "per_subject", {programme.subject_name(code): n for code, n in subjects.items()}
    cities = programme.fact("quotas.per_city").value
    yield "per_city", cities.cities if isinstance(cities, CityQuota) else {}


def _named(said: str, places: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in places.items() if any(one in said for one in called_too(name))}


def _added(said: str, programme: Programme) -> Sum | None:
    """The places of several subjects or cities together, of all others, or how many more."""
    if not re.search("几|多少|差", said) or re.search("各(?!科|市)|分别", said):
        return None
    for topic, places in _places(programme):
        named = _named(said, places)
        if _BUT.search(said) and named and len(named) < len(places):
            named = {name: n for name, n in places.items() if name not in named}
        elif len(named) < 2:
            continue
        elif _MORE_THAN.search(said):
            if len(named) == 2:
                (one, n), (other, m) = named.items()
                words = {"one": one, "n": n, "other": other, "m": m, "apart": abs(n - m)}
                return Sum(topic, t("ask.sum.apart", **words))
            continue
        elif not (_ALL.search(said) or re.search("加|[和跟与]", said)):
            continue
        each = [t("ask.sum.place", name=name, n=n) for name, n in named.items()]
        return Sum(topic, t("ask.sum.added", each=each, total=sum(named.values())))
    return None


def _mentors(said: str, programme: Programme) -> Sum | None:
    """How many mentors so many students need, where each may have so many."""
    most, asked = programme.fact("quotas.per_mentor_max").value, _NEEDED.search(said)
    count = whole(asked["n"]) if asked else None
    if not isinstance(most, int) or not count:
        return None
    says = t("ask.sum.mentors", count=count, most=most, total=-(-count // most))
    return Sum("mentor_cap", says)


def _money(said: str, programme: Programme) -> Sum | None:
    """An amount for each, for as many as are named."""
    if not _MONEY.search(said):
        return None
    for rule in _FOR_EACH:
        amount = programme.fact(rule.path).value
        counted = re.search(rf"({WHOLE})\s*{rule.said}", said)
        # 多少钱一个人 asks for one.
        if isinstance(amount, int) and counted and (count := whole(counted[1]) or 0) > 1:
            words = {"count": count, "each": amount, "total": count * amount}
            most = programme.fact("quotas.funding_per_university").value
            if rule.path.endswith("team") and isinstance(most, int) and count * amount > most:
                return Sum(rule.topic, t("ask.sum.money_capped", most=most, **words))
            return Sum(rule.topic, t("ask.sum.money", **words))
    return None
