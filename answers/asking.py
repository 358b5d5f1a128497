"""From a question to its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Literal

from answers.curated import Office
from answers.matching import Index, Match, plain
from answers.naming import NO_PROGRAMME, Atlas, names_of, of_edition
from answers.passages import Found, Passages
from answers.telling import Told, pointed, tell
from answers.topics import Topic, alarms, topics_of
from language.numerals import fold, tidy
from programmes.catalogue import all_programmes
from programmes.model import Programme
from prompts import LANGUAGES, Lines, Text, Words, render, t

Kind = Literal["fact", "passage", "personal", "compare", "silent", "out_of_scope"]

SURE: Final = 0.15
"""A match below this may be about anything: better say so than answer something else."""
NEAR: Final = 0.05
"""A match below this is not even worth offering."""
SURELY: Final = 0.5
"""A match above this may be relied on where something else is at stake: a form that waits for its
answer, or what a model would be asked."""
CLEAR: Final = 0.8
"""A match above this is answered alone."""
BESIDE: Final = 0.1
"""A second topic is answered beside a first that is not clear: what share of the first's score it
needs."""
EVIDENCE: Final = 0.35
"""How much of a question a passage must cover before it is quoted (0 to 1)."""
WRITTEN: Final = 0.6
"""The same where the topic was understood and no fact says anything: that a loaded document speaks
of it after all."""
OWN: Final = 10.0
"""How much likelier one's own records are meant where the words say so."""
FEW: Final = 3
"""Programmes that are compared one by one: what is asked then concerns each of them."""
MOST_NEAR: Final = 3
MOST_FOUND: Final = 5
"""Passages that are looked at for one to quote."""
MOST_PARTS: Final = 3
"""Questions that are answered at once."""
ELSEWHERE: Final = "elsewhere"
"""The topic of what is not here."""
MOST_CALLED: Final = 12
"""Programmes that are named when somebody asks about one that is not here."""
SHORT: Final = 14
"""Characters of a question that goes on from the last one, at the most."""

_SEVERAL: Final = re.compile(
    "(?:哪[些几]个?|各个?|所有|每个)(?:方案|项目|计划|省份?)(?:里|都|中)?|which program(?:me)?s"
)
_BETWEEN: Final = re.compile(r"[？?；;。！!\n]+")
_BESIDE: Final = re.compile(r"[，,]|(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_ASKS: Final = re.compile(
    r"[吗呢么谁几哪啥咋]|什么|多少|怎么|多久|多长|是不是|有没有|要不要|能不能|可不可以|[不没]$"
)
_OWN: Final = re.compile(r"我|孩子|娃|闺女|儿子|女儿|\b(?:my|our|mine|i)\b")
_BECAME: Final = re.compile(
    r"[了过到上去完收批发审]没有?\s*$|[了过]没|了(?:吗|没有)\s*$|次了|查[一下]|到哪一?步|够不够|排到|轮到|在不在"
    r"|有没有我|有我|我(?:的)?名字|第几个|还[差剩]|给我写的|考得|评上"
    r"|\b(?:been|yet|already|so far|still)\b"
)
"""What became of something: 通过了没, 几次了, 在不在名单里."""
_PARTS: Final = re.compile("[；。，、：\\n]")
_ANNEX: Final = re.compile(r"附件\d*")
_BOUND: Final = re.compile("(?<= )[和与跟及、]+(?= )")
"""What bound the names of programmes together."""
_GOES_ON: Final = re.compile(r"^(?:那么?|还有|另外|换成|and |what about |how about )|呢$")


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What is answered, and what it rests on."""

    kind: Kind
    text: Text
    topic: str = ""
    clause: str = ""
    programmes: tuple[str, ...] = ()
    """The keys of those whose documents it speaks about."""
    score: float = 0.0
    """How surely the question was understood: 0 to 1."""
    near: tuple[str, ...] = ()
    """Other topics that may have been meant."""


@dataclass(frozen=True, slots=True)
class Last:
    """What the asker's last question was about."""

    topic: str
    programmes: tuple[str, ...]


