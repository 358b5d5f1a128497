"""Every sentence is there, in every language, with the same gaps; and none is there in vain."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final, get_args

from answers.alarms import TOPICS
from answers.aspects import aspects
from answers.explaining import Verdict
from answers.premises import premises
from answers.reading import Unreadable
from answers.sections import Doubt, SpotKind
from answers.topics import common_topics
from app.commands.inquiries import KEPT
from app.console.learners import STATES
from app.console.students import HAPPENED
from app.console.worklists import TABS
from app.rights_page import COLUMNS
from app.simulation.events import KINDS as KINDS_OF_EVENTS
from app.verification.page import WORDS
from bot.scene import ENGINE
from bot.talk.inputs import UNREADABLE
from handlers import COMMANDS, handlers
from handlers.departures import OF_LEARNERS, OF_OTHERS
from handlers.evaluations import PHRASES
from handlers.menu import GUIDES
from handlers.review import FILTERS, REASONS
from jobs.official import COLUMNS as COLUMNS_OF_CHECK
from jobs.sheet_reader import CODES
from jobs.summary_filler import CODES as UNFIT_TEMPLATES
from language.clocks import PartOfDay
from language.numerals import tidy
from language.sentence import SentenceDoubt
from programmes.evaluating import Side
from programmes.serving import Proof
from programmes.values import (
    PLACES,
    ActivityKind,
    Counter,
    Grade,
    Material,
    Outcome,
    Per,
    Presented,
    StageKind,
    Status,
)
from prompts import LANGUAGES, Text, catalogue, render, t
from services import handovers, summary_form
from services.certificates import CertificateStanding
from services.certified import Certified
from services.console import NARROWER, OTHER_VERBS
from services.guardians import ConsentStanding
from services.inquiries import Forwarded
from services.official_export import Differs
from services.progress import PaceKind
from services.rights import RIGHTS, Must, Of, Relation
from services.roster import Presence
from services.rostering.entries import WRONG_NAMES
from services.rostering.headings import MEANINGS
from services.sealing import FaultKind
from services.stages import StageState
from services.urging import MATTERS
from storage.tables import (
    BulletinState,
    CuratedState,
    DayKind,
    ExitState,
    HelpStepKind,
    Level,
    RecipientState,
    RecordKind,
    RecordState,
    ReplyStep,
    RetentionKind,
    Role,
    UnitKind,
)
from tests.architecture.code import ROOT, files, parsed, place
from tests.tables import each_row

KEY: Final = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")
KEYS: Final = catalogue("zh").keys()
AREAS: Final = {key.split(".")[0] for key in KEYS}
EVERY: Final = ("*",)
"""The values are data of their own; that there are such sentences is all that is said here."""


def values(kind: Iterable[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


def crossed(*sides: Iterable[str]) -> tuple[str, ...]:
    """Every value on the left with every value on the right, as two gaps take them."""
    left, right = sides
    return tuple(f"{one} {other}" for one in left for other in right)


KINDS: Final = (*values(ActivityKind), "other")
PLACE_KEYS: Final = tuple(one.key for one in PLACES)
WRITINGS: Final = ("diary", "meeting_record")
TOLD: Final = (*COMMANDS, *ENGINE)

UNREAD: Final = (*(one.code for one in Unreadable.__subclasses__()), "too_hard")
"""Why a document is not read."""

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "answer.other_{}": tuple(UNREADABLE),
    "help.other_{}": tuple(UNREADABLE),
    "help.guide.{}": tuple(dict.fromkeys(GUIDES.values())),
    "departure.reason.{}": tuple(dict.fromkeys((*OF_LEARNERS, *OF_OTHERS))),
    "ask.reply.{}": tuple(k for k, one in common_topics().items() if not one.documented),
    "alarm.child.{}": TOPICS,
    "alarm.friend.{}": TOPICS,
    "alarm.pupil.{}": TOPICS,
    "ask.aspect.{}": tuple(aspects()),
    "ask.premise.{}": tuple(premise.key for premise in premises()),
    "ask.sum.rank_{}": ("subject", "overall"),
    "ask.topic.{}": tuple(k for k, one in common_topics().items() if one.documented),
    "seeking.step.{}": values(HelpStepKind),
    "service.proof_{}": values(Proof),
    "dossier.kind_{}": values(RecordKind),
    "certificate.fact_{}": (*Certified.model_fields, "state", "revoked_at", "reason"),
    "certificate.page.{}": WORDS,
    "certificate.short_{}": values(CertificateStanding),
    "certificate.standing_{}": values(CertificateStanding),
    "certificate.state_{}": ("valid", "revoked", "doubtful"),
    "proof.name_{}": values(Proof),
    "proof.stands_{}": values(Proof),
    "answer.{}": ("today", "yesterday", "day_before", "in_a_week", "in_two_weeks"),
    "bulletin.state_{}": values(BulletinState),
    "bulletin.person_{}": values(RecipientState),
    "bulletin.reply.step_{}": values(ReplyStep),
    "bulletin.owes_{}": values(MATTERS),
    "bulletin.{}": (
        *("unit_column", "name_column", "role_column", "fate_column"),
        *("unit", "subject", "grade", "owes"),
    ),
    "bulletin.which_{}": ("unit", "subject", "grade", "owes"),
    "calendar.month_{}": tuple(map(str, range(1, 13))),
    "calendar.weekday_{}": tuple(map(str, range(1, 8))),
    "ask.reply_at_office.{}": EVERY,
    "ask.part.{}": ("when", "by", "basis", "dimensions", "outcome", "consequence"),
    "ask.stage.{}": ("when", "by", "basis", "dimensions", "outcome", "consequence"),
    "cli.column.{}": EVERY,
    "cli.event.{}": KINDS_OF_EVENTS,
    "cli.help.{}": EVERY,
    "retention.soon_{}": values(RetentionKind),
    "retention.told_{}": ("told", "not_yet", "nobody"),
    "retention.what_{}": values(RetentionKind),
    "yearly.act.{}": EVERY,
    "yearly.column_{}": EVERY,
    "yearly.consent.{}": ("given", "withdrawn", "ended", "old"),
    "yearly.kept.{}": EVERY,
    "yearly.looked.{}": (*("record", "membership", "file", "certificate", "list", "dossier"),),
    "yearly.part_{}": EVERY,
    "yearly.record.{}": values(RecordKind),
    "consent.way_{}": ("web", "telegram", "chat", "paper"),
    "cli.audit.fault.{}": values(FaultKind),
    "cli.invite_{}": ("web", "telegram"),
    "cli.new.ask_{}": EVERY,
    "cli.section.{}": EVERY,
    "cli.why.{}": ("named", "own", "all"),
    "cli.why.verdict.{}": get_args(Verdict),
    "command.{}.label": TOLD,
    "command.{}.words": TOLD,
    "days.kind.{}": values(DayKind),
    "consent.child_{}": get_args(ConsentStanding),
    "consent.{}": ("give", "take_back"),
    "consent.{}_for": ("give", "take_back"),
    "consent.{}_state": get_args(ConsentStanding),
    "counter.{}": values(Counter),
    "document.at.{}": get_args(SpotKind),
    "document.doubt.{}": get_args(Doubt),
    "document.unreadable.{}": UNREAD,
    "demo.diary.{}": EVERY,
    "demo.city_says.{}": EVERY,
    "demo.person.{}": EVERY,
    "demo.plan.{}": EVERY,
    "demo.presentation.{}": EVERY,
    "demo.{}": EVERY,
    "demo.{}.{}": EVERY,
    "summary.col_{}": EVERY,
    "summary.only_{}": summary_form.ONLY,
    "summary.paper.{}": EVERY,
    "summary.table_{}": summary_form.TABLES,
    "summary.unfit.{}": UNFIT_TEMPLATES,
    "summary.word_{}": (*summary_form.WORDS, summary_form.END),
    "evaluation.side_{}": values(Side),
    "cli.handover_{}": ("to_come", "done"),
    "console.handover_state.{}": handovers.STATES,
    "handover.state.{}": handovers.STATES,
    "handover.told.{}_{}": crossed(
        ("asked", "withdrawn", "given_back", "given_up", "done"), ("old", "new")
    ),
    "official.kind.{}": values(Differs),
    "official.differs.{}": tuple(one for one in values(Differs) if one != "unread"),
    "official.unread.{}": ("no_name", "nobody", "several", "no_day", "no_length"),
    "official.column.{}": COLUMNS_OF_CHECK,
    "exit.state_{}": values(ExitState),
    "exit.step_{}": tuple(one for one in values(ExitState) if one != "raised"),
    "fact.{}.{}": EVERY,
    "field.{}": EVERY,
    "menu.try_{}": ("mentor", "school_teacher", "coordinator", "guardian", "expert_committee"),
    "join.readers_{}": values(Role),
    "kind.{}": KINDS,
    "language.{}": LANGUAGES,
    "outcome.{}": values(Outcome),
    "part.{}": get_args(PartOfDay),
    "phrase.{}": PHRASES,
    "place.{}": PLACE_KEYS,
    "programme.grade.{}": values(Grade),
    "programme.problem.{}": EVERY,
    "programme.status.{}": values(Status),
    "programme.per.{}": values(Per),
    "plan.{}": ("yours", "childs"),
    "plan.{}_missing": ("yours", "childs"),
    "plan.state_{}": tuple(one for one in values(RecordState) if one != "withdrawn"),
    "presentation.ask_{}": ("progress", *values(Presented)),
    "presentation.part_{}": ("progress", *values(Presented)),
    "{}.told_{}": (
        *crossed(("plan",), ("written", "changed", "approved")),
        *crossed(("result",), ("written", "changed")),
    ),
    "result.{}": ("yours", "childs"),
    "progress.amount_{}": ("sessions", "hours"),
    "progress.asked_{}": ("cycle", "month", "period"),
    "progress.numbers_and_past_{}": ("month", "period"),
    "progress.{}s_met": ("month", "period"),
    "progress.{}s_short": ("month", "period"),
    "progress.{}s_missing": ("month", "period"),
    "progress.{}s_all_met": ("month", "period"),
    "progress.{}_missing": ("month", "period"),
    "progress.{}_met": ("month", "period"),
    "progress.waits_{}": ("0", "1", "2"),
    "progress.writing_{}": ("reviewed", "unreviewed"),
    "correcting.{}": ("name", "born"),
    "question.waiting.{}": ("questions", "data"),
    "question.state.{}": values(CuratedState),
    "question.{}": values(Forwarded),
    "queue.filter_{}": FILTERS,
    "queue.waited_{}": ("0", "1", "2"),
    "reason.{}": REASONS,
    "record.{}_line": WRITINGS,
    "record.{}_stage_line": WRITINGS,
    "role.{}": values(Role),
    "reminder.level_button.{}": values(Level),
    "reminder.level_name.{}": values(Level),
    "material.name.{}": (*values(Material), "other"),
    "rehearsal.about.{}": ("material", "plan", "queue"),
    "rights.act.{}": tuple(RIGHTS),
    "rights.column_{}": COLUMNS,
    "rights.must.{}": values(Must),
    "rights.of.{}": values(Of),
    "rights.relation.{}": values(Relation),
    "mydata.looked_at.{}": (
        *("record", "membership", "file", "certificate", "list", "reply", "dossier"),
        *("evaluation", "mark", "marks"),
    ),
    "rights.who.{}": (*RIGHTS["read"].by, *RIGHTS["mark"].by),
    "roster.unit.{}": values(UnitKind),
    "rostering.count.{}": ("new", "changed", "unchanged", "rejected"),
    "rostering.field.{}": (*MEANINGS, "guardian"),
    "rostering.name_{}": WRONG_NAMES,
    "rostering.note.rank_{}": ("subject", "overall"),
    "rostering.over.{}": ("total", "subject", "city"),
    "rostering.over_soft.{}": ("total", "city"),
    "rostering.rank_by.{}": ("subject", "overall"),
    "rostering.unread.{}": (*CODES, "too_hard"),
    "session.doubt.{}": get_args(SentenceDoubt),
    "stage.{}": values(StageKind),
    "stages.state_{}": values(StageState),
    "stages.{}": ("open", "close", "move"),
    "state.{}": values(RecordState),
    "watch.list.{}": ("behind", "longest", "absent", "unreached"),
    "watch.met_{}": ("cycle", "months", "months_past", "periods", "periods_past"),
    "watch.matter.{}": values((*MATTERS, RecordKind.PLAN, RecordKind.PRESENTATION)),
    "watch.short.{}": WRITINGS,
    "watch.urge.{}": values(MATTERS),
    "writing.correction_{}": WRITINGS,
    "writing.kind_{}": WRITINGS,
    "answer.{}_for": ("today", "yesterday", "day_before"),
    "web.refused.{}": ("too_long", "unreadable", "file_gone"),
    "web.{}": EVERY,
    "console.{}": EVERY,
    "console.happened.{}": HAPPENED,
    "console.pace.{}": values(PaceKind),
    "console.presence.{}": values(Presence),
    "console.state.{}": STATES,
    "console.tab.{}": ("overview", *TABS),
    "console.verb.{}": (*OTHER_VERBS, *NARROWER),
    "console.turned.{}": ("signed_out", "not_yours", "nothing", "foreign", "broken"),
    "{}.guide": WRITINGS,
    "{}.none_open": WRITINGS,
    "{}.not_asked": WRITINGS,
    "{}.which_session": WRITINGS,
    "{}.sent_{}": crossed(WRITINGS, ("submitted", "filed")),
    "{}.which_day": WRITINGS,
    "{}.which_stage": WRITINGS,
    "{}.{}": (
        *crossed(("role",), values(Role)),
        *crossed(("programme.grade",), values(Grade)),
        *crossed(("cli.state",), (*values(Presence), "ended", *KEPT, *handovers.STATES)),
    ),
    "{}.{}_words": (*crossed(("place",), PLACE_KEYS), *crossed(("kind",), KINDS)),
}
"""Keys that are put together in code, and what may stand in each gap."""

OF_PAGES: Final = ("web.{}", "console.{}")
"""Sentences that pages name: those are read off the pages."""

NO_KEYS: Final = frozenset(
    {
        "record.id",
        "file.id",
        "document.id",
        "question.id",
        "web.socket_failed",
        "web.uploads_swept",
        "evaluation.id",
        "certificate.id",
        "certificate.typ",
        "console.css",
        "dossier.typ",
        "invitations.typ",
        "evaluation.stages",
        "evaluation.exit_rule",
    }
)
"""Columns, facts of packs and events of the log that look like keys."""


# ---------------------------------------------------------------- what the code says


@dataclass(frozen=True)
class Said:
    """A sentence named in the code: whole, or with gaps in its key."""

    key: str
    where: str
    gaps: frozenset[str] | None = None
    """What is given to fill the sentence's gaps; `None` where that cannot be read off."""


