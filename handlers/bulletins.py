"""发通知: an office writes a bulletin, sees what will be read by whom, and sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat, Journal, read
from bot.talk.inputs import (
    Answer,
    Asked,
    Free,
    Kind,
    Minutes,
    Pick,
    Rows,
    Summary,
    SummaryLine,
    Unclear,
    length,
    not_a_choice,
    own_words,
    rows_of,
    said,
)
from bot.talk.message import Choice, Item, Message, press
from handlers import cohort as overview
from handlers.attachments import FILES, keep_files, shown
from handlers.corrections import with_time, words_corrected
from handlers.pages import PAGE, confirmed, page_asked, page_of, tell, turns
from handlers.seen import first_words
from language.affairs import Affair, bulletin_of
from language.audiences import EVERYBODY, SaidAudience, audience_of
from language.days import parse_moment
from language.grades import school_grade
from language.replies import have_not_joined, wants_a_receipt
from prompts import BEIJING, Text, Words, t
from services import addressing, bulletin_replies, bulletins
from services.access import LEARNERS, any_of
from services.addressing import Audience, UnitOffered
from services.bulletin_card import card_of
from services.entities import Bulletin, BulletinState, RecordKind, Role
from services.packs import load
from services.records import Kept

ALL: Final = "-"
AND: Final = "+"
NARROWER: Final = "narrower"
YES: Final = "yes"
NO: Final = "no"
PREVIEW: Final = "preview"
OFFERED: Final = 6
"""Units that are offered; the others are typed."""
NAMED: Final = 5
"""Units that are named where words fit several."""
HAVE_SUBJECTS: Final = (*LEARNERS, Role.GUARDIAN, Role.MENTOR, Role.TEAM_MEMBER)


# ---------------------------------------------------------------- writing


class BulletinSeen(BaseModel):
    """For whom somebody may write in a cohort; and the draft that is changed."""

    model_config = ConfigDict(frozen=True)

    cohort_id: int
    cohort: str
    roles: tuple[Role, ...]
    units: tuple[UnitOffered, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()
    """Codes and names."""
    grades: tuple[str, ...] = ()
    """Those of the learners, empty for those of whom it is not known."""
    owed: tuple[RecordKind, ...] = ()
    bulletin_id: int | None = None
    files: tuple[Kept, ...] = ()
    said: bool = False
    """Begun by a sentence: going back leads to what it said."""


class BulletinWritten(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    words: str
    audience: Audience
    asks_receipt: bool
    minutes: int
    files: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class OneUnit(Kind[str]):
    """A unit: pressed, or typed by a part of its name; or all of them."""

    units: Mapping[str, Words]
    """By number."""

    def choices(self, asked: Asked) -> Rows:
        first = list(self.units.items())[:OFFERED]
        every = Choice(ALL, t("bulletin.any_unit"))
        return [[every], *rows_of([Choice(key, name) for key, name in first], 2)]

    def parse(self, answer: Answer, asked: Asked) -> str:
        if answer.press == ALL or answer.press in self.units:
            return str(answer.press)
        found = units_named(self.units, said(answer, 60))
        if not found:
            raise Unclear(t("bulletin.no_such_unit"))
        if len(found) > 1:
            names = [self.units[key] for key in found[:NAMED]]
            raise Unclear(t("bulletin.several_units", names=names))
        return found[0]


@dataclass(frozen=True, slots=True)
class Whom(Pick):
    """Roles, joined by `+`: one pressed, or several typed (学生和家长); or everybody."""

    options: Sequence[Choice]

    def choices(self, asked: Asked) -> Rows:
        return rows_of(self.options, 2)

    def parse(self, answer: Answer, asked: Asked) -> str:
        known = [choice.value for choice in self.options]
        if answer.press is not None:
            if all(role in known for role in answer.press.split(AND)):
                return answer.press
            raise not_a_choice(answer, len(known))
        meant = audience_of(said(answer, 60))
        if meant.roles == (EVERYBODY,):
            return ALL
        if not meant.roles or meant.rest or not all(role in known for role in meant.roles):
            raise not_a_choice(answer, len(known))
        return AND.join(meant.roles)


def units_named(units: Mapping[str, Words], words: str) -> list[str]:
    """The units that are called so, else those whose names have these words in them."""
    exactly = [key for key, name in units.items() if name == words]
    return exactly or [key for key, name in units.items() if words in str(name)]


@dataclass(frozen=True, slots=True)
class BulletinText(Free):
    """A bulletin's words; 给所有学生发通知： before them says for whom they are."""

    me: BulletinSeen | None = None

    def _apart(self, answer: Answer, asked: Asked) -> tuple[str, Mapping[str, Answer]]:
        words = own_words(answer.text or "")
        told = bulletin_of(words)
        if (
            answer.press is not None
            or self.me is None
            or told is None
            or len(told.to) < self.least
        ):
            return "", {}
        meant = audience_of(told.about)
        given, missed = understood(self.me, meant, beijing_day(asked.now))
        return ("", {}) if missed or not given else (told.to, given)

    def parse(self, answer: Answer, asked: Asked) -> str:
        words, _ = self._apart(answer, asked)
        return words or Free.parse(self, answer, asked)

    def more(self, answer: Answer, asked: Asked) -> Mapping[str, Answer]:
        return self._apart(answer, asked)[1]


