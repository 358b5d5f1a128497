"""服务时长: the hours that those who teach have given, and what they are good for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import length
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import cohort as overview
from handlers.certificates import day_words, ordered
from handlers.certificates import show as show_certificate
from handlers.pages import certificate_item, page_of, tell
from handlers.speaker import in_office
from programmes.serving import Earned, Proof
from prompts import Text, t
from services import proofs, service_hours
from services.access import any_of, cohort_of, memberships
from services.certified import Certified
from services.roster import find_member
from services.service_hours import SERVING, Served

MONTHS: Final = 12
"""Months that are listed."""
LISTED: Final = 8
"""Proofs that are listed, the latest."""


def show(scene: Scene, args: Sequence[str]) -> None:
    """Show one's own hours in each cohort whose document gives something for them.

    Raises `Refused` where none does.
    """
    any_of(scene.session, scene.actor, "service_hours")
    found = [
        one
        for place in memberships(scene.session, scene.actor.person_id)
        if place.role in SERVING
        for one in service_hours.served(
            scene.session,
            cohort_of(scene.session, place),
            [find_member(scene.session, place.id or 0)],
        )
    ]
    for one in found:
        scene.say(card(scene, one))
    if found:
        return
    if not in_office(scene):
        raise Refused(t("service.none_yours"), verb="service_hours")
    listing(scene, ())


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show an office the hours of those who teach in a cohort, a page of them at a time."""
    shown, cohorts = overview.coordinated(scene, "list_hours", args[:1])
    every = service_hours.giving(scene.session, scene.actor, shown)
    on_page, turn = page_of(every, args[1:2], "list_hours", shown)
    items = tuple(
        Item(
            overview.who(one.member),
            press("hours_of", one.member.id) if proving(scene, one) else "",
            in_short(one),
        )
        for one in service_hours.served(scene.session, shown, on_page)
    )
    rows = [
        *turn,
        *((Choice(press("list_hours", one.id or 0), one.name),) for one in cohorts[1:4]),
    ]
    words = t("service.of_cohort" if every else "service.none_yours", count=len(every))
    title = t("command.service_hours.label")
    tell(
        scene, Message(words, title=title, items=items, note=t("service.how_listed")), rows, shown
    )


def in_short(one: Served) -> Text:
    if not one.meetings:
        return t("service.none")
    return t("service.row", count=len(one.meetings), length=length(one.minutes))


def proving(scene: Scene, one: Served) -> bool:
    """Whether the speaker may have a proof of somebody's hours made, and there is one to make."""
    return bool(one.meetings) and proofs.may_prove(scene.session, scene.actor, one.member.id)


def hours_of(scene: Scene, args: Sequence[str]) -> None:
    """Show an office the hours of one who teaches, with the proofs that can be made of them."""
    member = proofs.to_prove(scene.session, scene.actor, number(args))
    cohort = cohort_of(scene.session, member.membership)
    for one in service_hours.served(scene.session, cohort, [member]):
        shown = card(scene, one)
        rows = [*shown.rows[:-1]]
        tell(
            scene,
            shown._replace(text=overview.who(member), note=t("service.how_listed")),
            rows,
            cohort,
        )


def card(scene: Scene, one: Served) -> Message:
    """The hours in one cohort: in all, by month, what the document gives for them, the proofs that
    were made, and those that can be."""
    cohort = cohort_of(scene.session, one.member.membership)
    made = proofs.given_to(scene.session, one.member.id)[:LISTED]
    given = proofs.offered(one) if proving(scene, one) else ()
    rows = [
        (
            Choice(
                press("prove_hours", one.member.id, each.proof),
                t("proof.make", proof=proofs.name_of(each.proof)),
            ),
        )
        for each in given
    ]
    return Message(
        cohort.name,
        (*rows, (TO_MENU,)),
        title=t("command.service_hours.label"),
        fields=tuple(fields(one)),
        items=tuple(map(certificate_item, made)),
        note=t("service.how_counted"),
        card="service",
    )


def fields(one: Served) -> Iterable[Field]:
    yield Field(t("service.meetings"), t("service.count", count=len(one.meetings)))
    yield Field(t("service.length"), length(one.minutes) if one.minutes else t("service.none"))
    for month, minutes in list(one.months.items())[-MONTHS:]:
        yield Field(t("service.month", year=month.year, month=month.month), length(minutes))
    for proof in one.earned:
        yield Field(t(f"service.proof_{proof.proof}"), given(proof))


def given(proof: Earned) -> Text:
    """Who gives something for hours, and by which clause."""
    key = "service.by_employer" if proof.given_by is None else "service.by_others"
    return t(
        "service.unsure" if proof.unsure else "service.sure",
        given=t(key),
        clause=proof.clause,
    )


# ---------------------------------------------------------------- proofs


class ProvingSeen(BaseModel):
    """Of whose hours a proof is to be made, and what it would state."""

    model_config = ConfigDict(frozen=True)

    member_id: int
    name: str
    proof: Proof
    sessions: int
    length: str
    since: date
    until: date
    clause: str
    account: int | None


async def prove(chat: Chat, me: ProvingSeen) -> dict[str, Any] | None:
    """Ask once: what a proof states is signed."""
    yes = Choice("prove", t("proof.make", proof=proofs.name_of(me.proof)), weight="primary")
    told = me.model_dump(include={"name", "sessions", "length", "clause"})
    days = {"since": day_words(me.since), "until": day_words(me.until)}
    sure = t("proof.sure", proof=proofs.name_of(me.proof), **told, **days)
    if not await chat.sure(yes, sure):
        return None
    noted: dict[str, Any] = await chat.work(
        "ordered",
        "order_certificates",
        member=me.member_id,
        proof=me.proof.value,
        account=me.account,
    )
    return noted


def begin_proving(scene: Scene, args: Sequence[str]) -> None:
    """开证明: begin the talk, or show the proof that holds and says the same."""
    asked: dict[str, Any] = {
        "member": number(args[:1]),
        "proof": args[1] if len(args) > 1 else "",
    }
    facts = stated(scene, asked)
    before = proofs.same(scene.session, facts, asked["member"], Proof(asked["proof"]))
    if before is not None:
        show_certificate(scene, before)
        return
    scene.begin("prove_hours", asked, anew=True)


def stated(scene: Scene, args: Mapping[str, Any]) -> Certified:
    """What a proof would state. Raises `Refused`."""
    try:
        proof = Proof(args["proof"])
    except ValueError:
        raise Refused(t("proof.not_yours"), verb=proofs.ACT) from None
    return proofs.stated(scene.session, scene.actor, args["member"], proof)


def load_proving(scene: Scene, args: Mapping[str, Any]) -> ProvingSeen:
    facts = stated(scene, args)
    told = facts.model_dump(include={"name", "sessions", "length", "since", "until", "clause"})
    account = scene.actor.account_id
    return ProvingSeen(member_id=args["member"], proof=args["proof"], account=account, **told)


def finish_proving(scene: Scene, me: ProvingSeen, noted: Mapping[str, Any]) -> None:
    ordered(scene, noted, t("certificate.ordered_one"))


FLOWS: Final = [
    Flow(
        name="prove_hours",
        title=t("proof.title"),
        talk=prove,
        about=ProvingSeen,
        load=load_proving,
        finish=finish_proving,
        named=lambda me: t("proof.of", proof=proofs.name_of(me.proof), name=me.name),
        keeps=False,
    ),
]

COMMANDS: dict[str, Act] = {"service_hours": show}

ACTS: dict[str, Act] = {
    "list_hours": listing,
    "hours_of": hours_of,
    "prove_hours": begin_proving,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
