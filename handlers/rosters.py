"""名册导入: an office sends a sheet, sees what would come of it, confirms; and takes it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import PurePath
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Pick, Unclear
from bot.talk.message import Attachment, Choice, Field, Item, Message, press
from handlers.documents import OneFile, WayOrFile
from prompts import Text, Words, t
from services.access import allow, cohorts_for
from services.rostering import applying
from services.rostering.headings import MEANINGS, UNUSED

CARD: Final = "roster"
RIGHT: Final = "import_roster"
SHEETS: Final = (".xlsx", ".xls", ".csv", ".xlsm")
IMPORT: Final = "import"
REJECTED: Final = "rejected"
EXPLAIN: Final = "explain"
ANOTHER: Final = "another"
DISCARD: Final = "discard"


class ImportSeen(BaseModel):
    """The cohorts into which somebody may import, by number."""

    model_config = ConfigDict(frozen=True)

    cohorts: Mapping[str, str]


class ImportDone(BaseModel):
    """What came of it; nothing, if the sheet was put aside."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    done: dict[str, Any] | None = None


class OneSheet(OneFile):
    """Exactly one sheet, as far as its name tells."""

    def parse(self, answer: Answer, asked: Asked) -> Attachment:
        file = super().parse(answer, asked)
        if not is_sheet(file):
            raise Unclear(t("rostering.unread.unknown_kind"))
        return file


def is_sheet(file: Attachment) -> bool:
    """Whether a file may be a sheet, by its name; what it is, its bytes say."""
    return PurePath(file.name).suffix.lower() in ("", ".txt", *SHEETS)


async def bring(chat: Chat, me: ImportSeen) -> ImportDone:
    """Ask for a sheet until one is imported or put aside."""
    cohort, *others = me.cohorts
    if others:
        ways = [Choice(key, name) for key, name in me.cohorts.items()]
        cohort = await chat.ask("cohort", Pick(ways, width=1), t("rostering.which_cohort"))
    words: Text = t("rostering.send", cohort=me.cohorts[cohort])
    sent: Attachment | None = None
    for turn in count():
        step = f"file/{turn}"
        file = sent or await chat.ask(step, OneSheet(), words)
        sent = None
        wired = [file.ref, file.name, file.media_type, file.size]
        read = await chat.work(f"{step}/read", "read_roster", file=wired)
        if "book" not in read:
            words = t("rostering.not_read", why=_why(read))
            continue
        order = {"cohort": int(cohort), "book": read["book"], "file": wired}
        heading = Field(t("rostering.into"), me.cohorts[cohort])
        said, own = await _decided(chat, step, order, heading)
        if said == IMPORT:
            done = await chat.work(f"{step}/imported", "import_roster", **order, own=own)
            return ImportDone(cohort=int(cohort), done=done)
        await chat.work(f"{step}/forgotten", "forget_roster", **order)
        if said == DISCARD:
            return ImportDone(cohort=int(cohort))
        sent = said if isinstance(said, Attachment) else None
        words = t("rostering.send", cohort=me.cohorts[cohort])
    raise AssertionError


async def _decided(
    chat: Chat, step: str, order: Mapping[str, Any], into: Field
) -> tuple[str | Attachment, dict[str, str]]:
    """Show what would become of a sheet until it is decided; gives the decision, or the sheet that
    was sent in its place, and what the headings were said to mean."""
    own: dict[str, str] = {}
    files: tuple[int, ...] = ()
    for turn in count():
        shown = await chat.work(f"{step}/plan/{turn}", "plan_roster", **order, own=own)
        said: str | Attachment = await chat.ask(
            f"{step}/check/{turn}",
            WayOrFile(_ways(shown), OneSheet()),
            _preview(shown, files, into),
        )
        if said == EXPLAIN:
            for place, heading in enumerate(shown["unknown"]):
                asked = t("rostering.what_is", heading=heading)
                own[heading] = await chat.ask(f"{step}/meaning/{turn}/{place}", _MEANING, asked)
        elif said == REJECTED:
            made = await chat.work(f"{step}/returned/{turn}", "return_rejected", **order, own=own)
            files = (made["file"],) if made.get("file") else ()
        else:
            return said, own
    raise AssertionError


_MEANING: Final = Pick(
    [
        *(Choice(one, t(f"rostering.field.{one}")) for one in MEANINGS),
        Choice(UNUSED, t("rostering.not_used")),
    ],
    width=3,
)