@cache
def said() -> tuple[Said, ...]:
    return tuple(
        one for path in files() for one in _said_in(path) if not path.match("storage/*/*")
    )


def _said_in(path: Path) -> Iterator[Said]:
    tree = parsed(path)
    inside = {id(n) for s in ast.walk(tree) if isinstance(s, ast.JoinedStr) for n in ast.walk(s)}
    filled: dict[int, frozenset[str]] = {}
    for node in ast.walk(tree):
        if _names_a_sentence(node):
            call = node
            assert isinstance(call, ast.Call)
            if all(keyword.arg for keyword in call.keywords):
                gaps = frozenset(keyword.arg or "" for keyword in call.keywords)
                filled |= {id(one): gaps for one in _alternatives(call.args[0])}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=parts):
                texts = (p.value if isinstance(p, ast.Constant) else "{}" for p in parts)
                key = "".join(map(str, texts))
                if re.fullmatch(r"[a-z_{}]+(\.[a-z_{}]+)+", key) and _is_ours(key):
                    yield Said(key, place(path, node), filled.get(id(node)))
            case ast.Constant(value=str(key)) if id(node) not in inside:
                if KEY.fullmatch(key) and _is_ours(key):
                    yield Said(key, place(path, node), filled.get(id(node)))


def _names_a_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t"


