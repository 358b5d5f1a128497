"""A campaign against the whole assistant: a hostile Telegram, a clock that jumps, and kill -9.

`make torture` runs it for five minutes, `python -m tests.torture --help` says what else it can do.
What each part does is in docs/operating/torture.md.
"""