def _ways(shown: Mapping[str, Any]) -> list[Choice]:
    ways = []
    if "refused" not in shown:
        if changes := shown["new"] + shown["changed"]:
            label = t("rostering.do_import", count=changes)
            ways.append(Choice(IMPORT, label, weight="primary"))
        if shown["rejected"]:
            ways.append(Choice(REJECTED, t("rostering.see_rejected", count=shown["rejected"])))
        if shown["unknown"]:
            ways.append(Choice(EXPLAIN, t("rostering.explain")))
    return [
        *ways,
        Choice(ANOTHER, t("rostering.another")),
        Choice(DISCARD, t("rostering.discard"), weight="quiet"),
    ]


def _preview(shown: Mapping[str, Any], files: tuple[int, ...], into: Field) -> Message:
    if "refused" in shown:
        return Message(str(shown["refused"]), kind="question")
    if shown["unusable"]:
        return Message(str(shown["unusable"]), kind="question", files=files)
    words = t("rostering.preview" if shown["new"] or shown["changed"] else "rostering.no_change")
    return Message(
        words,
        kind="question",
        title=t("rostering.preview_title"),
        fields=(into, *_counts(shown)),
        items=(*_not_taken(shown), *_remarks(shown)),
        note=t("rostering.rejected_are_here") if files else _further(shown),
        files=files,
    )


def _counts(shown: Mapping[str, Any]) -> tuple[Field, ...]:
    """How many are new, changed, unchanged and rejected, and the first of those who change."""
    return tuple(
        Field(
            t(f"rostering.count.{one}"), _how_many(shown[one], shown.get("who", {}).get(one, ""))
        )
        for one in ("new", "changed", "unchanged", "rejected")
    )


def _how_many(count: int, who: str) -> Text:
    return t("rostering.how_many" if who else "field.count", count=count, who=who)


def _not_taken(shown: Mapping[str, Any]) -> list[Item]:
    """The first rows that were not taken."""
    return [
        Item(
            t("rostering.row", row=row, words=words),
            state=t("rostering.count.rejected"),
            tone="bad",
        )
        for row, words in shown["why"]
    ]


def _remarks(shown: Mapping[str, Any]) -> list[Item]:
    """The first remarks on rows that were taken, and on the sheet."""
    return [
        Item(
            words if row is None else t("rostering.row", row=row, words=words),
            state=t("rostering.remark"),
            tone="waiting",
        )
        for row, words in shown["remarks"]
    ]


def _further(shown: Mapping[str, Any]) -> Words:
    more = shown["rejected"] - len(shown["why"]) + shown["remarked"] - len(shown["remarks"])
    return t("rostering.further", count=more) if more > 0 else ""


def _why(result: Mapping[str, Any]) -> Words:
    return str(result["refused"]) if "refused" in result else t("file.not_fetched")


# ---------------------------------------------------------------- before and after


def load_seen(scene: Scene, _args: Mapping[str, Any]) -> ImportSeen:
    found = cohorts_for(scene.session, scene.actor, RIGHT, None)
    return ImportSeen(cohorts={str(one.id): one.name for one in found})


def finish(scene: Scene, _me: ImportSeen, brought: ImportDone) -> None:
    done = brought.done
    if done is None:
        scene.say(Message(t("rostering.put_aside"), ((TO_MENU,),)))
        return
    if "number" not in done:
        scene.say(Message(_why(done) if done else t("rostering.not_done"), ((TO_MENU,),)))
        return
    undo = Choice(press("undo_roster", brought.cohort, done["number"]), t("rostering.undo"))
    absent = Choice(
        press("absent", brought.cohort), t("rostering.whom_to_invite"), weight="primary"
    )
    scene.say(
        Message(
            t("rostering.done"),
            ((absent, undo), (TO_MENU,)),
            title=t("rostering.done_title"),
            fields=_counts(done),
            items=tuple(_remarks(done)),
            note=t("rostering.rejected_are_here") if done["file"] else _further(done),
            files=(done["file"],) if done["file"] else (),
        )
    )


def may_bring(scene: Scene, files: Sequence[Attachment]) -> bool:
    """Whether these files are one sheet, from somebody who may import it."""
    if len(files) != 1 or not files[0].name.lower().endswith(SHEETS):
        return False
    return imports(scene)


def imports(scene: Scene) -> bool:
    """Whether the speaker may import a roster."""
    return bool(applying.may_import(scene.session, scene.actor.person_id))


def begin_with(scene: Scene, file: Attachment) -> None:
    """Begin with a sheet that came by itself."""
    scene.begin("roster", {}, {"file/0": Answer(files=(file,))}, anew=True)


# ---------------------------------------------------------------- the desk


