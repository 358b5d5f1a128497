"""Reads one document in a process of its own: `python -m jobs.reader NAME`, bytes on stdin.

A malicious document may hang the reader or fill its memory; then only this process ends. The first
line of the output says whether the document was read.
"""

from __future__ import annotations

import json
import sys
from typing import Final

from answers.reading import Unreadable, read
from storage.limits import limit_memory

READ: Final = b"read"
UNREAD: Final = b"unread"
MEMORY: Final = 1536 * 1024 * 1024
"""Maximum address space in bytes, on systems that can limit it."""


def main() -> None:
    limit_memory(MEMORY)
    try:
        document = read(sys.stdin.buffer.read(), sys.argv[1])
    except Unreadable as reason:
        why = {"code": reason.code, "gaps": reason.gaps}
        _tell(UNREAD, json.dumps(why).encode())
    else:
        _tell(READ, document.to_bytes())


def _tell(how: bytes, what: bytes) -> None:
    sys.stdout.buffer.write(how + b"\n" + what)


if __name__ == "__main__":
    main()