async def write(chat: Chat, me: BulletinSeen) -> BulletinWritten:
    """Ask for the words, for whom they are, and whether they are to be confirmed."""
    chat.receive(FILES, captions="text")
    chat.beside = lambda: so_far(chat, me)
    kind = BulletinText(least=2, most=bulletins.MOST_WORDS, questions=True, me=me)
    words: str = await chat.ask("text", kind, t("bulletin.what", cohort=me.cohort))
    audience, lines = await _audience(chat, me)
    minutes = await chat.ask("minutes", _MINUTES, t("bulletin.ask_minutes"))
    asks = await chat.ask("receipt", _RECEIPT, t("bulletin.ask_receipt"))
    files = await keep_files(chat, me.files, captions="text")
    with_it = t("bulletin.with_receipt" if asks == YES else "bulletin.without_receipt")
    every = [
        SummaryLine("text", t("bulletin.words"), words),
        *lines,
        SummaryLine("receipt", t("bulletin.receipt"), with_it),
        SummaryLine("minutes", t("bulletin.effort"), length(minutes)),
        SummaryLine(FILES, t("field.files"), shown(files)),
    ]
    ends = [Choice(PREVIEW, t("bulletin.see_preview"), weight="primary")]
    summary = Summary(every, ends, words_corrected("text", words))
    await chat.ask("review", summary, t("bulletin.review"))
    return BulletinWritten(
        words=words, audience=audience, asks_receipt=asks == YES, minutes=minutes, files=files
    )


_WORDS: Final = Free(least=2, most=bulletins.MOST_WORDS, questions=True)
_MINUTES: Final = Minutes((1, 5, 15, 30), least=1, most=240)
_GLANCE: Final = {"minutes": Answer(press="1")}
"""What a bulletin takes of each reader unless its writer says otherwise at the review."""
_RECEIPT: Final = Pick(
    [
        Choice(YES, t("bulletin.with_receipt"), (t("bulletin.yes_receipt"),)),
        Choice(NO, t("bulletin.without_receipt"), (t("bulletin.no_receipt"),)),
    ]
)


def so_far(chat: Chat, me: BulletinSeen) -> list[SummaryLine]:
    """For whom it is, as far as that was said."""
    role = chat.peek("role", Whom(_roles(me)))
    if role is None:
        return []
    lines = [SummaryLine("role", t("bulletin.to"), _shown(role))]
    for way in _narrowing(me, role):
        value = chat.peek(way.step, way.kind)
        if value is not None and value != ALL:
            lines.append(SummaryLine(way.step, way.label, way.names[value]))
    return lines


