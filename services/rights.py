"""The table of rights: who may do what to what. `services/access.py` turns it into SQL.

Each act has one row, which names the relations that allow it and the other conditions. A person
without such a relation is refused with the row's sentence; an object that does not exist is
refused with the same sentence, so that trying out numbers reveals nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from storage.tables import Role


class Relation(StrEnum):
    """How a person is related to the object of an act, now."""

    ONESELF = "oneself"
    GUARDIAN = "guardian"
    CULTIVATES = "cultivates"
    """A mentor or team member of the learner."""
    NAMED = "named"
    """The same, if the programme names this role as the one that urges."""
    SCHOOL = "school"
    """A teacher of the learner's own school."""
    OFFICE = "office"
    """A coordinator at or above the object's unit."""
    AUDITOR = "auditor"
    """An auditor at or above the object's unit, who may only read."""
    EXPERT = "expert"
    """An expert of the cohort's committee, for whoever has been recommended to it."""
    CONTACT = "contact"
    """An adult whom the office has named for the learner's school, or for the whole cohort."""
    TOLD = "told"
    """An adult whom a learner asked for help, or agreed to have told."""


ROLES: Final[Mapping[Relation, tuple[Role, ...]]] = {
    Relation.ONESELF: (Role.STUDENT, Role.TRAINEE_TEACHER),
    Relation.GUARDIAN: (Role.GUARDIAN,),
    Relation.CULTIVATES: (Role.MENTOR, Role.TEAM_MEMBER),
    Relation.NAMED: (Role.MENTOR, Role.TEAM_MEMBER),
    Relation.SCHOOL: (Role.SCHOOL_TEACHER,),
    Relation.OFFICE: (Role.COORDINATOR,),
    Relation.AUDITOR: (Role.AUDITOR,),
    Relation.EXPERT: (Role.EXPERT_COMMITTEE,),
    Relation.CONTACT: (Role.HELP_CONTACT,),
    Relation.TOLD: (Role.HELP_CONTACT, Role.SCHOOL_TEACHER, Role.COORDINATOR),
}
"""The roles that can have each relation."""


class Of(StrEnum):
    """The kind of object of an act."""

    LEARNER = "learner"
    """A learner, with all entries and files."""
    MEMBER = "member"
    """Any member of a cohort: their presence and whether they can be reached."""
    COHORT = "cohort"
    """A cohort, within the person's scope."""
    WHOLE_COHORT = "whole_cohort"
    """A cohort, for those who oversee the whole of it."""
    PROGRAMME = "programme"
    """A programme's public matters, for those who oversee a whole cohort of it."""
    CHILD = "child"
    """A child, for its guardian."""
    PERSON = "person"
    """A person's data: one's own, or one's child's."""
    OWN = "own"
    """What belongs to the person's own memberships."""
    HELP_CALL = "help_call"
    """A learner's call for help."""


class Must(StrEnum):
    """A further condition of a right."""

    PRESENT = "present"
    """The learner's membership has not ended."""
    CONSENT = "consent"
    """A guardian's consent is in force, if the learner's records need one."""
    WHOLE = "whole"
    """An office oversees the whole of the learner's cohort."""
    NOT_OWN = "not_own"
    """The entry is not the person's own."""
    UNRELATED = "unrelated"
    """The person has never taught the learner, and has never answered for them."""
    NOT_EXPERT = "not_expert"
    """The person is not an expert of the same cohort, who marks unseen by the others and does not
    see theirs."""
    OUTSIDE = "outside"
    """The person is not the learner, and never was their mentor, team member or guardian."""
    STILL_ASKED = "still_asked"
    """The learner could ask this adult for help today."""


_LEARNERS: Final = frozenset({Of.LEARNER})
_TO_LEARNER: Final = frozenset(Relation) - {Relation.TOLD}
_BY_PLACE: Final = _TO_LEARNER - {Relation.ONESELF, Relation.GUARDIAN}
"""The relations to a learner that come of a membership of somebody else."""

