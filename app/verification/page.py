"""Builds the page, and serves it with one route beside it, which says what became of a
certificate.

Everything stands in the one file: it can be saved, carried on a stick, and opened with no network.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from prompts import LANGUAGES, Language, catalogue
from services import certificates
from services.certified import ADDRESS, HASH, Certified
from services.dossier_form import FORM
from storage.database import Database
from storage.signing import key_name
from storage.tables import SigningKey

STATUS: Final = f"{ADDRESS}/status"
WORDS: Final = (
    *("heading", "lead", "label", "verify", "how", "noscript"),
    *("number", "number_note", "no_token", "no_token_note"),
    *("forged", "forged_note", "revoked", "revoked_note", "signed", "as_of", "asking"),
    *("valid", "valid_note", "unknown", "unknown_note", "not_reached"),
    *("doubtful", "doubtful_note", "doubtful_offline"),
    *("dossier_label", "dossier_note", "dossier_doubtful", "dossier_forged_note"),
    *("dossier_name", "dossier_school", "dossier_programme", "dossier_cohort", "dossier_office"),
    *("dossier_entries", "dossier_evaluations", "dossier_certificates"),
    *("dossier_as_of", "dossier_made_by"),
)
"""The sentences of the page."""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def saved(
    keys: Sequence[SigningKey], revoked: Sequence[bytes], vouched: Sequence[bytes], day: date
) -> str:
    """The page as a file of its own: it asks nobody. It knows what was revoked up to a day, which
    keys were stolen since when, and which certificates they signed before."""
    return _page(
        {
            "keys": _named(keys),
            "revoked": [one.hex() for one in revoked],
            "vouched": [one.hex() for one in vouched],
            "day": day.isoformat(),
            "online": "",
        }
    )


def served(keys: Sequence[SigningKey]) -> str:
    """The page as the server shows it, which asks it for what became of a certificate."""
    return _page({"keys": _named(keys), "revoked": [], "vouched": [], "online": STATUS})


def routes(database: Database) -> list[BaseRoute]:
    """The page, and what became of the certificate whose token has a hash. Nobody can try out
    numbers: a hash is only known to whoever holds the certificate."""

    async def show(request: Request) -> Response:
        keys = await database.run(certificates.public_keys)
        return HTMLResponse(served(keys), headers=HEADERS)

    async def tell(request: Request) -> Response:
        hashed = await _hash(request)
        if hashed is None:
            return JSONResponse({}, 400, HEADERS)
        state = await database.run(certificates.state_of, hashed)
        return JSONResponse({"state": state}, headers=HEADERS)

    return [
        Route(ADDRESS, show, methods=["GET"]),
        Route(STATUS, tell, methods=["POST"]),
    ]


async def _hash(request: Request) -> bytes | None:
    """The hash that a request's body is; `None` if it is none, however long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 2 * HASH:
            return None
    try:
        hashed = bytes.fromhex(body.decode("ascii"))
    except ValueError:
        return None
    return hashed if len(hashed) == HASH else None


def _named(keys: Sequence[SigningKey]) -> list[dict[str, str]]:
    return [
        {
            "name": key_name(key.public),
            "public": key.public.hex(),
            "stolen": key.stolen_on.isoformat() if key.stolen_on else "",
        }
        for key in keys
    ]


def _page(told: dict[str, Any]) -> str:
    # One script: a page that was saved cannot load a second one.
    script = _file("signature.js").replace("export function", "function") + _file("page.js")
    style = _file("page.css")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_fingerprint(script)}'",
            f"style-src '{_fingerprint(style)}'",
            *(("connect-src 'self'",) if told["online"] else ()),
            "form-action 'none'",
            "base-uri 'none'",
        )
    )
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        _file("page.html")
    )
    return template.render(
        policy=policy,
        style=style,
        script=script,
        title=_in_both("heading"),
        noscript=_in_both("noscript"),
        told=told
        | {
            "form": FORM,
            "facts": [*Certified.model_fields],
            "words": {one: _said(one) for one in LANGUAGES},
        },
    )


def _said(language: Language) -> dict[str, str]:
    """The page's sentences in a language, by their names."""
    words = catalogue(language)
    facts = {f"fact_{name}": words[f"certificate.fact_{name}"] for name in Certified.model_fields}
    return facts | {name: words[f"certificate.page.{name}"] for name in WORDS}


def _in_both(name: str) -> str:
    return " · ".join(_said(language)[name] for language in LANGUAGES)


def _fingerprint(text: str) -> str:
    """By what a page's policy names a script or a style that stands in it."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
