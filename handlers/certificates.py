"""培养证书: an office issues and revokes them; whoever has one sees and downloads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Item, Link, Message, Tone, press
from handlers import cohort as overview
from handlers.pages import on_record, page_of, student_item, tell
from handlers.speaker import in_office, named_of
from language.replies import means_many
from prompts import Text, t
from services import certificates
from services.access import any_of
from services.certificates import Candidate, CertificateStanding, Issued
from services.certified import Certified, verified_at
from services.entities import Cohort
from services.evaluations import outcome_read
from services.packs import word_label
from services.roster import find_cohort, find_member

CARD: Final = "certificate"
ISSUE: Final = "issue"
MOST_OTHERS: Final = 3
"""Other cohorts of the office to which the list leads."""
TONES: Final[Mapping[CertificateStanding, Tone]] = {
    CertificateStanding.ISSUED: "good",
    CertificateStanding.READY: "waiting",
    CertificateStanding.CHANGED: "bad",
    CertificateStanding.DIFFERS: "bad",
    CertificateStanding.DOUBTFUL: "bad",
}
AHEAD: Final = (
    *(CertificateStanding.CHANGED, CertificateStanding.DIFFERS, CertificateStanding.DOUBTFUL),
    CertificateStanding.READY,
)
"""Those with whom the office has something to do stand first, those who have one last."""


# ---------------------------------------------------------------- one's own


def listing(scene: Scene, args: Sequence[str]) -> None:
    """Show one's own certificates and proofs of hours, and the certificates of one's children; to
    an office, a cohort's."""
    any_of(scene.session, scene.actor, "certificates")
    mine = certificates.of_family(scene.session, scene.actor)
    if len(mine) == 1:
        show(scene, mine[0])
    elif mine:
        shown, turn = page_of(mine, args[:1], "certificates")
        items = tuple(
            Item(
                t("certificate.row", name=name_on(scene, one), number=one.certificate.number),
                press("certificate", one.certificate.id or 0),
                t(f"certificate.state_{one.state}"),
                "good" if one.state == "valid" else "bad",
            )
            for one in shown
        )
        words = t("certificate.yours", count=len(mine))
        proofs = any(one.certificate.proof for one in mine)
        title = t("certificate.title_with_proofs" if proofs else "certificate.title")
        tell(scene, Message(words, title=title, items=items), turn, card=CARD)
    elif in_office(scene):
        certifying(scene, ())
    else:
        none_yet(scene)


def none_yet(scene: Scene) -> None:
    """Tell a learner or a guardian what the document promises. Raises `Refused` for others, and
    where it promises none."""
    for cohort in certificates.cohorts_of_family(scene.session, scene.actor):
        promised = certificates.promised_in(cohort)
        upon = [word_label(one, t(f"outcome.{one}")) for one in promised.upon]
        words = t("certificate.none_yet", certificate=promised.name, outcomes=upon)
        tell(scene, Message(words, clause=promised.clause), [], card=CARD)
        return
    raise Refused(t("certificate.none_yours"), verb="certificates")


def name_on(scene: Scene, one: Issued) -> str:
    """Whose a certificate is; of a proof, which is always one's own, what it proves."""
    facts = certificates.facts_of(scene.session, one.certificate)
    return facts.certificate if one.certificate.proof else facts.name


def certificate(scene: Scene, args: Sequence[str]) -> None:
    """Show one certificate. Raises `Refused` for whoever may not read it."""
    show(scene, certificates.read(scene.session, scene.actor, number(args)))


