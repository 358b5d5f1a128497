"""A programme's rules for who may be on its roster, each with its clause.

What the document states plainly is refused where it is broken; what it states unclearly, or what
cannot be told from the sheet, is a doubt. What it is silent on is not looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from language.ranks import Rank
from programmes.model import Fact, Programme
from programmes.values import Quota, Status
from prompts import Text, t
from services import roster
from services.access import LEARNERS
from services.rostering.entries import RosterEntry, unit_key
from storage.tables import Membership, Person, Role

_UPPER: Final = ("at_most", "exactly", "funded")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_CITY: Final = re.compile("[^省区市]{2,4}市")


def plainly(fact: Fact[Any]) -> bool:
    """Whether this edition's own document says it, and says it clearly."""
    return fact.status is Status.STATED and not fact.carried_from


def check(programme: Programme, entry: RosterEntry, today: date, *, ranked: bool) -> None:
    """Add to an entry what the programme's rules have against it. `ranked`: the table has
    ranks."""
    person = Person(name=entry.name, birth_date=entry.born, created_at=_NEVER)
    member = Membership(
        cohort_id=0,
        person_id=0,
        role=entry.role,
        unit_id=0 if entry.school else None,
        subject=entry.subject,
        grade=entry.grade,
        created_at=_NEVER,
    )
    for words in roster.doubts(programme, person, member, today):
        if words.key in ("roster.consent_needed", "roster.under_14") and entry.guardians:
            continue
        _add(entry, _of_what(entry, words), refused=_refuses(programme, words.key))
    if entry.role is Role.STUDENT:
        _rank(programme, entry, ranked=ranked)
    if entry.role in LEARNERS:
        _place(programme, entry)


def _add(entry: RosterEntry, words: Text, *, refused: bool) -> None:
    (entry.faults if refused else entry.doubts).append(words)


def _of_what(entry: RosterEntry, words: Text) -> Text:
    """The sentence, with the subject it is about in front."""
    match words.key:
        case "roster.other_grade" | "roster.grade_only_in":
            return t("rostering.about", value=t(f"programme.grade.{entry.grade}"), words=words)
        case "roster.other_subject":
            return t("rostering.about", value=entry.subject, words=words)
        case _:
            return words


def _refuses(programme: Programme, key: str) -> bool:
    grades, subjects = programme.participants.grades, programme.subjects.list
    match key:
        case "roster.other_grade" | "roster.grade_only_in":
            return plainly(grades) and not grades.open
        case "roster.other_subject":
            return plainly(subjects) and not subjects.open
        case _:
            return False


def _rank(programme: Programme, entry: RosterEntry, *, ranked: bool) -> None:
    asked = programme.participants.rank_threshold
    if asked.value is None:
        return
    given: dict[str, Rank | None] = {"subject": entry.by_subject, "overall": entry.overall}
    if not any(given.values()):
        if ranked:
            entry.doubts.append(t("rostering.rank_none", clause=asked.clause))
        return
    failed: list[Text] = []
    open_: list[Text] = []
    for limit in asked.value.any_of:
        rank = given[limit.by]
        percent = rank.among(entry.size) if rank else None
        which = t(f"rostering.rank_by.{limit.by}")
        if percent is None:
            key = "rostering.rank_without_size" if rank else "rostering.rank_missing"
            open_.append(t(key, which=which, place=rank.place if rank else 0))
        elif percent <= limit.top_percent + 1e-9:
            return
        elif rank and rank.within:
            told = {"which": which, "place": rank.place or 0, "percent": f"{percent:.4g}"}
            open_.append(t("rostering.rank_within", top=limit.top_percent, **told))
        else:
            told = {"which": which, "percent": f"{percent:.4g}", "top": limit.top_percent}
            failed.append(t("rostering.rank_beyond", **told))
    if open_:
        told = {"failed": [*failed, *open_], "clause": asked.clause}
        entry.doubts.append(t("rostering.rank_undecided", **told))
        return
    excepted = programme.participants.rank_exceptions
    refused = plainly(asked) and excepted.value is None
    key = "rostering.rank_too_low" if excepted.value is None else "rostering.rank_too_low_but"
    words = t(key, failed=failed, clause=asked.clause, but=excepted.clause)
    _add(entry, words, refused=refused)


def _place(programme: Programme, entry: RosterEntry) -> None:
    """Doubt a school or a city that the document does not name, since names are written in many
    ways."""
    schools = programme.territory.schools
    if schools.value and entry.school:
        known = [unit_key(name) for name in schools.value]
        mine = unit_key(entry.school)
        if not any(mine in name or name in mine for name in known):
            told = {"schools": list(schools.value), "clause": schools.clause}
            entry.doubts.append(t("rostering.other_school", **told))
    cities = programme.quotas.per_city
    named = list(cities.value.cities) if cities.value else []
    if named and entry.city and city_of(programme, entry.city, "") is None:
        entry.doubts.append(t("rostering.other_city", cities=named, clause=cities.clause))


def city_of(programme: Programme, city: str, school: str) -> str | None:
    """The city whose quota applies: the one that is written, or the one with which the school's
    name begins."""
    asked = programme.quotas.per_city.value
    if asked is None:
        return None
    for name in asked.cities:
        stem = name.removesuffix("市")
        if stem in city or (not city and school.startswith(stem)):
            return name
    if asked.cities:
        return None
    found = _CITY.search(city) or _CITY.search(school)
    return found[0] if found else (city.strip() or None)


# ---------------------------------------------------------------- places for so many


def quotas(
    programme: Programme, learners: Sequence[Mapping[str, str]], teams: Iterable[str]
) -> Iterator[Text]:
    """Which quotas all learners together exceed or miss, each with its subject, city and team.
    `teams` are the teams to look at."""
    asked = programme.quotas
    total = asked.total_students
    if total.value and _too_many(total.value, len(learners)):
        soft = total.value.soft
        yield _over("total", total, soft, count=len(learners), most=total.value.n)
    subjects = Counter(one["subject"] for one in learners)
    for code, most in (asked.per_subject.value or {}).items():
        if subjects[code] > most:
            name = programme.subject_name(code)
            told = {"name": name, "count": subjects[code], "most": most}
            yield _over("subject", asked.per_subject, False, **told)
    cities = Counter(one["city"] for one in learners if one["city"])
    if (city := asked.per_city.value) is not None:
        for name, count in cities.items():
            most = city.cities.get(name) or (city.each.n if city.each else count)
            if count > most:
                soft = name not in city.cities and city.each is not None and city.each.soft
                told = {"name": name, "count": count, "most": most}
                yield _over("city", asked.per_city, soft, **told)
    least = asked.per_team_min
    if least.value and least.value.rule == "at_least":
        sizes = Counter(one["team"] for one in learners)
        for name in dict.fromkeys(teams):
            if sizes[name] < least.value.n:
                told = {"name": name, "count": sizes[name], "least": least.value.n}
                yield t("rostering.team_small", clause=least.clause, **told)


def _too_many(quota: Quota, count: int) -> bool:
    return quota.rule in _UPPER and count > quota.n


def _over(what: str, fact: Fact[Any], soft: bool, **told: Any) -> Text:
    if soft and fact.says:
        # What holds in principle, or for those who are paid for, is said in the document's words.
        told = {"name": told.get("name", ""), "count": told["count"], "says": fact.says}
        return t(f"rostering.over_soft.{what}", clause=fact.clause, **told)
    return t(f"rostering.over.{what}", clause=fact.clause, **told)