def _roles(me: BulletinSeen) -> list[Choice]:
    roles = [Choice(role.value, t(f"role.{role}")) for role in me.roles]
    return [*roles, Choice(ALL, t("bulletin.everybody"))]


async def _audience(chat: Chat, me: BulletinSeen) -> tuple[Audience, list[SummaryLine]]:
    """Ask for whom it is; gives the lines that say so as well."""
    role = await chat.ask("role", Whom(_roles(me)), t("bulletin.to_whom"))
    lines = [SummaryLine("role", t("bulletin.to"), _shown(role))]
    ways = _narrowing(me, role)
    told: dict[str, Any] = {"roles": () if role == ALL else role.split(AND)}
    if ways:
        labels = [way.label for way in ways]
        some = [
            Choice(ALL, t("bulletin.all_of_them")),
            Choice(NARROWER, t("bulletin.narrower", by=labels)),
        ]
        wanted = await chat.ask("narrow", Pick(some, width=1), t("bulletin.narrow"))
        if wanted == ALL:
            lines.append(SummaryLine("narrow", t("bulletin.range"), t("bulletin.whole_range")))
            ways = []
    for way in ways:
        value = await chat.ask(way.step, way.kind, way.words)
        if value != ALL:
            told[way.step] = value
        lines.append(SummaryLine(way.step, way.label, way.names[value]))
    return Audience.model_validate(told), lines


def _shown(role: str) -> Words:
    if role == ALL:
        return t("bulletin.everybody")
    return t("bulletin.these", who=[t(f"role.{one}") for one in role.split(AND)])


class Narrowing(NamedTuple):
    """A way to choose only some of those who have a role."""

    step: str
    label: Text
    kind: Kind[str]
    words: Text
    names: Mapping[str, Words]
    """How the answers are called."""


def _narrowing(me: BulletinSeen, role: str) -> list[Narrowing]:
    """The ways to choose some of those who have a role."""
    found: list[Narrowing] = []
    roles = role.split(AND)
    units: dict[str, Words] = {
        str(one.id): one.name for one in me.units if {*roles} & {*one.roles}
    }
    if len(units) > 1:
        found.append(_way("unit", OneUnit(units), {ALL: t("bulletin.any_unit"), **units}))
    learn = all(one in (*LEARNERS, Role.GUARDIAN) for one in roles)
    if len(me.grades) > 1 and learn:
        grades: dict[str, Words] = {ALL: t("bulletin.any_grade")}
        grades |= {grade: t(f"programme.grade.{grade}") for grade in me.grades if grade}
        found.append(_way("grade", _pick(grades, 2), grades))
    if len(me.subjects) > 1 and all(one in HAVE_SUBJECTS for one in roles):
        subjects: dict[str, Words] = {ALL: t("bulletin.any_subject"), **dict(me.subjects)}
        found.append(_way("subject", _pick(subjects, 2), subjects))
    if me.owed and learn:
        owed: dict[str, Words] = {ALL: t("bulletin.any_owes")}
        owed |= {kind.value: addressing.owed_label(kind) for kind in me.owed}
        found.append(_way("owes", _pick(owed, 1), owed))
    return found


def _way(step: str, kind: Kind[str], names: Mapping[str, Words]) -> Narrowing:
    return Narrowing(step, t(f"bulletin.{step}"), kind, t(f"bulletin.which_{step}"), names)


def _pick(names: Mapping[str, Words], width: int) -> Pick:
    return Pick([Choice(value, name) for value, name in names.items()], width)


def sketch(_me: BulletinSeen, journal: Journal) -> Sequence[Words]:
    """The first words of a half-written bulletin."""
    words = read(journal, "text", _WORDS)
    return [t("command.bulletin.label"), first_words(words)] if words else ()


