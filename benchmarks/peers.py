"""What the peers share: the row that they insert at a talk's end, and where they insert it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, MetaData, event
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

from benchmarks.script import ASKED

QUESTIONS: Final = {
    "day": "哪天的培养活动？例如：上周三、3月5号、昨天下午。",
    "length": "多长时间？例如：2小时、90分钟。",
    "place": "在哪里、怎么进行的？",
    "kind": "主要做了什么类型的活动？",
    "people": "和谁一起？",
    "what": "做了什么？一两句话就行。",
    "review": "请核对，没问题就提交：",
}
SAID_AT: Final = 1_795_399_200
"""Ten in the morning in Beijing on 2026-11-23, in seconds since 1970."""
UNCLEAR: Final = "没看懂。请点按钮，或再打一次。"
DONE: Final = "已提交，等导师审核。"
CANCELLED: Final = "已取消。"


class PeerSession(SQLModel, table=True):
    """One cultivation session, in a table of the peer's own."""

    metadata = MetaData()

    __tablename__ = "peer_session"

    id: int | None = Field(default=None, primary_key=True)
    student_id: int
    day: str
    place: str
    kind: str
    length: str
    people: str
    what: str
    created_at: datetime = Field(default_factory=partial(datetime.now, UTC))


def documented(folder: Path) -> Engine:
    """An engine as SQLModel's documentation makes it."""
    return _with_table(create_engine(f"sqlite:///{folder / 'peer.db'}"))


def fastest(folder: Path) -> Engine:
    """The same with a write-ahead log, flushed at its checkpoints only."""
    engine = create_engine(f"sqlite:///{folder / 'peer.db'}")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    return _with_table(engine)


def _with_table(engine: Engine) -> Engine:
    PeerSession.metadata.create_all(engine)
    return engine


def insert(engine: Engine, student: int, answers: Mapping[str, Any]) -> None:
    """Keep a talk's answers, as SQLModel's documentation does."""
    kept = {step: answers[step] for step in ASKED}
    with Session(engine) as session:
        session.add(PeerSession.model_validate({"student_id": student, **kept}))
        session.commit()


def count(engine: Engine) -> int:
    with Session(engine) as session:
        return session.exec(select(func.count(col(PeerSession.id)))).one()


def update(number: int, person: int, words: str) -> str:
    """A private message as Telegram would write it, from the `person`-th, counted from 0."""
    chat = {"id": person + 1, "type": "private", "first_name": f"学生{person}"}
    message: dict[str, Any] = {
        "message_id": number,
        "date": SAID_AT,
        "chat": chat,
        "from": {"id": person + 1, "is_bot": False, "first_name": f"学生{person}"},
        "text": words,
    }
    if words.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(words)}]
    return json.dumps({"update_id": number, "message": message}, ensure_ascii=False)


def summary(answers: Mapping[str, Any]) -> str:
    return "\n".join([QUESTIONS["review"], "", *(f"{step}：{answers[step]}" for step in ASKED)])