def _alternatives(key: ast.expr) -> Iterator[ast.expr]:
    """`t("a" if good else "b")` names both."""
    if isinstance(key, ast.IfExp):
        yield from _alternatives(key.body)
        yield from _alternatives(key.orelse)
    else:
        yield key


def _is_ours(key: str) -> bool:
    if key in NO_KEYS:
        return False
    area, rest = key.split(".", 1)
    return area in AREAS or (area == "{}" and rest not in ("html", "jpg", "yaml"))


def members(family: str) -> set[str]:
    """The keys of a family, as its declared values make them."""
    if FAMILIES[family] == EVERY:
        pattern = re.compile(re.escape(family).replace(r"\{\}", "[a-z0-9_]+"))
        return {key for key in KEYS if pattern.fullmatch(key)}
    gaps = family.count("{}")
    return {
        family.format(*(value.split(" ") if gaps > 1 else [value])) for value in FAMILIES[family]
    }


WEB: Final = ROOT / "bot" / "platforms" / "web"
CONSOLE: Final = ROOT / "app" / "console"


def in_pages() -> set[str]:
    """The keys that the console's pages, and the web chat's pages and scripts, name."""
    found: set[str] = set()
    for folder, area in ((WEB, "web"), (CONSOLE, "console")):
        for page in (folder / "pages").glob("*.html"):
            for call in re.findall(r"words\(([^()~]*)\)", page.read_text("utf-8")):
                found |= {f"{area}.{key}" for key in re.findall(r"[\"']([a-z_.]+)[\"']", call)}
    for call in re.findall(r"\bsay\((.*?)[,)]", scripts(), re.S):
        for key in re.findall(r"[\"']([a-z_.]+)[\"']", call):
            found.add(key if key.startswith("calendar.") else f"web.chat.{key}")
    return found


