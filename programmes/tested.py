"""The tests that learners take at the stages of their cultivation, where a document has any."""

from __future__ import annotations

from programmes import evaluating
from programmes.model import Programme
from programmes.values import Stage


def stages_with_tests(programme: Programme) -> dict[str, Stage]:
    """The stages at which learners take a test, by how records name them."""
    keys = zip(evaluating.keys(programme), programme.stages, strict=True)
    return {key: stage for key, stage in keys if stage.test}