BINDS: Final[Mapping[Must, tuple[frozenset[Of], frozenset[Relation]]]] = {
    Must.PRESENT: (_LEARNERS, _TO_LEARNER),
    Must.CONSENT: (_LEARNERS, _TO_LEARNER),
    Must.WHOLE: (_LEARNERS | {Of.MEMBER}, frozenset({Relation.OFFICE})),
    Must.NOT_OWN: (_LEARNERS, _BY_PLACE),
    Must.UNRELATED: (_LEARNERS, _BY_PLACE),
    Must.NOT_EXPERT: (_LEARNERS, _BY_PLACE),
    Must.OUTSIDE: (_LEARNERS, _BY_PLACE),
    Must.STILL_ASKED: (frozenset({Of.HELP_CALL}), frozenset({Relation.TOLD})),
}
"""The kinds of object that each condition is about, and the relations that it binds: in a row, any
other relation allows the act without it."""


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table of rights."""

    act: str
    """The act's name in audit rows."""
    of: Of
    by: tuple[Relation, ...]
    refused: str
    """The key of the sentence for a person without the relation, and for a missing object."""
    object: str = ""
    """The object's name in audit rows."""
    must: Mapping[Must, str] = field(default_factory=dict)
    """Further conditions, each with the key of the sentence if it does not hold."""
    ways: tuple[str, ...] = ()
    """The commands, buttons and talks that lead to the act."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for a condition that would bind nobody."""
        for must in self.must:
            of, relations = BINDS[must]
            if self.of not in of or relations.isdisjoint(self.by):
                raise ValueError(f"{self.act}: {must} binds nobody here")

    def binding(self, relation: Relation) -> tuple[Must, ...]:
        """The conditions that bind whoever has this relation."""
        return tuple(must for must in self.must if relation in BINDS[must][1])


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
_EVALUATED: Final = {
    Must.PRESENT: "evaluation.ended",
    Must.CONSENT: "evaluation.consent_awaited",
}
_DECIDED: Final = {Must.WHOLE: "evaluation.not_yours"}
_MARKED: Final = {
    Must.PRESENT: "evaluation.ended",
    Must.CONSENT: "evaluation.consent_awaited",
    Must.NOT_OWN: "marking.not_yours",
    Must.UNRELATED: "marking.not_yours",
}
_MARKS_READ: Final = {
    Must.WHOLE: "marking.not_yours_to_read",
    Must.NOT_OWN: "marking.not_yours_to_read",
    Must.NOT_EXPERT: "marking.not_yours_to_read",
}
_NOT_ONES_OWN: Final = {Must.NOT_OWN: "access.not_your_student"}
_STILL_ASKED: Final = {Must.STILL_ASKED: "seeking.not_yours"}


def _read(act: str, refused: str, *ways: str, object: str) -> Right:
    return Right(act, Of.LEARNER, _READERS, refused, object, ways=ways)


def _keep(act: str, refused: str, *ways: str, object: str = "membership") -> Right:
    return Right(act, Of.LEARNER, (_R.ONESELF,), refused, object, _KEPT, ways)


def _review(act: str, *ways: str) -> Right:
    by, refused = (_R.CULTIVATES,), "access.not_your_student"
    return Right(act, Of.LEARNER, by, refused, "record", _NOT_ONES_OWN, ways)


def _evaluate(
    act: str, relation: Relation, *ways: str, must: Mapping[Must, str] | None = None
) -> Right:
    return Right(
        act,
        Of.LEARNER,
        (relation,),
        "evaluation.not_yours",
        "membership",
        {**_EVALUATED, **_NOT_ONES_OWN, **(must or {})},
        ways,
    )


def _oversee(act: str) -> Right:
    return Right(act, Of.COHORT, _OVERSEE, "watch.not_coordinator", "cohort", ways=(act,))


def _say(act: str, object: str, *ways: str) -> Right:
    refused = "document.not_coordinator" if object == "document" else "question.not_coordinator"
    return Right(act, Of.PROGRAMME, (_R.OFFICE,), refused, object, ways=ways)