def load_writing(scene: Scene, args: Mapping[str, Any]) -> BulletinSeen:
    wanted, person = args.get("cohort"), scene.actor.person_id
    every = bulletins.to_write_in(scene.session, scene.actor)
    cohort = next((one for one in every if one.id == wanted), every[0])
    number = cohort.id or 0
    programme = load(cohort.programme)
    told: dict[str, Any] = {}
    if args.get("bulletin") is not None:
        row = bulletins.read(scene.session, scene.actor, args["bulletin"])
        told = {"bulletin_id": row.id, "files": bulletins.kept_of(scene.session, row)}
    told["said"] = bool(args.get("said"))
    codes = addressing.subjects_in(scene.session, number, person)
    return BulletinSeen(
        cohort_id=number,
        cohort=cohort.name,
        roles=tuple(addressing.roles_in(scene.session, number, person)),
        units=tuple(addressing.units_in(scene.session, number, person)),
        grades=tuple(addressing.grades_in(scene.session, number, person)),
        subjects=tuple((code, programme.subject_name(code)) for code in codes),
        owed=tuple(addressing.owed_in(programme)),
        **told,
    )


def finish_writing(scene: Scene, me: BulletinSeen, written: BulletinWritten) -> None:
    number, note = me.bulletin_id, None
    if number is not None and not bulletins.still_draft(scene.session, number):
        # What was written is not lost with the draft that it was to change.
        number, note = None, t("bulletin.a_new_one")
    row = bulletins.draft(
        scene.session,
        scene.actor,
        me.cohort_id,
        written.words,
        written.audience,
        written.files,
        asks_receipt=written.asks_receipt,
        minutes=written.minutes,
        number=number,
    )
    if note is not None:
        scene.say(note)
    show(scene, row)


def begin(scene: Scene, args: Sequence[str]) -> None:
    """发通知: begin to write; asks first in which cohort, where there are several."""
    every = bulletins.to_write_in(scene.session, scene.actor)
    if args or len(every) == 1:
        cohort = number(args) if args else every[0].id
        scene.begin("write_bulletin", {"cohort": cohort}, _GLANCE)
        return
    rows = [(Choice(press("new_bulletin", one.id or 0), one.name),) for one in every]
    scene.say(Message(t("bulletin.which_cohort"), (*rows, (TO_MENU,)), kind="question"))


def hear(scene: Scene, affair: Affair) -> bool:
    """给汾河中学的学生发通知, 通知所有导师明天开会: begin with what was understood; the rest is
    asked, and what was not understood is said."""
    if not bulletins.may_write(scene.session, scene.actor):
        scene.say(Message(t("bulletin.told_by_office"), ((TO_MENU,),)))
        return True
    if _nobody_there(scene, affair):
        return True
    cohort = bulletins.to_write_in(scene.session, scene.actor)[0].id
    me = load_writing(scene, {"cohort": cohort})
    given, missed = understood(me, audience_of(affair.about), beijing_day(scene.now))
    if missed:
        scene.say(t("bulletin.not_understood", said=missed, about=affair.about))
    if len(affair.to) > 1:
        given["text"] = Answer(text=affair.to)
    if (wanted := wants_a_receipt(affair.to)) is not None:
        given["receipt"] = Answer(press=YES if wanted else NO)
    about = {"cohort": cohort, "said": True}
    scene.begin("write_bulletin", about, given | _GLANCE, anew=True)
    return True


_SENT: Final = (BulletinState.SENDING, BulletinState.DONE)


def hear_receipts(scene: Scene, _: Affair) -> bool:
    """催一下没回执的, 谁没回执: an office's latest bulletin that asks for receipts, which has the
    button that reminds those who have not given theirs."""
    mine = bulletins.listed(scene.session, scene.actor)
    asked = [row for row in mine if row.asks_receipt and row.state in _SENT]
    if asked:
        show_one(scene, [str(asked[0].id)])
    elif mine:
        listing(scene, ())
    return bool(mine)


def _nobody_there(scene: Scene, affair: Affair) -> bool:
    """Say that those who have not joined cannot be reached here, where these are meant."""
    if not have_not_joined(affair.about):
        return False
    ways = Choice(press("absent"), t("bulletin.invite_again"), weight="primary"), TO_MENU
    scene.say(Message(t("bulletin.not_joined"), (ways,)))
    return True


