"""Finds the programmes that cohorts run. A missing pack is a refusal in words, never an error."""

from __future__ import annotations

from bot.talk.acting import Refused
from programmes import catalogue
from programmes.catalogue import InvalidPack, NoPack
from programmes.model import Programme, Writing
from programmes.values import ActivityKind, Grade, Material, Own, Stage, StageKind
from prompts import Both, Text, Words, render, t
from storage.tables import RecordKind


def load(key: str, verb: str = "") -> Programme:
    """The programme with this key. Raises `Refused` if its pack is missing or has mistakes.

    `verb` is the act that needs it, for the refusal's audit row.
    """
    try:
        return catalogue.load(key)
    except InvalidPack as faulty:
        first = faulty.problems[0]
        told = {"file": first.file, "line": first.line}
        raise Refused(t("roster.pack_faulty", programme=key, **told), verb=verb) from None
    except NoPack:
        raise Refused(t("roster.no_such_programme", programme=key), verb=verb) from None


def found(key: str) -> Programme | None:
    """The programme with this key; `None` if its pack is missing or has mistakes."""
    try:
        return catalogue.load(key)
    except NoPack:
        return None


def name_of(key: str) -> str:
    """A programme's name; its key if the pack is missing."""
    programme = found(key)
    return key if programme is None else programme.name


def asked_of(programme: Programme, grade: str, kind: RecordKind) -> Writing | None:
    """The programme's requirement for records of this kind from learners of a grade, if any."""
    known = Grade(grade) if grade in set(Grade) else None
    for record in programme.records:
        if record.kind.value == kind.value and record.scope.required_of(known) is not False:
            return record
    return None


def word_label(word: str, otherwise: Text) -> Words:
    """The label of a word: the pack's own label for its own word, else `otherwise`."""
    return Both(word.zh, word.en) if isinstance(word, Own) else otherwise


def writing_name(writing: Writing) -> Words:
    """What a programme calls a kind of writing: in the document's words, and in English."""
    return Both(writing.name, render(t(f"writing.kind_{writing.kind}"), "en"))


def stage_label(stage: str) -> Words:
    """The label of a stage stored in a record."""
    return t(f"stage.{stage}") if stage in set(StageKind) else stage


def stage_called(stage: Stage) -> Words:
    """What a programme calls a stage: in the document's words, and in English."""
    english = word_label(stage.stage, t("stage.evaluation", stage=stage_label(str(stage.stage))))
    return Both(stage.name, render(english, "en"))


def material_label(material: str) -> Words:
    """The label of a material stored in a record."""
    return t(f"material.name.{material}") if material in {*Material, "other"} else material


def matter_label(programme: Programme, rule: str, about: str) -> Words:
    """The label of what reminders are about: the document's own name where it has one."""
    for stage in programme.stages:
        if str(stage.stage) == about:
            return stage.name
    for asked in programme.requirements:
        if (asked.path, str(asked.counts)) == (rule, about):
            return word_label(asked.counts, t(f"counter.{asked.counts}"))
    for writing in programme.records:
        if writing.kind.value == about:
            return writing_name(writing)
    return t(f"rehearsal.about.{about}")


def kind_label(kind: str) -> Words:
    """The label of an activity kind stored in a record."""
    return t(f"kind.{kind}") if kind in {*ActivityKind, "other"} else kind
