"""The conversations and acts, one file for each thing that people do."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.scene import Act, Handlers, number
from bot.talk.inputs import own_words
from handlers import (
    alarms,
    asking,
    bulletin_replies,
    bulletins,
    certificates,
    cohort,
    console,
    correcting,
    delegates,
    departures,
    diary,
    documents,
    dossiers,
    evaluations,
    exits,
    handovers,
    heard,
    help_calls,
    inquiries,
    inviting,
    join,
    leave,
    marking,
    materials,
    menu,
    mydata,
    office_days,
    official,
    overseen,
    plans,
    presentation,
    progress,
    rehearsals,
    reminders,
    results,
    retention,
    review,
    rosters,
    service_hours,
    session,
    stages,
    summaries,
    urging,
    watch,
)
from services import joining
from services.entities import RecordKind
from storage.files import FileStore


def handlers(
    store: FileStore | None = None,
    *,
    advised: bool = False,
    history_days: int = 0,
    site: str = "",
    site_for_all: str = "",
    guides: str = "",
) -> Handlers:
    """All flows, acts and commands; received files are kept in `store`.

    `advised`: a model is asked about unsure questions. `history_days`: for how long chats show
    what was said. `site` is the address of the web site, for links to it; empty if there is none.
    `site_for_all` is the same where anybody can open it, not only this machine. `guides` is the
    address below which the guides stand; empty if they are not there.
    """
    loading = documents.flow(store or FileStore(Path("files")))
    written = (
        session.FLOW,
        diary.FLOW,
        diary.OF_WHICH,
        materials.FLOW,
        plans.FLOW,
        presentation.FLOW,
    )
    entries = [replace(flow, home=progress.home) for flow in written]
    asking_which = replace(heard.FLOW, finish=partial(heard.finish, advised=advised))
    flows = [join.FLOW, asking_which, review.FLOW, loading, *entries, *inquiries.FLOWS]
    flows += [*summaries.FLOWS, *rehearsals.FLOWS]
    flows += [*evaluations.FLOWS, *marking.FLOWS, *stages.FLOWS, *exits.FLOWS, *mydata.FLOWS]
    flows += [
        official.FLOW,
        delegates.FLOW,
        handovers.FLOW,
        correcting.FLOW,
        departures.FLOW,
        handovers.WHICH,
        results.FLOW,
        leave.FLOW,
        office_days.FLOW,
        dossiers.FLOW,
    ]
    flows += [
        *certificates.FLOWS,
        *service_hours.FLOWS,
        *rosters.FLOWS,
        inviting.FLOW_OF_CARDS,
        *bulletins.FLOWS,
    ]
    flows += bulletin_replies.FLOWS
    flows += [*help_calls.FLOWS, *alarms.FLOWS]
    forgetting = {"unconsent": partial(menu.take_back_consent, days=history_days)}
    return Handlers(
        flows={flow.name: flow for flow in flows},
        acts=ACTS | forgetting | reminders.acts(site),
        commands=COMMANDS
        | {
            "ask": partial(asking.question, advised=advised),
            "help": partial(menu.help_, guides=guides),
            "privacy": partial(menu.privacy, advised=advised),
            "reminders": partial(reminders.show, site=site),
        },
        hear=partial(heard.hear, advised=advised),
        stranger=join.stranger,
        aside=lambda scene, incoming, files: heard.aside(
            scene, own_words(incoming.text or ""), files=files
        ),
        asked=partial(heard.answer, advised=advised),
        doubts=heard.doubts,
        heed=heard.heed,
        secret=lambda words: joining.read_code(words) is not None,
        site=site,
        site_for_all=site_for_all,
    )


COMMANDS: dict[str, Act] = {
    "start": menu.show,
    "menu": menu.show,
    "help": menu.help_,
    "language": menu.language,
    "privacy": menu.privacy,
    "drafts": menu.drafts,
    "give_up": menu.give_up,
    "ask": asking.question,
    "session": lambda scene, _: scene.begin("session"),
    "writing": lambda scene, _: diary.start(scene, RecordKind.DIARY),
    "meeting": lambda scene, _: diary.start(scene, RecordKind.MEETING_RECORD),
    "progress": overseen.own_or_childs(progress.progress),
    "records": overseen.own_or_childs(progress.listing),
    "queue": overseen.queue_or_list,
    "children": menu.children,
    **watch.COMMANDS,
    **cohort.COMMANDS,
    **console.COMMANDS,
    **evaluations.COMMANDS,
    **marking.COMMANDS,
    **stages.COMMANDS,
    **certificates.COMMANDS,
    **service_hours.COMMANDS,
    **documents.COMMANDS,
    **rosters.COMMANDS,
    **bulletins.COMMANDS,
    **inquiries.COMMANDS,
    **reminders.COMMANDS,
    **leave.COMMANDS,
    **delegates.COMMANDS,
    **handovers.COMMANDS,
    **office_days.COMMANDS,
    **official.COMMANDS,
    **mydata.COMMANDS,
    **dossiers.COMMANDS,
    **materials.COMMANDS,
    **plans.COMMANDS,
    **presentation.COMMANDS,
    **results.COMMANDS,
    **help_calls.COMMANDS,
    **summaries.COMMANDS,
    **rehearsals.COMMANDS,
}
"""The commands: typed as `/name` or by their words, or chosen from the menu."""

ACTS: dict[str, Act] = {
    "resume": menu.resume,
    "drop": menu.drop,
    "anew": menu.anew,
    "consent": menu.give_consent,
    "consented": menu.consented,
    "unconsent": menu.take_back_consent,
    "diary": lambda scene, args: diary.start(scene, RecordKind.DIARY, number(args)),
    "meeting_record": lambda scene, args: diary.start(
        scene, RecordKind.MEETING_RECORD, number(args)
    ),
    "record": progress.show,
    "edit": progress.edit,
    "again": session.again,
    "withdraw": progress.withdraw,
    "whole": review.whole,
    "approve": review.approve,
    "return": review.send_back,
    "bulk": review.bulk,
    "confirm_all": review.confirm_all,
    "topic": asking.topic,
    "passage": asking.passage,
    "unhelpful": asking.unhelpful,
    **watch.ACTS,
    **urging.ACTS,
    **cohort.ACTS,
    **evaluations.ACTS,
    **marking.ACTS,
    **stages.ACTS,
    **exits.ACTS,
    **certificates.ACTS,
    **service_hours.ACTS,
    **documents.ACTS,
    **rosters.ACTS,
    **inviting.ACTS,
    **bulletins.ACTS,
    **bulletin_replies.ACTS,
    **inquiries.ACTS,
    **reminders.ACTS,
    **leave.ACTS,
    **delegates.ACTS,
    **handovers.ACTS,
    **correcting.ACTS,
    **departures.ACTS,
    **office_days.ACTS,
    **official.ACTS,
    **mydata.ACTS,
    **plans.ACTS,
    **results.ACTS,
    **retention.ACTS,
    **help_calls.ACTS,
    **summaries.ACTS,
    **rehearsals.ACTS,
}
"""The acts behind the buttons of cards."""

__all__ = ["ACTS", "COMMANDS", "handlers"]
