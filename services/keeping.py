"""Decides whose words may be kept, before anything that was said is stored.

Before a guardian's consent, nothing about a child is kept but the binding of the chat. Such a chat
is answered like any other. What was said there stays in memory until it is handled, and is then
gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from functools import cache
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session, col

from bot.talk.clock import beijing_day
from programmes.model import Programme
from services import packs
from services.access import LEARNERS
from services.consent import given, needed
from storage.statements import Prepared
from storage.tables import Account, Cohort, Membership, Person

_places = (
    sa.select(
        col(Account.address),
        col(Account.person_id),
        col(Person.birth_date),
        col(Membership.grade),
        col(Cohort.programme),
        col(Membership.ended_at),
    )
    .join(Person, col(Person.id) == col(Account.person_id))
    .join(Membership, col(Membership.person_id) == col(Person.id))
    .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
    .where(col(Membership.role).in_(LEARNERS))
    .order_by(col(Membership.id))
)
_places_in: Final = Prepared(
    _places.where(
        col(Account.platform) == bindparam("platform"),
        col(Account.address).in_(bindparam("addresses", expanding=True)),
    )
)


class SpeakersPlace(NamedTuple):
    """A place as a learner, with the chat in which its person speaks."""

    address: str
    person_id: int
    birth_date: date | None
    grade: str
    programme: str
    ended_at: datetime | None


def withheld(
    db: Session, chats: Collection[tuple[str, str]], now: datetime
) -> set[tuple[str, str]]:
    """Of these (platform, address) chats, those whose words may not be kept now."""
    addresses: dict[str, list[str]] = defaultdict(list)
    for platform, address in chats:
        addresses[platform].append(address)
    found: set[tuple[str, str]] = set()
    programme = cache(packs.found)
    for platform, here in addresses.items():
        theirs: dict[str, list[SpeakersPlace]] = defaultdict(list)
        for row in _places_in.all(db, platform=platform, addresses=here):
            theirs[row[0]].append(SpeakersPlace(*row))
        found |= {
            (platform, address)
            for address, places in theirs.items()
            if not _may_keep(db, places, programme, beijing_day(now))
        }
    return found


def _may_keep(
    db: Session,
    places: Iterable[SpeakersPlace],
    programme: Callable[[str], Programme | None],
    today: date,
) -> bool:
    """Whether a learner's words may be kept: all of their present places, or else the last
    one, must allow it."""
    every = list(places)
    now = [place for place in every if place.ended_at is None] or every[-1:]
    asked = [needed(p.birth_date, p.grade, programme(p.programme), today) for p in now]
    return not any(asked) or given(db, now[0].person_id)
