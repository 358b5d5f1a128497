"""Files that a talk asks for: going back opens their list and takes none of them away."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.talk.conversation import Chat
from bot.talk.inputs import Free, Parts, Summary, SummaryLine
from handlers.attachments import keep_files
from prompts import t
from tests.engine.talking import Talk, choices, photo, pick


async def bring(chat: Chat, about: Any) -> Any:
    """Which of two, perhaps in which form; files, which are needed; a title; then all of it."""
    chat.receive("files", captions="title")
    which = await chat.ask("which", pick("topic", "training"), "which?")
    form = await chat.ask("form", pick("review", "paper"), "form?") if which == "training" else ""
    files = await keep_files(chat, (), captions="title", needed=t("files.add", names=[]))
    title = await chat.ask("title", Free(), "title?")
    abstract = await chat.ask("abstract", Free(), "abstract?")
    lines = [SummaryLine("which", "which", which), SummaryLine("title", "title", title)]
    await chat.ask("review", Summary(lines, choices("send")), "right?")
    return {"which": which, "form": form, "title": title, "abstract": abstract, "files": files}


def result(*names: str) -> dict[str, Any]:
    """What the job that keeps files tells of these."""
    kept = [
        {
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "size": 9,
            "media_type": "image/jpeg",
            "name": name,
        }
        for name in names
    ]
    return {"kept": kept, "refused": []}


def held(talk: Talk) -> list[str]:
    """The files that can be taken away at the list where the talk waits."""
    kind = talk.waiting.question.kind
    assert isinstance(kind, Parts)
    return [str(choice.also[0]) for choice in kind.held]


def brings(*names: str) -> Talk:
    talk = Talk(bring)
    talk.presses("topic")
    talk.sends(*map(photo, names))
    talk.done(result(*names))
    assert talk.waits == "title"
    return talk


def test_going_back_to_files_that_were_asked_for_keeps_them() -> None:
    talk = brings("a.jpg")
    talk.back()
    assert talk.waits == "files/1"
    assert held(talk) == ["a.jpg"]
    talk.sends(photo("b.jpg"))
    talk.done(result("b.jpg"))
    talk.presses("done")
    assert talk.waits == "title"
    talk.back()
    assert held(talk) == ["a.jpg", "b.jpg"]
    talk.back()
    assert talk.waits == "which", "the files stay, and are not asked for again"
    talk.presses("topic")
    assert talk.waits == "title"
    for said in ("t", "a"):
        talk.says(said)
    talk.presses("send")
    assert [file.name for file in talk.result["files"]] == ["a.jpg", "b.jpg"]


def test_what_was_opened_by_going_back_survives_a_restart() -> None:
    talk = brings("a.jpg")
    talk.back()
    again = Talk(bring, stored=talk.stored)
    assert again.waits == talk.waits == "files/1"
    again.presses("done")
    assert again.waits == "title"


def test_a_file_that_was_refused_is_asked_for_once_on_the_way_back() -> None:
    talk = Talk(bring)
    talk.presses("topic")
    talk.sends(photo("notes.txt"))
    talk.done({"kept": [], "refused": [["notes.txt", "file.text_refused", {}]]})
    assert talk.waits == "files/1"
    talk.back()
    assert talk.waits == "which"
    talk.presses("topic")
    talk.sends(photo("a.jpg"))
    talk.done(result("a.jpg"))
    talk.back()
    assert talk.waits.startswith("files/")
    talk.back()
    assert talk.waits == "which"


def test_the_words_that_came_with_files_are_taken_back_alone() -> None:
    talk = Talk(bring)
    talk.presses("topic")
    talk.sends(photo("a.jpg"), text="fringes")
    talk.done(result("a.jpg"))
    assert talk.waits == "abstract"
    talk.back()
    assert (talk.waits, talk.waiting.begin_with) == ("title", "fringes")
    talk.says("rings")
    talk.says("what was done")
    talk.presses("send")
    assert [file.name for file in talk.result["files"]] == ["a.jpg"]


def test_a_change_that_asks_more_is_undone_by_going_back_over_it() -> None:
    talk = brings("a.jpg")
    for said in ("t", "a"):
        talk.says(said)
    before = talk.answered
    talk.changes("which")
    talk.presses("training")
    assert talk.waits == "form"
    talk.back()
    assert talk.waits == "which"
    talk.back()
    assert (talk.waits, talk.answered) == ("review", before)
    talk.changes("which")
    talk.presses("training")
    talk.presses("paper")
    assert talk.waits == "review"
    talk.back()
    assert (talk.waits, talk.answered) == ("review", before), "what it led to belongs to it"
