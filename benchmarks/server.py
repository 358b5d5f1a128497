"""A real server in a process of its own, with invented students: `python -m benchmarks.server`.

Arguments: a folder for its data, a port, and how many students. Prints one sign-in link a line.
Its clock begins inside the programme's cycle, so that what is said means the same on any day.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.main import App, set_up_logging
from app.settings import Settings, WebSettings
from benchmarks.house import RunningClock, person_id, populate
from services import joining
from storage import migrate


async def main(folder: Path, port: int, students: int) -> None:
    settings = Settings(data_dir=folder, database_url="", web=WebSettings(port=port))
    set_up_logging(settings)
    clock = RunningClock()
    app = App(settings, clock)
    migrate.upgrade(app.database)
    with app.database.transaction() as db:
        populate(db, joining.WEB, students)
        tokens = [
            joining.sign_in_link(db, person_id(student), clock.now())
            for student in range(students)
        ]
    for token in tokens:
        print(f"http://127.0.0.1:{port}/in/{token}")
    sys.stdout.close()
    await app.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