def in_scripts() -> set[str]:
    """The keys that scripts may hand on before they are said."""
    words = {f"web.chat.{key}" for key in re.findall(r"\"([a-z_]+)\"", scripts())}
    return words & KEYS


@cache
def scripts() -> str:
    return "\n".join(path.read_text("utf-8") for path in (WEB / "static").glob("*.js"))


# ---------------------------------------------------------------- what must hold


def test_every_sentence_named_is_there() -> None:
    missing = [
        f"{one.where}: {one.key}"
        for one in said()
        if "{" not in one.key
        and one.key not in KEYS
        and not any(key.startswith(f"{one.key}.") for key in KEYS)
    ]
    assert not missing, "\n".join(missing)


def test_every_sentence_put_together_in_code_is_declared() -> None:
    """Add a new family to FAMILIES, with all that may stand in its gaps."""
    undeclared = [f"{s.where}: {s.key}" for s in said() if "{" in s.key and s.key not in FAMILIES]
    assert not undeclared, "\n".join(undeclared)
    unused = FAMILIES.keys() - {one.key for one in said()}
    assert not unused


@each_row("family", FAMILIES)
def test_every_sentence_of_a_family_is_there(family: str) -> None:
    assert members(family)
    assert not members(family) - KEYS


def test_every_sentence_of_a_page_is_there() -> None:
    assert len(in_pages()) > 50
    assert not in_pages() - KEYS


