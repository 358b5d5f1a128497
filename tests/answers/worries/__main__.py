"""Learn the weights of `answers/worries.json` anew."""

from __future__ import annotations

from answers import worries
from tests.answers.worries.learning import learned, taught, written

if __name__ == "__main__":
    worries.WEIGHTS.write_text(written(learned(taught())), "utf-8")
