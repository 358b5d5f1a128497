"""The commands that ask policy questions and evaluate the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.terminal import Mistake, both, find_programme, language, said, say, say_json
from prompts import t

if TYPE_CHECKING:
    from answers import PolicyAnswer
    from answers.evaluation import Result
    from answers.passages import Passages
    from app.settings import ModelSettings
    from jobs.language_model import ModelReply
    from programmes.model import Programme

faq = typer.Typer(no_args_is_help=True)


def ask(
    key: Annotated[str, typer.Argument(help=both("key"))],
    question: Annotated[str, typer.Argument(help=both("question"))],
    role: Annotated[str, typer.Option("--as-role", help=both("as_role"))] = "",
    as_json: Annotated[bool, typer.Option("--json", help=both("json"))] = False,
    model: Annotated[bool, typer.Option("--model", help=both("model"))] = False,
) -> None:
    from answers import guide
    from app import desk

    configured = _configured() if model else None
    here = guide()
    own = (find_programme(key),)
    library, office = desk.known()
    answers = here.ask(question, own, role=role, library=library, office=office)
    reply = _reply(configured, own, question, answers, library) if configured else None
    if as_json:
        told = [_as_told(answer) for answer in answers]
        say_json(told if reply is None else {"answers": told, "model": _as_replied(reply)})
        return
    for answer in answers:
        say(answer.text)
        if answer.near:
            say(t("ask.near", topics=[here.topics[key].label for key in answer.near]))
    if configured is None or reply is None:
        return
    name, (spent, out) = configured.name, reply.tokens
    if reply.phrased is None:
        say(t("cli.model_unused", name=name, why=reply.why))
    else:
        say(t("cli.model_used", name=name, tokens_in=spent, tokens_out=out))
        say(reply.phrased.shown(language.get()))


def _configured() -> ModelSettings:
    """The model in force. Raises `Mistake` where there is none."""
    from app import desk

    found = desk.settings().model
    if not found.on:
        raise Mistake(t("cli.model_off"))
    return found


def _reply(
    model: ModelSettings,
    own: Sequence[Programme],
    question: str,
    answers: Sequence[PolicyAnswer],
    library: Passages,
) -> ModelReply:
    import asyncio
    import sys

    import structlog

    from jobs.advice import ask_once

    # Logs go to standard error: other programs read the answer on standard output.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    return asyncio.run(ask_once(model, own, question, answers, library, language.get()))


def _as_replied(reply: ModelReply) -> dict[str, Any]:
    phrased = reply.phrased
    return {
        "used": phrased is not None,
        "why": reply.why,
        "answer": phrased.words if phrased else "",
        "topics": [one.topic for one in phrased.chosen] if phrased else [],
        "clause": "；".join(one.clause for one in phrased.chosen) if phrased else "",
        "tokens": reply.tokens,
    }


def _as_told(answer: PolicyAnswer) -> dict[str, Any]:
    return {
        "answer": said(answer.text),
        "kind": answer.kind,
        "topic": answer.topic,
        "clause": answer.clause,
        "programmes": answer.programmes,
        "score": round(answer.score, 2),
    }


@faq.command("eval", help=both("faq_eval"))
def evaluate(
    file: Annotated[Path, typer.Argument(help=both("faq_file"))],
    answers: Annotated[Path | None, typer.Option("--answers", help=both("faq_answers"))] = None,
) -> None:
    from pydantic import ValidationError

    from answers import evaluation
    from app import desk
    from programmes.catalogue import all_programmes

    try:
        lines = file.read_text("utf-8").splitlines()
        questions = [evaluation.Trial.model_validate_json(line) for line in lines if line.strip()]
    except (UnicodeDecodeError, ValidationError) as error:
        raise Mistake(t("cli.faq_unreadable", file=file, why=str(error))) from None
    results = evaluation.evaluate(questions, all_programmes(), *desk.known())
    if answers is not None:
        answers.write_text("".join(_line_of(result) for result in results), "utf-8")
    for result in results:
        if not result.right:
            wanted = [*map("/".join, (any_of[:3] for any_of in result.missing)), *result.wrong]
            asked = result.question
            say(t("cli.faq_failed", id=asked.id, question=asked.question, wanted=wanted))
    kinds = sorted({result.question.kind for result in results})
    for kind in (*kinds, ""):
        of_kind = [r for r in results if kind in ("", r.question.kind)]
        right = sum(result.right for result in of_kind)
        say(t("cli.faq_right", kind=kind or "=", right=right, count=len(of_kind)))


def _line_of(result: Result) -> str:
    """One answer as a line of text for scoring programs."""
    kind = result.answers[0].kind
    clause = "；".join(answer.clause for answer in result.answers if answer.clause)
    told = {"id": result.question.id, "answer": result.text, "kind": kind, "clause": clause}
    return json.dumps(told, ensure_ascii=False) + "\n"


@faq.command("why", help=both("faq_why"))
def why(
    question: Annotated[str, typer.Argument(help=both("question"))],
    programme: Annotated[str, typer.Option("--programme", help=both("why_programme"))] = "",
    role: Annotated[str, typer.Option("--as-role", help=both("as_role"))] = "",
    as_json: Annotated[bool, typer.Option("--json", help=both("json"))] = False,
) -> None:
    from dataclasses import asdict

    from answers import guide
    from answers.explaining import explain

    here = guide()
    own = (find_programme(programme),) if programme else ()
    reasons = explain(here, question, own, role)
    if as_json:
        say_json(asdict(reasons) | {"understood": reasons.understood})
        return
    if reasons.missing:
        say(t("cli.why.missing", name=reasons.missing))
    names = [here.called(one) for one in here.every if one.key in reasons.programmes]
    say(t(f"cli.why.{reasons.scope}", programmes=names))
    say(t("cli.why.rest", rest=reasons.rest, heard=round(100 * reasons.heard)))
    if reasons.word_for_word:
        say(t("cli.why.word_for_word"))
    if not reasons.understood and not reasons.missing:
        say(t("cli.why.not_understood"))
    for one in reasons.topics:
        label, key = here.topics[one.topic].label, one.topic
        if not here.topics[key].documented:
            label = t("cli.why.no_document")
        score = round(100 * one.score, 1)
        say(t(f"cli.why.verdict.{one.verdict}", topic=label, key=key, score=score))
        say(t("cli.why.speaks", grams=list(one.speaks), ways=list(one.ways)))


@faq.command("check", help=both("faq_check"))
def check() -> None:
    """Report wordings that match two topics, or that lead to a topic other than their own."""
    from answers import guide

    here = guide()
    faults = 0
    for way, topics in here.index.of_several().items():
        say(t("cli.why.of_several", way=way, topics=list(topics)))
        faults += 1
    for key, topic in here.topics.items():
        concerned = [one for one in here.every if topic.concerns(one)][:1]
        for way in topic.asks:
            found = here.match(way, concerned)
            if found and found[0].topic != key and way not in here.index.of_several():
                say(t("cli.why.leads_elsewhere", way=way, topic=key, other=found[0].topic))
                faults += 1
    if faults:
        raise Mistake(t("cli.why.faults", count=faults))
    count = sum(len(topic.asks) for topic in here.topics.values())
    say(t("cli.why.fine", topics=len(here.topics), ways=count))
