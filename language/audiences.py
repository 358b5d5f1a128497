"""Who is meant by 太原还没写日志的高一学生和家长: roles, what they owe, a grade, a place or a
subject."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

EVERYBODY: Final = "everybody"


class SaidAudience(NamedTuple):
    """Those who are meant, as far as the words tell."""

    roles: tuple[str, ...]
    """As the roster calls them, or `EVERYBODY` alone; none where the words name none."""
    owes: str
    """A kind of record, or empty."""
    grade: str
    """A school grade as it was said, or empty."""
    rest: str
    """What is left: a unit, a subject, or what was not understood."""


def audience_of(words: str) -> SaidAudience:
    """Take apart the words that say for whom something is."""
    named = {role: found for role, said in _ROLES.items() if (found := said.search(words))}
    # 中学指导教师 is one role, though 老师 and 教师 might be others.
    left = words
    for found in named.values():
        left = left.replace(found[0], "")
    owing = _OWING.search(left)
    owes = ""
    if owing is not None:
        owes = next((kind for kind, said in _OWES.items() if said.search(owing[0])), "")
        left = left.replace(owing[0], "") if owes else left
    grade = found[0] if (found := _GRADE.search(left)) else ""
    left = left.replace(grade, "", 1)
    roles = tuple(sorted(named, key=lambda role: named[role].start()))
    if not named and _EVERYBODY.fullmatch(left):
        roles, left = (EVERYBODY,), ""
    small = _SMALL_AMONG if len(named) > 1 else _SMALL
    return SaidAudience(roles, owes, grade, small.sub("", left).strip())


_ROLES: Final[Mapping[str, re.Pattern[str]]] = {
    "school_teacher": re.compile(r"(?:中学|学校)?(?:指导)?(?:教师|老师)|\b(?:school )?teachers\b"),
    "team_member": re.compile("(?:培养)?团队(?:成员|老师)?"),
    "mentor": re.compile(r"导师|\bmentors\b"),
    "guardian": re.compile(
        r"(?:(?:学生|同学|学员|孩子)们?的?)?(?:家长|监护人)|\b(?:parents|guardians)\b"
    ),
    "coordinator": re.compile("管理?办公室(?:人员)?"),
    "student": re.compile(r"(?:学生|同学|学员)(?!们?的?(?:家长|监护人))|\bstudents\b"),
}
_EVERYBODY: Final = re.compile(
    "(?:(?:所有|全体|全部)的?(?:人员?|成员)|每个人|大家)们?|everyone|everybody"
)
_OWING: Final = re.compile("(?:还|都|仍)*(?:没|未|欠|差|不够|缺|不达标)[^的]*的?")
_OWES: Final[Mapping[str, re.Pattern[str]]] = {
    "diary": re.compile("日志"),
    "meeting_record": re.compile("面谈"),
    "material": re.compile("材料|报告"),
    "session": re.compile("培养|活动|次数|达标|达到"),
}
_GRADE: Final = re.compile(
    "(?:高中?|初中?|小学?)[一二三四五六1-6](?:年级)?|[七八九]年级|20[0-9]{2}[级届]"
)
_SMALL: Final = re.compile(
    r"所有|全体|全部|各位|每个|每位|人员|的|们|都|\b(?:all|the|of|my|our)\b"
)
_SMALL_AMONG: Final = re.compile(rf"{_SMALL.pattern}|以及|[和跟与及、,，]")
