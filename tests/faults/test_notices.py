"""The one door of notices: said once, at their time, and only while they still hold."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from bot.delivery import Delivery
from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from bot.talk.message import Choice, Message, press
from prompts import t
from services import notices
from services.notices import Condition, Why
from storage import chats
from storage.database import Database
from storage.tables import Lane, Outbox, SendState
from tests.faults.small import Alarms, Small, message, messenger

WAITING, SENT = SendState.WAITING, SendState.SENT
DROPPED, ASIDE = SendState.DROPPED, SendState.ASIDE


def says(words: str) -> Message:
    return Message(t("help.unknown_command", command=words))


def heard(small: Small, address: str = "lin") -> list[str]:
    """The words of the notices and replies that were shown there."""
    known = ("early", "late", "first", "second", "notice", "reply", "elsewhere")
    found = (next((w for w in known if w in said), said) for said in small.platform.texts(address))
    return list(found)


def person(small: Small, *addresses: str) -> int:
    """Somebody who can be reached there; gives their number."""
    small.accounts(*addresses, person=True)
    return small.account(addresses[0]).person_id or 0


async def tell(small: Small, person_id: int, words: str, key: str, **how: Any) -> int:
    now = small.clock.now()
    return await small.database.run(
        notices.tell, Operator(now), person_id, says(words), key, **how
    )


def holding(small: Small, answer: bool | Exception) -> list[Mapping[str, Any]]:
    """Have delivery know a condition `holds`; gives the arguments it was asked with."""
    asked: list[Mapping[str, Any]] = []

    def holds(_db: Session, args: Mapping[str, Any]) -> bool:
        asked.append(args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    small.delivery = Delivery(
        small.database, small.clock, small.platforms, {"holds": holds, "odd": odd}
    )
    return asked


def odd(db: Session, _args: Mapping[str, Any]) -> bool:
    """A condition that the database itself refuses."""
    db.connection().execute(text("SELECT nothing FROM nowhere"))
    return True


# ---------------------------------------------------------------- once


async def test_a_key_is_said_once_across_restarts(small: Small) -> None:
    lin = person(small, "lin")
    for _ in range(3):
        assert await tell(small, lin, "notice", "month") == 1
        small.open()
        await small.delivery.drain()
    assert heard(small) == ["notice"]


async def test_a_key_is_said_once_by_two_workers(small: Small) -> None:
    """Two processes find the same thing to say, each with its own connection."""
    lin = person(small, "lin", "laptop")
    other = Small(Database(small.database.url.render_as_string(False)), small.clock, {})
    try:
        await asyncio.gather(
            *(tell(one, lin, "notice", f"key {n}") for n in range(20) for one in (small, other))
        )
    finally:
        other.database.close()
    await small.delivery.drain()
    assert len(small.platform.texts("lin")) == len(small.platform.texts("laptop")) == 20


async def test_a_key_is_the_persons_and_not_the_chats(small: Small) -> None:
    lin = person(small, "lin")
    await tell(small, lin, "notice", "month")
    (laptop,) = small.accounts("laptop")
    with small.database.transaction() as db:
        db.execute(
            text("UPDATE account SET person_id = :p WHERE id = :a"), {"p": lin, "a": laptop}
        )
    assert await tell(small, lin, "notice", "month") == 2
    await tell(small, lin, "second", "month 2")
    await small.delivery.drain()
    assert heard(small) == ["notice", "second"]
    assert heard(small, "laptop") == ["second"]


async def test_one_persons_key_is_not_anothers(small: Small) -> None:
    for address in ("lin", "zhao"):
        await tell(small, person(small, address), "notice", "month")
    await small.delivery.drain()
    assert heard(small) == heard(small, "zhao") == ["notice"]


# ---------------------------------------------------------------- at its time


async def test_a_later_notice_waits_and_holds_up_nothing(small: Small) -> None:
    lin = person(small, "lin")
    due = small.clock.now() + timedelta(days=2)
    await tell(small, lin, "late", "a", not_before=due)
    await tell(small, lin, "early", "b")
    await small.posts(message(small.account("lin").id or 0, "reply"))
    await small.delivery.drain()
    assert heard(small) == ["reply", "early"]
    small.clock.moment = due - timedelta(seconds=10)
    assert await small.delivery.drain() == pytest.approx(10)
    assert heard(small) == ["reply", "early"]
    small.open()
    small.clock.moment = due
    await small.delivery.drain()
    assert heard(small) == ["reply", "early", "late"]


async def test_a_reply_goes_before_a_notice_that_became_due(small: Small) -> None:
    lin = person(small, "lin")
    due = small.clock.now() + timedelta(hours=1)
    await tell(small, lin, "late", "a", not_before=due)
    small.clock.moment = due
    await small.posts(message(small.account("lin").id or 0, "reply"))
    await small.delivery.drain()
    assert heard(small) == ["reply", "late"]


async def test_a_time_gone_by_is_now(small: Small) -> None:
    lin = person(small, "lin")
    await tell(small, lin, "notice", "a", not_before=small.clock.now() - timedelta(days=9))
    await small.delivery.drain()
    (row,) = small.rows(Outbox)
    assert (row.state, row.created_at) == (SENT, small.clock.now())


async def test_who_leaves_before_it_is_due_may_be_back_by_then(small: Small) -> None:
    lin = person(small, "lin")
    due = small.clock.now() + timedelta(days=2)
    await tell(small, lin, "early", "a")
    await tell(small, lin, "late", "b", not_before=due)
    account = small.account("lin").id or 0
    await small.database.run(chats.mark_unreachable, [account], small.clock.now())
    await small.database.run(chats.mark_reachable, [account])
    small.clock.moment = due
    await small.delivery.drain()
    assert heard(small) == ["late"]


async def lines(small: Small) -> list[str]:
    """What a page that is opened now shows of the chat."""
    now = small.clock.now() + timedelta(microseconds=1)
    found = await small.database.run(chats.history, "fake", "lin", now, 50)
    return [line.body["text"] for line in found if line.body]


async def test_a_later_notice_is_no_line_of_the_chat_before_its_time(small: Small) -> None:
    lin = person(small, "lin")
    due = small.clock.now() + timedelta(days=2)
    await tell(small, lin, "late", "a", not_before=due)
    assert await lines(small) == []
    small.clock.moment = due
    assert len(await lines(small)) == 1  # due: whoever has no page open finds it there


# ---------------------------------------------------------------- while it holds


async def test_what_holds_is_sent(small: Small) -> None:
    asked = holding(small, True)
    lin = person(small, "lin")
    await tell(small, lin, "notice", "a", condition=Condition("holds", {"record": 7}))
    assert asked == []
    assert await lines(small) == []
    await small.delivery.drain()
    assert (heard(small), asked, small.sends()) == (["notice"], [{"record": 7}], [SENT])
    assert len(await lines(small)) == 1


async def test_what_no_longer_holds_is_dropped_and_the_rest_goes_on(
    small: Small, alarms: Alarms
) -> None:
    holding(small, False)
    lin = person(small, "lin")
    await tell(small, lin, "first", "a", condition=Condition("holds"))
    await tell(small, lin, "second", "b")
    await small.delivery.drain()
    assert heard(small) == ["second"]
    assert small.sends() == [DROPPED, SENT]
    assert len(await lines(small)) == 1
    assert small.delivery.fates == {DROPPED: 1, SENT: 1}
    small.clock.move(timedelta(days=1))
    await small.delivery.drain()
    assert heard(small) == ["second"]
    assert alarms.events == []


async def test_a_long_row_of_dropped_notices_uses_up_no_turn(
    database: Database, clock: SetClock
) -> None:
    small = Small(database, clock, {"fake": messenger(per_second=1, per_chat=1)})
    holding(small, False)
    lin = person(small, "lin")
    for n in range(150):
        await tell(small, lin, "first", f"a{n}", condition=Condition("holds"))
    await tell(small, lin, "second", "b")
    await small.delivery.drain()
    assert heard(small) == ["second"]


@pytest.mark.parametrize("name", ["holds", "odd", "unheard of"])
async def test_a_condition_that_cannot_be_checked_sets_its_notice_aside(
    small: Small, alarms: Alarms, name: str
) -> None:
    holding(small, ZeroDivisionError())
    lin = person(small, "lin")
    await tell(small, lin, "first", "a", condition=Condition(name))
    await tell(small, lin, "second", "b")
    await small.delivery.drain()
    await small.delivery.drain()
    assert heard(small) == ["second"]
    assert small.sends() == [ASIDE, SENT]
    assert small.rows(Outbox)[0].error == name
    assert alarms.events == ["notice_set_aside"]


async def test_a_condition_is_checked_again_at_each_try(
    database: Database, clock: SetClock
) -> None:
    from bot.platforms.contract import TryLater

    small = Small(database, clock, {"fake": messenger(idempotent=False)})
    asked = holding(small, True)
    lin = person(small, "lin")

    def later(_shown: object) -> None:
        raise TryLater(30)

    small.platform.refuse = later
    await tell(small, lin, "notice", "a", condition=Condition("holds"))
    await small.delivery.drain()
    assert (len(asked), small.sends()) == (1, [WAITING])
    holding(small, False)
    clock.move(timedelta(seconds=40))
    await small.delivery.drain()
    assert (small.sends(), len(small.platform.calls)) == ([DROPPED], 1)


async def test_after_a_crash_in_the_call_it_is_checked_once_more(small: Small) -> None:
    """On a messenger where a repeat shows nothing twice, the row waits again after a crash."""
    holding(small, True)
    lin = person(small, "lin")
    await tell(small, lin, "notice", "a", condition=Condition("holds"))
    gate = small.platform.hold()
    await small.delivery.turn()
    assert small.sends() == [SendState.SENDING]
    asked = holding(small, False)  # a new start: of the old worker nothing is left
    await small.delivery.take_up()
    await small.delivery.drain()
    gate.set()
    assert (len(asked), small.sends()) == (1, [DROPPED])


# ---------------------------------------------------------------- why, and what it offers


async def test_the_rule_that_sends_a_notice_is_kept_with_it(small: Small) -> None:
    lin = person(small, "lin")
    why = Why("shanxi-2026", "cultivation.min_sessions", "五(三)1")
    await tell(small, lin, "notice", "a", why=why)
    (row,) = small.rows(Outbox)
    assert row.why == {
        "programme": "shanxi-2026",
        "path": "cultivation.min_sessions",
        "clause": "五(三)1",
    }
    assert (row.lane, row.key) == (Lane.NOTICE, f"a:{small.account('lin').id}")


async def test_what_a_notice_offers_may_be_typed_once_it_is_sent_and_not_before(
    small: Small,
) -> None:
    lin = person(small, "lin")
    offer = Message(t("help.went_wrong"), ((Choice(press("menu"), t("command.menu.label")),),))
    now, due = small.clock.now(), small.clock.now() + timedelta(hours=1)
    await small.database.run(notices.tell, Operator(now), lin, offer, "a", not_before=due)
    await small.delivery.drain()
    assert small.account("lin").offered == []
    small.clock.moment = due
    await small.delivery.drain()
    assert [value for _, value, _ in small.account("lin").offered] == [press("menu")]


async def test_what_a_notice_offers_does_not_get_between_a_talk_and_its_answer(
    small: Small,
) -> None:
    lin = person(small, "lin")
    await small.talks("lin", "/pair")
    offer = Message(t("help.went_wrong"), ((Choice(press("menu"), t("command.menu.label")),),))
    await small.database.run(notices.tell, Operator(small.clock.now()), lin, offer, "a")
    await small.delivery.drain()
    assert small.account("lin").offered == []
