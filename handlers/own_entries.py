"""What one has handed in oneself, asked for or to be changed: 我上次写的什么, 记错了怎么改."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from bot.scene import TO_MENU, Scene
from bot.talk.message import Choice, Item, Message, press
from handlers import materials, menu, overseen, progress, session
from handlers.speaker import learner, oversees, roles, ways_on
from language.affairs import Affair
from language.days import each_day
from prompts import BEIJING, t
from services import records
from services.access import REVIEWERS, LearnerPlace
from services.entities import Record, RecordKind, RecordState, Role
from services.packs import load
from services.records import Body, SessionBody

MOST: Final = 6
"""Entries that are offered to choose from."""
OPEN: Final = (RecordState.SUBMITTED, RecordState.FILED, RecordState.RETURNED)
"""States in which a student may still change an entry."""


def handed_in(scene: Scene) -> list[tuple[Record, Body]] | None:
    """What whoever speaks has handed in as a learner, the latest first."""
    me = learner(scene)
    return None if me is None else records.own_writings(records.entries(scene.session, me.id))


def own_progress(scene: Scene, affair: Affair) -> bool:
    """How far one is; a guardian's child; a mentor's students."""
    if learner(scene) is not None:
        progress.progress(scene, ())
        return True
    return overseen.child(scene, affair) or overseen.students(scene, affair)


def waiting(scene: Scene, affair: Affair) -> bool:
    """What waits for a review, with whom and since when."""
    entries = handed_in(scene)
    if entries is None:
        if Role.GUARDIAN in roles(scene):
            return overseen.child(scene, affair)
        return overseen.queue(scene, affair) or overseen.reviews_of_others(scene)
    me = cast(LearnerPlace, learner(scene))
    still = [entry for entry in entries if entry[0].state is RecordState.SUBMITTED]
    rows = ((Choice(press("records"), t("command.records.label")), TO_MENU),)
    if not still:
        recent = tuple(progress.entry_item(scene, *entry) for entry in entries[:3])
        scene.say(Message(t("affair.nothing_waits"), rows, items=recent))
        return True
    items = tuple(progress.waiting_items(scene, me.id, still, own=True))
    words = t("affair.waits", count=len(still))
    scene.say(Message(words, rows, items=items, note=t("affair.waits_note")))
    return True


def returned(scene: Scene, affair: Affair) -> bool:
    """What was sent back, and why."""
    entries = handed_in(scene)
    if entries is None:
        return overseen.child(scene, affair)
    back = [record for record, _ in entries if record.state is RecordState.RETURNED]
    if not back:
        scene.say(Message(t("affair.none_returned"), ways_on(scene)))
        return True
    items = []
    for record, body in entries:
        if record in back:
            why = [word for word, _ in records.reviews(scene.session, record)][-1].reason
            line = records.title(record, body, brief=True)
            items.append(Item(line, press("record", record.id or 0), why, "bad"))
    scene.say(Message(t("affair.returned", count=len(back)), ways_on(scene), items=tuple(items)))
    return True


def last(scene: Scene, affair: Affair) -> bool:
    """The entry that was handed in last, in full."""
    entries = handed_in(scene)
    if entries is None:
        return overseen.child(scene, affair)
    if not entries:
        _nothing_yet(scene)
        return True
    newest = max(entries, key=lambda entry: (entry[0].submitted_at, entry[0].id or 0))[0]
    progress.show(scene, [str(newest.id)])
    return True


def drafts(scene: Scene, _: Affair) -> bool:
    menu.drafts(scene, ())
    return True


# ---------------------------------------------------------------- what is handed in at the end


def bring(scene: Scene, affair: Affair) -> bool:
    """Begin to hand in the material that is named, or ask which."""
    asked = materials.asked_of_me(scene)
    if asked is None:
        return False
    materials.begin_with(scene, materials.told(asked, affair.about))
    return True


def how_to_bring(scene: Scene, affair: Affair) -> bool:
    """How a material is handed in, and the button that begins it."""
    asked = materials.asked_of_me(scene)
    if asked is None:
        return False
    materials.how(scene, asked, materials.told(asked, affair.about))
    return True


# ---------------------------------------------------------------- to be changed


def mend(scene: Scene, _: Affair) -> bool:
    """How an entry is changed, with those that can be."""
    entries = handed_in(scene)
    if entries is None:
        mine = roles(scene) & {*REVIEWERS, Role.SCHOOL_TEACHER, Role.GUARDIAN, Role.COORDINATOR}
        if not mine:
            return False
        key = "affair.mend_reviewer" if mine & set(REVIEWERS) else "affair.mend_theirs"
        scene.say(Message(t(key), ((TO_MENU,),)))
        return True
    _which(scene, [entry for entry in entries if entry[0].state in OPEN], "edit", "affair.mend")
    return True


def _which(scene: Scene, entries: Sequence[tuple[Record, Body]], verb: str, words: str) -> None:
    """Ask which of these entries is meant; none of them may be."""
    if not entries:
        scene.say(Message(t("affair.none_to_mend"), ways_on(scene)))
        return
    items = tuple(
        Item(
            records.title(record, body, brief=True),
            press(verb, record.id or 0),
            progress.state(record),
            progress.TONES[record.state],
        )
        for record, body in entries[:MOST]
    )
    rows = ((Choice(press("records"), t("command.records.label")), TO_MENU),)
    scene.say(Message(t(words), rows, items=items, kind="question"))


def _nothing_yet(scene: Scene) -> None:
    way = Choice(press("session"), t("command.session.label"), weight="primary")
    scene.say(Message(t("affair.no_records"), ((way,), (TO_MENU,))))


def backdate(scene: Scene, _: Affair) -> bool:
    """Whether a day that is past may still be logged: any of the cycle."""
    me = learner(scene)
    if me is None:
        if not oversees(scene) and Role.GUARDIAN not in roles(scene):
            return False
        scene.say(Message(t("affair.backdate_theirs"), ((TO_MENU,),)))
        return True
    words = t("affair.backdate", first=load(me.programme).cycle.first_day)
    way = Choice(press("session"), t("command.session.label"), weight="primary")
    scene.say(Message(words, ((way,), (TO_MENU,))))
    return True


def meant(scene: Scene, entries: Sequence[tuple[Record, Body]], about: str) -> list[Record]:
    """The entries that words mean: those of a day, or the one that was handed in last."""
    now = scene.now.astimezone(BEIJING)
    days = {day for said in each_day(about, now) for day in said.days}
    found = [record for record, _ in entries if record.state in OPEN and record.day in days]
    if not days and entries and any(word in about for word in _LAST):
        newest = max((record for record, _ in entries), key=lambda record: record.submitted_at)
        return [newest]
    if len(found) > 1:
        kinds = [record for record in found if _speaks_of(about, record)]
        return kinds or found
    return found


_LAST: Final = ("刚", "上次", "上一", "上条", "最近", "最后", "last")


def _speaks_of(about: str, record: Record) -> bool:
    wants_writing = "日志" in about or "diary" in about
    return wants_writing == (record.kind is RecordKind.DIARY)


def change(scene: Scene, affair: Affair) -> bool:
    """Open the entry that is meant, with the new values filled in."""
    entries = handed_in(scene)
    if entries is None:
        return mend(scene, affair)
    found = meant(scene, entries, affair.about)
    if len(found) != 1 or found[0].kind is not RecordKind.SESSION:
        wanted = [entry for entry in entries if entry[0] in found] or [
            entry for entry in entries if entry[0].state in OPEN
        ]
        words = "affair.mend_which" if found else "affair.mend_no_such"
        _which(scene, wanted, "edit", words)
        return True
    record = records.to_edit(scene.session, scene.actor, found[0].id or 0)
    body = cast(SessionBody, records.body_at(scene.session, record))
    new = session.changed(scene, body, affair.about, affair.to)
    if not new:
        scene.say(t("affair.not_a_value", said=affair.to))
    session.edit(scene, record.id or 0, record.version, body, new)
    return True


def take_back(scene: Scene, affair: Affair) -> bool:
    """Show the entry that is to be withdrawn: its page has the button."""
    entries = handed_in(scene)
    if entries is None:
        return False
    found = meant(scene, entries, affair.about)
    if len(found) == 1:
        progress.show(scene, [str(found[0].id)])
        return True
    open_ones = [entry for entry in entries if entry[0].state in OPEN]
    chosen = [entry for entry in open_ones if entry[0] in found] or open_ones
    _which(scene, chosen, "record", "affair.take_back")
    return True
