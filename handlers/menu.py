"""What anybody can ask for at any point: the menu, help, the language, privacy, drafts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.scene import TO_MENU, Scene, draft_choices, number, with_menu
from bot.talk.acting import Refused
from bot.talk.message import Choice, Field, Item, Message, Outgoing, Weight, as_message, press
from prompts import LANGUAGES, Text, t
from services import guardians, joining
from services.access import LEARNERS, memberships
from services.menus import EVERYBODY, commands_for, described
from services.readers import readers
from services.rights import Relation
from storage import chats
from storage.chats import Talk


def offer(scene: Scene) -> None:
    """Give this chat the menu of commands that whoever speaks has now."""
    commands = described(scene.session, scene.speaker.person_id, scene.language)
    scene.post(Outgoing("", commands=commands))


def show(scene: Scene, _args: Sequence[str]) -> None:
    """The menu of whoever speaks; a talk under way is put down, and said to be kept."""
    parked = scene.park()
    names = commands_for(scene.session, scene.speaker.person_id)
    if drafts_of(scene):
        names.insert(-len(EVERYBODY), "drafts")
    choices = [
        Choice(press(name), t(f"command.{name}.label"), weight=_weight(name, names))
        for name in names
    ]
    rows = [tuple(choices[i : i + 2]) for i in range(0, len(choices), 2)]
    if parked is not None and parked.journal["entries"] and not parked.closed:
        rows.insert(0, draft_choices(parked))
        words = t("menu.with_draft")
    elif scene.speaker.person_id is None:
        words = t("join.first")
    else:
        words = t("menu.what_next", name=scene.speaker.name)
    scene.say(Message(words, tuple(rows), kind="question", card="menu"))


def _weight(name: str, names: Sequence[str]) -> Weight:
    """The first command of a role is primary; commands for everybody are quiet."""
    if name in EVERYBODY:
        return "plain" if name == "ask" else "quiet"
    return "primary" if name == names[0] else "plain"


def help_(scene: Scene, _args: Sequence[str]) -> None:
    """What can be done and typed; a talk under way stays where it is."""
    names = commands_for(scene.session, scene.speaker.person_id)
    told = t("help.all", commands=[t(f"command.{name}.label") for name in names])
    _aside(scene, told)


def privacy(scene: Scene, _args: Sequence[str], advised: bool = False) -> None:
    """Who reads what is written here, for each place that whoever speaks has; and whether a model
    is asked about questions (`advised`).
    """
    if scene.speaker.person_id is None:
        _aside(scene, t("privacy.stranger"))
        return
    nobody = t("privacy.nobody_else")
    card = Message(
        title=t("privacy.title"),
        items=tuple(map(Item, readers_told(scene))),
        note=t("privacy.with_model", said=nobody) if advised else nobody,
    )
    _aside(scene, card)


def readers_told(scene: Scene) -> Iterable[Text]:
    """By name who can read one's records and one's children's; for other places, in general."""
    for shown in readers(scene.session, scene.actor):
        key = "rights.yours" if shown.own else "rights.childs"
        yield t(key, name=shown.learner, cohort=shown.cohort)
        for relation, people in shown.people.items():
            if not (shown.own and relation is Relation.ONESELF):
                who = t(f"rights.who.{relation}")
                names = [
                    t("watch.student_of", name=name, unit=unit) if unit else name
                    for name, unit in people
                ]
                yield t("rights.reader", relation=who, names=names)
    roles = dict.fromkeys(m.role for m in memberships(scene.session, scene.actor.person_id))
    for role in roles:
        if role not in LEARNERS:
            yield t(f"join.readers_{role}")


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
    """Say something in passing; a talk under way asks its question again after it."""
    if scene.talk() is None:
        rows = (*rows, (TO_MENU,))
    scene.say(as_message(said)._replace(rows=rows))


# ---------------------------------------------------------------- drafts


def drafts_of(scene: Scene) -> list[Talk]:
    if scene.speaker.person_id is None:
        return []
    return [
        talk
        for talk in chats.drafts(scene.session, scene.speaker.person_id)
        if talk.journal["entries"] and not talk.working and scene.find_talk(talk.id) is not None
    ]


def drafts(scene: Scene, _args: Sequence[str]) -> None:
    """Everything begun and not finished, on whichever device: to go on with, or to drop."""
    found = drafts_of(scene)
    if not found:
        scene.say(with_menu(t("drafts.none")))
        return
    for talk in found[:5]:
        scene.say(scene.router.offer_draft(talk))


def resume(scene: Scene, args: Sequence[str]) -> None:
    scene.resume(_draft(scene, args))


def drop(scene: Scene, args: Sequence[str]) -> None:
    """Give a draft up. It is asked for once more, since nothing brings it back."""
    talk = _draft(scene, args)
    if args[1:] == ["yes"]:
        scene.close(talk)
        scene.say(t("drafts.dropped", what=scene.router.title(talk)))
        show(scene, ())
        return
    scene.say(
        Message(
            t("drafts.sure", what=scene.router.title(talk)),
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


def _draft(scene: Scene, args: Sequence[str]) -> Talk:
    talk = scene.find_talk(number(args))
    if talk is None or not scene.holds(talk):
        raise Refused(t("stale.closed"), verb="resume")
    return talk


# ---------------------------------------------------------------- guardians


def children(scene: Scene, _args: Sequence[str]) -> None:
    """A guardian's children, and whether their records may be kept."""
    for link, child in guardians.children(scene.session, scene.actor):
        standing = link.consented_at is not None and link.withdrawn_at is None
        verb, label = ("unconsent", "take_back") if standing else ("consent", "give")
        weight: Weight = "danger" if standing else "primary"
        now = "given" if standing else "awaited"
        scene.say(
            Message(
                t(f"consent.child_{now}", name=child.name),
                ((Choice(press(verb, child.id or 0), t(f"consent.{label}"), weight=weight),),),
                kind="card",
                card=f"consent:{child.id}",
                title=child.name,
                fields=(
                    Field(
                        t("consent.label"),
                        t(f"consent.{now}_state"),
                        "good" if standing else "waiting",
                    ),
                ),
            )
        )


def give_consent(scene: Scene, args: Sequence[str]) -> None:
    guardians.give(scene.session, scene.actor, number(args))
    children(scene, ())


def take_back_consent(scene: Scene, args: Sequence[str]) -> None:
    guardians.take_back(scene.session, scene.actor, number(args))
    children(scene, ())
