"""提醒设置, and what is pressed under a reminder: 明天再提醒, 为什么提醒我."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from bot.scene import TO_MENU, Act, Scene, number, with_menu
from bot.talk.acting import Refused
from bot.talk.message import Choice, Field, Message, press
from handlers.pages import confirmed
from prompts import Text, span, t
from services import deadlines, leave, office_days, reminders
from services.access import any_of
from services.entities import Level
from services.reminder_card import why

CARD: Final = "reminders"
TIMES: Final = ("08:00", "12:30", "17:30", "19:00", "21:00")
"""The times of day that are offered."""
PAUSES: Final[Mapping[str, int]] = {"off": 0, "week": 7}
"""Days of each pause that is offered."""
SHOWN: Final = 3
"""Leaves that have a button."""


def show(scene: Scene, _args: Sequence[str], site: str = "", said: Text | None = None) -> None:
    """Show how the speaker is reminded, with a button for each change. `site` is the address of
    the web site; empty without one."""
    any_of(scene.session, scene.actor, "set_reminders")
    chosen = reminders.settings(scene.session, scene.actor.person_id)
    leaves = leave.own(scene.session, scene.actor)
    links = deadlines.links(scene.session, scene.actor.person_id)
    days = [span(one.first_day, one.last_day) for one in leaves]
    paused = t("reminder.not_paused")
    if chosen.paused_until is not None:
        paused = t("reminder.paused_until", until=chosen.paused_until)
    fields = [
        Field(t("reminder.time"), clock_time(chosen.minute)),
        Field(t("reminder.level"), t(f"reminder.level_name.{chosen.level}")),
        Field(t("reminder.paused"), paused),
        Field(
            t("reminder.leaves"),
            t("field.list", items=days) if days else t("reminder.no_leave"),
        ),
    ]
    if site:
        count = t("reminder.link_some", count=len(links))
        fields.append(Field(t("reminder.link"), count if links else t("reminder.link_none")))
    rows = [
        tuple(
            Choice(press("remind_at", time.replace(":", ".")), time)
            for time in TIMES
            if time != clock_time(chosen.minute)
        ),
        tuple(
            Choice(press("remind_level", level), t(f"reminder.level_button.{level}"))
            for level in Level
            if level is not chosen.level
        ),
        pause_or_leave(paused=chosen.paused_until is not None),
        *(
            (
                Choice(
                    press("give_up_leave", one.id or 0),
                    t("reminder.give_up_leave", first=one.first_day),
                    weight="danger",
                ),
            )
            for one in leaves[:SHOWN]
        ),
    ]
    if site:
        rows.append(link_choices(links=bool(links)))
    if office_days.edits_some(scene.session, scene.actor):
        rows.append((Choice(press("office_days"), t("days.title")),))
    scene.say(
        Message(
            said or "",
            (*rows, (TO_MENU,)),
            kind="question",
            card=CARD,
            title=t("command.reminders.label"),
            fields=tuple(fields),
            note=t("reminder.settings"),
        )
    )


def clock_time(minute: int) -> str:
    """A minute of the day as it is read: 19:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def pause_or_leave(*, paused: bool) -> tuple[Choice, ...]:
    leave_ = Choice(press("leave"), t("leave.title"))
    if paused:
        return (Choice(press("remind_pause", "off"), t("reminder.go_on")), leave_)
    return (Choice(press("remind_pause", "week"), t("reminder.pause_week")), leave_)


def link_choices(*, links: bool) -> tuple[Choice, ...]:
    make = Choice(press("calendar_link"), t("reminder.make_link"))
    off = Choice(press("calendar_off"), t("reminder.revoke_links"), weight="danger")
    return (make, off) if links else (make,)


def at(scene: Scene, args: Sequence[str], site: str = "") -> None:
    """Change the time of day: `remind_at 12.30`."""
    try:
        chosen = datetime.strptime("".join(args[:1]), "%H.%M")  # noqa: DTZ007 - a time of day
    except ValueError:
        raise Refused(t("stale.unknown"), verb="set_reminders") from None
    reminders.choose_time(scene.session, scene.actor, chosen.hour * 60 + chosen.minute)
    show(scene, (), site, t("reminder.changed"))


def level(scene: Scene, args: Sequence[str], site: str = "") -> None:
    """Be reminded more, or less."""
    if args[:1] not in [[one.value] for one in Level]:
        raise Refused(t("stale.unknown"), verb="set_reminders")
    reminders.choose_level(scene.session, scene.actor, Level(args[0]))
    show(scene, (), site, t("reminder.changed"))


def pause(scene: Scene, args: Sequence[str], site: str = "") -> None:
    """Pause for a week, or go on."""
    days = PAUSES.get("".join(args[:1]))
    if days is None:
        raise Refused(t("stale.unknown"), verb="set_reminders")
    reminders.pause(scene.session, scene.actor, days)
    show(scene, (), site, t("reminder.changed"))


def make_link(scene: Scene, _args: Sequence[str], site: str = "") -> None:
    """Give an address for a calendar program. It is said once."""
    if not site:
        raise Refused(t("stale.unknown"), verb="set_reminders")
    address = f"{site}/calendar/{deadlines.make_link(scene.session, scene.actor)}.ics"
    scene.say(with_menu(t("reminder.link_made", address=address)))


def revoke_links(scene: Scene, args: Sequence[str]) -> None:
    """停用日历订阅, after asking once: the addresses do not come back."""
    yes = Choice(press("calendar_off", "yes"), t("reminder.yes_revoke"))
    keep = Choice(press("reminders"), t("reminder.no_revoke"), weight="quiet")
    if not confirmed(scene, args, yes, t("reminder.sure_revoke"), keep, card=CARD):
        return
    deadlines.revoke_links(scene.session, scene.actor)
    scene.say(with_menu(t("reminder.links_revoked")))


def again_tomorrow(scene: Scene, args: Sequence[str]) -> None:
    """Tell what is still owed once more tomorrow."""
    when = reminders.again_tomorrow(scene.session, scene.actor, number(args))
    scene.say(with_menu(t("reminder.again_at", at=when)))


def why_reminded(scene: Scene, args: Sequence[str]) -> None:
    """Show the clauses behind a reminder, and what they say."""
    due = reminders.due_of(scene.session, scene.actor, number(args))
    if not due:
        raise Refused(t("reminder.not_this_one"), verb="set_reminders")
    to_settings = Choice(press("reminders"), t("command.reminders.label"))
    scene.say(why(due)._replace(rows=((to_settings, TO_MENU),)))


def acts(site: str) -> dict[str, Act]:
    """The acts; `site` is the address of the web site."""
    return ACTS | {
        "remind_at": partial(at, site=site),
        "remind_level": partial(level, site=site),
        "remind_pause": partial(pause, site=site),
        "calendar_link": partial(make_link, site=site),
    }


COMMANDS: Final[dict[str, Act]] = {"reminders": show}
ACTS: Final[dict[str, Act]] = {
    "remind_at": at,
    "remind_level": level,
    "remind_pause": pause,
    "calendar_link": make_link,
    "calendar_off": revoke_links,
    "again_tomorrow": again_tomorrow,
    "why_reminded": why_reminded,
}

__all__ = ["ACTS", "COMMANDS", "acts", "show"]