def show(scene: Scene, one: Issued) -> None:
    """What a certificate says, whether it holds, its PDF at a press, and the page that verifies
    it, if that can be opened by anybody."""
    row, revoked, _key = one
    site = scene.router.site_for_all
    facts = certificates.facts_of(scene.session, row)
    fields = [
        Field(t("certificate.fact_name"), facts.name),
        *hours_fields(facts),
        Field(t("certificate.fact_number"), facts.number),
        Field(t("certificate.fact_office"), facts.office),
        Field(t("certificate.fact_issued_on"), day_words(facts.issued_on)),
        Field(
            t("certificate.fact_state"),
            t(f"certificate.state_{one.state}"),
            "good" if one.state == "valid" else "bad",
        ),
    ]
    if facts.replaces:
        fields.append(Field(t("certificate.fact_replaces"), facts.replaces))
    if revoked:
        at = day_words(beijing_day(revoked.at))
        fields.append(Field(t("certificate.fact_revoked_at"), at))
        fields.append(Field(t("certificate.fact_reason"), revoked.reason))
    number, rows = row.id or 0, []
    if row.file_id is not None and (not revoked or in_office(scene)):
        # Nothing on the paper says that it was revoked.
        file = Choice(press("certificate_file", number), t("certificate.file"), weight="primary")
        rows.append((file,))
    if not revoked and certificates.may_revoke(scene.session, scene.actor, row):
        wrong = certificates.put_right(scene.session, row)
        fields += [
            Field(t("certificate.is_now", fact=t(f"certificate.fact_{fact}")), words, "bad")
            for fact, words in wrong.items()
        ]
        if wrong or one.state == "doubtful":
            anew = Choice(press("reissue_certificate", number), t("certificate.reissue"))
            rows.append((anew,))
        revoke = press("revoke_certificate", number)
        rows.append((Choice(revoke, t("certificate.revoke"), weight="danger"),))
    if revoked and not row.proof and certificates.may_revoke(scene.session, scene.actor, row):
        again = press("issue_certificate", row.member_id)
        rows.append((Choice(again, t("certificate.issue_again")),))
    if in_office(scene):
        back = press("list_hours" if row.proof else "certifying", row.cohort_id)
        rows.append((Choice(back, t("certificate.to_list"), weight="quiet"),))
    card = Message(
        facts.programme,
        title=facts.certificate,
        fields=tuple(fields),
        note=t("certificate.verify_note" if row.file_id else "certificate.being_made"),
        clause=facts.clause,
        links=(Link(t("certificate.verify_link"), verified_at(site, row.token)),) if site else (),
    )
    tell(scene, card, rows, card=CARD)


def hours_fields(facts: Certified) -> list[Field]:
    """What a certificate or a proof of hours rests on."""
    if not facts.length or not facts.since or not facts.until:
        return [Field(t("certificate.fact_outcome"), outcome_read(facts.outcome))]
    days = t("proof.days", since=day_words(facts.since), until=day_words(facts.until))
    return [
        Field(t("certificate.fact_sessions"), t("service.count", count=facts.sessions)),
        Field(t("certificate.fact_length"), facts.length),
        Field(t("proof.counted"), days),
    ]


def day_words(day: date) -> Text:
    """A day with its year, as it stands on paper."""
    return t("certificate.day", y=day.year, m=day.month, d=day.day)


def file(scene: Scene, args: Sequence[str]) -> None:
    """下载: send the PDF."""
    found = certificates.read(scene.session, scene.actor, number(args))
    row = found.certificate
    if found.revocation and not in_office(scene):
        # From an older card: what is shown now says that it was revoked.
        show(scene, found)
        return
    if row.file_id is None:
        scene.say(Message(t("certificate.being_made"), ((TO_MENU,),)))
        return
    scene.say(
        Message(t("certificate.here", number=row.number), ((TO_MENU,),), files=(row.file_id,))
    )


# ---------------------------------------------------------------- what the office sees


