"""What learners present at a stage (中期汇报), where a document has them do so."""

from __future__ import annotations

from programmes import evaluating
from programmes.model import Programme
from programmes.values import Presentation


def presented(programme: Programme) -> dict[str, Presentation]:
    """The stages at which learners present their work, by how records name them."""
    keys = zip(evaluating.keys(programme), programme.stages, strict=True)
    return {key: stage.presentation for key, stage in keys if stage.presentation is not None}