def hear_of_some(scene: Scene, affair: Affair) -> bool:
    """The same of those who are to be reminded, where the words name a unit or a subject."""
    if not bulletins.may_write(scene.session, scene.actor):
        return False
    if _nobody_there(scene, affair):
        return True
    cohort = bulletins.to_write_in(scene.session, scene.actor)[0].id
    me, meant = load_writing(scene, {"cohort": cohort}), audience_of(affair.about)
    given, _ = understood(me, meant, beijing_day(scene.now))
    named = {
        step for step in ("unit", "subject", "grade") if step in given and given[step].press != ALL
    }
    return bool(named) and hear(scene, affair)


def understood(
    me: BulletinSeen, meant: SaidAudience, today: date
) -> tuple[dict[str, Answer], str]:
    """The answers that words give, none for what they do not surely say; and the words that were
    not understood."""
    if meant.roles == (EVERYBODY,):
        return {"role": Answer(press=ALL)}, ""
    unsure = meant.grade + meant.rest
    if not meant.roles or not all(role in me.roles for role in meant.roles):
        return {}, unsure
    role = AND.join(meant.roles)
    ways = {way.step: way for way in _narrowing(me, role)}
    found: dict[str, str] = {}
    rest = meant.rest
    if meant.owes in me.owed and "owes" in ways:
        found["owes"] = meant.owes
    grade = school_grade(meant.grade, today, ("senior", "junior", "primary"))
    if grade and "grade" in ways and grade in ways["grade"].names:
        found["grade"] = grade
    elif meant.grade and me.grades != (grade,):
        rest = meant.grade + rest
    for step in ("subject", "unit"):
        every = ways[step].names if step in ways else {}
        names = {key: str(name) for key, name in every.items() if key != ALL}
        fits = [key for key, name in names.items() if rest and (rest in name or name in rest)]
        if len(fits) == 1:
            found[step] = fits[0]
            name = names[fits[0]]
            rest = rest.replace(name, "") if name in rest else ""
    if meant.owes and "owes" not in found:
        rest = rest or meant.owes
    if rest and not ways:
        return {}, rest
    given = {"role": Answer(press=role)}
    if not found and not rest:
        return given | ({"narrow": Answer(press=ALL)} if ways else {}), ""
    given["narrow"] = Answer(press=NARROWER)
    # What is left over is not understood: all that it may mean is asked.
    others = {} if rest else dict.fromkeys(ways.keys() - found.keys(), ALL)
    return given | {step: Answer(press=key) for step, key in (found | others).items()}, rest


def edit(scene: Scene, args: Sequence[str]) -> None:
    """修改: open a draft again, as a filled summary."""
    row = bulletins.to_edit(scene.session, scene.actor, number(args))
    open_with(scene, row, row.words)


def change(scene: Scene, affair: Affair) -> bool:
    """时间改成下午三点, below the card of a draft: open it, with that put right if it is clear."""
    verb = f"{press('edit_bulletin')}:"
    drafts = [value for _, value, *_ in scene.speaker.offered if value.startswith(verb)]
    if not drafts:
        return False
    row = bulletins.to_edit(scene.session, scene.actor, number([drafts[0].removeprefix(verb)]))
    new = with_time(row.words, f"{affair.about}改成{affair.to}")
    open_with(scene, row, new or row.words)
    return True


def open_with(scene: Scene, row: Bulletin, words: str) -> None:
    """Open a draft with these words, as a filled summary."""
    audience = Audience.model_validate(row.audience)
    given = {
        "text": Answer(text=words),
        "role": Answer(press=AND.join(audience.roles) or ALL),
        "receipt": Answer(press=YES if row.asks_receipt else NO),
        "minutes": Answer(press=str(row.minutes)),
    }
    some = {
        "unit": str(audience.unit or ALL),
        "grade": audience.grade or ALL,
        "subject": audience.subject or ALL,
        "owes": audience.owes.value if audience.owes else ALL,
    }
    narrower = set(some.values()) != {ALL}
    given["narrow"] = Answer(press=NARROWER if narrower else ALL)
    if narrower:
        given |= {step: Answer(press=value) for step, value in some.items()}
    about = {"cohort": row.cohort_id, "bulletin": row.id}
    scene.begin("write_bulletin", about, given, anew=True)