def certifying(scene: Scene, args: Sequence[str]) -> None:
    """Show how a cohort's learners stand to the certificate: who has none yet, and why."""
    shown, cohorts = overview.coordinated(scene, "certifying", args[:1])
    others = [one for one in cohorts if certificates.issued_in(one)]
    if not args and others:
        shown = others[0]
    found = seen(scene, shown)
    counts = Counter(one.standing for one in found)
    in_order = sorted(found, key=turn_of)
    on_page, turn = page_of(in_order, args[1:2], "certifying", shown)
    rows = [*turn]
    may = certificates.may_issue(scene.session, scene.actor, shown)
    if may and (ready := counts[CertificateStanding.READY]):
        every = press("issue_certificates", shown.id or 0)
        label = t("certificate.issue_all", count=ready)
        rows.insert(0, (Choice(every, label, weight="primary"),))
    others = [one for one in others if one.id != shown.id][:MOST_OTHERS]
    rows += [(Choice(press("certifying", one.id or 0), one.name),) for one in others]
    words = t(
        "certificate.how_many",
        issued=counts[CertificateStanding.ISSUED] + counts[CertificateStanding.CHANGED],
        ready=counts[CertificateStanding.READY],
        of=len(found),
    )
    on_record(scene, [one.member.id for one in on_page])
    card = Message(
        words,
        title=t("certificate.title"),
        items=tuple(item(one, may=may) for one in on_page),
        clause=certificates.promised_in(shown).clause,
    )
    tell(scene, card, rows, shown)


def turn_of(one: Candidate) -> int:
    """Where a learner stands in the list, among equals in the order of the roster."""
    if one.standing in AHEAD:
        return AHEAD.index(one.standing)
    return len(AHEAD) + (one.standing is CertificateStanding.ISSUED)


def seen(scene: Scene, shown: Cohort) -> list[Candidate]:
    """How those of a cohort's learners stand whose certificates the speaker may read."""
    members = certificates.learners(scene.session, scene.actor, shown)
    return certificates.candidates(scene.session, shown, beijing_day(scene.now), members)


def item(one: Candidate, *, may: bool) -> Item:
    """A learner as a row: it leads to the certificate, to issuing it, or to the learner."""
    state, tone = t(f"certificate.short_{one.standing}"), TONES.get(one.standing, "neutral")
    name = one.member.person.name
    if one.certificate is not None:
        return Item(name, press("certificate", one.certificate.id or 0), state, tone)
    if one.standing is CertificateStanding.READY and may:
        return Item(name, press("issue_certificate", one.member.id), state, tone)
    return student_item(one.member, name, state)._replace(tone=tone)


def named(scene: Scene, words: str, act: Act) -> bool:
    """Do what an office wants with the certificate of the learner whom these words name; of nobody
    or several, show the list. Tells whether an office speaks."""
    if not in_office(scene):
        return False
    found = named_of(scene, words)
    if len(found) == 1:
        act(scene, [str(found[0].id)])
        return True
    if words and not found and not means_many(words):
        scene.say(t("affair.nobody_of_that_name", name=words))
    certifying(scene, ())
    return True


def of_member(scene: Scene, args: Sequence[str]) -> None:
    """Show a learner's certificate; if there is none, say why, with the way to issue it."""
    one = _candidate(scene, number(args))
    if one.certificate is not None:
        certificate(scene, (str(one.certificate.id),))
        return
    rows: list[tuple[Choice, ...]] = []
    member = one.member
    cohort = find_cohort(scene.session, member.membership.cohort_id)
    ready = one.standing is CertificateStanding.READY
    if ready and certificates.may_issue(scene.session, scene.actor, cohort):
        rows.append((Choice(press("issue_certificate", member.id), t("certificate.issue")),))
    words = t("certificate.ready_one") if ready else certificates.why(one)
    on_record(scene, [member.id])
    tell(scene, Message(words, title=member.person.name), rows, card=CARD)


def begin_revoking_of(scene: Scene, args: Sequence[str]) -> None:
    """Begin to revoke a learner's certificate, where there is one."""
    one = _candidate(scene, number(args))
    if one.certificate is None:
        of_member(scene, args)
    else:
        begin_revoking(scene, [str(one.certificate.id)])


def _candidate(scene: Scene, member_id: int) -> Candidate:
    member = find_member(scene.session, member_id)
    shown = find_cohort(scene.session, member.membership.cohort_id)
    found = (one for one in seen(scene, shown) if one.member.id == member_id)
    one = next(found, None)
    if one is None:
        raise Refused(t("certificate.not_yours_to_issue"), verb="certificates")
    return one