def _guard(act: str, *ways: str) -> Right:
    return Right(act, Of.CHILD, (_R.GUARDIAN,), "consent.not_your_child", "person", ways=ways)


def _over(act: str, *ways: str) -> Right:
    by = (_R.ONESELF, _R.GUARDIAN)
    return Right(act, Of.PERSON, by, "mydata.not_yours", "person", ways=ways)


_EVERY: Final = (
    # What a learner keeps.
    Right(
        "learn",
        Of.LEARNER,
        (_R.ONESELF,),
        "access.not_a_student",
        ways=("progress", "records", "materials"),
    ),
    _keep("log_session", "access.not_a_student", "session", "heard", "again"),
    _keep(
        "write",
        "access.not_a_student",
        *("writing", "meeting", "diary", "diary_of", "meeting_record", "material", "presentation"),
    ),
    _keep("hand_in", "access.not_your_record"),
    _keep("edit", "access.not_your_record", "edit", object="record"),
    _keep("amend", "access.not_your_record", object="record"),
    _keep(
        "enter_on_platform",
        "access.not_your_record",
        *("platform", "official", "on_platform", "off_platform"),
        object="record",
    ),
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
    _review("approve", "approve", "bulk", "confirm_all"),
    _review("return", "return"),
    Right(
        "urge",
        Of.LEARNER,
        (_R.SCHOOL, _R.OFFICE, _R.NAMED),
        "watch.urge.not_yours",
        "membership",
        _URGED,
        ("urge", "urge_all"),
    ),
    Right(
        "urge_review",
        Of.LEARNER,
        (_R.OFFICE,),
        "watch.not_coordinator",
        "membership",
        ways=("urge_reviewers",),
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
    # The training plan.
    Right(
        "write_plan",
        Of.LEARNER,
        (_R.CULTIVATES,),
        "plan.not_yours",
        "membership",
        {
            Must.PRESENT: "plan.ended",
            Must.CONSENT: "plan.consent_awaited",
            Must.NOT_OWN: "plan.not_yours",
        },
        ("plan",),
    ),
    Right(
        "decide_plan",
        Of.LEARNER,
        (_R.OFFICE,),
        "plan.not_yours_to_decide",
        "record",
        {Must.WHOLE: "plan.not_yours_to_decide", Must.NOT_OWN: "plan.not_yours_to_decide"},
    ),
    Right(
        "plans",
        Of.OWN,
        (_R.ONESELF, _R.GUARDIAN, _R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "plan.none_yours",
        ways=("plans",),
    ),
    # The tests.
    Right(
        "enter_result",
        Of.LEARNER,
        (_R.CULTIVATES, _R.OFFICE),
        "result.not_yours",
        "membership",
        {
            Must.PRESENT: "result.ended",
            Must.CONSENT: "result.consent_awaited",
            Must.WHOLE: "result.not_yours",
            Must.NOT_OWN: "result.not_yours",
        },
        ("enter_results",),
    ),
    Right(
        "results",
        Of.OWN,
        (_R.ONESELF, _R.GUARDIAN, _R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "result.none_yours",
        ways=("results",),
    ),
    # The year's evaluations.
    _evaluate("evaluate", _R.CULTIVATES, "evaluation", "evaluate"),
    _evaluate("evaluate_at_school", _R.SCHOOL),
    _evaluate("recommend_outcome", _R.OFFICE),
    _evaluate("decide_outcome", _R.OFFICE, must=_DECIDED),
    _read(
        "read_evaluation",
        "evaluation.not_yours_to_read",
        "evaluated",
        "official_evaluation",
        object="evaluation",
    ),
    Right(
        "reopen_evaluation",
        Of.LEARNER,
        (_R.OFFICE,),
        "evaluation.not_yours_to_reopen",
        "evaluation",
        ways=("reopen",),
    ),
    Right(
        "evaluations",
        Of.OWN,
        (_R.ONESELF, _R.CULTIVATES, _R.SCHOOL, _R.OFFICE, _R.EXPERT),
        "evaluation.none_yours",
        ways=("evaluations",),
    ),
    # The marks of experts.
    Right(
        "mark",
        Of.LEARNER,
        (_R.EXPERT,),
        "marking.not_yours",
        "membership",
        _MARKED,
        ("marked", "mark", "evidence", "evidence_said"),
    ),
    Right(
        "read_marks",
        Of.LEARNER,
        (_R.OFFICE,),
        "marking.not_yours_to_read",
        "mark",
        _MARKS_READ,
        ("marks", "read_mark", "unsigned_marks", "remind_expert"),
    ),
    Right(
        "reopen_mark",
        Of.LEARNER,
        (_R.OFFICE,),
        "marking.not_yours_to_reopen",
        "mark",
        dict.fromkeys(_MARKS_READ, "marking.not_yours_to_reopen"),
        ("reopen_mark",),
    ),
    Right("marking", Of.OWN, (_R.EXPERT,), "marking.none_yours", ways=("marking",)),
    _oversee("stages"),
    Right(
        "change_stage",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "stages.not_yours",
        "cohort",
        ways=("stage", "change_stage"),
    ),
    Right(
        "confirm_exit",
        Of.LEARNER,
        (_R.OFFICE,),
        "exit.not_yours",
        "exit",
        {Must.WHOLE: "exit.not_yours"},
        ("exits", "exit", "confirm_exit", "keep_on", "end_cultivation"),
    ),
    Right(
        "object_exit",
        Of.LEARNER,
        (_R.ONESELF, _R.GUARDIAN),
        "exit.not_yours_to_object",
        "exit",
        ways=("object",),
    ),
    Right(
        "service_hours",
        Of.OWN,
        (_R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "service.none_yours",
        ways=("service_hours",),
    ),
    _oversee("check_platform"),
    _oversee("list_hours"),
    Right(
        "prove_hours",
        Of.MEMBER,
        (_R.ONESELF, _R.OFFICE),
        "proof.not_yours",
        "membership",
        {Must.WHOLE: "proof.not_yours"},
        ("hours_of", "prove_hours"),
    ),
    Right(
        "read_proof",
        Of.MEMBER,
        (_R.ONESELF, *_OVERSEE),
        "certificate.not_yours_to_read",
        "certificate",
    ),
    Right(
        "revoke_proof",
        Of.MEMBER,
        (_R.OFFICE,),
        "certificate.not_yours_to_revoke",
        "certificate",
        {Must.WHOLE: "certificate.not_yours_to_revoke"},
    ),
    # Certificates.
    Right(
        "certificates",
        Of.OWN,
        (_R.ONESELF, _R.GUARDIAN, _R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "certificate.none_yours",
        ways=("certificates",),
    ),
    Right(
        "read_certificate",
        Of.LEARNER,
        (_R.ONESELF, _R.GUARDIAN, *_OVERSEE),
        "certificate.not_yours_to_read",
        "certificate",
        ways=("certificate", "certificate_file"),
    ),
    _oversee("certifying"),
    Right(
        "issue_certificates",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "certificate.not_yours_to_issue",
        "cohort",
        ways=("issue_certificates",),
    ),
    Right(
        "issue_certificate",
        Of.LEARNER,
        (_R.OFFICE,),
        "certificate.not_yours_to_issue",
        "membership",
        {
            Must.WHOLE: "certificate.not_yours_to_issue",
            Must.NOT_OWN: "certificate.not_yours_to_issue",
        },
        ("issue_certificate",),
    ),
    Right(
        "revoke_certificate",
        Of.LEARNER,
        (_R.OFFICE,),
        "certificate.not_yours_to_revoke",
        "certificate",
        {Must.WHOLE: "certificate.not_yours_to_revoke"},
        ("revoke_certificate", "reissue_certificate"),
    ),
    # Dossiers.
    Right(
        "make_dossier",
        Of.LEARNER,
        (_R.ONESELF, _R.GUARDIAN, _R.OFFICE),
        "dossier.not_yours",
        "membership",
        {Must.CONSENT: "dossier.consent_awaited"},
        ("dossier",),
    ),
    # The annual summary.
    Right(
        "make_summary",
        Of.COHORT,
        (_R.OFFICE,),
        "summary.not_yours",
        "cohort",
        ways=("summary", "annual_summary"),
    ),
    Right(
        "change_summary_template",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "summary.not_yours_to_change",
        "cohort",
        ways=("summary_template", "get_summary_template", "own_summary_template"),
    ),
    # The rehearsal.
    Right(
        "rehearse",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "rehearsal.not_yours",
        "cohort",
        ways=("rehearsal", "rehearse", "stop_rehearsal"),
    ),
    # Lists.
    Right("queue", Of.OWN, (_R.CULTIVATES,), "access.not_a_mentor", ways=("queue",)),
    Right(
        "students",
        Of.LEARNER,
        (_R.CULTIVATES, _R.SCHOOL, *_OVERSEE),
        "watch.no_students",
        ways=("students", "mine_behind", "mine_absent"),
    ),
    *map(_oversee, ("cohort", "console", "behind", "longest")),
    *map(_oversee, ("absent", "unreached", "undelivered")),
    Right(
        "read_member",
        Of.MEMBER,
        _OVERSEE,
        "watch.not_coordinator",
        "membership",
        ways=("place",),
    ),
    # Being reminded.
    Right(
        "set_reminders",
        Of.OWN,
        (_R.ONESELF, _R.CULTIVATES, _R.SCHOOL, _R.OFFICE, _R.EXPERT),
        "reminder.not_reminded",
        "reminders",
        ways=(
            *("reminders", "remind_at", "remind_level", "remind_pause"),
            *("again_tomorrow", "why_reminded", "calendar_link", "calendar_off"),
        ),
    ),
    Right(
        "take_leave",
        Of.OWN,
        (_R.ONESELF, _R.CULTIVATES),
        "leave.not_yours",
        "leave",
        ways=("leave", "give_up_leave"),
    ),
    Right(
        "appoint_delegate",
        Of.OWN,
        (_R.CULTIVATES,),
        "delegate.not_yours",
        "delegation",
        ways=("stand_ins", "stand_in", "end_stand_in"),
    ),
    Right(
        "office_days",
        Of.COHORT,
        (_R.OFFICE,),
        "watch.not_coordinator",
        "cohort",
        ways=("office_days", "add_days", "drop_days"),
    ),
    Right(
        "set_retention",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "watch.not_coordinator",
        "cohort",
        ways=("postpone_retention",),
    ),
    Right(
        "import_roster",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "rostering.not_yours",
        "cohort",
        ways=("roster", "bring_roster", "undo_roster", "roster_template"),
    ),
    Right(
        "invite",
        Of.WHOLE_COHORT,
        (_R.OFFICE,),
        "invitations.not_yours",
        "cohort",
        ways=("invite", "invite_all"),
    ),
    Right(
        "hand_over",
        Of.MEMBER,
        (_R.OFFICE,),
        "handover.not_yours",
        "membership",
        ways=("handovers", "hand_over", "which_place", "withdraw_handover"),
    ),
    Right(
        "end_member",
        Of.MEMBER,
        (_R.OFFICE,),
        "departure.not_yours",
        "membership",
        ways=("end_place", "restore_place"),
    ),
    Right(
        "correct_person",
        Of.MEMBER,
        (_R.OFFICE,),
        "correcting.not_yours",
        "membership",
        ways=("correct_person",),
    ),
    # Calls for help. Nobody else learns that there are any.
    Right(
        "ask_for_help",
        Of.LEARNER,
        (_R.ONESELF,),
        "seeking.not_a_learner",
        "help_call",
        {Must.CONSENT: "seeking.before_consent"},
        ("seek_help", "tell_adult", "tell_next", "say_more", "take_back_call"),
    ),
    Right(
        "see_own_calls",
        Of.LEARNER,
        (_R.ONESELF,),
        "seeking.not_a_learner",
        "help_call",
        ways=("own_calls",),
    ),
    Right(
        "be_asked_for_help",
        Of.LEARNER,
        (_R.CONTACT, _R.SCHOOL, _R.OFFICE),
        "seeking.not_yours",
        "help_call",
        {Must.WHOLE: "seeking.not_yours", Must.OUTSIDE: "seeking.not_yours"},
    ),
    Right(
        "open_call",
        Of.HELP_CALL,
        (_R.TOLD,),
        "seeking.not_yours",
        "help_call",
        _STILL_ASKED,
        ("open_call",),
    ),
    Right(
        "close_call",
        Of.HELP_CALL,
        (_R.TOLD,),
        "seeking.not_yours",
        "help_call",
        _STILL_ASKED,
        ("close_call",),
    ),
    # Bulletins. Whoever oversees the member who drafted one, oversees it.
    Right("bulletins", Of.OWN, (_R.SCHOOL, *_OVERSEE), "bulletin.none_yours", ways=("bulletins",)),
    Right(
        "draft_bulletin",
        Of.COHORT,
        (_R.OFFICE,),
        "bulletin.not_yours_to_write",
        "cohort",
        ways=("bulletin", "new_bulletin", "write_bulletin"),
    ),
    Right(
        "address_bulletin", Of.MEMBER, (_R.OFFICE,), "bulletin.not_yours_to_write", "membership"
    ),
    Right(
        "send_bulletin",
        Of.MEMBER,
        (_R.OFFICE,),
        "bulletin.not_yours_to_send",
        "bulletin",
        ways=(
            *("send_bulletin", "later_bulletin", "edit_bulletin", "drop_bulletin"),
            *("pause_bulletin", "resume_bulletin", "cancel_bulletin", "remind_bulletin"),
        ),
    ),
    Right(
        "approve_bulletin",
        Of.MEMBER,
        (_R.OFFICE,),
        "bulletin.not_yours_to_send",
        "bulletin",
        ways=("approve_bulletin", "decline_bulletin"),
    ),
    Right(
        "read_bulletin",
        Of.MEMBER,
        _OVERSEE,
        "bulletin.not_yours_to_read",
        "bulletin",
        ways=(
            *("show_bulletin", "bulletin_people", "bulletin_report"),
            *("bulletin_replies", "bulletin_thread"),
        ),
    ),
    Right(
        "answer_reply",
        Of.MEMBER,
        (_R.OFFICE,),
        "bulletin.not_yours_to_send",
        "bulletin",
        ways=("answer_reply", "settle_reply"),
    ),
    Right(
        "read_bulletin_copy",
        Of.LEARNER,
        (_R.SCHOOL,),
        "bulletin.not_yours_to_read",
        "bulletin",
        ways=("bulletin_copy",),
    ),
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
    Right(
        "children",
        Of.OWN,
        (_R.GUARDIAN,),
        "consent.not_your_child",
        ways=("children", "consented"),
    ),
    _guard("consent", "consent"),
    _guard("withdraw_consent", "unconsent"),
    # What one has a right to over one's own data, and a guardian over a child's.
    _over("see_data", "mydata"),
    _over("see_looks", "lookers"),
    _over("copy_data", "copydata"),
    _over("correct_data", "correct"),
    _over("erase_data", "erasedata"),
)

RIGHTS: Final[Mapping[str, Right]] = {right.act: right for right in _EVERY}
"""The rights, by act."""

FREE: Final = frozenset(
    {
        *("start", "menu", "help", "language", "privacy", "join"),
        # Where words go that may be a cry for help.
        "worry",
        # One's own sessions.
        "signout",
        # Questions about policy, and what was asked in the same chat.
        *("ask", "topic", "passage", "unhelpful"),
        # What was sent to oneself: `services.bulletins.receive`, and what one replies to it.
        *("received", "reply_bulletin"),
        # One's own drafts: `bot.scene.Scene.holds`.
        *("drafts", "resume", "drop", "give_up", "anew"),
    }
)
"""The commands, buttons and talks that are open to everyone."""

RIGHT_FOR: Final[Mapping[str, Right]] = {way: right for right in _EVERY for way in right.ways}
"""The right needed for each command, button or talk."""
