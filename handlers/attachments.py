"""Photos and files inside a talk: they come with any answer, and stay until taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Parts, Pick
from bot.talk.message import Attachment, Choice
from prompts import Lines, Text, Words, t
from services.records import Kept

FILES: Final = "files"
"""The root of the steps' names."""
MOST: Final = 9
"""Files in one entry."""
TAKE: Final = "x:"
"""Begins the choice that takes a file away; the beginning of its hash follows."""


async def keep_files(
    chat: Chat, had: tuple[Kept, ...], *, captions: str = "", needed: Text | None = None
) -> tuple[Kept, ...]:
    """The files sent so far; each is our own copy, by its hash, before the talk goes on.

    They are asked for only where somebody wants to change them; with `needed`, the sentence that
    asks for the first, also where there is none yet. Words that come with them and answer nothing
    go to the step `captions`.
    """
    chat.receive(FILES, captions=captions)
    files = {kept.sha256: kept for kept in had}
    if chat.given(f"{FILES}/had"):
        # Talks of earlier versions began with this.
        both = [Choice("keep", t("files.keep")), Choice("remove", t("files.remove"))]
        asked = t("files.had", names=[kept.name for kept in had])
        if await chat.ask(f"{FILES}/had", Pick(both), asked, counted=False, passed=True) != "keep":
            files.clear()
    for turn in count():
        step = f"{FILES}/{turn}"
        lacking = needed if not files else None
        if not chat.given(step) and not chat.changing(FILES) and lacking is None:
            break
        kept = tuple(files.values())
        kind = Parts(
            words=False,
            files_left=MOST,
            needed=lacking is not None,
            held=taking_away(kept),
            captions=captions,
        )
        usual = t("files.change" if kept else "files.add", names=[one.name for one in kept])
        words = lacking or usual
        part = await chat.ask(step, kind, words, counted=False, passed=lacking is None)
        if part.done:
            if not chat.given(f"{FILES}/{turn + 1}"):
                break
            continue
        if part.taken_away:
            files = {k: one for k, one in files.items() if taking(one) != part.taken_away}
            continue
        order = {"files": _wire(part.files), "most": MOST - len(files), "of": MOST}
        result = await chat.work(f"{step}/kept", "keep_files", **order)
        chat.tell(f"{step}/kept", _received(result))
        for one in map(Kept.model_validate, result.get("kept", ())):
            files.setdefault(one.sha256, one)
    return tuple(files.values())


def taking(kept: Kept) -> str:
    """The value of the choice that takes a file away."""
    return f"{TAKE}{kept.sha256[:12]}"


def taking_away(files: Sequence[Kept]) -> list[Choice]:
    """The choices that take a file away, each also known by the file's name."""
    return [Choice(taking(one), t("files.take", name=one.name), (one.name,)) for one in files]


class SentFiles(NamedTuple):
    """Files that came before the talk that takes them: the answers and the finished work with
    which it begins."""

    given: Mapping[str, Answer] = MappingProxyType({})
    done: Mapping[str, Any] = MappingProxyType({})


NO_FILES: Final = SentFiles()


def sent(files: Sequence[Attachment]) -> SentFiles:
    """Files that a messenger holds: the talk fetches them."""
    return SentFiles({f"{FILES}/0": Answer(files=tuple(files))}) if files else SentFiles()


def carried(files: Sequence[Kept]) -> SentFiles:
    """Files of which another talk has made copies already."""
    if not files:
        return SentFiles()
    known = tuple(Attachment("", one.name, one.media_type, one.size) for one in files)
    result = {"kept": [one.model_dump(mode="json") for one in files], "refused": []}
    return SentFiles({f"{FILES}/0": Answer(files=known)}, {f"{FILES}/0/kept": result})


def named(journal: Journal) -> Sequence[Words]:
    """The names by which a draft that holds nothing but files is told from others: those of the
    files that were taken and not taken away. Of files still under way, the names under which they
    were sent."""
    files: dict[str, str] = {}
    for step, entry in journal.entries.items():
        if not step.startswith(f"{FILES}/"):
            continue
        if entry.answer.press:
            files = {k: v for k, v in files.items() if k != entry.answer.press}
        done = journal.entries.get(f"{step}/kept")
        if done is None:
            files |= {f"{step}:{n}": file.name for n, file in enumerate(entry.answer.files)}
        else:
            kept = map(Kept.model_validate, done.result.get("kept", ()))
            files |= {taking(one): one.name for one in kept}
    names = list(files.values())
    return [t("drafts.files", names=names[:2], count=len(names))] if names else []


def next_turn(chat: Chat) -> int:
    """The next free turn of the files' loop."""
    return next(turn for turn in count() if not chat.given(f"{FILES}/{turn}"))


def shown(files: Sequence[Kept]) -> Text:
    """The files as a card names them."""
    if not files:
        return t("files.none")
    return t("files.some", count=len(files), names=[one.name for one in files])


def _wire(files: tuple[Attachment, ...]) -> list[list[Any]]:
    return [[file.ref, file.name, file.media_type, file.size] for file in files]


def _received(result: Mapping[str, Any]) -> Text:
    """What became of the files just sent."""
    if result.get("failed"):
        return t("files.not_fetched")
    refused = [
        t("files.refused", name=name, why=t(key, **args)) for name, key, args in result["refused"]
    ]
    names = [kept["name"] for kept in result["kept"]]
    if not refused:
        return t("files.received", names=names)
    if not names:
        return t("files.none_received", refused=Lines(refused))
    return t("files.some_received", names=names, refused=Lines(refused))
