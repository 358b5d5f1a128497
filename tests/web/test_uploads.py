"""Files on their way in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from bot.platforms.contract import FileTooLarge, Unsent
from bot.platforms.web import uploads
from bot.platforms.web.uploads import Uploads
from tests.web.conftest import FILE_LIMIT, Browse, Running, browser_on, line
from tests.web.house import House


async def upload(
    url: str,
    content: bytes | AsyncIterator[bytes],
    name: str = "照片.jpg",
    kind: str = "image/jpeg",
) -> httpx2.Response:
    headers = {"x-file-name": quote(name), "content-type": kind}
    async with browser_on(url, "of-student") as client:
        return await client.post("/upload", content=content, headers=headers)


@pytest.fixture
def kept(running: Running) -> Callable[[], list[Path]]:
    """What lies in the uploads' folder."""
    return lambda: list(running.uploads.iterdir())


async def test_a_file_arrives_whole_and_goes_with_a_message(house: House, site: str) -> None:
    content = os.urandom(2_500_000)
    answer = (await upload(site, content)).json()
    assert (answer["name"], answer["size"]) == ("照片.jpg", len(content))

    async with line(site) as page:
        await page.hear()
        await page.say(text="看照片", files=[answer["ref"]])
        assert "ack" in await page.hear()

    assert house.platform
    (update,) = house.inbox.values()
    (file,) = house.platform.decode(update.raw).files
    assert (file.name, file.media_type, file.size) == ("照片.jpg", "image/jpeg", len(content))
    assert await house.platform.fetch(file.ref, FILE_LIMIT) == content
    assert await house.platform.fetch(file.ref, FILE_LIMIT) == content
    with pytest.raises(FileTooLarge):
        await house.platform.fetch(file.ref, len(content) - 1)


async def test_a_reference_cannot_be_guessed(site: str) -> None:
    refs = [(await upload(site, b"x")).json()["ref"] for _ in range(2)]
    secrets = [ref.split("-", 1)[1] for ref in refs]
    assert refs[0] != refs[1]
    # 24 characters of base64: 144 bits.
    assert all(len(secret) == 24 for secret in secrets)


async def test_nobody_can_send_or_see_anothers_upload(
    house: House, site: str, browse: Browse
) -> None:
    ref = (await upload(site, b"mine")).json()["ref"]
    async with line(site, "of-mentor") as page:
        await page.hear()
        sent = await page.say(files=[ref])
        assert (await page.hear())["refused"] == sent
    assert not house.inbox
    for session, status in (("of-student", 200), ("of-mentor", 404), ("", 404)):
        assert (await browse(session).get(f"/uploads/{ref}")).status_code == status


async def test_a_file_that_is_gone_is_refused_by_name_and_the_words_are_not_stored(
    house: House, site: str
) -> None:
    ref = (await upload(site, b"x")).json()["ref"]
    async with line(site) as page:
        await page.hear()
        sent = await page.say(text="附件", files=[ref, ref[:-1] + "?"])
        assert await page.hear() == {
            "refused": sent,
            "words": "附件已经过期，请重新选择后再发。",
        }
    assert not house.inbox


async def test_a_file_that_says_it_is_too_large_is_refused_at_once(
    site: str, kept: Callable[[], list[Path]]
) -> None:
    refused = await upload(site, bytes(FILE_LIMIT + 1))
    assert refused.status_code == 413
    assert refused.json() == {"words": "文件太大了，每个最多 2 MB。"}
    assert not kept()


