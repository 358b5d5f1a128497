"""Coming in and going out: links, invitations, cookies, and requests that other sites made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.platforms.web import server
from bot.platforms.web.door import StoredFile, Visitor
from tests.web.conftest import MENTOR, STUDENT, Browse, browser_on
from tests.web.house import House, open_house


async def test_a_stranger_sees_the_door_and_a_member_the_chat(browse: Browse) -> None:
    assert "邀请码" in (await browse().get("/")).text
    inside = await browse("of-student").get("/")
    assert "李明" in inside.text
    assert 'role="log"' in inside.text


async def test_looking_at_a_link_does_not_use_it_up(house: House, browse: Browse) -> None:
    house.links["once"] = STUDENT
    client = browse()
    for method in ("GET", "HEAD"):
        assert (await client.request(method, "/in/once")).status_code == 200
    assert "once" in house.links

    entered = await client.post("/in/once")

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "李明" in (await client.get("/")).text


async def test_a_link_and_an_invitation_say_whose_they_are(house: House, browse: Browse) -> None:
    house.links["once"] = STUDENT
    assert "这是 李明 的登录链接" in (await browse().get("/in/once")).text
    assert "发给 赵一鸣 的" in (await browse().get("/join/GOOD-CODE")).text


@pytest.mark.parametrize("path", ["/in/over", "/join/WRONG"])
async def test_what_lets_nobody_in_says_so_before_it_is_pressed(
    house: House, browse: Browse, path: str
) -> None:
    for session in ("", "of-student"):
        shown = await browse(session).get(path)
        assert shown.status_code == 403
        assert "可能是链接没有复制完整" in shown.text


async def test_the_service_worker_keeps_every_file_of_the_page(browse: Browse) -> None:
    worker = (await browse().get("/sw.js")).text
    for file in (server.HERE / "static").iterdir():
        assert file.stem in worker or file.name == "sw.js", file.name


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("/console", "/console"),
        ("/console/3/students", "/console/3/students"),
        ("", "/"),
        ("//elsewhere.example", "/"),
        ("https://elsewhere.example/console", "/"),
        ("/console\r\nSet-Cookie: a=b", "/"),
    ],
)
async def test_a_messengers_word_opens_a_page_of_ours_once(
    house: House, browse: Browse, to: str, where: str
) -> None:
    house.links["telegram:word"] = STUDENT
    client = browse()
    page = await client.get("/from/telegram?to=/console")
    assert page.status_code == 200
    assert "telegram:word" in house.links
    said = {"data": "word", "to": to}
    entered = await client.post("/from/telegram", data=said)
    assert (entered.status_code, entered.headers["location"]) == (303, where)
    assert "set-cookie" in entered.headers
    assert "a=b" not in entered.headers["set-cookie"]
    assert "李明" in (await client.get("/")).text
    again = await browse().post("/from/telegram", data=said)
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


async def test_a_link_works_once(house: House, browse: Browse) -> None:
    house.links["once"] = STUDENT
    await browse().post("/in/once")
    again = await browse().post("/in/once")
    assert again.status_code == 403
    assert "没有成功" in again.text
    assert "set-cookie" not in again.headers


async def test_a_link_takes_the_place_of_whoever_was_signed_in(
    house: House, browse: Browse
) -> None:
    house.links["once"] = STUDENT
    client = browse("of-mentor")
    assert MENTOR.name in (await client.get("/in/once")).text
    await client.post("/in/once")
    assert "of-mentor" not in house.sessions
    assert "of-student" in house.sessions


async def test_an_invitation_opens_a_chat_and_is_handed_on(house: House, browse: Browse) -> None:
    client = browse()
    shown = await client.get("/join/GOOD-CODE")
    assert "GOOD-CODE" in shown.text
    assert not house.inbox

    await client.post("/join", data={"code": " GOOD-CODE "})

    (update,) = house.inbox.values()
    assert house.platform
    incoming = house.platform.decode(update.raw)
    assert (incoming.start, incoming.language) == ("GOOD-CODE", "zh")
    assert incoming.address == update.address == "new-2"
    assert 'role="log"' in (await client.get("/")).text


async def test_an_invitation_is_handed_on_in_the_language_chosen_at_the_door(
    house: House, browse: Browse
) -> None:
    client = browse()
    assert "Invitation code" in (await client.get("/?language=en")).text
    await client.post("/join", data={"code": "GOOD-CODE"})
    (update,) = house.inbox.values()
    assert house.platform
    assert house.platform.decode(update.raw).language == "en"


async def test_a_member_takes_an_invitation_up_as_themselves(house: House, browse: Browse) -> None:
    client = browse("of-student")
    assert "李明" in (await client.get("/join/GOOD-CODE")).text
    await client.post("/join", data={"code": "ANY"})
    (update,) = house.inbox.values()
    assert update.address == STUDENT.address
    assert len(house.sessions) == 2


async def test_nobody_is_let_in_when_the_invitation_cannot_be_stored(
    house: House, browse: Browse
) -> None:
    house.closed = True
    failed = await browse().post("/join", data={"code": "GOOD-CODE"})
    assert failed.status_code == 500
    assert "set-cookie" not in failed.headers
    assert "已经记下来了" in failed.text


async def test_a_wrong_code_is_refused_beside_the_field_and_kept_in_it(browse: Browse) -> None:
    refused = await browse().post("/join", data={"code": '"><b>'})
    assert refused.status_code == 403
    assert "&#34;&gt;&lt;b&gt;" in refused.text
    assert 'aria-invalid="true"' in refused.text


async def test_too_many_tries_are_told_when_to_come_back(house: House, browse: Browse) -> None:
    refused = await browse().post("/join", data={"code": "SLOW"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert house.sources == ["127.0.0.1"]


async def test_a_trusted_proxy_tells_where_a_request_came_from(
    house: House, browse: Browse
) -> None:
    await browse(x_forwarded_for="203.0.113.9").post("/join", data={"code": "WRONG"})
    assert house.sources == ["203.0.113.9"]


async def test_a_huge_form_is_refused(house: House, browse: Browse) -> None:
    refused = await browse().post("/join", data={"code": "x" * 10_000})
    assert refused.status_code == 413
    assert not house.sources


async def test_signing_out_needs_a_press_and_ends_the_session(
    house: House, browse: Browse
) -> None:
    client = browse("of-student")
    assert "退出登录" in (await client.get("/out")).text
    assert "of-student" in house.sessions
    await client.post("/out")
    assert "of-student" not in house.sessions
    assert "邀请码" in (await client.get("/")).text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/in/once", "/join", "/out", "/upload"])
async def test_nothing_is_done_for_another_sites_page(
    house: House, browse: Browse, path: str, headers: dict[str, str]
) -> None:
    house.links["once"] = MENTOR
    refused = await browse("of-student").post(path, headers=headers, content=b"code=GOOD-CODE")
    assert refused.status_code == 403
    assert "once" in house.links
    assert "of-student" in house.sessions
    assert not house.inbox


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "zh-CN"),
        ("", "zh-CN"),
    ],
)
async def test_the_door_speaks_the_browsers_language(
    browse: Browse, accepts: str, language: str
) -> None:
    page = await browse(accept_language=accepts).get("/")
    assert f'<html lang="{language}">' in page.text


async def test_a_member_is_spoken_to_in_their_own_language(browse: Browse) -> None:
    page = await browse("of-mentor", accept_language="zh-CN").get("/")
    assert '<html lang="en">' in page.text
    assert "Message to the assistant" in page.text


# ---------------------------------------------------------------- headers and cookies

EVERYWHERE = [
    "/",
    "/in/x",
    "/join/x",
    "/out",
    "/static/chat.js",
    "/favicon.ico",
    "/no",
]


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_is_guarded(browse: Browse, path: str) -> None:
    headers = (await browse("of-student").get(path)).headers
    policy = dict(
        part.split(" ", 1) for part in headers["content-security-policy"].split("; ") if part
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_pages_are_not_kept_and_scripts_are_asked_about(browse: Browse) -> None:
    client = browse("of-student")
    assert (await client.get("/")).headers["cache-control"] == "no-store"
    script = await client.get("/static/chat.js")
    assert script.headers["cache-control"] == "no-cache"
    again = await client.get("/static/chat.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304


async def test_a_fault_is_guarded_too(house: House, browse: Browse) -> None:
    house.closed = True
    failed = await browse().post("/join", data={"code": "GOOD-CODE"})
    assert "default-src 'none'" in failed.headers["content-security-policy"]


async def test_no_page_has_scripts_or_styles_of_its_own(house: House, browse: Browse) -> None:
    for session in ("", "of-student"):
        for path in ("/", "/in/x", "/join/x", "/out", "/no"):
            html = (await browse(session).get(path)).text
            assert "style=" not in html
            assert "<style" not in html
            assert " on" not in html.split("<body", 1)[1].split(">", 1)[0]
            for tag in html.split("<script")[1:]:
                assert 'src="/static/' in tag or 'type="application/json"' in tag


async def test_names_cannot_end_the_pages_data(house: House, browse: Browse) -> None:
    house.sessions["odd"] = Visitor("</script><b>", "</script><b>", "zh")
    page = (await browse("odd").get("/")).text
    assert "&lt;/script&gt;&lt;b&gt;" in page, "the name is not on the page"
    assert "</script><b>" not in page


async def test_the_cookie_is_for_this_site_only(house: House, browse: Browse) -> None:
    house.links["once"] = STUDENT
    cookie = (await browse().post("/in/once")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_secure(house: House, tmp_path: Path) -> None:
    house.links["once"] = STUDENT
    public = "https://chat.example"
    async with (
        open_house(house, tmp_path, public_url=public) as url,
        browser_on(url, origin=public) as client,
    ):
        entered = await client.post("/in/once")
    assert entered.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in entered.headers["set-cookie"]
    assert "wss://chat.example" in entered.headers["content-security-policy"]
    assert "max-age" in entered.headers["strict-transport-security"]


# ---------------------------------------------------------------- the house's files


@pytest.fixture
def kept(house: House, tmp_path: Path) -> House:
    for number, name, media_type in (
        (1, "图.png", "image/png"),
        (2, "page.html", "text/html"),
        (3, "gone.pdf", "application/pdf"),
    ):
        path = tmp_path / f"kept-{number}"
        house.files[number] = StoredFile(path, name, media_type)
        house.readers[number] = {STUDENT.address}
        if number != 3:
            path.write_bytes(b"<script>")
    return house


async def test_a_picture_is_shown_and_anything_else_is_saved(kept: House, browse: Browse) -> None:
    client = browse("of-student")
    picture, page = await client.get("/files/1"), await client.get("/files/2")
    assert picture.headers["content-disposition"].startswith("inline; filename*=utf-8''%E5%9B%BE")
    assert page.headers["content-disposition"] == 'attachment; filename="page.html"'
    for answer in (picture, page):
        assert answer.content == b"<script>"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("session", "path"),
    [
        ("", "/files/1"),
        ("of-mentor", "/files/1"),
        ("of-student", "/files/3"),
        ("of-student", "/files/4"),
        ("of-student", "/files/" + "9" * 20),
        ("of-student", "/files/../door.py"),
        ("of-student", "/static/../door.py"),
    ],
)
async def test_a_file_that_may_not_be_seen_is_not_there(
    kept: House, browse: Browse, session: str, path: str
) -> None:
    assert (await browse(session).get(path)).status_code == 404
