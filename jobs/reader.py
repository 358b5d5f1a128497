"""Read one document in a process of its own: `python -m jobs.reader NAME`, its bytes sent to it.

A document from outside may be made to hang whoever reads it, or to fill their memory. Then only
this process ends. What it tells begins with a line that says whether the document was read.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Final

from answers.reading import Unreadable, read

READ: Final = b"read"
UNREAD: Final = b"unread"
MEMORY: Final = 1536 * 1024 * 1024
"""Bytes of address space that reading may take, where the system can be told so."""


def main() -> None:
    _limit_memory()
    try:
        document = read(sys.stdin.buffer.read(), sys.argv[1])
    except Unreadable as reason:
        why = {"code": reason.code, "gaps": reason.gaps}
        _tell(UNREAD, json.dumps(why).encode())
    else:
        _tell(READ, document.to_bytes())


def _tell(how: bytes, what: bytes) -> None:
    sys.stdout.buffer.write(how + b"\n" + what)


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