# ---------------------------------------------------------------- issuing


class IssuingSeen(BaseModel):
    """Whose certificates are to be issued."""

    model_config = ConfigDict(frozen=True)

    cohort_id: int
    name: str
    account: int | None
    member: int | None = None
    count: int


async def issue(chat: Chat, me: IssuingSeen) -> dict[str, Any] | None:
    """Ask once: what is issued can only be revoked."""
    yes = Choice(ISSUE, t("certificate.issue"), weight="primary")
    key = "certificate.sure_one" if me.member is not None else "certificate.sure_all"
    if not await chat.sure(yes, t(key, name=me.name, count=me.count)):
        return None
    only = [me.member] if me.member is not None else None
    noted: dict[str, Any] = await chat.work(
        "ordered", "order_certificates", cohort=me.cohort_id, only=only, account=me.account
    )
    return noted


def begin_for_all(scene: Scene, args: Sequence[str]) -> None:
    """给全部发证书: begin the talk for all of a cohort who are ready."""
    _begin_issuing(scene, {"cohort": number(args)})


def begin_for_one(scene: Scene, args: Sequence[str]) -> None:
    """给一个人发证书: begin the talk for one learner; who has one by now is shown with it."""
    member = certificates.to_issue_to(scene.session, scene.actor, number(args))
    shown = certificates.to_issue(scene.session, scene.actor, member.membership.cohort_id)
    today = beijing_day(scene.now)
    (one,) = certificates.candidates(scene.session, shown, today, [member])
    if one.certificate is not None:
        certificate(scene, (str(one.certificate.id),))
        return
    _begin_issuing(scene, {"cohort": member.membership.cohort_id, "member": member.id})


def _begin_issuing(scene: Scene, given: Mapping[str, Any]) -> None:
    load_issuing(scene, given)
    scene.begin("issue_certificates", given, anew=True)


def load_issuing(scene: Scene, args: Mapping[str, Any]) -> IssuingSeen:
    shown = certificates.to_issue(scene.session, scene.actor, args["cohort"])
    found = seen(scene, shown)
    member = args.get("member")
    if member is not None:
        one = next((one for one in found if one.member.id == member), None)
        if one is None or one.standing is not CertificateStanding.READY:
            words = certificates.why(one) if one else t("certificate.not_yours_to_issue")
            raise Refused(words, verb="issue_certificates", object="membership", object_id=member)
    ready = sum(one.standing is CertificateStanding.READY for one in found)
    if not ready:
        raise Refused(t("certificate.nobody_ready"), verb="issue_certificates")
    return IssuingSeen(
        cohort_id=args["cohort"],
        name=shown.name if member is None else find_member(scene.session, member).person.name,
        account=scene.actor.account_id,
        member=member,
        count=ready,
    )


def finish_issuing(scene: Scene, me: IssuingSeen, noted: Mapping[str, Any]) -> None:
    ordered(scene, noted, t("certificate.ordered"))


# ---------------------------------------------------------------- revoking


class RevokingSeen(BaseModel):
    """The certificate that is to be revoked."""

    model_config = ConfigDict(frozen=True)

    certificate_id: int
    number: str
    name: str


async def revoke(chat: Chat, me: RevokingSeen) -> str | None:
    words = t("certificate.why_revoke", name=me.name, number=me.number)
    reason: str = await chat.ask("reason", Free(least=2, most=500), words)
    yes = Choice("yes", t("certificate.revoke"), weight="danger")
    sure = await chat.sure(yes, t("certificate.sure_revoke", name=me.name, why=reason))
    return reason if sure else None


def begin_revoking(scene: Scene, args: Sequence[str]) -> None:
    certificates.to_revoke(scene.session, scene.actor, number(args))
    scene.begin("revoke_certificate", {"certificate": number(args)})


