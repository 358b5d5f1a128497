"""Commands open to everyone at any point: menu, help, language, privacy, drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.scene import TO_MENU, Scene, draft_choices, number, with_menu
from bot.talk.acting import Refused
from bot.talk.message import (
    Choice,
    Field,
    Item,
    Link,
    Message,
    Outgoing,
    Weight,
    as_message,
    press,
)
from handlers import help_calls
from prompts import LANGUAGES, Text, Words, catalogue, t
from services import consent, guardians, joining, records, roster
from services.access import LEARNERS, memberships
from services.entities import Person, Role
from services.menus import EVERYBODY, commands_for, described
from services.readers import Readers, readers
from services.rights import Relation
from storage.chats import Talk

MOST_DRAFTS: Final = 20
"""Drafts in one list."""


def offer(scene: Scene) -> None:
    """Set this chat's menu to the speaker's commands."""
    commands = described(
        scene.session, scene.speaker.person_id, scene.language, site=bool(scene.router.site)
    )
    scene.post(Outgoing("", commands=commands))


def show(scene: Scene, _args: Sequence[str]) -> None:
    """Show the speaker's menu; a talk under way becomes a draft, and the menu says so."""
    parked = scene.park()
    names = names_for(scene)
    if scene.drafts():
        names.insert(names.index("ask"), "drafts")
    kept = parked is not None and parked.journal["entries"] and not parked.closed
    # Going on with what lies half done is the usual way on, and there is one of that.
    first = "" if kept else names[0]
    choices = [
        Choice(press(name), _label(scene, name), weight=_weight(name, first)) for name in names
    ]
    rows = [tuple(choices[i : i + 2]) for i in range(0, len(choices), 2)]
    if awaited := help_calls.awaited(scene):
        rows.insert(0, (awaited,))
    if parked is not None and kept:
        rows.insert(0, draft_choices(parked))
        words = t("menu.with_draft")
    elif scene.speaker.person_id is None:
        words = t("join.first")
    else:
        words = t("menu.what_next", name=scene.speaker.name)
    note = example(scene)
    scene.say(Message(words, tuple(rows), kind="question", card="menu", note=note or ""))


def names_for(scene: Scene) -> list[str]:
    """The commands that whoever speaks can use."""
    site = bool(scene.router.site)
    return commands_for(scene.session, scene.speaker.person_id, site=site)


def _label(scene: Scene, name: str) -> Words:
    """What a command is called; how much waits in the queue, and which draft it is."""
    label = t(f"command.{name}.label")
    if name == "queue" and (count := records.waiting_count(scene.session, scene.actor)):
        return t("menu.counted", what=label, count=count)
    if name == "drafts":
        drafts = scene.drafts()
        titles = list(dict.fromkeys(scene.words(scene.router.title(draft)) for draft in drafts))
        if len(drafts) == 1:
            return t("menu.draft", what=label, title=titles[0])
        return t("menu.drafts", what=label, count=len(drafts), titles=titles[:2])
    return label


def example(scene: Scene) -> Text | None:
    """Something that whoever speaks may say in their own words."""
    if scene.speaker.person_id is None:
        return None
    for place in memberships(scene.session, scene.speaker.person_id):
        if place.role in LEARNERS:
            around = records.reviewers(scene.session, place.id or 0)
            if around:
                return t("menu.try_session", mentor=around[0].name)
            return t("menu.try_session_alone")
        if f"menu.try_{place.role}" in catalogue("zh"):
            return t(f"menu.try_{place.role}")
    return None


def _weight(name: str, first: str) -> Weight:
    """The first command of a role is primary; commands for everybody are quiet."""
    if name in EVERYBODY:
        return "plain" if name == "ask" else "quiet"
    return "primary" if name == first else "plain"


