"""Take the pictures of all guides, or of some: `python -m tests.guides mentors`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.guides.walk import LANGUAGES, PICTURES, WALKS, walked
from tests.web.conftest import chromium


async def main(guides: list[str]) -> None:
    async with chromium() as browser:
        for language in LANGUAGES:
            pictures = PICTURES / language
            pictures.mkdir(parents=True, exist_ok=True)
            for guide in guides:
                with TemporaryDirectory() as folder:
                    await walked(guide, language, browser, Path(folder), pictures)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or [*WALKS]))