async def test_a_file_that_does_not_say_is_stopped_where_it_becomes_too_large(
    site: str, kept: Callable[[], list[Path]]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(FILE_LIMIT // 100_000 + 1):
            yield bytes(100_000)

    refused = await upload(site, endless())
    assert refused.status_code == 413
    assert not kept()


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await Uploads(tmp_path, FILE_LIMIT).keep("me", "a", "text/plain", broken())
    assert not list(tmp_path.iterdir())


async def test_an_empty_file_and_a_stranger_are_refused_with_sentences(
    site: str, browse: Browse, kept: Callable[[], list[Path]]
) -> None:
    empty = await upload(site, b"")
    assert (empty.status_code, empty.json()["words"]) == (422, "这个文件是空的，没有附上。")
    stranger = await browse().post("/upload", content=b"x")
    assert stranger.status_code == 401
    assert not kept()


async def test_one_person_may_leave_only_so_many_unsent(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "WAITING_AT_MOST", 2)
    refs = [(await upload(site, b"x")).json()["ref"] for _ in range(2)]
    assert (await upload(site, b"x")).status_code == 429
    async with line(site) as page:
        await page.hear()
        await page.say(files=refs)
        await page.hear()
    assert (await upload(site, b"x")).status_code == 200


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\图 1.png", "图 1.png"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("", "file"),
        ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
async def test_a_files_name_is_only_a_name(site: str, given: str, name: str) -> None:
    assert (await upload(site, b"x", given)).json()["name"] == name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("image/png", "inline"),
        ("IMAGE/PNG; charset=x", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("nonsense", "attachment"),
    ],
)
async def test_an_upload_never_runs_as_a_page(
    site: str, browse: Browse, given: str, shown: str
) -> None:
    ref = (await upload(site, b"<script>", kind=given)).json()["ref"]
    answer = await browse("of-student").get(f"/uploads/{ref}")
    assert answer.headers["content-disposition"].startswith(shown)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


# ---------------------------------------------------------------- how long they stay


async def _one(box: Uploads) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    return (await box.keep("me", "a.txt", "text/plain", content())).ref


@pytest.mark.parametrize(
    ("sent", "fetched", "days"), [(False, False, 1), (True, False, 30), (True, True, 1)]
)
async def test_uploads_go_when_nobody_needs_them(
    tmp_path: Path, sent: bool, fetched: bool, days: int
) -> None:
    box = Uploads(tmp_path, FILE_LIMIT)
    ref = await _one(box)
    if sent:
        assert box.take("me", [ref])
    if fetched:
        box.fetch(ref, FILE_LIMIT)
    now = datetime.now(UTC)

    assert box.sweep(now + timedelta(days=days, minutes=-1)) == 0
    assert box.of("me", ref) is not None

    assert box.sweep(now + timedelta(days=days, minutes=1)) == 1
    assert box.of("me", ref) is None
    with pytest.raises(Unsent):
        box.fetch(ref, FILE_LIMIT)


def test_half_an_upload_left_by_a_crash_goes_too(tmp_path: Path) -> None:
    box = Uploads(tmp_path, FILE_LIMIT)
    (tmp_path / "0123456789abcdef-x.part").mkdir()
    assert box.sweep(datetime.now(UTC) + timedelta(days=2)) == 1


@pytest.mark.parametrize("ref", ["", "..", "../../etc", "0123456789abcdef-" + "/" * 24, "\0"])
def test_what_is_no_reference_is_not_looked_for(tmp_path: Path, ref: str) -> None:
    with pytest.raises(Unsent):
        Uploads(tmp_path, FILE_LIMIT).fetch(ref, FILE_LIMIT)


async def test_who_may_not_be_kept_sends_no_file(
    house: House, site: str, kept: Callable[[], list[Path]]
) -> None:
    before = len(kept())
    house.silent.add((await house.who("of-student")).address)  # type: ignore[union-attr]  # there
    refused = await upload(site, b"secret")
    assert refused.status_code == 403
    assert "监护人" in refused.json()["words"]
    assert len(kept()) == before


async def test_one_person_fills_no_more_than_their_share(
    site: str, kept: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await upload(site, b"1" * 600)).status_code == 200
    before = len(kept())
    monkeypatch.setattr(uploads, "QUOTA", 1000)
    refused = await upload(site, b"2" * 600)
    assert refused.status_code == 429
    assert "太多" in refused.json()["words"]
    assert len(kept()) == before


async def test_what_nobody_asked_for_is_gone_at_once(
    house: House, site: str, kept: Callable[[], list[Path]]
) -> None:
    ref = (await upload(site, b"1")).json()["ref"]
    assert house.platform
    assert ref in [one.name for one in kept()]
    await house.platform.drop([ref, "../../etc"])
    assert ref not in [one.name for one in kept()]


async def test_no_browser_keeps_a_file(site: str, browse: Browse) -> None:
    ref = (await upload(site, b"1")).json()["ref"]
    async with browser_on(site, "of-student") as client:
        answer = await client.get(f"/uploads/{ref}")
    assert answer.headers["cache-control"] == "no-store"
