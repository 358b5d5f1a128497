"""年度总结: an office has the year's figures filled into Word, and changes the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.message import Attachment, Choice, Field, Message, press
from handlers.documents import OneFile, WayOrFile
from language.affairs import Affair
from prompts import Brief, Words, t
from services import summaries
from services.access import cohorts_for

CARD: Final = "summary"
USE, ANOTHER, DISCARD = "use", "another", "discard"
MOST_OTHERS: Final = 6


class SummarySeen(BaseModel):
    """The cohort whose summary it is."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    name: str
    ours: bool = False
    """Our template is meant, whichever stands."""


# ---------------------------------------------------------------- the desk


def show(scene: Scene, args: Sequence[str]) -> None:
    """Tell what a summary is, with the ways to make one and to change its template."""
    wanted = number(args) if args else None
    shown, *others = cohorts_for(scene.session, scene.actor, summaries.ACT, wanted)
    here = shown.id or 0
    fields = []
    make_it = Choice(press("annual_summary", here), t("summary.make"), weight="primary")
    rows: list[tuple[Choice, ...]] = [(make_it,)]
    if summaries.may_change_template(scene.session, scene.actor, here):
        own = summaries.template_of(scene.session, here)
        words: Words = t("summary.template_ours")
        ways = [
            Choice(press("get_summary_template", here), t("summary.get_template")),
            Choice(press("summary_template", here), t("summary.change_template")),
        ]
        rows.append(tuple(ways))
        if own is not None:
            words = t("summary.template_own", name=own.name, day=Brief(beijing_day(own.at)))
            ours = Choice(press("get_summary_template", here, 1), t("summary.get_ours"))
            back = Choice(press("own_summary_template", here), t("summary.use_ours"))
            rows.append((ours, back))
        fields.append(Field(t("summary.template_label"), words))
    rows += [(Choice(press("summary", one.id or 0), one.name),) for one in others[:MOST_OTHERS]]
    scene.say(
        Message(
            t("summary.about", cohort=shown.name),
            (*rows, (TO_MENU,)),
            kind="question",
            card=CARD,
            title=t("command.summary.label"),
            fields=tuple(fields),
        )
    )


def hear(scene: Scene, _: Affair) -> bool:
    """生成今年的年度总结: for an office, which has it made at once of its latest cohort."""
    if not summaries.makes_some(scene.session, scene.actor):
        return False
    make(scene, ())
    return True


# ---------------------------------------------------------------- making


def make(scene: Scene, args: Sequence[str]) -> None:
    """Begin making the summary of the cohort that a button names, else of the latest."""
    wanted = number(args) if args else None
    shown, *_ = cohorts_for(scene.session, scene.actor, summaries.ACT, wanted)
    scene.begin("annual_summary", {"cohort": shown.id}, anew=True)


async def made(chat: Chat, me: SummarySeen) -> dict[str, Any]:
    done: dict[str, Any] = await chat.work("made", "make_summary", cohort=me.cohort)
    return done


def load(scene: Scene, args: Mapping[str, Any]) -> SummarySeen:
    cohort = summaries.cohort_for(scene.session, scene.actor, args["cohort"])
    return SummarySeen(cohort=args["cohort"], name=cohort.name)


def finish(scene: Scene, me: SummarySeen, done: Mapping[str, Any]) -> None:
    """Hand over the file; with the way to its template, and to other cohorts."""
    shown, *others = cohorts_for(scene.session, scene.actor, summaries.ACT, me.cohort)
    if not done.get("file"):
        _not_made(scene, me, done)
        return
    ways = (Choice(press("summary", me.cohort), t("summary.to_template")), TO_MENU)
    rows: list[tuple[Choice, ...]] = [ways]
    own = summaries.template_of(scene.session, me.cohort)
    for one in others[:MOST_OTHERS]:
        label = t("summary.make_of", cohort=one.name)
        rows.insert(-1, (Choice(press("annual_summary", one.id or 0), label),))
    scene.say(
        Message(
            t("summary.here", cohort=shown.name, until=scene.now + summaries.LIFE),
            tuple(rows),
            title=t("summary.made_title"),
            note="" if own else t("summary.left_to_write"),
            files=(done["file"],),
        )
    )


def _not_made(scene: Scene, me: SummarySeen, done: Mapping[str, Any]) -> None:
    again = Choice(press("annual_summary", me.cohort), t("summary.again"))
    back = Choice(press("summary", me.cohort), t("summary.back"), weight="quiet")
    scene.say(Message(_why(done), ((again, back), (TO_MENU,))))


def _why(done: Mapping[str, Any]) -> Words:
    return str(done["refused"]) if done.get("refused") else t("summary.not_made")


# ---------------------------------------------------------------- the template


async def given(chat: Chat, me: SummarySeen) -> dict[str, Any]:
    job = "get_summary_template"
    done: dict[str, Any] = await chat.work("given", job, cohort=me.cohort, ours=me.ours)
    return done


def load_template(scene: Scene, args: Mapping[str, Any]) -> SummarySeen:
    cohort = summaries.to_change_template(scene.session, scene.actor, args["cohort"])
    return SummarySeen(cohort=args["cohort"], name=cohort.name, ours=args.get("ours", False))


