"""Whom Telegram vouches for: held against another library, and against every forgery."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from aiogram.utils.web_app import check_webapp_signature
from pydantic import SecretStr
from sqlmodel import select

from app.main import App
from app.settings import Settings, TelegramSettings
from bot.platforms.fake import FakePlatform
from bot.platforms.telegram.vouching import FRESH, vouched_for
from bot.platforms.web.door import Entered, Refusal
from bot.talk.clock import SetClock
from storage.tables import Account, Audit, Person, WebSession
from tests.conftest import NewDatabase
from tests.tables import each_row

TOKEN = "123456:AAHe0MDLzgOneTakes"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def opened_by(
    person: object, at: datetime = NOW, token: str = TOKEN, more: Mapping[str, str] = {}
) -> str:
    """What Telegram tells a page that this person opened."""
    fields = {"auth_date": str(int(at.timestamp())), "query_id": "AAF"} | dict(more)
    fields["user"] = json.dumps({"id": person, "first_name": "王=建&国"}, ensure_ascii=False)
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "hash": hmac.new(key, text.encode(), hashlib.sha256).hexdigest()})


def test_another_library_says_the_same() -> None:
    for more in ({}, {"signature": "Zx", "start_param": "x"}):
        told = opened_by(77, more=more)
        assert check_webapp_signature(TOKEN, told)
        assert vouched_for(told, TOKEN, NOW) == "77"


TOLD = opened_by(77)
FIELDS = dict(parse_qsl(TOLD))


@each_row(
    "told",
    [
        "",
        "hash=",
        "user=%7B%7D",
        opened_by(77, token="123456:another"),
        opened_by(77, NOW - FRESH - timedelta(seconds=1)),
        opened_by(77, NOW + timedelta(minutes=2)),
        opened_by("77"),
        opened_by(None),
        urlencode(FIELDS | {"user": FIELDS["user"].replace("77", "78")}),
        urlencode(FIELDS | {"auth_date": str(int(NOW.timestamp()) + 1)}),
        urlencode(FIELDS | {"hash": FIELDS["hash"][:-1]}),
        urlencode(FIELDS | {"hash": "é"}),
        f"{TOLD}&user=%7B%22id%22%3A78%7D",
        f"user=%7B%22id%22%3A78%7D&{TOLD}",
        f"{TOLD}&hash={'0' * 64}",
    ],
)
def test_nobody_is_vouched_for_by_anything_else(told: str) -> None:
    assert vouched_for(TOLD, TOKEN, NOW) == "77", "they looked"
    assert vouched_for(told, TOKEN, NOW) is None


async def test_whoever_talks_on_telegram_comes_in_by_its_word_and_once(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    telegram = TelegramSettings(token=SecretStr(TOKEN))
    settings = Settings(
        data_dir=tmp_path, database_url=new_database("sqlite"), telegram=telegram, _env_file=None
    )
    app = App(settings, SetClock(NOW), {"telegram": FakePlatform("telegram")})
    with app.database.transaction() as db:
        person = Person(name="管小青", created_at=NOW)
        db.add(person)
        db.flush()
        for address, whose in (("77", person.id), ("78", None)):
            chat = Account(platform="telegram", address=address, person_id=whose, created_at=NOW)
            db.add(chat)
    entered = await app.door.sign_in_from("telegram", TOLD, "192.0.2.1")
    assert isinstance(entered, Entered)
    assert entered.visitor.name == "管小青"
    for messenger, told in [
        ("telegram", TOLD),
        ("telegram", opened_by(78)),
        ("telegram", opened_by(79)),
        ("web", opened_by(77, more={"query_id": "B"})),
        ("telegram", "x" * 3000),
    ]:
        refused = await app.door.sign_in_from(messenger, told, "192.0.2.1")
        assert isinstance(refused, Refusal), (messenger, told)
    with app.database.transaction() as db:
        assert len(db.exec(select(WebSession)).all()) == 1
        noted = db.exec(select(Audit.refused).where(Audit.verb == "sign_in")).all()
        assert len(noted) == 6
    app.close()
