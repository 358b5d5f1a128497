"""The programmes that cohorts run. Where a pack is missing, that is a sentence and no accident."""

from __future__ import annotations

from bot.talk.acting import Refused
from programmes import catalogue
from programmes.catalogue import InvalidPack, NoPack
from programmes.model import Programme
from programmes.values import ActivityKind, Own, StageKind
from prompts import Both, Text, Words, t


def load(key: str, verb: str = "") -> Programme:
    """The programme with this key. Raises `Refused` where its pack is missing or has mistakes."""
    try:
        return catalogue.load(key)
    except InvalidPack as faulty:
        first = faulty.problems[0]
        told = {"file": first.file, "line": first.line}
        raise Refused(t("roster.pack_faulty", programme=key, **told), verb=verb) from None
    except NoPack:
        raise Refused(t("roster.no_such_programme", programme=key), verb=verb) from None


def found(key: str) -> Programme | None:
    """The programme with this key, if its pack is here and has no mistakes."""
    try:
        return catalogue.load(key)
    except NoPack:
        return None


def name_of(key: str) -> str:
    """What a programme is called; its key where its pack is not here."""
    programme = found(key)
    return key if programme is None else programme.name


def word_label(word: str, otherwise: Text) -> Words:
    """What a word of a pack is called: a word of its own as the pack says, else as we do."""
    return Both(word.zh, word.en) if isinstance(word, Own) else otherwise


def kept_as(word: str) -> str:
    """How a word is kept in records: one of a pack's own by its name, so that a record can be read
    without the pack."""
    return word.zh if isinstance(word, Own) else str(word)


def stage_label(stage: str) -> Words:
    """What a stage that is kept in a record is called."""
    return t(f"stage.{stage}") if stage in set(StageKind) else stage


def kind_label(kind: str) -> Words:
    """What a kind of activity that is kept in a record is called."""
    return t(f"kind.{kind}") if kind in {*ActivityKind, "other"} else kind