# ---------------------------------------------------------------- the card


def show(scene: Scene, row: Bulletin) -> None:
    """Show a bulletin to those who oversee it: while it waits to be confirmed, first exactly as
    it will be read."""
    if row.state in (BulletinState.DRAFT, BulletinState.ASKED):
        scene.say(t("bulletin.preview"))
        scene.say(bulletins.message(scene.session, row))
    tell_of(scene, row)


def tell_of(scene: Scene, row: Bulletin) -> None:
    """Show the card with the numbers and with what can be done."""
    scene.say(card_of(scene.session, scene.actor, row))


def show_one(scene: Scene, args: Sequence[str]) -> None:
    row = bulletins.read(scene.session, scene.actor, number(args))
    show(scene, row)


def listing(scene: Scene, args: Sequence[str]) -> None:
    """通知: the bulletins of one's office, or of one's school's students."""
    any_of(scene.session, scene.actor, "bulletins")
    mine = bulletins.listed(scene.session, scene.actor)
    copies = [] if mine else bulletins.copies(scene.session, scene.actor)
    waiting = bulletin_replies.waiting(scene.session, scene.actor) if mine else {}
    items = [
        Item(
            t("bulletin.row", words=bulletins.beginning(row), office=row.sender),
            press("show_bulletin", row.id or 0),
            _with_replies(bulletins.state_of(row, scene.now), waiting.get(row.id or 0, 0)),
        )
        for row in mine
    ] or [
        Item(
            t("bulletin.row", words=bulletins.beginning(row), office=row.sender),
            press("bulletin_copy", row.id or 0),
            t("bulletin.count", count=count),
        )
        for row, count in copies
    ]
    on_page, turn = page_of(items, args[:1], "bulletins")
    rows = [*turn]
    may = bulletins.may_write(scene.session, scene.actor)
    if may:
        new = Choice(press("bulletin"), t("command.bulletin.label"), weight="primary")
        rows.insert(0, (new,))
    key = "bulletin.listed" if mine else "bulletin.copies" if copies else "bulletin.none"
    title = t("command.bulletins.label")
    tell(scene, Message(t(key), title=title, items=tuple(on_page)), rows, card="bulletins")


def _with_replies(state: Words, count: int) -> Words:
    return t("bulletin.reply.state_and_waits", state=state, count=count) if count else state


# ---------------------------------------------------------------- confirming


def send(scene: Scene, args: Sequence[str]) -> None:
    """现在发送."""
    row = bulletins.send(scene.session, scene.actor, number(args), number(args, 1))
    tell_of(scene, row)


def doing(do: Callable[..., Bulletin]) -> Act:
    """What a button does to a bulletin; then its card is shown."""

    def act(scene: Scene, args: Sequence[str]) -> None:
        tell_of(scene, do(scene.session, scene.actor, number(args)))

    return act


class LaterSeen(BaseModel):
    """The draft that is to be sent at a time."""

    model_config = ConfigDict(frozen=True)

    bulletin_id: int
    version: int
    words: str


@dataclass(frozen=True, slots=True)
class ComingMoment(Kind[datetime]):
    """A day and a time that are still to come."""

    def choices(self, asked: Asked) -> Rows:
        now = asked.now.astimezone(BEIJING)
        evening = now.replace(hour=18, minute=0, second=0, microsecond=0)
        morning = evening.replace(hour=9)
        offered = [evening, morning + timedelta(days=1), evening + timedelta(days=1)]
        return [
            [Choice(at.isoformat(), t("bulletin.at", at=at))] for at in offered if at > asked.now
        ]

    def parse(self, answer: Answer, asked: Asked) -> datetime:
        if answer.press is not None:
            return datetime.fromisoformat(answer.press)
        moment = parse_moment(said(answer, 60), asked.now.astimezone(BEIJING))
        if moment is None or moment.start is None:
            raise Unclear(t("bulletin.not_a_moment"))
        at = datetime.combine(moment.day, moment.start, BEIJING)
        if at <= asked.now:
            raise Unclear(t("bulletin.time_has_passed"))
        return at


