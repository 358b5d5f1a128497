"""The command that shows what the chat understands of a sentence about a session."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.terminal import Mistake, both, find_programme, said, say, say_json
from prompts import BEIJING, Text, Words, in_year, t

if TYPE_CHECKING:
    from language.sentence import Understood

STANDARD_INPUT: Final = "-"


def hear(
    sentence: Annotated[str, typer.Argument(help=both("sentence"))],
    now: Annotated[str, typer.Option("--now", help=both("hear_now"))] = "",
    people: Annotated[str, typer.Option("--people", help=both("hear_people"))] = "",
    key: Annotated[str, typer.Option("--programme", help=both("hear_programme"))] = "",
    as_json: Annotated[bool, typer.Option("--json", help=both("json"))] = False,
) -> None:
    from handlers.session import heard
    from language.sentence import looks_like_session

    moment, kinds = moment_typed(now), kinds_of(key)
    names = [name.strip() for name in re.split("[,，、]", people) if name.strip()]

    def understood(words: str) -> tuple[bool, Understood]:
        return looks_like_session(words, moment.astimezone(BEIJING)), heard(
            words, moment, people=names, kinds=kinds
        )

    if sentence != STANDARD_INPUT:
        session, found = understood(sentence)
        if as_json:
            say_json(as_told(session, found))
        else:
            say_of(session, found, moment)
        return
    for words in lines(sys.stdin.buffer):
        session, found = understood(words)
        if as_json:
            typer.echo(json.dumps(as_told(session, found), ensure_ascii=False))
        else:
            say_of(session, found, moment)


def say_of(session: bool, found: Understood, now: datetime) -> None:
    """Say what was understood, with days as the chat says them at that moment."""
    with in_year(now.astimezone(BEIJING).year):
        say(in_words(session, found))


def lines(stream: Iterable[bytes]) -> Iterable[str]:
    """The lines of a stream, as they arrive; each becomes one line of output."""
    for number, line in enumerate(stream):
        try:
            words = line.decode("utf-8")
        except UnicodeDecodeError:
            raise Mistake(t("cli.hear_not_utf8", line=number + 1)) from None
        yield words.removeprefix("\ufeff").strip()


def moment_typed(typed: str) -> datetime:
    """An ISO time, in Beijing unless it has an offset; the present time if nothing is typed."""
    from app import desk

    if not typed:
        return desk.CLOCK.now()
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        raise Mistake(t("cli.not_a_moment", typed=typed)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def kinds_of(key: str) -> Sequence[str]:
    """The activity kinds of one programme, or of all. Raises `Mistake`."""
    from programmes.values import ActivityKind, kept_as

    kinds = find_programme(key).activity_kinds if key else ActivityKind
    return [kept_as(kind) for kind in kinds]


def as_told(session: bool, found: Understood) -> dict[str, Any]:
    """What was understood, as JSON for programs."""
    moment = found.moment
    return {
        "session": session,
        "days": [day.isoformat() for day in (found.days or ((moment.day,) if moment else ()))],
        "part": moment.part if moment else None,
        "start": f"{moment.start:%H:%M}" if moment and moment.start else None,
        "minutes": found.minutes,
        "place": found.place,
        "kind": found.kind,
        "people": list(found.people),
        "what": found.what or None,
    }


def in_words(session: bool, found: Understood) -> Text:
    """What was understood and what was not, in one line for people."""
    from bot.talk.inputs import length
    from handlers.session import when

    shown: dict[str, Words | None] = {
        "day": when(found.moment) if found.moment else None,
        "length": length(found.minutes) if found.minutes else None,
        "place": t(f"place.{found.place}") if found.place else None,
        "kind": t(f"kind.{found.kind}") if found.kind else None,
        "people": t("field.list", items=list(found.people)) if found.people else None,
        "what": " ".join(found.what.split()) or None,
    }
    parts = [
        said(t("cli.detail", label=t(f"field.{name}"), value=words))
        for name, words in shown.items()
        if words is not None
    ]
    if missing := [t(f"field.{name}") for name, words in shown.items() if words is None]:
        parts.append(said(t("cli.hear_missing", fields=missing)))
    return t(
        "cli.hear_session" if session else "cli.hear_other",
        heard=said(t("cli.between")).join(parts),
    )
