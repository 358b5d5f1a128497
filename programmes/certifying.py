"""Which outcomes a document certifies, with what, and who issues the certificate: pure functions.

A document that promises no certificate has none here, and nothing is offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from programmes import evaluating
from programmes.evaluating import SIDES, Side, StagePart
from programmes.model import Programme
from programmes.values import Effect, Outcome, Own, Party, Status, kept_as

PATH: Final = "awards.certificate"
"""The fact that promises a certificate."""


@dataclass(frozen=True, slots=True)
class PromisedCertificate:
    """The certificate that a document promises."""

    name: str
    """As the document calls it, without title marks: 培养证书."""
    level: str
    """The level that the document states; empty where it states none."""
    upon: tuple[Outcome | Own, ...]
    """The outcomes upon which it is issued."""
    elsewhere: bool
    """Somebody above issues it on a platform of their own: no office here can."""
    clause: str

    def follows(self, outcome: str) -> bool:
        """Whether it is issued upon an outcome, as records name it."""
        return outcome in map(kept_as, self.upon)


def certificate(programme: Programme) -> PromisedCertificate | None:
    """The certificate of a programme; `None` where its document promises none, or does not say
    upon which outcome."""
    promised, level = programme.awards.certificate, programme.awards.certificate_level
    upon = programme.awards.certificate_recipients.value or tuple(_rewarded(programme))
    if promised.value is None or not upon:
        return None
    return PromisedCertificate(
        promised.value.name.strip("《》"),
        str(level.says) if level.status is Status.STATED else "",
        tuple(upon),
        _elsewhere(promised.value.issued_by),
        promised.clause,
    )


def parts(programme: Programme) -> Iterator[tuple[str, StagePart]]:
    """The parts of stages whose outcome is certified, each with its stage's name in records: those
    of which the document says so, else those of the last stage."""
    stages = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    said = [
        key
        for key, stage in stages.items()
        if any(Effect.CERTIFICATE in effects for effects in stage.effects.values())
    ]
    for key in said or [*stages][-1:]:
        for part in evaluating.parts(programme, stages[key]):
            if part.decides and part.outcomes:
                yield key, part


def _elsewhere(issuer: str | None) -> bool:
    return issuer is not None and (
        SIDES.get(issuer) is not Side.OFFICE or issuer == Party.NATIONAL
    )


def _rewarded(programme: Programme) -> Iterator[Outcome | Own]:
    for stage in programme.stages:
        for outcome, effects in stage.effects.items():
            if Effect.CERTIFICATE in effects:
                yield outcome
