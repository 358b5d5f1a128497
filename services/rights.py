"""The table of rights: who may do what to what. `services/access.py` asks the database by it.

Each act has one row, which names the relations that allow it and what else must hold. Whoever has
none of these relations is refused with the row's sentence; what does not exist is refused with the
same one, so that nothing is learnt by counting numbers up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from storage.tables import Role


class Relation(StrEnum):
    """What somebody is to the object of an act, now."""

    ONESELF = "oneself"
    GUARDIAN = "guardian"
    CULTIVATES = "cultivates"
    """A mentor or team member whose student it is."""
    NAMED = "named"
    """The same, where the programme names this role as the one that urges in the matter."""
    SCHOOL = "school"
    """A teacher of the learner's own school."""
    OFFICE = "office"
    """A coordinator whose unit is the object's, or above it."""
    AUDITOR = "auditor"
    """The same, for looking only."""


ROLES: Final[Mapping[Relation, tuple[Role, ...]]] = {
    Relation.ONESELF: (Role.STUDENT, Role.TRAINEE_TEACHER),
    Relation.GUARDIAN: (Role.GUARDIAN,),
    Relation.CULTIVATES: (Role.MENTOR, Role.TEAM_MEMBER),
    Relation.NAMED: (Role.MENTOR, Role.TEAM_MEMBER),
    Relation.SCHOOL: (Role.SCHOOL_TEACHER,),
    Relation.OFFICE: (Role.COORDINATOR,),
    Relation.AUDITOR: (Role.AUDITOR,),
}
"""The places in a cohort from which somebody has a relation."""


class Of(StrEnum):
    """What an act is done to."""

    LEARNER = "learner"
    """A learner, with all entries and files."""
    MEMBER = "member"
    """Anybody in a cohort: that they are there, and can be reached."""
    COHORT = "cohort"
    """A cohort, as far as it lies in one's scope."""
    PROGRAMME = "programme"
    """What a programme's office says to everybody: only who oversees a whole cohort of it."""
    CHILD = "child"
    """A child, by its guardian."""
    OWN = "own"
    """What one's own places bring together."""


