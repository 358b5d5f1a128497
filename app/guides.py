"""The guides of docs/guides as pages, for whoever opens the address that 帮助 gives them."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from prompts import LANGUAGES

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
STYLE: Final = """
:root { color-scheme: light dark; }
body { max-width: 42rem; margin: 0 auto; padding: 1rem 1rem 3rem; font: 16px/1.7 -apple-system,
  "PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif; }
img { display: block; max-width: 100%; height: auto; margin: 1rem 0; border-radius: 12px; }
blockquote { margin: 1rem 0; padding: 0 1rem; border-left: 4px solid #0c6b58; }
"""


def routes(folder: Path) -> list[BaseRoute]:
    """The pages of a folder of guides, and their pictures. They hold nothing of anybody."""
    guides = {
        (language, file.stem): file
        for language in LANGUAGES
        for file in (folder / language).glob("*.md")
    }

    async def show(request: Request) -> Response:
        asked = request.path_params
        guide = guides.get((asked["language"], asked["name"]))
        if guide is None:
            return PlainTextResponse("", 404)
        return HTMLResponse(_page(guide, asked["language"]), headers=HEADERS)

    return [
        Mount("/guides/pictures", StaticFiles(directory=folder / "pictures")),
        Route("/guides/{language}/{name}", show, methods=["GET"]),
    ]


@cache
def _page(file: Path, language: str) -> str:
    from markdown_it import MarkdownIt  # the first answer of a chat needs it not

    guide = file.read_text("utf-8")
    title = escape(guide.partition("\n")[0].lstrip("# "))
    body = MarkdownIt("commonmark").render(guide)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