async def when(chat: Chat, me: LaterSeen) -> datetime:
    """Ask when it is to be sent."""
    at: datetime = await chat.ask("at", ComingMoment(), t("bulletin.when", what=me.words))
    return at


def load_later(scene: Scene, args: Mapping[str, Any]) -> LaterSeen:
    row = bulletins.to_edit(scene.session, scene.actor, args["bulletin"])
    return LaterSeen(
        bulletin_id=row.id or 0, version=args["version"], words=bulletins.beginning(row)
    )


def finish_later(scene: Scene, me: LaterSeen, at: datetime) -> None:
    tell_of(scene, bulletins.send(scene.session, scene.actor, me.bulletin_id, me.version, at))


def later(scene: Scene, args: Sequence[str]) -> None:
    about = {"bulletin": number(args), "version": number(args, 1)}
    scene.begin("later_bulletin", about, anew=True)


def cancel(scene: Scene, args: Sequence[str]) -> None:
    """取消发送, after asking once: what is cancelled is not sent any more."""
    row = bulletins.to_cancel(scene.session, scene.actor, number(args))
    yes = Choice(press("cancel_bulletin", number(args), "yes"), t("bulletin.yes_cancel"))
    keep = Choice(press("show_bulletin", number(args)), t("bulletin.no_cancel"), weight="quiet")
    ways = [keep]
    if row.state is BulletinState.SENDING:
        ways.insert(0, Choice(press("pause_bulletin", number(args)), t("bulletin.pause")))
    words = t("bulletin.sure_cancel", words=bulletins.beginning(row))
    if confirmed(scene, args, yes, words, *ways, card=f"bulletins:{row.id}"):
        tell_of(scene, bulletins.cancel(scene.session, scene.actor, number(args)))


def drop(scene: Scene, args: Sequence[str]) -> None:
    """删除草稿, after asking once."""
    row = bulletins.to_edit(scene.session, scene.actor, number(args))
    yes = Choice(press("drop_bulletin", number(args), "yes"), t("bulletin.yes_drop"))
    keep = Choice(press("show_bulletin", number(args)), t("bulletin.no_drop"), weight="quiet")
    words = t("bulletin.sure_drop", words=bulletins.beginning(row))
    if not confirmed(scene, args, yes, words, keep, card=f"bulletins:{row.id}"):
        return
    bulletins.drop(scene.session, scene.actor, number(args))
    scene.say(t("bulletin.dropped"))
    listing(scene, ())


# ---------------------------------------------------------------- afterwards


def people(scene: Scene, args: Sequence[str]) -> None:
    """List whom it has not reached and who has not confirmed it, by school."""
    row = bulletins.read(scene.session, scene.actor, number(args))
    found = bulletins.people(scene.session, row)
    on_page = page_asked(len(found), args[1:2])
    some = found[on_page * PAGE : (on_page + 1) * PAGE]
    bulletins.look(scene.session, scene.actor, row, [one.member for one in some])
    items = tuple(
        Item(overview.who(one.member), state=bulletins.fate(row, one), tone="bad") for one in some
    )
    rows = turns(len(found), on_page, f"bulletin_people:{row.id}")
    report = Choice(press("bulletin_report", row.id or 0), t("bulletin.report"))
    back = Choice(press("show_bulletin", row.id or 0), t("bulletin.to_card"), weight="quiet")
    words = t("bulletin.outstanding" if found else "bulletin.all_confirmed", count=len(found))
    title = t("bulletin.about", words=bulletins.beginning(row))
    tell(scene, Message(words, title=title, items=items), [*rows, (report,), (back,)])