class Guide:
    """Answers questions about a set of programmes."""

    def __init__(self, every: Sequence[Programme]) -> None:
        self.every = tuple(every)
        self.topics = topics_of(self.every)
        self.names = names_of(self.every)
        self._atlas = Atlas(
            self.names,
            (f"{one.name} {one.identity.official_name.value or ''}" for one in self.every),
        )
        # What a topic is called is a way of asking about it, too.
        self._index = Index(
            {key: (*topic.asks, *_called(topic)) for key, topic in self.topics.items()},
            {key: self._parts_of(topic) for key, topic in self.topics.items()},
        )

    def ask(
        self,
        question: str,
        own: Sequence[Programme] = (),
        *,
        role: str = "",
        last: Last | None = None,
        library: Passages | None = None,
        office: Office | None = None,
    ) -> tuple[PolicyAnswer, ...]:
        """Answer what was asked, part by part.

        Any programme may be asked about by its name; without a name it is the asker's `own` that
        are meant, and for somebody without any, all of them. `role` is what the asker is there,
        `last` what they asked before, `library` the documents that offices have loaded, `office`
        what they have answered themselves.
        """
        asker = _Asker(tuple(own), role, last, library or Passages(()), office or Office(()))
        answers: dict[str, PolicyAnswer] = {}
        if alarm := _alarm(question):
            answers[alarm] = self._told(self.topics[alarm], (), 1.0, ())
        for part in self._parts(question, asker.own)[:MOST_PARTS]:
            if missing := self._missing(part):
                answers.setdefault(ELSEWHERE, missing)
                if not self.surely_named(part):
                    continue
            for answer in self._answer(part, asker):
                answers.setdefault(answer.topic, answer)
                asker = asker.having_heard(answer)
            asked, _ = self.scope(part, asker.own)
            if len(asked) < len(self.every):
                asker = asker.speaking_of(asked)
        understood = [answer for answer in answers.values() if answer.topic]
        return _with_near(understood or list(answers.values()))

    @property
    def index(self) -> Index:
        """The ways of asking about every topic, to look into."""
        return self._index

    def missing(self, question: str) -> str:
        """The place or scheme that is asked about and has no programme here, if one is."""
        said = fold(tidy(question)).casefold()
        places = [place.name for place in self._atlas.asked(said) if not place.families]
        return self._atlas.scheme(said, question) or "、".join(places)

    def about(self, topic: str, programmes: Sequence[Programme]) -> PolicyAnswer:
        """What these programmes' documents say about a topic. Raises KeyError for no topic."""
        return self._told(self.topics[topic], programmes, 1.0, ())

    def scope(
        self, question: str, own: Sequence[Programme] = ()
    ) -> tuple[tuple[Programme, ...], str]:
        """The programmes that a question is about, and what is left of it without their names."""
        named, rest = self._called(question, own)
        if not named:
            named = self._around(rest, own)
        if not named and own and not _SEVERAL.search(rest):
            named = tuple(own)
        if named:
            return of_edition(named, self.every, own, rest)
        return self.every, _SEVERAL.sub("", rest)

    def surely_named(self, question: str) -> bool:
        """Whether a question names a programme that is here, in everybody's mouth: 浙江英才 is not
        one's own 英才计划."""
        said = fold(tidy(question)).casefold()
        ways = (f"{re.escape(name)}{NO_PROGRAMME}" for name in self.names.sure)
        return any(re.search(way, said) for way in ways)

    def names_in(self, question: str, own: Sequence[Programme] = ()) -> tuple[Programme, ...]:
        """The programmes that a question names."""
        return self._called(question, own)[0]

    def _around(self, rest: str, own: Sequence[Programme]) -> tuple[Programme, ...]:
        """The programmes of the places that are asked about, where they are not one's own."""
        ours = {programme.family for programme in own}
        places = self._atlas.asked(rest)
        if any(place.families & ours for place in places):
            return ()
        families = frozenset().union(*(place.families for place in places))
        return tuple(programme for programme in self.every if programme.family in families)

    def _missing(self, question: str) -> PolicyAnswer | None:
        """That there is no programme here of the place or scheme that is asked about."""
        name = self.missing(question)
        if not name:
            return None
        words = t("ask.elsewhere", name=name, programmes=self._who())
        return PolicyAnswer("out_of_scope", words, ELSEWHERE, score=1.0)

    def _who(self) -> list[str]:
        """The programmes that are here, or as many of them as are read."""
        every = [self.called(one) for one in self.every]
        return every if len(every) <= MOST_CALLED else [*every[:MOST_CALLED], "…"]

    def called(self, programme: Programme) -> str:
        """A programme's name, with its edition where there are several of them here."""
        editions = [one for one in self.every if one.family == programme.family]
        several = len(editions) > 1
        return f"{programme.name}（{programme.edition_label}）" if several else programme.name

    def _called(
        self, question: str, own: Sequence[Programme]
    ) -> tuple[tuple[Programme, ...], str]:
        """The programmes that a question names, and what is left of it without their names."""
        rest = fold(tidy(question)).casefold()
        ours = {programme.family for programme in own}
        near = ours | {p.family for p in self.every if _documents((p,)) & _documents(own)}
        called: set[str] = set()
        for name, families in self.names.sure.items():
            cut = re.sub(f"{re.escape(name)}{NO_PROGRAMME}", " ", rest)
            if cut != rest:
                rest = cut
                called |= (families & ours) or (families & near) or families
        for name, families in self.names.loose.items():
            meant = (families & ours) or (families & near)
            if meant and not called - near:
                cut = re.sub(f"{re.escape(name)}{NO_PROGRAMME}", " ", rest)
                called |= meant if cut != rest else frozenset()
                rest = cut
        rest = _BOUND.sub(" ", f" {rest} ").strip()
        return tuple(programme for programme in self.every if programme.family in called), rest

    # ------------------------------------------------------------ what is meant

    def _parts_of(self, topic: Topic) -> set[str]:
        """What the documents say about a topic, in small parts."""
        told = {line for one in self.every for line in tell(one, topic).lines}
        return {part for line in told for part in _PARTS.split(line)}

    def _parts(self, question: str, own: Sequence[Programme]) -> list[str]:
        """The questions in what was said: each ends with its mark; or they stand side by side,
        each of them clear by itself."""
        whole = [part for part in _BETWEEN.split(question) if len(tidy(part)) > 1]
        parts: list[str] = []
        for part in whole or [question]:
            beside = [one for one in _BESIDE.split(part) if one]
            if len(beside) < 2 or not all(_ASKS.search(one) for one in beside):
                parts.append(part)
            elif self._apart(beside, own):
                parts += beside
            elif self._apart((beside[0], part), own):  # 日志谁督促，谁审核
                parts += (beside[0], part)
            else:
                parts.append(part)
        return parts

    def _apart(self, questions: Sequence[str], own: Sequence[Programme]) -> bool:
        """Whether these are clear questions about different things."""
        best = [self.match(one, own)[:1] for one in questions]
        clear = {match.topic for found in best for match in found if match.score >= CLEAR}
        return len(clear) == len(questions)

    def rarity(self, gram: str) -> float:
        """How much an n-gram says: the more, the more rarely people ask with it."""
        return self._index.rarity(gram)

    def match(self, question: str, own: Sequence[Programme] = ()) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        asked, rest = self.scope(question, own)
        return self._match(rest, asked)

    def _match(self, rest: str, asked: Sequence[Programme]) -> list[Match]:
        enough = all if len(asked) <= FEW else any
        found = [
            match
            for match in self._index.match(rest)
            if enough(self.topics[match.topic].concerns(programme) for programme in asked)
        ]
        return self._own_first(found) if _OWN.search(rest) and _BECAME.search(rest) else found

    def _own_first(self, found: Sequence[Match]) -> list[Match]:
        """Whoever says what became of something of their own asks about their own records."""
        weight = {m: OWN if self.topics[m.topic].kind == "personal" else 1.0 for m in found}
        whole = sum(m.score * weight[m] for m in found) / sum(m.score for m in found)
        again = [replace(m, score=m.score * weight[m] / whole) for m in found]
        return sorted(again, key=lambda match: (-match.score, match.topic))

    def _answer(self, question: str, asker: _Asker) -> Iterator[PolicyAnswer]:
        asked, rest = self.scope(question, asker.own)
        if meant := self._from_office(rest, asked, asker):
            yield meant
            return
        if asker.last is not None and (meant := self._goes_on(question, rest, asked, asker)):
            yield meant
            return
        found = self._match(rest, asked)
        near = tuple(m.topic for m in found if m.score >= NEAR and self._offered(m.topic))
        if not found or found[0].score < SURE:
            score = found[0].score if found else 0.0
            yield self._from_text(rest, asked, asker, score, near[:MOST_NEAR])
            return
        for match in self._best(found):
            topic = self.topics[match.topic]
            topic = self.topics[topic.by_role.get(asker.role, topic.key)]
            others = tuple(key for key in near if key != topic.key)[:MOST_NEAR]
            yield self._told(topic, asked, match.score, others, rest, asker.library)

    def _best(self, found: Sequence[Match]) -> Sequence[Match]:
        """The topic that is meant; both, where it may be either of two."""
        first, *others = found[:2]
        if first.score >= CLEAR or not others or others[0].score < BESIDE * first.score:
            return [first]
        return found[:2] if self._offered(others[0].topic) else [first]

    def _goes_on(
        self, question: str, rest: str, asked: Sequence[Programme], asker: _Asker
    ) -> PolicyAnswer | None:
        """What a question means that is understood from the last one: 那数学呢? 那江苏呢?"""
        last = asker.last
        if last is None or last.topic not in self.topics or len(tidy(question)) > SHORT:
            return None
        bare = tidy(_GOES_ON.sub("", rest.strip(" ?？。")))
        if bare == rest.strip(" ?？。"):
            return None
        topic = self.topics[last.topic]
        if not plain(bare):
            return self._told(topic, asked, 1.0, (), rest, asker.library)
        before = tuple(one for one in self.every if one.key in last.programmes) or asked
        told = [tell(programme, topic) for programme in before]
        if any(bare in line for one in told for line in one.lines):
            return self._told(topic, before, 1.0, (), bare, asker.library)
        found = self._match(bare, asked)
        if found and found[0].score >= SURE:
            return None
        return self._told(topic, before, 1.0, (), bare, asker.library)

    def _offered(self, topic: str) -> bool:
        return self.topics[topic].documented

    # ------------------------------------------------------------ what is said

    def _from_office(
        self, question: str, asked: Sequence[Programme], asker: _Asker
    ) -> PolicyAnswer | None:
        """What an office has answered: it speaks of its own programme, and compares nothing."""
        if len(asked) != 1 and tuple(asked) != asker.own:
            return None
        keys = [programme.key for programme in asked]
        found = asker.office.find(question, keys, self.rarity)
        if found is None:
            return None
        mine = [programme for programme in asked if programme.key == found.programme]
        if found.topic:
            known = found.topic in self.topics
            return self._told(self.topics[found.topic], mine, 1.0, ()) if known else None
        key = "ask.office_clause" if found.clause else "ask.office"
        said = {"topic": found.title, "answer": found.says, "clause": found.clause}
        words = t(key, programme=mine[0].name, **said)
        topic = f"office.{found.id}"
        return PolicyAnswer("fact", words, topic, found.clause, (found.programme,), 1.0)

    def _from_text(
        self,
        question: str,
        asked: Sequence[Programme],
        asker: _Asker,
        score: float,
        near: tuple[str, ...],
    ) -> PolicyAnswer:
        """A passage that speaks of what was asked; else that there is none, and whom to ask."""
        keys = tuple(programme.key for programme in asked)
        if quoted := self._quoted(question, keys, asker.library, EVIDENCE):
            return replace(quoted, near=near)
        offices = self._offices(asker.own or asked)
        words = t("ask.not_found_office", offices=offices) if offices else t("ask.not_found")
        return PolicyAnswer("out_of_scope", words, "", "", keys, score, near)

    def _offices(self, programmes: Sequence[Programme]) -> str:
        """Whom to ask, of one programme."""
        if len(programmes) != 1:
            return ""
        return "\n".join(tell(programmes[0], self.topics["contact"]).lines)

    def _told(
        self,
        topic: Topic,
        programmes: Sequence[Programme],
        score: float,
        near: tuple[str, ...],
        question: str = "",
        library: Passages | None = None,
    ) -> PolicyAnswer:
        keys = tuple(programme.key for programme in programmes)
        if not topic.documented:
            kind: Kind = "personal" if topic.kind == "personal" else "out_of_scope"
            words = t(f"ask.reply.{topic.key}")
            if topic.kind == "distress":
                words = t("ask.help_untold", help=words)
            return PolicyAnswer(kind, words, topic.key, score=score)
        told = [tell(programme, topic) for programme in programmes]
        if topic.frame == "each":
            told = [pointed(one, question) for one in told]
        if all(one.silent for one in told):
            if quoted := self._quoted(question, keys, library, WRITTEN):
                return replace(quoted, topic=topic.key, near=near)
            return PolicyAnswer(
                "silent", self._silent(told, topic), topic.key, "", keys, score, near
            )
        if len(told) == 1:
            (one,) = told
            source = _source(one)
            words = t("ask.fact", topic=topic.label, answer=_said(one, topic), **source)
            return PolicyAnswer("fact", words, topic.key, one.clause, keys, score, near)
        sources = (f"{self.called(one.programme)} {one.clause}" for one in told if not one.silent)
        words = self._side_by_side(told, topic)
        return PolicyAnswer("compare", words, topic.key, "；".join(sources), keys, score, near)

    def _side_by_side(self, told: Sequence[Told], topic: Topic) -> Text:
        """What each document says; those that say the same together."""
        speaking = sorted((one for one in told if not one.silent), key=lambda one: one.lines)
        lines: list[Text] = []
        for _, alike in groupby(speaking, key=lambda one: one.lines):
            same = list(alike)
            sources = [
                t("ask.source", programme=self.called(one.programme), clause=one.clause)
                for one in same
            ]
            lines.append(t("ask.each", sources=sources, answer=_said(same[0], topic)))
        if quiet := [self.called(one.programme) for one in told if one.silent]:
            lines.append(t("ask.each_silent", programmes=quiet))
        return t("ask.compare", topic=topic.label, lines=Lines(lines))

    def _quoted(
        self, question: str, keys: Sequence[str], library: Passages | None, enough: float
    ) -> PolicyAnswer | None:
        """The passage of a loaded document that speaks of what was asked, if one does."""
        if library is None or not question:
            return None
        near = library.find(question, keys, MOST_FOUND)
        found = [one.passage for one in near if one.score >= enough and self._of_its_own(one)]
        if not found:
            return None
        passage = found[0]
        words = t(
            "ask.passage",
            quote=library.excerpt(passage, question),
            document=passage.document,
            section=passage.section,
        )
        source = (passage.programme,)
        score = next(one.score for one in near if one.passage is passage)
        return PolicyAnswer("passage", words, "", passage.section, source, score)

    def _of_its_own(self, found: Found) -> bool:
        """Whether a passage is about the programme for which its document was loaded: where one
        document sets up two programmes, each has an annex of its own."""
        annex = _ANNEX.match(found.passage.section)
        if annex is None:
            return True
        mine = [one for one in self.every if one.key == found.passage.programme]
        beside = [
            one for one in self.every if one not in mine and _documents((one,)) & _documents(mine)
        ]
        return annex[0] in self._annexes(mine) or annex[0] not in self._annexes(beside)

    @staticmethod
    def _annexes(programmes: Iterable[Programme]) -> set[str]:
        """The annexes that these packs cite."""
        clauses = (fact.clause.split("；") for one in programmes for _, fact in one.facts())
        return {annex[0] for every in clauses for one in every if (annex := _ANNEX.match(one))}

    def _silent(self, told: Sequence[Told], topic: Topic) -> Text:
        called = [self.called(one.programme) for one in told]
        words = t("ask.silent", programmes=called, topic=topic.label)
        if topic.instead and len(told) == 1:
            other = self.topics[topic.instead]
            written = tell(told[0].programme, other)
            if not written.silent:
                says = "\n".join(line.partition("\n")[0] for line in written.lines)
                words = t("ask.instead", silent=words, topic=other.label, says=says)
        offices = self._offices([one.programme for one in told])
        return t("ask.silent_office", silent=words, offices=offices) if offices else words