def test_no_sentence_is_there_in_vain() -> None:
    used = {one.key for one in said()} | in_pages() | in_scripts()
    used |= {key for family in FAMILIES if family not in OF_PAGES for key in members(family)}
    unsaid = sorted(KEYS - used)
    assert not unsaid, "\n".join(unsaid)


def test_every_gap_is_filled() -> None:
    """A gap that nothing fills raises only when the sentence is read, perhaps months later."""
    unfilled = [
        f"{one.where}: {key} lacks {sorted(lacking)}"
        for one in said()
        if one.gaps is not None and FAMILIES.get(one.key) != EVERY
        for key in sorted(members(one.key) if "{" in one.key else {one.key} & KEYS)
        if (lacking := gaps_of(catalogue("zh")[key]) - one.gaps)
    ]
    assert not unfilled, "\n".join(unfilled)


def gaps_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


# ---------------------------------------------------------------- the languages


def test_every_language_says_everything() -> None:
    for language in LANGUAGES:
        assert catalogue(language).keys() == KEYS


def test_every_language_has_the_same_gaps() -> None:
    for key in KEYS:
        gaps = [gaps_of(catalogue(language)[key]) for language in LANGUAGES]
        assert all(one == gaps[0] for one in gaps), (key, gaps)
        assert all(re.fullmatch(r"[a-z_]+", gap) for gap in gaps[0]), (key, gaps)