GUIDES: Final[Mapping[Role, str]] = {
    Role.STUDENT: "students",
    Role.TRAINEE_TEACHER: "students",
    Role.MENTOR: "mentors",
    Role.TEAM_MEMBER: "mentors",
    Role.SCHOOL_TEACHER: "school-teachers",
    Role.COORDINATOR: "coordinators",
    Role.AUDITOR: "coordinators",
    Role.GUARDIAN: "guardians",
}
"""The guide that each role has, by the name of its page."""


def guides_for(scene: Scene, guides: str) -> tuple[Link, ...]:
    """Links to the guides of the speaker's roles, which stand at an address, if at any."""
    if not guides or scene.speaker.person_id is None:
        return ()
    places = memberships(scene.session, scene.speaker.person_id)
    written = next(one for one in LANGUAGES if scene.language.startswith(one))
    at = f"{guides}/{written}"
    names = dict.fromkeys(GUIDES[one.role] for one in places if one.role in GUIDES)
    return tuple(Link(t(f"help.guide.{name}"), f"{at}/{name}") for name in names)


def help_(scene: Scene, _args: Sequence[str], guides: str = "") -> None:
    """Show the help with the guides, which stand at an address; a talk under way stays open."""
    names = names_for(scene)
    choices = [Choice(press(name), t(f"command.{name}.label")) for name in names if name != "help"]
    rows = tuple(tuple(choices[i : i + 2]) for i in range(0, len(choices), 2))
    said = Message(t("help.all"), note=example(scene) or "", links=guides_for(scene, guides))
    _aside(scene, said, rows)


def privacy(scene: Scene, _args: Sequence[str], advised: bool = False) -> None:
    """Say who can read the speaker's records, for each membership.

    `advised`: it also says that a model is asked about questions.
    """
    if scene.speaker.person_id is None:
        _aside(scene, t("privacy.stranger"))
        return
    for shown in readers(scene.session, scene.actor):
        scene.say(readers_of(shown))
    nobody = t("privacy.nobody_else")
    roles = dict.fromkeys(m.role for m in memberships(scene.session, scene.actor.person_id))
    card = Message(
        title=t("privacy.title"),
        items=tuple(Item(t(f"join.readers_{role}")) for role in roles if role not in LEARNERS),
        note=t("privacy.with_model", said=nobody) if advised else nobody,
    )
    _aside(scene, card)


def readers_of(shown: Readers) -> Message:
    """Who can read one learner's records, by name."""
    return Message(
        text=shown.cohort,
        title=t("rights.yours" if shown.own else "rights.childs", name=shown.learner),
        fields=tuple(
            Field(
                t(f"rights.who.{relation}"),
                t(
                    "field.list",
                    items=[
                        t("watch.student_of", name=name, unit=unit) if unit else name
                        for name, unit in people
                    ],
                ),
            )
            for relation, people in shown.people.items()
            if not (shown.own and relation is Relation.ONESELF)
        ),
    )


def language(scene: Scene, args: Sequence[str]) -> None:
    """Change the language, or ask which: `/language en`."""
    chosen = args[0] if args else ""
    if chosen not in LANGUAGES:
        rows = (
            tuple(Choice(press("language", code), t(f"language.{code}")) for code in LANGUAGES),
        )
        _aside(scene, t("language.which"), rows)
        return
    scene.speaker.language = chosen
    scene.speaker.changed = True
    if scene.speaker.person_id is not None:
        joining.speak(scene.session, scene.speaker.person_id, chosen)
    offer(scene)
    _aside(scene, t("language.changed"))


def _aside(scene: Scene, said: Text | Message, rows: tuple[tuple[Choice, ...], ...] = ()) -> None:
    """Say something; a talk under way then asks its question again."""
    if scene.talk() is None:
        rows = (*rows, (TO_MENU,))
    scene.say(as_message(said)._replace(rows=rows))


# ---------------------------------------------------------------- drafts