def remind(scene: Scene, args: Sequence[str]) -> None:
    """催未回执."""
    count = bulletins.remind(scene.session, scene.actor, number(args))
    back = Choice(press("show_bulletin", number(args)), t("bulletin.to_card"), weight="quiet")
    scene.say(Message(t("bulletin.reminding", count=count), ((back, TO_MENU),)))


class ReportSeen(BaseModel):
    """The bulletin whose report is made."""

    model_config = ConfigDict(frozen=True)

    bulletin_id: int


async def report(chat: Chat, me: ReportSeen) -> dict[str, Any]:
    made: dict[str, Any] = await chat.work("made", "bulletin_report", bulletin=me.bulletin_id)
    return made


def load_report(scene: Scene, args: Mapping[str, Any]) -> ReportSeen:
    row = bulletins.read(scene.session, scene.actor, args["bulletin"])
    return ReportSeen(bulletin_id=row.id or 0)


def finish_report(scene: Scene, me: ReportSeen, made: Mapping[str, Any]) -> None:
    back = Choice(press("show_bulletin", me.bulletin_id), t("bulletin.to_card"), weight="quiet")
    if not made.get("file"):
        scene.say(Message(t("bulletin.no_report"), ((back, TO_MENU),)))
        return
    scene.say(Message(t("bulletin.report_here"), ((back, TO_MENU),), files=(made["file"],)))


# ---------------------------------------------------------------- what recipients do


def received(scene: Scene, args: Sequence[str]) -> None:
    """收到."""
    row, at = bulletins.receive(scene.session, scene.actor, number(args))
    if at is None:
        scene.say(t("bulletin.only_preview"))
        return
    read = bulletins.message(scene.session, row, received=at)
    scene.say(read if row.asks_receipt else read._replace(note=""))


def hear_received(scene: Scene) -> bool:
    """收到, typed: as if pressed, where one bulletin waits for it; where several do, which of them
    is asked. Tells whether any did."""
    waiting = bulletins.unconfirmed(scene.session, scene.actor)
    if len(waiting) == 1:
        received(scene, [str(waiting[0].id)])
    elif waiting:
        items = [
            Item(
                t("bulletin.row", words=bulletins.beginning(row), office=row.sender),
                press("received", row.id or 0),
            )
            for row in waiting
        ]
        title = t("command.bulletins.label")
        words = t("bulletin.which_received", count=len(waiting))
        tell(scene, Message(words, title=title, items=tuple(items[:PAGE])), [], card="bulletins")
    return bool(waiting)


FLOWS: Final = [
    Flow(
        name="write_bulletin",
        title=t("command.bulletin.label"),
        talk=write,
        about=BulletinSeen,
        load=load_writing,
        finish=finish_writing,
        sketch=sketch,
        home=lambda me: None if me.said else lambda scene: listing(scene, ()),
    ),
    Flow(
        name="later_bulletin",
        title=t("bulletin.send_later"),
        talk=when,
        about=LaterSeen,
        load=load_later,
        finish=finish_later,
        named=lambda me: t("bulletin.later_of", what=me.words),
        home=lambda me: lambda scene: show_one(scene, [str(me.bulletin_id)]),
    ),
    Flow(
        name="bulletin_report",
        title=t("bulletin.report"),
        talk=report,
        about=ReportSeen,
        load=load_report,
        finish=finish_report,
    ),
]

COMMANDS: dict[str, Act] = {"bulletin": begin, "bulletins": listing}

ACTS: dict[str, Act] = {
    "new_bulletin": begin,
    "show_bulletin": show_one,
    "edit_bulletin": edit,
    "drop_bulletin": drop,
    "later_bulletin": later,
    "bulletin_people": people,
    "bulletin_report": lambda scene, args: scene.begin(
        "bulletin_report", {"bulletin": number(args)}, anew=True
    ),
    "remind_bulletin": remind,
    "send_bulletin": send,
    "received": received,
    "approve_bulletin": doing(bulletins.approve),
    "decline_bulletin": doing(bulletins.decline),
    "pause_bulletin": doing(bulletins.pause),
    "resume_bulletin": doing(bulletins.resume),
    "cancel_bulletin": cancel,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
