"""The one route by which calendar programs read somebody's deadlines."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.talk.clock import Clock
from services import deadlines
from storage.database import Database

PATH: Final = "/calendar/{token}.ics"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def route(database: Database, clock: Clock) -> Route:
    """The route; whoever has the secret reads, and nobody else learns whether there is one."""

    async def read(request: Request) -> Response:
        token = request.path_params["token"]
        found = await database.run(deadlines.calendar, token, clock.now())
        if found is None:
            return PlainTextResponse("", 404, HEADERS)
        return Response(found, headers=HEADERS, media_type="text/calendar")

    return Route(PATH, read, methods=["GET"])