def drafts(scene: Scene, _args: Sequence[str]) -> None:
    """List the speaker's drafts, begun on any device, to resume or drop."""
    found = scene.drafts()
    if not found:
        scene.say(with_menu(t("drafts.none")))
        return
    if len(found) == 1:
        scene.say(scene.router.offer_draft(found[0]))
        return
    items = tuple(
        Item(t("drafts.row", what=scene.router.describe(talk)), press("resume", talk.id))
        for talk in found[:MOST_DRAFTS]
    )
    words = t("drafts.many", count=len(found))
    scene.say(Message(words, ((TO_MENU,),), kind="question", card="drafts", items=items))


def resume(scene: Scene, args: Sequence[str]) -> None:
    scene.resume(_draft(scene, args))


def anew(scene: Scene, args: Sequence[str]) -> None:
    """Begin another talk of a draft's kind; the draft stays."""
    draft = _draft(scene, args)
    scene.begin(draft.flow, draft.about["args"], anew=True)


def drop(scene: Scene, args: Sequence[str]) -> None:
    """Drop a draft, after asking for confirmation: it cannot be restored."""
    talk = _draft(scene, args)
    if args[1:] == ["yes"]:
        told = t("drafts.dropped", what=scene.router.describe(talk))
        scene.close(talk)
        scene.say(told)
        show(scene, ())
        return
    scene.say(
        Message(
            t("drafts.sure", what=scene.router.describe(talk)),
            (
                (
                    Choice(press("drop", talk.id, "yes"), t("drafts.yes_drop"), weight="danger"),
                    Choice(press("resume", talk.id), t("talk.go_on")),
                ),
            ),
            kind="question",
            card=f"talk:{talk.id}",
        )
    )


def give_up(scene: Scene, args: Sequence[str]) -> None:
    """放弃, typed: drop what is being filled in, or else the only draft, after asking once."""
    talk = scene.park()
    if talk is not None and (not talk.journal["entries"] or scene.router.seals(talk)):
        scene.close(talk)
        scene.say(with_menu(t("talk.declined")))
    elif talk is not None:
        drop(scene, [str(talk.id)])
    elif len(found := scene.drafts()) == 1:
        drop(scene, [str(found[0].id)])
    else:
        drafts(scene, args)


def _draft(scene: Scene, args: Sequence[str]) -> Talk:
    talk = scene.find_talk(number(args))
    if talk is None or not scene.holds(talk):
        raise Refused(t("stale.closed"), verb="resume")
    return talk


# ---------------------------------------------------------------- guardians


def children(scene: Scene, _args: Sequence[str]) -> None:
    """List a guardian's children and the state of consent for each."""
    waiting = guardians.awaited(scene.session, scene.actor)
    every = guardians.children(scene.session, scene.actor)
    # What wants an answer stands last, where the person looks.
    for link, child in sorted(every, key=lambda one: one[1].id in waiting):
        if not guardians.asked_for(scene.session, scene.actor, link):
            said = t("consent.child_not_asked", name=child.name)
            way = _progress_of(scene, child)
            rows = ((way,), (TO_MENU,)) if way else ((TO_MENU,),)
            scene.say(Message(said, rows, title=child.name))
            continue
        now = guardians.standing(scene.session, link)
        standing = consent.stands(link)
        verb, label = ("unconsent", "take_back") if standing else ("consent", "give")
        # With several children, what a button does is said of one of them.
        among = len(every) > 1
        called = t(f"consent.{label}_for" if among else f"consent.{label}", name=child.name)
        weight: Weight = "danger" if standing else "primary"
        way = _progress_of(scene, child) if standing else None
        ways = [way] if way else []
        if link.consented_at is not None:
            ways.append(Choice(press("consented", child.id or 0), t("consent.what")))
        scene.say(
            Message(
                t(f"consent.child_{now}", name=child.name, terms=t("consent.terms")),
                (
                    *([tuple(ways)] if ways else []),
                    (
                        Choice(
                            press(verb, child.id or 0),
                            called,
                            decides=among,
                            weight=weight,
                        ),
                        *([_against(child, among=among)] if now == "other" else []),
                    ),
                ),
                kind="card",
                card=f"consent:{child.id}",
                title=child.name,
                fields=(
                    Field(
                        t("consent.label"),
                        t(f"consent.{now}_state"),
                        "good" if now in ("given", "other") else "waiting",
                    ),
                ),
            )
        )