@dataclass(frozen=True, slots=True)
class _Asker:
    own: tuple[Programme, ...]
    role: str
    last: Last | None
    library: Passages
    office: Office

    def having_heard(self, answer: PolicyAnswer) -> _Asker:
        """What is asked next in the same breath is understood from this."""
        return replace(self, last=Last(answer.topic, answer.programmes))

    def speaking_of(self, programmes: tuple[Programme, ...]) -> _Asker:
        """Whoever has named programmes goes on to speak of them."""
        return replace(self, own=programmes)


def alarmed(words: str) -> Text | None:
    """The help to show first if these words are a cry for help; usually none."""
    topic = _alarm(words)
    return t(f"ask.reply.{topic}") if topic else None


def _alarm(words: str) -> str:
    said = fold(words).casefold()
    return next((topic for word, topic in alarms().items() if word in said), "")


_guides: dict[tuple[int, ...], Guide] = {}


def guide() -> Guide:
    """The guide to the packs at hand: made once, and anew when a pack has changed."""
    every = all_programmes()
    packs = tuple(map(id, every))
    if packs not in _guides:
        made = Guide(every)
        _guides.clear()
        _guides[packs] = made
    return _guides[packs]


def _documents(programmes: Iterable[Programme]) -> set[tuple[str, ...]]:
    """Which documents programmes rest on: some documents set up two programmes."""
    return {
        (*one.identity.document_title.words, *one.identity.document_number.words)
        for one in programmes
    }


def _called(topic: Topic) -> Sequence[str]:
    return [render(topic.label, language) for language in LANGUAGES] if topic.documented else ()


def _with_near(answers: Sequence[PolicyAnswer]) -> tuple[PolicyAnswer, ...]:
    """Answers under the last of which stands what else may have been meant."""
    told = {answer.topic for answer in answers}
    near = dict.fromkeys(key for answer in answers for key in answer.near if key not in told)
    last = replace(answers[-1], near=tuple(near)[:MOST_NEAR])
    return (*(replace(answer, near=()) for answer in answers[:-1]), last)


def _said(told: Told, topic: Topic) -> Words:
    words: Words = "\n".join(told.lines)
    if topic.frame == "only" and not told.open:
        words = t("ask.only", says=words)
    if told.unclear:
        words = t("ask.unclear", says=words)
    return t("ask.carried", says=words, edition=told.carried) if told.carried else words


def _source(told: Told) -> dict[str, str | int]:
    return {
        "programme": told.programme.name,
        "edition": told.programme.edition_label,
        "clause": told.clause,
    }