class Must(StrEnum):
    """What else must hold."""

    PRESENT = "present"
    """The learner's place has not ended."""
    CONSENT = "consent"
    """Where the learner's records need a guardian's consent, it stands."""
    NOT_OWN = "not_own"
    """It is nobody's own entry."""


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table."""

    act: str
    """As audit rows name it."""
    of: Of
    by: tuple[Relation, ...]
    refused: str
    """The sentence for who has none of the relations, and for what does not exist."""
    object: str = ""
    """What audit rows call the object."""
    must: Mapping[Must, str] = field(default_factory=dict)
    """With the sentence for who has the relation, where it does not hold."""
    ways: tuple[str, ...] = ()
    """The commands, buttons and talks by which people come to it."""


_R = Relation
_READERS: Final = (
    _R.ONESELF,
    _R.GUARDIAN,
    _R.CULTIVATES,
    _R.SCHOOL,
    _R.OFFICE,
    _R.AUDITOR,
)
_OVERSEE: Final = (_R.OFFICE, _R.AUDITOR)
_MINE: Final = {Must.PRESENT: "access.membership_ended"}
_KEPT: Final = {**_MINE, Must.CONSENT: "consent.awaited"}
_URGED: Final = {
    Must.PRESENT: "watch.urge.ended",
    Must.CONSENT: "watch.urge.consent_awaited",
}
_NOT_ONES_OWN: Final = {Must.NOT_OWN: "access.not_your_student"}


def _read(act: str, refused: str, *ways: str, object: str) -> Right:
    return Right(act, Of.LEARNER, _READERS, refused, object, ways=ways)


def _keep(act: str, refused: str, *ways: str, object: str = "membership") -> Right:
    return Right(act, Of.LEARNER, (_R.ONESELF,), refused, object, _KEPT, ways)


def _review(act: str, *ways: str) -> Right:
    by, refused = (_R.CULTIVATES,), "access.not_your_student"
    return Right(act, Of.LEARNER, by, refused, "record", _NOT_ONES_OWN, ways)


def _oversee(act: str) -> Right:
    return Right(act, Of.COHORT, _OVERSEE, "watch.not_coordinator", "cohort", ways=(act,))


def _say(act: str, object: str, *ways: str) -> Right:
    refused = "document.not_coordinator" if object == "document" else "question.not_coordinator"
    return Right(act, Of.PROGRAMME, (_R.OFFICE,), refused, object, ways=ways)


def _guard(act: str, *ways: str) -> Right:
    return Right(act, Of.CHILD, (_R.GUARDIAN,), "consent.not_your_child", "person", ways=ways)


_EVERY: Final = (
    # What a learner keeps.
    Right(
        "learn", Of.LEARNER, (_R.ONESELF,), "access.not_a_student", ways=("progress", "records")
    ),
    _keep("log_session", "access.not_a_student", "session"),
    _keep("write", "access.not_a_student", "writing", "meeting", "diary"),
    _keep("hand_in", "access.not_your_record"),
    _keep("edit", "access.not_your_record", "edit", object="record"),
    _keep("amend", "access.not_your_record", object="record"),
    Right(
        "withdraw",
        Of.LEARNER,
        (_R.ONESELF,),
        "access.not_your_record",
        "record",
        _MINE,
        ("withdraw",),
    ),
    # Who reads it.
    _read("read", "access.not_yours_to_read", "record", object="record"),
    _read("open", "access.not_yours_to_read", "whole", object="record"),
    _read("read_file", "access.not_yours_to_read", object="file"),
    _read("read_student", "watch.not_yours", "student", "entries", object="membership"),
    # Who decides about it.
    _review("approve", "approve", "bulk"),
    _review("return", "return"),
    Right(
        "urge",
        Of.LEARNER,
        (_R.SCHOOL, _R.OFFICE, _R.NAMED),
        "watch.urge.not_yours",
        "membership",
        _URGED,
        ("urge",),
    ),
    Right(
        "read_urgings",
        Of.LEARNER,
        (_R.SCHOOL, *_OVERSEE),
        "watch.urge.not_yours",
        "membership",
    ),
    Right(
        "readers",
        Of.LEARNER,
        (_R.ONESELF, _R.GUARDIAN),
        "access.not_yours_to_read",
        "membership",
    ),
    # Lists.
    Right("queue", Of.OWN, (_R.CULTIVATES,), "access.not_a_mentor", ways=("queue",)),
    Right(
        "students",
        Of.LEARNER,
        (_R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "watch.no_students",
        ways=("students",),
    ),
    *map(_oversee, ("cohort", "behind", "longest", "absent", "unreached")),
    Right("read_member", Of.MEMBER, _OVERSEE, "watch.not_coordinator", "membership"),
    # What an office says to everybody.
    _say("documents", "document", "documents"),
    _say("publish_document", "document", "load_document", "document"),
    _say("remove_document", "document", "undocument"),
    _say("questions", "question", "questions"),
    _say("read_question", "question", "group"),
    _say("answer_question", "question", "reply"),
    _say("sort_question", "question", "sort"),
    _say("close_question", "question", "no_answer"),
    _say("answers", "question", "answers"),
    _say("read_answer", "curated", "standard"),
    _say("write_answer", "curated", "write_answer", "write_asks", "curate", "asks"),
    _say("publish_answer", "curated", "publish"),
    _say("withdraw_answer", "curated", "retract"),
    _say("clarify", "curated", "clarify"),
    # What a guardian answers for.
    Right("children", Of.OWN, (_R.GUARDIAN,), "consent.not_your_child", ways=("children",)),
    _guard("consent", "consent"),
    _guard("withdraw_consent", "unconsent"),
)

RIGHTS: Final[Mapping[str, Right]] = {right.act: right for right in _EVERY}
"""By act."""

FREE: Final = frozenset(
    {
        *("start", "menu", "help", "language", "privacy", "join"),
        # Questions about policy, and what was asked in the same chat.
        *("ask", "topic", "passage", "unhelpful"),
        # One's own drafts: `bot.scene.Scene.holds`.
        *("drafts", "resume", "drop"),
    }
)
"""The ways to what anybody may do."""

WAYS: Final[Mapping[str, Right]] = {way: right for right in _EVERY for way in right.ways}
"""By command, button or talk."""
