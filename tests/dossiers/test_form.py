"""The signed form: what was signed is read, and whatever was changed is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services import certificates, dossier_form, dossiers
from services.certified import Forged
from storage.signing import SigningKeys
from tests.dossiers.conftest import actor, fill
from tests.house import House


@pytest.fixture
def made(house: House, tmp_path: Path) -> tuple[bytes, bytes]:
    """A signed file, and the public key."""
    fill(house)
    keys = SigningKeys(tmp_path / "keys")
    number = house.members["林小雨"].membership_id
    with house.app.database.transaction() as db:
        data = dossiers.make(db, actor(house, "林小雨"), number, keys).data
        [row] = certificates.public_keys(db)
    return data, row.public


async def test_white_space_and_the_order_of_members_change_nothing(
    made: tuple[bytes, bytes],
) -> None:
    data, public = made
    told, key = dossier_form.read(data, [public])
    assert (told.name, key) == ("林小雨", public)
    backwards = json.dumps(dict(reversed(json.loads(data).items()))).encode()
    assert dossier_form.read(backwards, [public])[0] == told


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["dossier"].update(name="林大雨"),
        lambda told: told["dossier"]["requirements"][0].update(approved=10),
        lambda told: told["dossier"]["entries"].pop(),
        lambda told: told["dossier"]["entries"].reverse(),
        lambda told: told["dossier"].update(extra="x"),
        lambda told: told["dossier"].update(number=1.0),
        lambda told: told.update(form="yingcai-dossier-2"),
        lambda told: told.update(key="0" * 16),
        lambda told: told.update(signature=told["signature"][:-4] + "AAAA"),
        lambda told: told.update(signature=7),
        lambda told: told.pop("signature"),
        lambda told: told.pop("dossier"),
        lambda told: told["dossier"].update(name="\ud800"),
    ],
)
async def test_whatever_is_changed_is_refused(
    made: tuple[bytes, bytes], change: Callable[[dict[str, Any]], object]
) -> None:
    data, public = made
    told = json.loads(data)
    change(told)
    with pytest.raises(Forged):
        dossier_form.read(json.dumps(told).encode(), [public])


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"a":NaN}'])
async def test_what_is_no_dossier_is_refused(made: tuple[bytes, bytes], data: bytes) -> None:
    with pytest.raises(Forged):
        dossier_form.read(data, [made[1]])


async def test_a_second_member_of_one_name_is_refused(made: tuple[bytes, bytes]) -> None:
    data, public = made
    twice = data.replace(b'"name": "', b'"name": "x",\n  "name": "', 1)
    assert json.loads(twice) == json.loads(data)
    with pytest.raises(Forged):
        dossier_form.read(twice, [public])


async def test_another_key_verifies_nothing(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    with pytest.raises(Forged):
        dossier_form.read(made[0], [SigningKeys(tmp_path / "other").make()])
