"""Write `docs/cards.html` anew."""

from __future__ import annotations

import asyncio

from tests.cards.page import PAGE, page
from tests.cards.shots import shots

if __name__ == "__main__":
    PAGE.write_text(
        page({"zh": asyncio.run(shots("zh")), "en": asyncio.run(shots("en"))}), "utf-8"
    )