def _against(child: Person, *, among: bool) -> Choice:
    """The way to withdraw what another guardian has consented to."""
    called = t("consent.take_back_for" if among else "consent.take_back", name=child.name)
    return Choice(press("unconsent", child.id or 0), called, decides=among, weight="danger")


def _progress_of(scene: Scene, child: Person) -> Choice | None:
    """The way to a child's page, if it has a place now."""
    for place in roster.children_of(scene.session, scene.actor.person_id):
        if place.person.id == child.id:
            return Choice(press("student", place.id), t("consent.see_progress", name=child.name))
    return None


def consented(scene: Scene, args: Sequence[str]) -> None:
    """What a guardian has consented to, word by word, when and how; of one child or of each."""
    chosen = {number(args)} if args else None
    told = False
    for link, child in guardians.children(scene.session, scene.actor):
        if (chosen and child.id not in chosen) or link.consented_at is None:
            continue
        told = True
        words = guardians.text_of(scene.session, link)
        way = link.consent_way if link.consent_way in _WAYS else "chat"
        fields = [Field(t("consent.when"), t("consent.at", at=link.consented_at))]
        if link.consent_way:
            fields.append(Field(t("consent.how"), t(f"consent.way_{way}")))
        if words:
            fields.append(Field(t("consent.version"), link.consent_version))
        if link.withdrawn_at is not None:
            fields.append(Field(t("consent.taken_back"), t("consent.at", at=link.withdrawn_at)))
        back = Choice(press("children"), t("command.children.label"), weight="quiet")
        scene.say(
            Message(
                words or t("consent.words_unknown"),
                ((back, TO_MENU),),
                title=t("consent.agreed_to", name=child.name),
                fields=tuple(fields),
            )
        )
    if not told:
        scene.say(Message(t("consent.never"), ((TO_MENU,),)))


_WAYS: Final = ("web", "telegram", consent.PAPER)


def give_consent(scene: Scene, args: Sequence[str]) -> None:
    guardians.give(scene.session, scene.actor, number(args))
    scene.consent_changed = True
    children(scene, ())


def take_back_consent(scene: Scene, args: Sequence[str], days: int = 0) -> None:
    """Ask once, withdraw at a second press, and say truly what is still kept and for how long.

    `days`: for how long other people's chats show what they were sent.
    """
    child = guardians.may_take_back(scene.session, scene.actor, number(args))
    card = f"consent:{child.id}"
    give = Choice(
        press("consent", child.id or 0), t("consent.give_for", name=child.name), weight="quiet"
    )
    now = guardians.standing_for(scene.session, scene.actor, child.id or 0)
    if now in ("awaited", "withdrawn"):
        told = t("consent.refused", name=child.name)
        scene.say(Message(told, ((give, TO_MENU),), kind="card", card=card, title=child.name))
        return
    if args[1:] != ["yes"]:
        yes = Choice(
            press("unconsent", child.id or 0, "yes"), t("consent.yes_take_back"), weight="danger"
        )
        no = Choice(press("children"), t("consent.no_take_back"))
        words = t("consent.sure_take_back", name=child.name)
        scene.say(Message(words, ((yes, no),), kind="question", card=card, title=child.name))
        return
    receipt = guardians.take_back(scene.session, scene.actor, child.id or 0)
    scene.consent_changed = True
    told = t(
        "consent.receipt",
        name=receipt.child,
        at=scene.now,
        drafts=receipt.drafts,
        records=receipt.records,
        files=receipt.files,
        days=days,
    )
    mine = Choice(press("mydata"), t("command.mydata.label"))
    scene.say(Message(told, ((mine, give), (TO_MENU,)), kind="card", card=card, title=child.name))