def finish_given(scene: Scene, me: SummarySeen, done: Mapping[str, Any]) -> None:
    if not done.get("file"):
        _not_made(scene, me, done)
        return
    change = Choice(
        press("summary_template", me.cohort), t("summary.change_template"), weight="primary"
    )
    back = Choice(press("summary", me.cohort), t("summary.back"), weight="quiet")
    scene.say(
        Message(
            t(
                "summary.ours_here" if me.ours else "summary.template_here",
                until=scene.now + summaries.LIFE,
            ),
            ((change,), (back, TO_MENU)),
            title=t("summary.template_title"),
            files=(done["file"],),
        )
    )


class TemplateChosen(BaseModel):
    """The template that is to stand; nothing, if none is."""

    model_config = ConfigDict(frozen=True)

    sha256: str = ""
    size: int = 0
    name: str = ""


WAYS: Final = [
    Choice(USE, t("summary.use"), weight="primary"),
    Choice(ANOTHER, t("summary.another")),
    Choice(DISCARD, t("summary.discard"), weight="quiet"),
]


async def change(chat: Chat, me: SummarySeen) -> TemplateChosen:
    """Ask for a template until one is shown filled and decided about."""
    words: Words = t("summary.send", cohort=me.name)
    sent: Attachment | None = None
    for turn in count():
        step = f"file/{turn}"
        file = sent or await chat.ask(step, OneFile(), Message(words, kind="question"))
        wired = [file.ref, file.name, file.media_type, file.size]
        read = await chat.work(
            f"{step}/read", "read_summary_template", file=wired, cohort=me.cohort
        )
        sent = None
        if not read.get("preview"):
            words = t("summary.refused", why=_why(read))
            continue
        shown = Message(
            t("summary.preview"),
            kind="question",
            title=t("summary.preview_title"),
            files=(read["preview"],),
        )
        said: str | Attachment = await chat.ask(f"check/{turn}", WayOrFile(WAYS, OneFile()), shown)
        if isinstance(said, Attachment):
            sent = said
        elif said == USE:
            kept = read["kept"][0]
            return TemplateChosen(sha256=kept["sha256"], size=kept["size"], name=read["name"])
        elif said == DISCARD:
            return TemplateChosen()
        words = t("summary.send", cohort=me.name)
    raise AssertionError


def finish_change(scene: Scene, me: SummarySeen, chosen: TemplateChosen) -> None:
    if not chosen.sha256:
        scene.say(Message(t("summary.kept_as_it_was"), (_ways_back(me),)))
        return
    summaries.put_template(
        scene.session, scene.actor, me.cohort, chosen.sha256, chosen.size, chosen.name
    )
    scene.say(Message(t("summary.put", cohort=me.name), (_ways_back(me),)))


def _ways_back(me: SummarySeen) -> tuple[Choice, ...]:
    return Choice(press("summary", me.cohort), t("summary.back")), TO_MENU


async def give_up(chat: Chat, me: SummarySeen) -> bool | None:
    """Ask once before ours stands again."""
    yes = Choice("ours", t("summary.use_ours"), weight="primary")
    return await chat.sure(yes, t("summary.sure_ours", cohort=me.name)) or None


def finish_ours(scene: Scene, me: SummarySeen, _: bool) -> None:
    if summaries.template_of(scene.session, me.cohort) is None:
        scene.say(Message(t("summary.ours_already"), (_ways_back(me),)))
        return
    summaries.put_template(scene.session, scene.actor, me.cohort, None)
    scene.say(Message(t("summary.ours_again"), (_ways_back(me),)))


def _begin(flow: str) -> Act:
    """A button that begins a talk about the template of the cohort that it names."""

    def act(scene: Scene, args: Sequence[str]) -> None:
        summaries.to_change_template(scene.session, scene.actor, number(args))
        ours = {"ours": True} if len(args) > 1 else {}
        scene.begin(flow, {"cohort": number(args), **ours}, anew=True)

    return act


COMMANDS: Final[dict[str, Act]] = {"summary": show}

ACTS: Final[dict[str, Act]] = {
    "annual_summary": make,
    **{
        flow: _begin(flow)
        for flow in ("get_summary_template", "summary_template", "own_summary_template")
    },
}

FLOWS: Final = [
    Flow(
        name="annual_summary",
        title=t("command.summary.label"),
        talk=made,
        about=SummarySeen,
        load=load,
        finish=finish,
        keeps=False,
    ),
    Flow(
        name="get_summary_template",
        title=t("summary.get_template"),
        talk=given,
        about=SummarySeen,
        load=load_template,
        finish=finish_given,
        keeps=False,
    ),
    Flow(
        name="summary_template",
        title=t("summary.change_template"),
        talk=change,
        about=SummarySeen,
        load=load_template,
        finish=finish_change,
        home=lambda me: lambda scene: show(scene, [str(me.cohort)]),
    ),
    Flow(
        name="own_summary_template",
        title=t("summary.use_ours"),
        talk=give_up,
        about=SummarySeen,
        load=load_template,
        finish=finish_ours,
        home=lambda me: lambda scene: show(scene, [str(me.cohort)]),
    ),
]

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