def show(scene: Scene, args: Sequence[str]) -> None:
    """Tell of a cohort's latest import, with the ways to import, to take back, to a template."""
    wanted = number(args) if args else None
    shown, *others = cohorts_for(scene.session, scene.actor, RIGHT, wanted)
    latest = applying.latest_undoable(scene.session, shown.id or 0)
    rows = [(Choice(press("bring_roster"), t("rostering.bring"), weight="primary"),)]
    rows.append((Choice(press("roster_template", shown.id or 0), t("rostering.template")),))
    words: Text = t("rostering.none_yet", cohort=shown.name)
    if latest is not None:
        told = {"at": latest.at, "new": latest.new, "changed": latest.changed}
        words = t("rostering.latest", cohort=shown.name, **told)
        undo = press("undo_roster", shown.id or 0, latest.number)
        rows.append((Choice(undo, t("rostering.undo"), weight="danger"),))
    rows += [(Choice(press("roster", one.id or 0), one.name),) for one in others[:8]]
    title = t("command.roster.label")
    scene.say(Message(words, (*rows, (TO_MENU,)), kind="question", card=CARD, title=title))


# ---------------------------------------------------------------- taking back, templates


class OneImport(BaseModel):
    """A cohort, and the number of an import of it."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    number: int = 0
    new: int = 0
    changed: int = 0


async def take_back(chat: Chat, me: OneImport) -> dict[str, Any] | None:
    """Ask once, then take the import back."""
    yes = Choice("yes", t("rostering.yes_undo"), weight="danger")
    if not await chat.sure(yes, t("rostering.sure_undo", new=me.new, changed=me.changed)):
        return None
    done: dict[str, Any] = await chat.work(
        "undone", "undo_roster", cohort=me.cohort, number=me.number
    )
    return done


def load_import(scene: Scene, args: Mapping[str, Any]) -> OneImport:
    allow(scene.session, scene.actor, RIGHT, args["cohort"])
    latest = applying.latest_undoable(scene.session, args["cohort"])
    told = {"new": latest.new, "changed": latest.changed} if latest else {}
    return OneImport.model_validate({**args, **told})


def finish_undo(scene: Scene, _me: OneImport, done: Mapping[str, Any]) -> None:
    if "people" not in done:
        scene.say(Message(_why(done), ((TO_MENU,),)))
        return
    key = "rostering.undone_kept" if done["kept"] else "rostering.undone"
    scene.say(Message(t(key, **done), ((TO_MENU,),)))


def undo(scene: Scene, args: Sequence[str]) -> None:
    about = {"cohort": number(args), "number": number(args, 1)}
    allow(scene.session, scene.actor, RIGHT, about["cohort"])
    latest = applying.latest_undoable(scene.session, about["cohort"])
    if latest is None or latest.number != about["number"]:
        raise Refused(t("rostering.no_longer"), verb="undo_roster")
    scene.begin("undo_roster", about, anew=True)


async def make_template(chat: Chat, me: OneImport) -> dict[str, Any]:
    made: dict[str, Any] = await chat.work("made", "roster_template", cohort=me.cohort)
    return made


def finish_template(scene: Scene, _me: OneImport, made: Mapping[str, Any]) -> None:
    if not made.get("file"):
        scene.say(Message(_why(made), ((TO_MENU,),)))
        return
    bring_it = Choice(press("bring_roster"), t("rostering.bring"), weight="primary")
    scene.say(Message(t("rostering.here_is"), ((bring_it,), (TO_MENU,)), files=(made["file"],)))


def template(scene: Scene, args: Sequence[str]) -> None:
    about = {"cohort": number(args)}
    allow(scene.session, scene.actor, RIGHT, about["cohort"])
    scene.begin("roster_template", about, anew=True)


COMMANDS: dict[str, Act] = {"roster": show}

ACTS: dict[str, Act] = {
    "bring_roster": lambda scene, _: scene.begin("roster"),
    "undo_roster": undo,
    "roster_template": template,
}

FLOWS: Final = [
    Flow(
        name="roster",
        title=t("rostering.bring"),
        talk=bring,
        about=ImportSeen,
        load=load_seen,
        finish=finish,
        home=lambda _: lambda scene: show(scene, ()),
    ),
    Flow(
        name="undo_roster",
        title=t("rostering.undo"),
        talk=take_back,
        about=OneImport,
        load=load_import,
        finish=finish_undo,
        home=lambda _: lambda scene: show(scene, ()),
    ),
    Flow(
        name="roster_template",
        title=t("rostering.template"),
        talk=make_template,
        about=OneImport,
        load=load_import,
        finish=finish_template,
    ),
]

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
