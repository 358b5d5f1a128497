"""Makes PDFs and pictures in a process of its own: `python -m jobs.printing PAGE FORM`.

Each line of stdin is a JSON object, what `PAGE` is told; for each, a line of stdout
tells how it went and how many bytes follow. Setting a page takes processor time that people who
chat would otherwise wait for; this process gives way to them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from typing import Any, Final

NICE: Final = 10
"""How far this process steps back behind the one that serves."""
SECONDS: Final = 60
"""Time limit for one page, the start included."""
CERTIFICATE: Final = "certificate.typ"
DOSSIER: Final = "dossier.typ"
PPI: Final = 220.0
"""Dots per inch of a picture."""
PRINTED: Final = "printed"
FAILED: Final = "failed"


class NotPrinted(Exception):
    """A page could not be set; its argument is what Typst said, or that the process ended."""


class Printer:
    """Sets pages in another process, one after the other; a page that fails ends the process, and
    the next page begins another."""

    def __init__(self, page: str = CERTIFICATE, form: str = "pdf") -> None:
        """`page` is the form that is set, a file of this folder; `form` is `pdf` or `png`."""
        self._page = page
        self._form = form
        self._process: asyncio.subprocess.Process | None = None

    async def print(self, told: Mapping[str, Any]) -> bytes:
        """The PDF of a page, or its picture. Raises `NotPrinted`."""
        try:
            async with asyncio.timeout(SECONDS):
                how, answer = await self._ask(told)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise NotPrinted(type(error).__name__) from None
        if how != PRINTED:
            raise NotPrinted(answer.decode())
        return answer

    async def _ask(self, told: Mapping[str, Any]) -> tuple[str, bytes]:
        process = self._process = self._process or await self._begin()
        out, back = process.stdin, process.stdout
        if out is None or back is None:
            raise ValueError("the other process has no pipes")
        out.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")
        await out.drain()
        how, size = (await back.readline()).split()
        return how.decode(), await back.readexactly(int(size))

    async def _begin(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, self._page, self._form),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def close(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            await process.wait()


# ---------------------------------------------------------------- in the other process


def set_page(compiler: Any, told: str, form: str = "pdf") -> bytes:
    """A page as PDF, or as a picture. Raises `NotPrinted` where Typst fails or warns."""
    import typst

    try:
        made, warnings = compiler.compile_with_warnings(
            format=form, sys_inputs={"told": told}, timestamp=0, ppi=PPI
        )
    except typst.TypstError as error:
        raise NotPrinted(error.message) from None
    if warnings:
        raise NotPrinted("; ".join(warning.message for warning in warnings))
    found: bytes = made
    return found


def make_compiler(page: str = CERTIFICATE) -> Any:
    """A compiler of a form, with our fonts and no others."""
    import typst

    from jobs import fonts

    return typst.Compiler(
        input=str(files("jobs") / page),
        font_paths=typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=list(fonts.folders()),
        ),
    )


def main() -> None:
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    page, form = sys.argv[1:]
    compiler = make_compiler(page)
    for line in sys.stdin.buffer:
        try:
            how, answer = PRINTED, set_page(compiler, line.decode(), form)
        except NotPrinted as why:
            how, answer = FAILED, str(why).encode()
        sys.stdout.buffer.write(f"{how} {len(answer)}\n".encode() + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