CHINESE: Final = re.compile("[\u4e00-\u9fff]")
IN_CHINESE: Final = {
    "cli.new.ask_called",
    "cli.new.ask_clause",
    "cli.new.ask_contact",
    "cli.new.ask_diary_scope",
    "cli.new.ask_host",
    "cli.new.ask_minima",
    "cli.new.ask_name",
    "cli.new.ask_stages",
    "cli.new.ask_subjects",
    "cli.new.ask_year",
    "cli.new.begin",
    "command.language.label",
    "rostering.grade_unread",
    "rostering.no_headings",
    "rostering.note.grades",
    "rostering.rank_no_column",
    "rostering.sideways",
    "rostering.subject_no_column",
    "rostering.two_names",
    "language.which",
    "language.zh",
    "programme.problem.bad_clause",
    "web.switch_language",
}
"""English sentences that name something Chinese: packs are written in it, and so are examples."""


def test_english_is_english() -> None:
    assert {key for key in KEYS if CHINESE.search(catalogue("en")[key])} == IN_CHINESE


def test_no_sentence_is_empty() -> None:
    for language in LANGUAGES:
        for key in KEYS:
            assert catalogue(language)[key].strip(), key


def test_a_role_has_one_name() -> None:
    """As the glossary has it: 查阅人员, and no other word for it."""
    for key, text in catalogue("zh").items():
        assert "督查" not in text, key
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for role in Role:
        if role is not Role.GUARDIAN:  # 家长（监护人）
            assert f"| {render(t(f'role.{role}'), 'zh')} |" in glossary


def test_what_a_commands_button_says_may_be_typed() -> None:
    made = handlers()
    for language in LANGUAGES:
        for name in made.commands:
            label = catalogue(language)[f"command.{name}.label"]
            assert made.words[tidy(label).casefold()] == name, (language, label)


@each_row(
    ("said", "english"),
    [
        (t("reminder.link_some", count=1), "1 subscription"),
        (t("reminder.link_some", count=2), "2 subscriptions"),
        (t("exit.days", count="1"), "1 day"),
        (
            t("reminder.queue_mentor", count=1, days=1, names=["Li Hua"]),
            "1 entry waits for your review, the oldest for 1 day: Li Hua.",
        ),
        (
            t("reminder.queue_mentor", count=3, days=2, names=["Li Hua"]),
            "3 entries wait for your review, the oldest for 2 days: Li Hua.",
        ),
    ],
)
def test_english_says_one_as_one(said: Text, english: str) -> None:
    assert render(said, "en") == english
