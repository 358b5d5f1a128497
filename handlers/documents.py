"""政策文件: coordinators load the documents that answers quote, and remove them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from answers.sections import Document
from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Kind, Pick, Rows, Unclear, rows_of, said
from bot.talk.message import Attachment, Choice, Item, Message, press
from handlers.seen import InOrder
from prompts import Brief, Text, t
from services import documents
from services.access import programmes_allowed
from services.documents import Preview
from services.entities import PolicyDocument
from services.packs import name_of
from storage.files import FileStore

CARD: Final = "documents"
SHOWN: Final = 12
"""Maximum documents on the card: an office has a few."""
PUBLISH: Final = "publish"
ANOTHER: Final = "another"


class DocumentSeen(BaseModel):
    """The programmes for which the coordinator may load documents, and what each has."""

    model_config = ConfigDict(frozen=True)

    programmes: InOrder[str]
    """Their names, by key."""
    titles: InOrder[tuple[str, ...]]


class Loaded(BaseModel):
    """The result of the talk: the file, its programme, and where its text is kept."""

    model_config = ConfigDict(frozen=True)

    programme: str
    name: str
    sha256: str
    size: int
    text: str


class OneFile(Kind[Attachment]):
    """Exactly one file."""

    def parse(self, answer: Answer, asked: Asked) -> Attachment:
        if len(answer.files) == 1:
            return answer.files[0]
        if answer.files:
            raise Unclear(t("document.one_at_a_time"))
        said(answer)
        raise Unclear(t("document.file_only"))


@dataclass(frozen=True, slots=True)
class WayOrFile(Kind[str | Attachment]):
    """One of several ways on; or another file, which takes the place of the one in question."""

    ways: Sequence[Choice]
    file: OneFile

    @property
    def takes_files(self) -> bool:
        return True

    def choices(self, asked: Asked) -> Rows:
        return rows_of(self.ways, 1)

    def parse(self, answer: Answer, asked: Asked) -> str | Attachment:
        if answer.files:
            return self.file.parse(answer, asked)
        return Pick(self.ways).parse(answer, asked)


async def load_document(chat: Chat, me: DocumentSeen) -> Loaded:
    """Ask for a file until one can be read and is confirmed."""
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
            Choice(PUBLISH, t("document.publish"), weight="primary"),
            Choice(ANOTHER, t("document.another")),
        ]
        again = shown.title in me.titles[programme]
        asked = shown.card(t("document.check_again" if again else "document.check"))
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
    keys = programmes_allowed(scene.session, scene.actor, "publish_document")
    loaded = documents.listed(scene.session, keys, scene.actor)
    return DocumentSeen(
        programmes={key: name_of(key) for key in keys},
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
    """List the documents in force in every programme that the speaker looks after."""
    keys = programmes_allowed(scene.session, scene.actor, "documents")
    loaded = documents.listed(scene.session, keys, scene.actor)
    several = len(keys) > 1
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("load_document"), t("document.load"), weight="primary"),)
    ]
    rows += [
        (
            Choice(
                press("undocument", row.id or 0),
                t("document.remove", title=row.title[:30]),
                weight="danger",
            ),
        )
        for row in loaded[:SHOWN]
    ]
    scene.say(
        Message(
            t("document.list" if loaded else "document.none"),
            (*rows, (TO_MENU,)),
            kind="question",
            card=CARD,
            title=t("command.documents.label"),
            items=tuple(_item(row, several) for row in loaded),
        )
    )


def _item(row: PolicyDocument, several: bool) -> Item:
    name = name_of(row.programme)
    key = "document.line_of" if several else "document.line"
    words = t(key, title=row.title, programme=name, name=row.name)
    return Item(words, state=t("document.loaded", day=Brief(beijing_day(row.added_at))))


def remove(scene: Scene, args: Sequence[str]) -> None:
    """Remove a document, after asking for confirmation."""
    row = documents.found(scene.session, scene.actor, number(args), "remove_document")
    if args[1:] == ["yes"]:
        documents.remove(scene.session, scene.actor, number(args))
        scene.say(t("document.removed", title=row.title))
        show(scene, ())
        return
    rows = (
        (
            Choice(
                press("undocument", number(args), "yes"),
                t("document.yes_remove"),
                weight="danger",
            ),
            Choice(press("documents"), t("document.keep"), weight="quiet"),
        ),
    )
    words = t("document.sure", title=row.title)
    scene.say(Message(words, rows, kind="question", card=CARD))


def flow(store: FileStore) -> Flow:
    """The flow for loading a document; at its end it reads the text kept in `store`."""
    return Flow(
        name="document",
        title=t("document.title"),
        talk=load_document,
        about=DocumentSeen,
        load=load_seen,
        finish=partial(finish, store),
        home=lambda _: lambda scene: show(scene, ()),
    )


COMMANDS: dict[str, Act] = {"documents": show}

ACTS: dict[str, Act] = {
    "load_document": lambda scene, _: scene.begin("document"),
    "undocument": remove,
}

__all__ = ["ACTS", "COMMANDS", "flow"]
