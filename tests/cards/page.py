"""The page itself: each card as the web chat draws it, and as Telegram shows it.

The web chat's own scripts and styles are put into the page and draw the cards when it is opened.
Telegram's side is what `draw` gives, set as text with a keyboard.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.platforms.telegram.drawing import Drawn, draw
from bot.platforms.web.wire import assistant_line
from prompts import LANGUAGES, Language, catalogue
from tests.cards.shots import Shot

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "cards.html"
STATIC: Final = ROOT / "bot" / "platforms" / "web" / "static"
AT: Final = datetime(2026, 11, 28, 2, tzinfo=UTC)
SCRIPTS: Final = ("words.js", "card.js", "log.js")


def page(shots: Mapping[Language, Sequence[Shot]]) -> str:
    """All cards, one below the other: Chinese and English, web and Telegram."""
    lines = {
        language: [
            assistant_line(row, AT, shot.message._replace(files=()), ())
            for row, shot in enumerate(shots[language], 1)
        ]
        for language in LANGUAGES
    }
    words = {language: _chat_words(language) for language in LANGUAGES}
    told = json.dumps({"lines": lines, "words": words}, ensure_ascii=False, indent=0)
    return TEMPLATE.format(
        look=(STATIC / "look.css").read_text("utf-8"),
        more=MORE,
        cards="\n".join(_card(row, shots) for row in range(len(shots["zh"]))),
        contents="".join(_link(row, shot.name) for row, shot in enumerate(shots["zh"])),
        told=told.replace("</", "<\\/"),
        scripts=_scripts(),
    )


def _link(row: int, name: str) -> str:
    return f'<li><a href="#card-{row}">{html.escape(name)}</a></li>'


def _card(row: int, shots: Mapping[Language, Sequence[Shot]]) -> str:
    """One card's place on the page; its web side is drawn by the scripts."""
    drawn = "".join(
        f'<div class="web" lang="{language}" data-row="{row}"></div>'
        f'<div class="telegram" lang="{language}">'
        f"{_telegram(draw(shots[language][row].message))}</div>"
        for language in LANGUAGES
    )
    name = html.escape(shots["zh"][row].name)
    return f'<section id="card-{row}"><h1>{name}</h1><div class="drawn">{drawn}</div></section>'


def _telegram(drawn: Drawn) -> str:
    rows = "".join(
        '<div class="keys">'
        + "".join(f'<span class="key {key.style}">{html.escape(key.label)}</span>' for key in row)
        + "</div>"
        for row in drawn.keyboard
    )
    return f'<div class="bubble">{_marked(drawn)}</div>{rows}'


def _marked(drawn: Drawn) -> str:
    """The text with its entities as tags; offsets count UTF-16 units."""
    coded = drawn.text.encode("utf-16-le")
    told, at = "", 0
    for one in drawn.entities:
        tag = {"bold": "b", "italic": "i"}[one.type]
        told += html.escape(coded[2 * at : 2 * one.offset].decode("utf-16-le"))
        at = one.offset + one.length
        marked = html.escape(coded[2 * one.offset : 2 * at].decode("utf-16-le"))
        told += f"<{tag}>{marked}</{tag}>"
    return told + html.escape(coded[2 * at :].decode("utf-16-le"))


def _chat_words(language: Language) -> dict[str, str]:
    """The sentences that the web chat's scripts say."""
    every = catalogue(language)
    chat = {
        key.removeprefix("web.chat."): said for key, said in every.items() if "web.chat." in key
    }
    return chat | {key: said for key, said in every.items() if key.startswith("calendar.")}


def _scripts() -> str:
    """The web chat's own modules as one function of a page's words, which gives its log."""
    bodies = "\n".join(_body((STATIC / name).read_text("utf-8")) for name in SCRIPTS)
    return f"function chat(page) {{\n{bodies}\nreturn {{ Log, make }};\n}}"


def _body(module: str) -> str:
    module = re.sub(r"^import .*?;\n", "", module, flags=re.M)
    module = re.sub(r"^export const page = .*\n", "", module, flags=re.M)
    return re.sub(r"^export ", "", module, flags=re.M)


MORE: Final = """
body { max-width: none; padding: 0 16px 64px; }
h1 { font-size: 18px; }
.page-head { max-width: 50rem; margin: 24px 0; }
.page-head ol { columns: 18em; padding-left: 1.6em; font-size: 14px; }
section { padding: 20px 0; border-top: 1px solid var(--line); }
.drawn {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr));
  gap: 24px;
  align-items: start;
}
.drawn > * { min-width: 0; max-width: 560px; }
.web .line { margin: 0; }
.telegram { padding: 10px; border-radius: 14px; background: #b9cfae; }
.bubble {
  padding: 8px 12px;
  border-radius: 12px;
  background: #fff;
  color: #000;
  font-size: 15px;
  line-height: 1.4;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.keys { display: flex; gap: 4px; margin-top: 4px; }
.key {
  flex: 1;
  min-width: 0;
  padding: 8px 6px;
  border-radius: 8px;
  background: #52634b;
  color: #fff;
  font-size: 14px;
  text-align: center;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.key.primary { background: #2a6fb3; }
.key.danger { background: #b3392a; }
@media (prefers-color-scheme: dark) {
  .bubble { background: #1e2c3a; color: #fff; }
  .telegram { background: #0d1721; }
}
"""

TEMPLATE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cards</title>
<style>
{look}
{more}
</style>
</head>
<body>
<header class="page-head">
<p>Every card, as the web chat draws it and as Telegram shows it, in Chinese and in English.
Written by <code>make cards</code>; the cards come from talks of invented people.</p>
<ol>{contents}</ol>
</header>
<main>
{cards}
</main>
<script type="application/json" id="told">{told}</script>
<script>
{scripts}
const told = JSON.parse(document.getElementById("told").textContent);
for (const [language, lines] of Object.entries(told.lines)) {{
  const {{ Log, make }} = chat({{ words: told.words[language] }});
  for (const place of document.querySelectorAll(`.web[lang="${{language}}"]`)) {{
    const log = new Log(place, make("button"), make("button"), () => {{}});
    place.append(log.assistant(lines[place.dataset.row], lines[place.dataset.row].at));
  }}
}}
</script>
</body>
</html>
"""
