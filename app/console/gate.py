"""Serves the console: who may come in, which page an address means, and how it is written out.

A page is one transaction: whose session it is, what they may see, and what they see. What somebody
may not see and what does not exist are answered alike, in content, status and headers.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.console import learners, overview, staff, students, worklists
from app.console.caller import Caller, Deed, Elsewhere, ListDrawn, PageDrawn, View
from app.console.listing import Listing, ListState, chosen, shown
from bot.platforms.web.guard import Guard, Origin, posted, preferred
from bot.router import Router
from bot.scene import Scene
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock, beijing_day
from jobs import workbooks
from jobs.dossiers import DossierDesk
from jobs.printing import NotPrinted
from jobs.summaries import WORD, NotFilled, SummaryDesk
from prompts import Language, Words, in_year, render, t
from services import console, dossiers, joining, summaries
from services.access import any_of, programmes_for
from services.audit import note_refusal
from services.rights import RIGHTS
from storage import chats
from storage.database import Database

HERE: Final = Path(__file__).parent
AT: Final = "/console"
DOSSIER: Final = "{cohort:row}/students/{student:row}/dossier"
BOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""No script at all, and nothing of anybody else's."""

VIEWS: Final[Mapping[str, View]] = {
    "": overview.home,
    "{cohort:row}": overview.cohort,
    "{cohort:row}/students": learners.students,
    "{cohort:row}/students/{student:row}": students.dossier,
    "{cohort:row}/entries/{entry:row}": students.entry,
    **worklists.VIEWS,
    **staff.VIEWS,
}
"""The pages, by their paths below the console's own. A list is also a book: `….xlsx`."""