def load_revoking(scene: Scene, args: Mapping[str, Any]) -> RevokingSeen:
    row = certificates.to_revoke(scene.session, scene.actor, args["certificate"])
    facts = certificates.facts_of(scene.session, row)
    return RevokingSeen(certificate_id=row.id or 0, number=row.number, name=facts.name)


def finish_revoking(scene: Scene, me: RevokingSeen, reason: str) -> None:
    certificates.revoke(scene.session, scene.actor, me.certificate_id, reason)
    certificate(scene, [str(me.certificate_id)])


# ---------------------------------------------------------------- issuing anew


class ReissuingSeen(BaseModel):
    """The certificate that is to be issued anew, and what has been put right."""

    model_config = ConfigDict(frozen=True)

    certificate_id: int
    number: str
    name: str
    wrong: dict[str, str] = {}
    """The facts that are stated wrongly, as they are now; none where the key is in doubt."""
    account: int | None


async def reissue(chat: Chat, me: ReissuingSeen) -> dict[str, Any] | None:
    """Ask once: the old one is revoked with it."""
    yes = Choice(ISSUE, t("certificate.reissue"), weight="primary")
    right = [
        t("certificate.now_right", fact=t(f"certificate.fact_{fact}"), words=words)
        for fact, words in me.wrong.items()
    ]
    told = {"number": me.number, "name": me.name}
    key = "certificate.sure_reissue" if right else "certificate.sure_resign"
    if not await chat.sure(yes, t(key, **told, right=t("field.list", items=right))):
        return None
    noted: dict[str, Any] = await chat.work(
        "ordered", "order_certificates", certificate=me.certificate_id, account=me.account
    )
    return noted


def begin_reissuing(scene: Scene, args: Sequence[str]) -> None:
    load_reissuing(scene, {"certificate": number(args)})
    scene.begin("reissue_certificate", {"certificate": number(args)}, anew=True)


def load_reissuing(scene: Scene, args: Mapping[str, Any]) -> ReissuingSeen:
    row = certificates.to_reissue(scene.session, scene.actor, args["certificate"])
    return ReissuingSeen(
        certificate_id=row.id or 0,
        number=row.number,
        name=certificates.facts_of(scene.session, row).name,
        wrong=certificates.put_right(scene.session, row),
        account=scene.actor.account_id,
    )


def finish_reissuing(scene: Scene, me: ReissuingSeen, noted: Mapping[str, Any]) -> None:
    ordered(scene, noted, t("certificate.ordered_one"))


def ordered(scene: Scene, noted: Mapping[str, Any], words: Text) -> None:
    """Say that an order of papers was noted, or that it was not."""
    if noted.get("failed") or noted.get("refused"):
        words = t("certificate.not_ordered")
    scene.say(Message(words, ((TO_MENU,),)))


FLOWS: Final = [
    Flow(
        name="reissue_certificate",
        title=t("certificate.reissue"),
        talk=reissue,
        about=ReissuingSeen,
        load=load_reissuing,
        finish=finish_reissuing,
        named=lambda me: t("certificate.reissue_of", name=me.name),
        keeps=False,
    ),
    Flow(
        name="issue_certificates",
        title=t("certificate.issue"),
        talk=issue,
        about=IssuingSeen,
        load=load_issuing,
        finish=finish_issuing,
        named=lambda me: t("certificate.issue_to", name=me.name),
        keeps=False,
    ),
    Flow(
        name="revoke_certificate",
        title=t("certificate.revoke"),
        talk=revoke,
        about=RevokingSeen,
        load=load_revoking,
        finish=finish_revoking,
        named=lambda me: t("certificate.revoke_of", name=me.name),
    ),
]


COMMANDS: dict[str, Act] = {"certificates": listing}

ACTS: dict[str, Act] = {
    "certificate": certificate,
    "certificate_file": file,
    "certifying": certifying,
    "issue_certificate": begin_for_one,
    "issue_certificates": begin_for_all,
    "reissue_certificate": begin_reissuing,
    "revoke_certificate": begin_revoking,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
