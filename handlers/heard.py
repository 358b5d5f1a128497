"""Words that answer no question: one's own affairs, a session told, a question; in doubt which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Flow, Scene, with_menu
from bot.talk.conversation import Chat
from bot.talk.inputs import UNREADABLE, Free, own_words
from bot.talk.message import Attachment, Choice, Incoming, Message, press
from handlers import (
    affairs,
    alarms,
    asking,
    bulletin_replies,
    diary,
    materials,
    review,
    rosters,
    seen,
    session,
)
from handlers.attachments import SentFiles, carried, keep_files, sent
from handlers.own_entries import OPEN
from handlers.seen import first_words
from language.numerals import whole
from language.replies import asks_on
from language.sentence import looks_like_session, may_be_session, only_when
from prompts import BEIJING, Words, t
from services import records
from services.packs import material_label
from services.records import Kept

RECORD: Final = "record"
ASK: Final = "ask"
MATERIAL: Final = "m:"
"""Begins the choice of a material; its name follows."""
LONGEST_NUMBER: Final = 6
"""Characters of a number that may be that of a choice."""
MOST: Final = 400
"""Characters of a sentence that is asked about."""


def hear(scene: Scene, incoming: Incoming, advised: bool = False) -> None:
    """Hear what answers no question: words, photos, or both."""
    if unread(scene, incoming):
        return
    words = own_words(incoming.text or "")
    if incoming.files:
        hear_files(scene, words, incoming.files, advised)
    else:
        hear_words(scene, words, advised)


def unread(scene: Scene, incoming: Incoming) -> bool:
    """Say so if something was sent that cannot be read. Returns whether it was."""
    if incoming.other == "edited":
        edited(scene, incoming.sent)
    elif incoming.other is not None:
        kind = incoming.other if incoming.other in UNREADABLE else "unknown"
        scene.say(with_menu(t(f"help.other_{kind}")))
    elif incoming.start is None and not incoming.files and not own_words(incoming.text or ""):
        scene.say(with_menu(t("help.other_blank")))
    else:
        return False
    return True


def edited(scene: Scene, sent: int) -> None:
    """A message was edited that had been acted on: offer to change what was handed in after
    it."""
    found = None
    if sent and scene.speaker.person_id is not None and seen.learns(scene):
        after = datetime.fromtimestamp(sent, UTC)
        found = records.first_after(scene.session, scene.actor, after)
    if found is None:
        scene.say(with_menu(t("help.other_edited")))
        return
    record, body = found
    line = records.title(record, body, brief=True)
    if record.state not in OPEN:
        scene.say(with_menu(t("help.other_edited_settled", line=line)))
        return
    change = Choice(press("edit", record.id or 0), t("record.mend"), weight="primary")
    look = Choice(press("record", record.id or 0), t("record.open"))
    scene.say(Message(t("help.other_edited_used", line=line), ((change, look), (TO_MENU,))))


def hear_words(scene: Scene, words: str, advised: bool = False) -> None:
    """Hear words: what was done comes before what the documents say. A number alone is no words:
    whoever types one means a choice."""
    if len(words) <= LONGEST_NUMBER and whole(words) is not None and not words.isalpha():
        count = len(scene.speaker.offered)
        if count:
            # What is offered stays so, to be chosen from.
            scene.say(t("help.no_such_number", said=words, count=count))
        else:
            scene.say(with_menu(t("help.number_alone", said=words)))
        return
    if diary.hear(scene, words):
        return
    if review.hear_return(scene, words):
        return
    if affairs.hear(scene, words) or session.hear(scene, words) or in_doubt(scene, words):
        return
    answer(scene, words, advised)


def hear_files(
    scene: Scene, words: str, files: tuple[Attachment, ...], advised: bool = False
) -> None:
    """Begin a student's record with photos or files and what is said of them.

    What the words ask is answered as well.
    """
    if not seen.learns(scene):
        if rosters.may_bring(scene, files):
            rosters.begin_with(scene, files[0])
            return
        if not words or not asking.hear(scene, words, advised):
            scene.say(what_files_are_for(scene))
        return
    if words and session.hear(scene, words, sent(files)):
        if scene.talk() is None:
            session.begin_with_files(scene, "", sent(files))
        return
    meant = materials.may_be(scene, words, files)
    asked = bool(words) and asking.doubts(scene, words)
    if asked:
        asking.hear(scene, words, advised)
        words = ""
    if meant.materials:
        about = {"words": words, "materials": list(meant.materials), "form": meant.form}
        scene.begin("heard", about, sent(files).given)
        return
    session.begin_with_files(scene, words, sent(files))


def what_files_are_for(scene: Scene) -> Message:
    """What somebody who keeps no entries may send, said when a file can be nothing of theirs."""
    if not rosters.imports(scene):
        return with_menu(t("help.no_files"))
    meant = ("roster", "documents", "summary")
    ways = [Choice(press(one), t(f"command.{one}.label")) for one in meant]
    return Message(t("help.no_files_office"), (tuple(ways), (TO_MENU,)))


def aside(scene: Scene, words: str, *, files: bool = False) -> bool:
    """Hear words that the talk under way cannot take: one's own affairs, a session told in
    another talk, a question. Where it awaits `files`, whatever asks is one. Returns whether they
    were one of these."""
    if affairs.aside(scene, words):
        return True
    talk = scene.talk()
    elsewhere = talk is not None and talk.flow not in (session.FLOW.name, FLOW.name)
    told = elsewhere and looks_like_session(words, scene.now.astimezone(BEIJING))
    if told and seen.learns(scene) and not scene.withheld:
        session.open_heard(scene, words)
        return True
    if files and asking.asks(words):
        return asking.hear(scene, words)
    return asking.aside(scene, words) or session.hear_another(scene, words)


def heed(scene: Scene, incoming: Incoming) -> str | None:
    """As `alarms.heed`; and a whole sentence told where a session's day is asked, which tells of
    another session, is not mixed with it."""
    words = alarms.heed(scene, incoming)
    talk = scene.talk()
    asks_day = talk is not None and talk.journal.get("asked") == "day"
    if words and asks_day and not incoming.files and session.hear_another(scene, own_words(words)):
        return None
    return words


def doubts(scene: Scene, words: str) -> bool:
    """Whether words that a talk would take as its own are likely a question; once one is in
    doubt, also what only asks on (那数学呢)."""
    talk = scene.talk()
    if talk is not None and "unsure" in talk.journal and asks_on(words):
        return True
    return asking.doubts(scene, words) or (
        asking.asks(words) and affairs.may_be_asked(scene, words)
    )


def answer(scene: Scene, words: str, advised: bool = False) -> None:
    """Answer words as a question."""
    if affairs.aside(scene, words):
        return
    asks = asking.asks(words) or asking.clear(scene, words)
    if not asks and bulletin_replies.may_be(scene, words):
        return
    if asking.hear(scene, words, advised):
        return
    if not (asks and bulletin_replies.may_be(scene, words)):
        learns = seen.learns(scene)
        key = "help.not_understood" if learns else "help.not_understood_staff"
        asking.not_found(scene, words, t(key))


def in_doubt(scene: Scene, words: str) -> bool:
    """Ask what is wanted of words that may tell of a session or be a question. Neither is lost."""
    if len(words) > MOST or scene.withheld or scene.secret or not seen.learns(scene):
        return False
    now = scene.now.astimezone(BEIJING)
    if not only_when(words, now) and (
        not may_be_session(words, now) or asking.clear(scene, words)
    ):
        return False
    scene.begin("heard", {"words": words})
    return True


class HeardSeen(BaseModel):
    """A sentence of which it is not sure what it wants; with files, which they may be."""

    model_config = ConfigDict(frozen=True)

    words: str
    materials: tuple[str, ...] = ()
    """The materials that the files may be, as records name them."""
    form: str = ""


class HeardNext(BaseModel):
    """Which of the two it is, or further words; and the files that came meanwhile."""

    model_config = ConfigDict(frozen=True)

    said: str
    files: tuple[Kept, ...] = ()


async def which(chat: Chat, me: HeardSeen) -> HeardNext:
    """Whether to log a session or to answer a question; files join what is logged, or are a
    material."""
    files = await keep_files(chat, ())
    if me.materials:
        ways = [
            *(Choice(f"{MATERIAL}{one}", hands_in(me, one)) for one in me.materials),
            Choice(RECORD, t("session.heard.record")),
        ]
        words = t("session.heard.which_paper")
    else:
        ways = [
            Choice(RECORD, t("session.heard.record"), weight="primary"),
            Choice(ASK, t("session.heard.ask")),
        ]
        words = t("session.heard.which", words=me.words)
    kind = Free(options=ways, most=2000, questions=True, courtesies=True)
    said = await chat.ask("which", kind, words)
    return HeardNext(said=said, files=files)


def hands_in(me: HeardSeen, material: str) -> Words:
    """What the choice of a material says: its form, where the words said that."""
    return t("material.hand_in", what=material_label(me.form or material))


def load(_scene: Scene, args: Mapping[str, Any]) -> HeardSeen:
    return HeardSeen.model_validate(args)


def finish(scene: Scene, me: HeardSeen, wanted: HeardNext, *, advised: bool = False) -> None:
    files = carried(wanted.files)
    if wanted.said.startswith(MATERIAL):
        meant = materials.Meant((wanted.said.removeprefix(MATERIAL),), me.form)
        materials.begin_with(scene, meant, files)
        return
    if wanted.said == RECORD and me.materials:
        session.begin_with_files(scene, me.words, files)
    elif wanted.said == RECORD:
        session.open_heard(scene, me.words, files)
    elif wanted.said == ASK:
        answer(scene, me.words, advised)
    else:
        go_on(scene, me.words, wanted.said, files)
    if wanted.files and scene.talk() is None:
        session.begin_with_files(scene, "", files)


def go_on(scene: Scene, words: str, further: str, files: SentFiles) -> None:
    """Hear what was said instead of which of the two it is: something of its own, or more of the
    same. The words before are not lost."""
    told = looks_like_session(further, scene.now.astimezone(BEIJING))
    asked = asking.asks(further) and not told
    if (
        affairs.hear(scene, further)
        or asking.aside(scene, further)
        or (asked and asking.hear(scene, further))
    ):
        if scene.talk() is None:
            scene.begin("heard", {"words": words})
        return
    if session.begins_another(scene, words, further):
        return
    both = f"{words}，{further}" if words else further
    if not session.hear(scene, both, files) and not in_doubt(scene, both):
        session.open_heard(scene, both, files)


FLOW = Flow(
    name="heard",
    title=t("session.heard.title"),
    talk=which,
    about=HeardSeen,
    load=load,
    finish=finish,
    sketch=lambda me, _: [t("session.heard.title"), first_words(me.words)],
)
