"""Limits that a process lays on itself before it reads what somebody sent."""

from __future__ import annotations

from contextlib import suppress


def limit_memory(most: int) -> None:
    """Let this process take at most so many bytes of address space, where the system can limit
    it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def limit_time(seconds: int) -> None:
    """Let this process take at most so many seconds of processor time, and leave no core file,
    where the system can limit it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
