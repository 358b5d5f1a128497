"""What a learner's dossier tells, and its signed form, which is a file of JSON.

The file is one object with four members: `form`, `key` (the name of the key), `dossier`, and
`signature`: URL-safe base 64, without padding, of an Ed25519 signature. What is signed is the
object without `signature` in its canonical form (RFC 8785): members sorted by name, no white
space, UTF-8. All numbers in it are whole ones.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from services.certified import Forged, encoded
from storage.signing import key_name, verify

FORM: Final = "yingcai-dossier-1"
SIGNATURE: Final = "signature"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attached(_Told):
    """A file that was handed in with an entry. The dossier does not hold the file, only what it
    can be recognised by."""

    name: str
    sha256: str
    size: int


class PassageTold(_Told):
    """Some words, and what they are about."""

    label: str
    words: str


class PeriodTold(_Told):
    """One month, or another period, of a requirement that is counted by periods."""

    first: date
    last: date
    submitted: int
    approved: int
    still_needed: int


class RequirementTold(_Told):
    """One requirement. 已提交 and 已通过 are two numbers."""

    what: str
    submitted: int
    """Handed in and not decided yet."""
    approved: int
    still_needed: int | None
    """`None` where the document states no number."""
    reviewed: bool = True
    """Whether anybody approves the entries. If not, handing in is enough."""
    periods: tuple[PeriodTold, ...] = ()
    clause: str


class EntryTold(_Told):
    """An approved entry, in the version that was approved."""

    record: int
    version: int
    kind: str
    title: str
    day: date
    reviewed: bool
    """Whether somebody approved it. If not, it was handed in where nobody reviews."""
    approved_by: str = ""
    approved_on: date | None = None
    about: int | None = None
    """The session that a diary or a meeting record is about."""
    when: str = ""
    minutes: int | None = None
    place: str = ""
    activity: str = ""
    people: tuple[str, ...] = ()
    passages: tuple[PassageTold, ...] = ()
    files: tuple[Attached, ...] = ()


class EvaluationTold(_Told):
    """A signed evaluation, as its learner reads it."""

    stage: str
    side: str
    outcome: str
    passages: tuple[PassageTold, ...]
    signer: str
    signed_on: date
    version: int
    clause: str


class CertificateTold(_Told):
    """A certificate that was given."""

    number: str
    certificate: str
    issued_on: date
    revoked_on: date | None = None


class ExitTold(_Told):
    """That the cultivation ends or has ended, as the learner was told."""

    reason: str
    told_on: date | None
    ended_on: date | None


class Dossier(_Told):
    """All that a learner's dossier tells."""

    number: int
    """The learner's place in the cohort, which tells two of one name apart."""
    name: str
    school: str
    grade: str
    subject: str
    mentors: tuple[str, ...]
    programme: str
    edition: str
    cohort: str
    office: str
    cycle_first: date
    cycle_last: date | None
    joined_on: date | None
    """The day on which the learner joined, if they joined late."""
    requirements: tuple[RequirementTold, ...]
    entries: tuple[EntryTold, ...]
    """The entries, from the first to the latest."""
    evaluations: tuple[EvaluationTold, ...]
    certificates: tuple[CertificateTold, ...]
    exit: ExitTold | None
    left_on: date | None
    as_of: date
    made_at: datetime
    made_by: str


def canonical(told: Any) -> bytes:
    """The one form of some JSON that is signed (RFC 8785)."""
    listed = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return listed.encode()


def signed(dossier: Dossier, public: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """The file that holds a dossier and its signature."""
    told = {"form": FORM, "key": key_name(public), "dossier": dossier.model_dump(mode="json")}
    whole = told | {SIGNATURE: encoded(sign(canonical(told)))}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"


def read(data: bytes, keys: Iterable[bytes]) -> tuple[Dossier, bytes]:
    """The dossier in a file, and the public key that signed it. Raises `Forged`."""
    try:
        told = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_members,
            parse_float=_not_whole,
            parse_constant=_not_whole,
        )
        signature = base64.b64decode(told.pop(SIGNATURE) + "==", b"-_", validate=True)
        public = next(key for key in keys if key_name(key) == told["key"])
        if told["form"] != FORM or not verify(public, signature, canonical(told)):
            raise Forged
        return Dossier.model_validate(told["dossier"]), public
    except (
        *(AttributeError, KeyError, TypeError, ValueError, RecursionError, StopIteration),
        *(binascii.Error, ValidationError),
    ):
        raise Forged from None


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises `Forged` if two of its members have one name, because
    readers take either."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("two members of one name")
    return found


def _not_whole(words: str) -> int:
    raise ValueError(f"not a whole number: {words}")