@dataclass(frozen=True, slots=True)
class Turned:
    """Somebody to whom no page is shown."""

    status: int
    key: str
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A list as it is exported, before it is written out: headings, then lines."""

    name: Words
    lines: list[list[Any]]
    language: Language


class Gate:
    """The console's routes, on one database."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        router: Router,
        public_url: str = "",
        summaries: SummaryDesk | None = None,
        dossiers: DossierDesk | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` is called after something was done: messages may wait."""
        self._database = database
        self._summaries = summaries
        self._dossiers = dossiers
        self._wake = wake
        self._clock = clock
        self._router = router
        self._origin = Origin(public_url)
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "pages"), autoescape=True, undefined=StrictUndefined
        )

    def routes(self) -> list[BaseRoute]:
        """Everything at and below `/console`."""
        pages = [Route(f"/{path}", self._page(view)) for path, view in VIEWS.items()]
        books = [Route(f"/{path}.xlsx", self._book(view)) for path, view in VIEWS.items() if path]
        books.append(Route("/{cohort:row}/summary.docx", self._summary))
        deeds = [
            Route(f"/{path}", self._deed(deed), methods=["POST"])
            for path, deed in staff.DEEDS.items()
        ]
        made = Route(f"/{DOSSIER}", self._dossier, methods=["POST"])
        static = Mount("/static", StaticFiles(directory=HERE / "static"))
        nowhere = Route("/{rest:path}", self._page(_nothing))
        app = Starlette(
            routes=[static, *books, *pages, *deeds, made, nowhere],
            exception_handlers={Exception: self._broken},
        )
        guarded = Guard(app, self._origin, lambda _: POLICY, self._foreign)

        async def into(_request: Request) -> Response:
            return RedirectResponse(f"{AT}/", 307)

        return [Route(AT, into), Mount(AT, guarded)]

    # ------------------------------------------------------------ one request

    def _page(self, view: View) -> Any:
        async def answer(request: Request) -> Response:
            return await self._answer(request, view, book=False)

        return answer

    def _deed(self, deed: Deed) -> Any:
        async def answer(request: Request) -> Response:
            session = request.cookies.get(self._origin.cookie, "")
            said = await posted(request)
            asked = {**said, **{k: str(v) for k, v in request.path_params.items()}}
            path = request.url.path
            found = await self._database.run(self._do, session, deed, asked, path)
            self._wake()
            match found:
                case Turned():
                    return self._turned(request, found)
                case Elsewhere():
                    return RedirectResponse(f"{AT}/{found.path}", 303)
            template, shown_there, language = found
            return self._html(template, language, 200, **shown_there)

        return answer

    def _do(
        self, db: Session, session: str, deed: Deed, asked: Mapping[str, str], path: str
    ) -> Turned | Elsewhere | tuple[str, dict[str, Any], Language]:
        """Do what a form says, in one transaction. What is refused is undone, and said; what the
        asker may not do at all is as what is not there."""
        caller = self._caller(db, session)
        if isinstance(caller, Turned):
            return caller
        try:
            with in_year(caller.today.year), db.begin_nested():
                drawn = deed(caller, asked)
                if isinstance(drawn, Elsewhere):
                    return drawn
                return self._drawn(caller, drawn, asked, path)
        except Refused as refused:
            self._note(db, refused, caller)
            if refused.words.key in NOT_THERE:
                return Turned(404, "nothing", caller.language)
            told = caller.say(refused.words)
        if (page := staff.AGAIN.get(deed)) is None:
            back = f"{asked['cohort']}/roster"
            return "trouble", {"told": told, "back": back}, caller.language
        return self._again(caller, page, told, asked, path.rpartition("/")[0])

    def _again(
        self, caller: Caller, page: View, told: str, asked: Mapping[str, str], path: str
    ) -> Turned | tuple[str, dict[str, Any], Language]:
        """The page of a form that was refused, with the reason and what was typed."""
        try:
            with in_year(caller.today.year):
                drawn = cast(PageDrawn, page(caller, asked))
                again = replace(drawn, shown={**drawn.shown, "told": told, "typed": asked})
                return self._drawn(caller, again, asked, path)
        except Refused:
            return Turned(404, "nothing", caller.language)

    def _book(self, view: View) -> Any:
        async def answer(request: Request) -> Response:
            return await self._answer(request, view, book=True)

        return answer

    async def _answer(self, request: Request, view: View, *, book: bool) -> Response:
        session = request.cookies.get(self._origin.cookie, "")
        asked = {**request.query_params, **{k: str(v) for k, v in request.path_params.items()}}
        path = request.url.path.removesuffix(".xlsx")
        found = await self._database.run(self._look, session, view, asked, path, book=book)
        match found:
            case Turned():
                return self._turned(request, found)
            case Elsewhere():
                return RedirectResponse(f"{AT}/{found.path}", 303)
            case Exported():
                data = await asyncio.to_thread(_written, found)
                name = f"{render(found.name, found.language)}-{beijing_day(self._clock.now())}"
                return _file(data, BOOK, name + ".xlsx")
        template, shown_there, language = found
        shared = self._origin.shared_cookie in request.cookies
        return self._html(template, language, 200, idle=shared, **shown_there)

    def _look(
        self,
        db: Session,
        session: str,
        view: View,
        asked: Mapping[str, str],
        path: str,
        *,
        book: bool,
    ) -> Turned | Elsewhere | Exported | tuple[str, dict[str, Any], Language]:
        """Find out who asks, and what they are to be shown, in one transaction."""
        caller = self._caller(db, session)
        if isinstance(caller, Turned):
            return caller
        try:
            with in_year(caller.today.year):
                drawn = view(caller, asked)
                if isinstance(drawn, Elsewhere):
                    return drawn
                if not book:
                    return self._drawn(caller, drawn, asked, path)
        except Refused as refused:
            self._note(db, refused, caller)
            if refused.words.key in PLAINLY_SAID:
                told = caller.say(refused.words)
                return "trouble", {"told": told, "back": ""}, caller.language
            return Turned(404, "nothing", caller.language)
        if isinstance(drawn, ListDrawn):
            return _exported(caller, drawn, asked)
        return Turned(404, "nothing", caller.language)

    def _caller(self, db: Session, session: str) -> Turned | Caller:
        """Who asks, if it is somebody who oversees a cohort."""
        account = joining.session_account(db, session, self._clock.now()) if session else None
        if account is None or account.person_id is None:
            return Turned(401, "signed_out")
        speaker = chats.speaker_of(db, cast(int, account.id))
        if speaker is None:
            return Turned(401, "signed_out")
        caller = Caller(db, Scene(self._router, db, speaker, self._clock.now()))
        try:
            any_of(db, caller.actor, "console")
        except Refused as refused:
            self._note(db, refused, caller)
            return Turned(403, "not_yours", caller.language)
        return caller

    def _note(self, db: Session, refused: Refused, caller: Caller) -> None:
        note_refusal(db, refused, caller.now, caller.person, caller.actor.account_id)

    # ------------------------------------------------------------ the annual summary

    async def _summary(self, request: Request) -> Response:
        """A cohort's annual summary, as the chat makes it. It takes several transactions: none is
        held while it is filled in."""
        session = request.cookies.get(self._origin.cookie, "")
        cohort = int(request.path_params["cohort"])
        who = await self._database.run(self._summary_asker, session, cohort)
        if isinstance(who, Turned):
            return self._turned(request, who)
        actor, language = who
        if self._summaries is None:
            return self._turned(request, Turned(404, "nothing", language))
        try:
            made = await self._summaries.make(actor, cohort)
        except NotFilled as unfit:
            told = render(unfit.words, language)
            return self._html("trouble", language, 200, told=told, back=f"{cohort}")
        except Refused:
            return self._turned(request, Turned(404, "nothing", language))
        return _file(made.data, WORD, made.name)

    def _summary_asker(
        self, db: Session, session: str, cohort: int
    ) -> Turned | tuple[Actor, Language]:
        """Who asks for a cohort's summary, if they may have it."""
        caller = self._caller(db, session)
        if isinstance(caller, Turned):
            return caller
        try:
            summaries.cohort_for(db, caller.actor, cohort)
        except Refused as refused:
            self._note(db, refused, caller)
            return Turned(404, "nothing", caller.language)
        return caller.actor, caller.language

    # ------------------------------------------------------------ a dossier

    async def _dossier(self, request: Request) -> Response:
        """Make a learner's dossier, as the chat does, and show where its two files are. It takes
        several transactions: none is held while it is printed."""
        session = request.cookies.get(self._origin.cookie, "")
        student = int(request.path_params["student"])
        who = await self._database.run(self._dossier_asker, session, student)
        if isinstance(who, Turned):
            return self._turned(request, who)
        actor, language = who
        cohort = request.path_params["cohort"]
        if self._dossiers is None:
            return self._turned(request, Turned(404, "nothing", language))
        back = f"{cohort}/students/{student}"
        try:
            made = await self._dossiers.make(actor, student)
        except Refused as refused:
            told = render(refused.words, language)
            return self._html("trouble", language, 200, told=told, back=back)
        except NotPrinted:
            told = render(t("dossier.not_made"), language)
            return self._html("trouble", language, 200, told=told, back=back)
        until = actor.now + dossiers.LIFE
        return self._html("made", language, 200, made=made, until=until, back=back)

    def _dossier_asker(
        self, db: Session, session: str, student: int
    ) -> Turned | tuple[Actor, Language]:
        """Who asks for a learner's dossier, if they may have it."""
        caller = self._caller(db, session)
        if isinstance(caller, Turned):
            return caller
        try:
            dossiers.to_make(db, caller.actor, student)
        except Refused as refused:
            self._note(db, refused, caller)
            if refused.words.key in NOT_THERE:
                return Turned(404, "nothing", caller.language)
        return caller.actor, caller.language

    # ------------------------------------------------------------ what a page shows

    def _drawn(
        self, caller: Caller, drawn: PageDrawn | ListDrawn, asked: Mapping[str, str], path: str
    ) -> tuple[str, dict[str, Any], Language]:
        keys = programmes_for(caller.db, caller.person, "questions") if drawn.cohorts else ()
        may_answer = bool(drawn.cohorts) and drawn.cohorts[0].programme in keys
        tabs = [tab for tab in ("", *worklists.TABS) if tab != "inquiries" or may_answer]
        around = {
            "here": path,
            "tab": drawn.tab,
            "tabs": tabs if drawn.cohorts else [],
            "cohort": drawn.cohorts[0] if drawn.cohorts else None,
            "cohorts": sorted(drawn.cohorts, key=lambda one: -(one.id or 0)),
            "reader": caller.scene.speaker.name,
        }
        if isinstance(drawn, PageDrawn):
            return drawn.template, {**around, **drawn.shown}, caller.language
        listed = _listed(caller, drawn.listing, asked, path)
        return "list", {**around, **listed, "note": caller.say(drawn.note)}, caller.language

    # ------------------------------------------------------------ writing it out

    def _turned(self, request: Request, turned: Turned) -> Response:
        language = turned.language or preferred(request)
        told = render(t(f"console.turned.{turned.key}"), language)
        return self._html("turned", language, turned.status, key=turned.key, told=told)

    def _foreign(self, request: Request) -> Response:
        return self._turned(request, Turned(403, "foreign"))

    async def _broken(self, request: Request, _error: Exception) -> Response:
        return self._turned(request, Turned(500, "broken"))

    def _html(
        self,
        template: str,
        language: Language,
        status: int,
        /,
        *,
        idle: bool = False,
        **shown: Any,
    ) -> HTMLResponse:
        def words(key: str, **args: Any) -> str:
            return render(t(f"console.{key}", **args), language)

        html = self._templates.get_template(f"{template}.html").render(
            words=words, language=language, at=AT, version=_version(), idle=idle, **shown
        )
        return HTMLResponse(html, status)


def _file(data: bytes, media_type: str, name: str) -> Response:
    """A file to be kept, by its name; the bare one is for browsers that read no other."""
    plain = f"list.{name.rpartition('.')[2]}"
    told = f"attachment; filename={plain}; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": told})


NOT_THERE: Final = frozenset({one.refused for one in RIGHTS.values()})
"""What is said to who may not: here nothing is there."""
PLAINLY_SAID: Final = ("roster.pack_faulty", "roster.no_such_programme")
"""What is wrong with a cohort that is one's own, and is told as it is."""


def _nothing(_caller: Caller, _asked: Mapping[str, str]) -> PageDrawn:
    """No page has this address."""
    raise Refused(t("watch.not_coordinator"), verb="console")


def _listed(
    caller: Caller, listing: Listing[Any], asked: Mapping[str, str], path: str
) -> dict[str, Any]:
    """A list as its template wants it: everything said, and every address made."""
    page = shown(listing, asked)
    state, say = page.state, caller.say

    def at(query: str) -> str:
        return f"{path}?{query}" if query else path

    heads = [
        {
            "label": say(column.label),
            "link": at(state.turned(column.key)) if column.by is not None else "",
            "sorted": ("descending" if state.down else "ascending")
            if column.key == state.sort
            else "",
        }
        for column in listing.columns
    ]
    filters = [
        {
            "key": one.key,
            "label": say(one.label),
            "options": [(key, say(label)) for key, label in one.options],
            "chosen": state.chosen.get(one.key, ""),
        }
        for one in listing.filters
    ]
    orders = [
        (f"{way}{column.key}", f"{say(column.label)} {arrow}")
        for column in listing.columns
        if column.by is not None
        for way, arrow in (("", "↑"), ("-", "↓"))
    ]
    order = f"-{state.sort}" if state.down else state.sort
    return {
        "heads": heads,
        "lines": [
            [(say(cell.words), cell.link, cell.tone) for cell in line] for line in page.lines
        ],
        "filters": filters,
        "searched": listing.named is not None,
        "search": state.search,
        "order": order,
        "orders": orders,
        "is_chosen": bool(state.search or state.chosen),
        "page": page,
        "before": at(state.query(page=page.page - 1)) if page.page > 1 else "",
        "after": at(state.query(page=page.page + 1)) if page.page < page.pages else "",
        "book": f"{path}.xlsx?{state.query()}",
    }


def _exported(caller: Caller, drawn: ListDrawn, asked: Mapping[str, str]) -> Exported:
    """Exactly the lines that were chosen, in their order; they are noted as seen, and the export
    as an act of its own."""
    listing = drawn.listing
    rows = chosen(listing, ListState.read(asked, listing))
    listing.seen(rows)
    console.note_export(caller.db, caller.actor, drawn.cohorts[0], drawn.tab, len(rows))
    cells = [
        [cell.words if cell.plain is None else cell.plain for cell in line]
        for line in listing.cells(rows)
    ]
    heads: list[Any] = [column.label for column in listing.columns]
    return Exported(t(f"console.tab.{drawn.tab}"), [heads, *cells], caller.language)


def _written(book: Exported) -> bytes:
    heads, *lines = [[_plain(cell, book.language) for cell in line] for line in book.lines]
    return workbooks.listed([(render(book.name, book.language), heads, lines)])


def _plain(cell: Any, language: Language) -> Any:
    return cell if isinstance(cell, int) or hasattr(cell, "isoformat") else render(cell, language)


@cache
def _version() -> str:
    """A name for the style sheet as it is now."""
    return hashlib.sha256((HERE / "static" / "console.css").read_bytes()).hexdigest()[:12]
