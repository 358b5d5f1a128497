"""The guides in `docs/guides`: `python -m tests.guides` takes their pictures, and tests hold their
words against the screen."""
