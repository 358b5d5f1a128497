"""政策文件: a coordinator loads the documents that answers are quoted from, and removes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from answers.sections import Document
from bot.scene import Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Kind, Pick, Unclear, said
from bot.talk.message import Attachment, Choice, Message, press
from programmes.catalogue import load
from prompts import Text, t
from services import documents
from services.documents import Preview
from services.rows import PolicyDocument as Row
from storage.files import FileStore

CARD: Final = "documents"
SHOWN: Final = 12
"""Documents on one page: an office has a few."""
PUBLISH: Final = "publish"
ANOTHER: Final = "another"


class DocumentSeen(BaseModel):
    """The programmes that whoever loads a document looks after, and what each has already."""

    model_config = ConfigDict(frozen=True)

    programmes: Mapping[str, str]
    """Their names, by key."""
    titles: Mapping[str, tuple[str, ...]]


class Loaded(BaseModel):
    """What the talk returns: which file is whose, and where our copy of its text lies."""

    model_config = ConfigDict(frozen=True)

    programme: str
    name: str
    sha256: str
    size: int
    text: str


class OneFile(Kind[Attachment]):
    """A file, and no more than one."""

    def parse(self, answer: Answer, asked: Asked) -> Attachment:
        if len(answer.files) == 1:
            return answer.files[0]
        if answer.files:
            raise Unclear(t("document.one_at_a_time"))
        said(answer)
        raise Unclear(t("document.file_only"))


async def load_document(chat: Chat, me: DocumentSeen) -> Loaded:
    """Ask for the file until one is right."""
    programme, *others = me.programmes
    if others:
        choices = [Choice(key, name) for key, name in me.programmes.items()]
        programme = await chat.ask("programme", Pick(choices, width=1), t("document.which"))
    words = t("document.send", programme=me.programmes[programme])
    for turn in count():
        file = await chat.ask(f"file/{turn}", OneFile(), words)
        wired = [file.ref, file.name, file.media_type, file.size]
        result = await chat.work(f"file/{turn}/read", "read_document", file=wired)
        if "preview" not in result:
            words = t("document.not_read", why=_why(result))
            continue
        shown = Preview.model_validate(result["preview"])
        choices = [
            Choice(PUBLISH, t("document.publish")),
            Choice(ANOTHER, t("document.another")),
        ]
        again = shown.title in me.titles[programme]
        asked = t("document.check_again" if again else "document.check", preview=shown.words())
        if await chat.ask(f"check/{turn}", Pick(choices), asked) == PUBLISH:
            break
        words = t("document.send", programme=me.programmes[programme])
    kept, text = result["kept"]
    return Loaded(
        programme=programme,
        name=file.name,
        sha256=kept["sha256"],
        size=kept["size"],
        text=text["sha256"],
    )


def _why(result: Mapping[str, Any]) -> Text:
    if "refused" not in result:
        return t("file.not_fetched")
    key, gaps = result["refused"]
    return t(key, **gaps)


# ---------------------------------------------------------------- before and after


def load_seen(scene: Scene, _args: Mapping[str, Any]) -> DocumentSeen:
    keys = _mine(scene, "publish_document")
    loaded = documents.listed(scene.session, keys)
    return DocumentSeen(
        programmes={key: load(key).name for key in keys},
        titles={key: tuple(row.title for row in loaded if row.programme == key) for key in keys},
    )


def finish(store: FileStore, scene: Scene, _me: DocumentSeen, loaded: Loaded) -> None:
    try:
        document = Document.from_bytes(store.read(loaded.text))
    except FileNotFoundError:
        raise Refused(t("document.file_gone"), verb="publish_document") from None
    row = documents.publish(
        scene.session,
        scene.actor,
        loaded.programme,
        document,
        name=loaded.name,
        sha256=loaded.sha256,
        size=loaded.size,
    )
    scene.say(t("document.published", title=row.title, sections=len(document.sections)))
    show(scene, ())


# ---------------------------------------------------------------- the list


def show(scene: Scene, _args: Sequence[str]) -> None:
    """What answers are quoted from, in every programme that whoever speaks looks after."""
    keys = _mine(scene, "documents")
    loaded = documents.listed(scene.session, keys)
    lines = [_line(scene, row, len(keys) > 1) for row in loaded]
    rows = [
        (Choice(press("undocument", row.id or 0), t("document.remove", title=row.title[:30])),)
        for row in loaded[:SHOWN]
    ]
    rows.append((Choice(press("load_document"), t("document.load")),))
    rows.append((Choice(press("menu"), t("command.menu.label")),))
    words = t("document.list", lines="\n".join(lines)) if lines else t("document.none")
    scene.say(Message(words, tuple(rows), kind="question", card=CARD))


def _line(scene: Scene, row: Row, several: bool) -> str:
    key = "document.line_of" if several else "document.line"
    name = load(row.programme).name
    return scene.words(t(key, title=row.title, programme=name, name=row.name, at=row.added_at))


def remove(scene: Scene, args: Sequence[str]) -> None:
    """Remove a document. It is asked once more."""
    row = documents.found(scene.session, scene.actor, number(args), "remove_document")
    if args[1:] == ["yes"]:
        documents.remove(scene.session, scene.actor, number(args))
        scene.say(t("document.removed", title=row.title))
        show(scene, ())
        return
    rows = (
        (
            Choice(press("undocument", number(args), "yes"), t("document.yes_remove")),
            Choice(press("documents"), t("document.keep")),
        ),
    )
    words = t("document.sure", title=row.title)
    scene.say(Message(words, rows, kind="question", card=CARD))


def _mine(scene: Scene, verb: str) -> tuple[str, ...]:
    keys = documents.programmes_of(scene.session, scene.actor.person_id)
    if not keys:
        raise Refused(t("document.not_coordinator"), verb=verb, object="document")
    return keys


def flow(store: FileStore) -> Flow:
    """The talk, which at its end reads what was kept in `store`."""
    return Flow(
        name="document",
        title=t("document.title"),
        talk=load_document,
        about=DocumentSeen,
        load=load_seen,
        finish=partial(finish, store),
    )


COMMANDS: dict[str, Act] = {"documents": show}

ACTS: dict[str, Act] = {
    "load_document": lambda scene, _: scene.begin("document"),
    "undocument": remove,
}

__all__ = ["ACTS", "COMMANDS", "flow"]
