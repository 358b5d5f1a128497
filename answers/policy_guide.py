"""Answers questions about policy from the facts of the programmes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, takewhile
from typing import Final, Literal

from answers import alarms
from answers.aspects import unsaid
from answers.by_day import asked_of, planned
from answers.claims import admitting, of_grades, verdict
from answers.counting import Sum, summed
from answers.curated import Office
from answers.later import OUTSPOKEN, Documents, Later, cited
from answers.later import SURELY as SURELY_SPOKEN
from answers.matching import Index, Match, plain
from answers.naming import Atlas, names_of, of_edition, without
from answers.passages import Passage, Passages
from answers.premises import Premise, unshared
from answers.sounding import Sounds
from answers.telling import Told, pointed, tell
from answers.topics import Topic, topics_of
from language.numerals import fold, tidy
from programmes.catalogue import all_programmes
from programmes.model import Programme
from programmes.values import Duration, Minimum, Quota, When
from prompts import LANGUAGES, Language, Lines, Text, Words, catalogue, render, t

AnswerKind = Literal["fact", "passage", "personal", "compare", "silent", "out_of_scope"]

SURE: Final = 0.15
"""Below this score (0 to 1) a match may be about anything: better to say so than to guess."""
NEAR: Final = 0.05
"""Below this score a match is not even offered."""
SURELY: Final = 0.5
"""Above this score a match may interrupt a form, or is sure enough not to ask a model."""
SCHEDULE: Final = "schedule"
"""The topic of what happens when."""
STAGES: Final = {"初期": "initial", "中期": "mid", "末期": "final", "年度评价": "annual"}
"""The words that name a stage, and the topics of stages."""
CLEAR: Final = 0.8
"""Above this score a match is answered alone."""
NEARLY: Final = 0.4
"""Share of an unclear first topic's score from which one that the documents speak of precedes one
on which they are silent."""
BESIDE: Final = 0.1
"""Minimum share of an unclear first topic's score for a second topic to be answered beside it."""
EVIDENCE: Final = 0.35
"""Minimum share of a question that a passage must cover to be quoted (0 to 1)."""
WRITTEN: Final = 0.6
"""The same if the topic was understood but its facts are silent: a loaded document may still speak
of it."""
OWN: Final = 100.0
"""Factor for the asker's own records, or for who may join, if the words suggest them."""
ADMITS: Final = ("grades", "who")
"""The topics of who may join."""
COMPARED: Final = ("who", "cycle")
"""The topics that tell programmes apart where no other is named."""
FEW: Final = 3
"""Programmes that are compared one by one: what is asked then concerns each of them."""
MOST_NEAR: Final = 3
MOST_FOUND: Final = 5
"""Maximum passages considered for a quotation."""
MOST_DENIED: Final = 2
"""Maximum premises of one question that are denied."""
MOST_PARTS: Final = 3
"""Maximum questions answered at once."""
ELSEWHERE: Final = "elsewhere"
"""The topic of answers about programmes that are not here."""
MOST_CALLED: Final = 12
"""Maximum programmes named to a person who asks about one that is not here."""
ITEM: Final = 12
"""Maximum characters of what a list names."""
FEW_WORDS: Final = 12
"""Maximum characters of a question that is read with the topic before it."""
SHORT: Final = 14
"""Maximum characters of a question that follows up on the last one."""

_SEVERAL: Final = re.compile(
    "(?:哪[些几]个?|各个?|所有|每个|(?:[这那]|^)几个(?=方案|省))(?:方案|项目|计划|省份?(?!把|[要得须]|的?材料))(?:里|都|中)?|哪个(?:方案|计划|省)"
    "|which program(?:me)?s"
)
_BETWEEN: Final = re.compile(r"[？?；;。！!\n]+")
_BESIDE: Final = re.compile(r"[，,]|(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_CLAUSES: Final = re.compile(rf"{_BESIDE.pattern}|[、：:（）()]")
_ASKS: Final = re.compile(
    r"[吗呢么嘛谁几哪啥咋]|什么|多少|怎么|多久|多长|是不是|有没有|要不要|能不能|可不可以|[不没]$"
)
_ALSO: Final = re.compile(r"还有|以及|另外|顺便|再(?:问|说|查)|\band\b|\balso\b")
_OWN: Final = re.compile(r"我|孩子|娃|闺女|儿子|女儿|\b(?:my|our|mine|i)\b")
_GRADE: Final = re.compile(
    r"高[一二三]|初[一二三]|职高|普通高中|大班|幼儿园|学前|小[一二三四五六](?!组)|小学|[一二三四五六七八九\d]年级"
)
_JOINS: Final = re.compile(
    "收不|收吗|[还也]?收|要不要|要人|能[去来报进]|可以[去来报进]|参加吗|能参加|能不能|轮得?到|行吗|可以吗"
)
"""Whether somebody of a grade may join: 高三还要不要人, 初二能报吗."""
_BECAME: Final = re.compile(
    r"[了过到上去完收批发审]我?没有?\s*$|[了过]没|了(?:吗|没有)\s*$|次了|查[一下]|到哪一?步|够不够|排到|轮到|在不在"
    r"|有没有我|有我|我(?:的)?名字|第几个|还[差剩]|给我写的|考得|评上|帮我?[看查]|看一眼"
    r"|\b(?:been|yet|already|so far|still)\b"
)
"""What became of something: 通过了没, 几次了, 在不在名单里."""
_MOST: Final = re.compile("最(?:(?P<much>[晚后多长高大久])|[早先少短低小快])")
"""Who is first or last: 最早, 最多."""
_WHICH: Final = re.compile(
    r"(?:哪一?[个边家省]|谁)的?([^早晚多少高低长短]{1,10}?)更?([早晚多少高低长短])一?[些点]?[呢吗啊?？]*$"
)
"""Which of several is ahead in something: 哪个中期早."""
_EITHER: Final = re.compile(r"([早晚多少高低长短])一?[些点]?还是[早晚多少高低长短]一?[些点]?")
"""早还是晚."""
_OF_BOTH: Final = re.compile(
    "([\u3400-\u9fff]{2,6}?)[和与跟、]([\u3400-\u9fff]{2,6}?)(?:都是?|分别|各自?)(?!要|有)(.{2,})"
)
"""One thing asked of two: 日志和报告都啥时候交."""
_ITEMS: Final = re.compile("[；、]")
_PARTS: Final = re.compile("[；。，、：\\n]")
_MATTERS: Final = re.compile("[；。，：\\n]")
_UNWRITTEN: Final = re.compile("未写|没写|没有单独|未列(?!入)|未定|未说明|没有规定")
"""By which packs say that a document leaves a part open."""
_LEFT_OPEN: Final = {
    r"什么时候|啥时候|何时|哪一?天|几[号月]|哪几?个?月|多久|\bwhen\b": "时间|日期|天数|期限|多久"
    "|安排",
    r"哪[里儿]|在哪|地点|还是在|\bwhere\b": "地点|到校",
    r"多少|几|\bhow (?:many|much)\b": "多少|数值|[人天次]数|金额|名额|比例",
    r"谁|哪个?(?:部门|单位)|\bwho\b": "谁",
    r"[买花用]|\bspend\b": "用途",
}
"""What is asked of a matter, and how packs call it where a document leaves it open."""
_ANNEX: Final = re.compile(r"附件\d*")
_BOUND: Final = re.compile("(?<= )[和与跟及、]+(?= )")
"""What bound the names of programmes together."""
_COMPARES: Final = re.compile(
    r"(?:[和与跟同比][\s、]*+){0,8}(?:之间|两边|两者|它们)?的?(?:相比较?|比起来|比较|对比|比一?比|比"
    r"|(?:有|是)?(?:什么|啥|哪些)?(?:区别|不同|不一样|差别|差异)(?:在哪里?)?|差在哪里?|(?:是不是|是否)?一样(?:吗|不|么)?"
    r"|(?:谁|哪[个边]|哪一个)(?:的)?(?:更?[多少高低早晚长短严松])(?:一?[些点])?)(?:怎么样|如何|的话)?[呢吗吧]?"
    r"|\b(?:compared? (?:to|with)|differ\w*|versus|vs)\b"
)
"""Words that set one programme beside another: 和江苏比呢, 有什么区别."""
_LEANS: Final = re.compile(
    r"(?:那么?|然后|还有|接着|它|这个?|那个?|一般|大概|具体|都|是|会|要|得|能|可以|由|来|让|的|了|呢|吗|么"
    r"|[什啥]么?时候?|几[时号月次个名]?|哪[天个些里儿]|多[久少长]|时间|谁|在|到|什么|啥|怎么?样?|如何|为什么"
    r"|办|定|算|评|审|发|交|写|看|管|负责|到期|逾期|过期|不合格|不达标|没过|通不过|不够|结果|后果|要求|标准"
    r"|when|who|where|how|many|much|long|why|is|it|does|then|and|what|if|happens|\s|[?？])+"
)
"""Few words that ask, and name nothing to ask about: 什么时候, 谁来定, 不合格会怎么样."""
_OURS: Final = re.compile(r"我们|咱|\b(?:ours?|we)\b", re.IGNORECASE)
_SMALL: Final = re.compile(
    r"到底|究竟|方案|计划|项目|[\s，,。？?的和与跟同我们咱呢吗那这俩两个是]+"
)
_GOES_ON: Final = re.compile(r"^(?:那么?|还有|另外|换成|and |what about |how about )|呢$")


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """An answer, and what it rests on."""

    kind: AnswerKind
    text: Text
    topic: str = ""
    clause: str = ""
    programmes: tuple[str, ...] = ()
    """The keys of the programmes that it speaks about."""
    score: float = 0.0
    """The confidence that the question was understood, 0 to 1."""
    near: tuple[str, ...] = ()
    """Other topics that may have been meant."""


@dataclass(frozen=True, slots=True)
class Last:
    """The topic and programmes of the asker's last question."""

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
        self._documents = Documents()
        self._words: dict[str, Mapping[str, float]] = {}
        """The words that people ask about a topic with, for the topics looked up so far."""
        self._titles = {one.key: _documents((one,)) for one in self.every}
        self._concerned = {
            key: {one.key for one in self.every if topic.concerns(one)}
            for key, topic in self.topics.items()
        }
        """The programmes that each topic applies to."""
        # What a topic is called is a way of asking about it, too.
        self._index = Index(
            {key: (*topic.asks, *_called(topic)) for key, topic in self.topics.items()},
            {key: self._parts_of(topic) for key, topic in self.topics.items()},
        )
        # One question is looked at as a whole, in its parts and when it is answered.
        self._read = lru_cache(maxsize=64)(Sounds(self._index.asked, self.names.sure).read)
        self._likely = lru_cache(maxsize=32)(self._index.match)

    def ask(
        self,
        question: str,
        own: Sequence[Programme] = (),
        *,
        role: str = "",
        last: Last | None = None,
        library: Passages | None = None,
        office: Office | None = None,
        at_office: bool = False,
    ) -> tuple[PolicyAnswer, ...]:
        """Answer a question, part by part.

        Any programme may be asked about by name; without a name the asker's `own` are meant, and
        without these, all. `role` is the asker's role, `last` their last question, `library` the
        offices' documents, `office` the offices' own answers. `at_office`: the asker is the
        office, and is not told to ask it.
        """
        known = library or Passages(())
        asker = _Asker(tuple(own), role, last, known, office or Office(()), at_office)
        answers: dict[str, PolicyAnswer] = {}
        read = self._read(question)
        if alarm := alarms.topic_of(question) or alarms.topic_of(read):
            answers[alarm] = self._told(self.topics[alarm], (), 1.0, ())
        question = read
        for part in self._parts(question, asker.own)[:MOST_PARTS]:
            if (missing := self._missing(part)) and not self._mentioned(part, asker.own):
                answers.setdefault(ELSEWHERE, missing)
                if not self.surely_named(part):
                    continue
            for answer in self._answer_truly(part, asker):
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

    def known_words(self, question: str) -> str:
        """Of a question only what people ask about the documents with: no names, no places,
        nothing that only its asker says."""
        documented = {key for key, topic in self.topics.items() if topic.documented}
        return self._index.known_words(question, documented)

    def missing(self, question: str) -> str:
        """The place or scheme that is asked about and has no programme here, if one is."""
        said = fold(tidy(question)).casefold()
        places = [place.name for place in self._atlas.asked(said) if not place.families]
        return self._atlas.scheme(said, question) or "、".join(places)

    def about(self, topic: str, programmes: Sequence[Programme]) -> PolicyAnswer:
        """The answer on a topic for these programmes. Raises KeyError for an unknown topic."""
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
        """Whether a question names a programme by a name that is unmistakable: 浙江英才 is not
        英才计划."""
        said = fold(tidy(question)).casefold()
        return any(without(name, said) != said for name in self.names.sure)

    def names_in(self, question: str, own: Sequence[Programme] = ()) -> tuple[Programme, ...]:
        """The programmes that a question names."""
        return self._called(question, own)[0]

    def _around(self, rest: str, own: Sequence[Programme]) -> tuple[Programme, ...]:
        """The programmes of the places asked about, except the asker's own."""
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

    def _mentioned(self, question: str, own: Sequence[Programme]) -> bool:
        """Whether what answers a question speaks of the scheme named: 进拔尖计划有优惠没."""
        asked, _ = self.scope(question, own)
        first, *_ = self.match(question, own) or (None,)
        if len(asked) != 1 or first is None or first.score < SURELY:
            return False
        lines = tell(asked[0], self.topics[first.topic]).lines
        return any(self.missing(question) in line for line in lines)

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
        rest = self._read(fold(tidy(question))).casefold()
        ours = {programme.family for programme in own}
        titles = _documents(own)
        near = ours | {p.family for p in self.every if self._titles[p.key] & titles}
        called: set[str] = set()
        for name, families in self.names.sure.items():
            cut = without(name, rest)
            if cut != rest:
                rest = cut
                called |= (families & ours) or (families & near) or families
        for name, families in self.names.loose.items():
            meant = (families & ours) or (families & near)
            if meant and not called - near:
                cut = without(name, rest)
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
        """The separate questions in a message: each ends with its mark, or they stand side by side
        and each is clear alone."""
        whole = [part for part in _BETWEEN.split(question) if len(tidy(part)) > 1]
        sums = [part for part in whole if self._sum_of(part, own)]
        if len(whole) > 1 and not sums and self._sum_of(question, own):
            return [question]  # 去了8趟，达标吗？差几趟
        parts: list[str] = []
        for part in whole or [question]:
            beside = [one for one in _BESIDE.split(part) if one]
            asking = len(beside) > 1 and self._each_asks(beside)
            both = _OF_BOTH.fullmatch(part.strip(" ?？"))
            each = [f"{both[1]}{both[3]}", f"{both[2]}{both[3]}"] if both else []
            if part in sums:
                parts.append(part)
            elif each and self._apart(each, own, SURELY):
                parts += each
            elif asking and (self._of_different(beside) or self._apart(beside, own)):
                parts += beside
            elif asking and self._apart((beside[0], part), own):  # 日志谁督促，谁审核
                parts += (beside[0], part)
            elif asking and self._apart(beside, own, SURELY):
                parts += beside
            else:
                parts += self._clear_in(part, own) or [part]
        return parts

    def _sum_of(self, question: str, own: Sequence[Programme]) -> Sum | None:
        asked, rest = self.scope(question, own)
        return summed(rest, asked[0]) if len(asked) == 1 else None

    def _clear_in(self, part: str, own: Sequence[Programme]) -> list[str]:
        """The clauses that are clear alone, of a question that is not clear as a whole."""
        clauses = [one for one in _CLAUSES.split(part) if one.strip()]
        if len(clauses) < 2 or self._surely(part, own, SURE):
            return []
        return [one for one in clauses if self._surely(one, own, CLEAR)]

    def _surely(self, question: str, own: Sequence[Programme], enough: float) -> bool:
        return any(one.score >= enough for one in self.match(question, own)[:1])

    @staticmethod
    def _each_asks(beside: Sequence[str]) -> bool:
        """Whether each of these asks something; what 还有 follows asks as that does."""
        others = beside[1:]
        asking = others if all(_ALSO.match(one) for one in others) else beside
        return all(_ASKS.search(one) for one in asking)

    def _of_different(self, questions: Sequence[str]) -> bool:
        """Whether each of these names a programme of its own: 山西要几次，江苏要几次."""
        named = [frozenset(one.family for one in self.names_in(each)) for each in questions]
        return all(named) and len(set(named)) == len(named)

    def _apart(
        self, questions: Sequence[str], own: Sequence[Programme], enough: float = CLEAR
    ) -> bool:
        """Whether these are clear questions about different things."""
        best = [self.match(one, own)[:1] for one in questions]
        clear = {match.topic for found in best for match in found if match.score >= enough}
        return len(clear) == len(questions)

    def rarity(self, gram: str) -> float:
        """How much an n-gram says: the more, the more rarely people ask with it."""
        return self._index.rarity(gram)

    def match(self, question: str, own: Sequence[Programme] = ()) -> list[Match]:
        """The topics that a question may be about, the likeliest first."""
        asked, rest = self.scope(question, own)
        return self._match(rest, asked)

    def meant(self, found: Sequence[Match], asked: Sequence[Programme]) -> Sequence[Match]:
        """The topic that is meant; two, if it may be either; none, if it is not clear. Beside one
        on which the documents are silent stands one on which they are not, if there is one."""
        if not found or found[0].score < SURE:
            return []
        first, *others = found
        if first.score >= CLEAR:
            return [first]
        beside = list(takewhile(lambda match: match.score >= BESIDE * first.score, others))
        second = next(iter(beside), None)
        if self._silent_on(first.topic, asked):
            spoken = (match for match in beside if not self._silent_on(match.topic, asked))
            second = next(filter(lambda m: self._offered(m.topic), spoken), second)
            if second and first.score < SURELY and second.score >= NEARLY * first.score:
                first, second = second, first
        return [first, second] if second and self._offered(second.topic) else [first]

    def _match(self, rest: str, asked: Sequence[Programme]) -> list[Match]:
        keys = {programme.key for programme in asked}
        enough = keys.issubset if len(asked) <= FEW else lambda those: not keys.isdisjoint(those)
        found = [match for match in self._likely(rest) if enough(self._concerned[match.topic])]
        said = plain(rest)
        if stages := {topic for word, topic in STAGES.items() if word in said}:
            found = _of_stages(found, stages)
        if _GRADE.search(said) and _JOINS.search(said):
            found = self._raised(found, {one for one in ADMITS if one in self.topics})
        return self._own_first(found) if _OWN.search(rest) and _BECAME.search(rest) else found

    def _own_first(self, found: Sequence[Match]) -> list[Match]:
        """Put the asker's own records first in a question about an outcome of theirs."""
        personal = {m.topic for m in found if self.topics[m.topic].kind == "personal"}
        return self._raised(found, personal)

    def _raised(self, found: Sequence[Match], topics: Collection[str]) -> list[Match]:
        """Put what is likelier for a reason of its own first."""
        if not found:
            return []
        weight = {m: OWN if m.topic in topics else 1.0 for m in found}
        whole = sum(m.score * weight[m] for m in found) / sum(m.score for m in found)
        again = [m._replace(score=m.score * weight[m] / whole) for m in found]
        return sorted(again, key=lambda match: (-match.score, match.topic))

    def _answer_truly(self, question: str, asker: _Asker) -> list[PolicyAnswer]:
        """Answers to a question, after a denial of what it takes for granted and the document of
        its one programme does not say: nobody is to take it for true."""
        answers = list(self._answer(question, asker))
        asked, rest = self.scope(question, asker.own)
        if len(asked) != 1 or not all(map(self._of_documents, answers)):
            return answers
        told = {answer.topic for answer in answers if answer.kind == "silent"}
        denied = [
            self._written_later(premise, asked[0], rest, asker)
            or self._denied(premise, asked[0], asker)
            for premise in unshared(_closed(rest), asked[0], self.topics)
            if premise.topic not in told
            and not self._looked_up(self.topics[premise.topic], asked, rest, (), asker.library)
        ]
        if not denied:
            return answers
        once = {answer.topic: answer for answer in denied[:MOST_DENIED]}
        besides = (
            one
            for one in answers
            if one.kind == "fact" and one.score >= SURELY and one.topic not in once
        )
        return [*once.values(), *besides]

    def _written_later(
        self, premise: Premise, programme: Programme, question: str, asker: _Asker
    ) -> PolicyAnswer | None:
        """What a later document says of a premise, in its words."""
        titles = self._documents.of(asker.library, programme)
        for one in asker.library.find(question, (programme.key,), MOST_FOUND):
            passage = one.passage
            said = passage.document in titles and premise.said.search(_closed(passage.text))
            if said and self._of_its_own(passage):
                quote = asker.library.excerpt(passage, question)
                words = t("ask.passage", **cited(asker.library, passage, quote))
                source = (programme.key,)
                return PolicyAnswer("passage", words, premise.topic, passage.section, source, 1.0)
        return None

    def _of_documents(self, answer: PolicyAnswer) -> bool:
        """Whether an answer comes from a programme's facts, or from nothing."""
        topic = self.topics.get(answer.topic)
        return answer.kind != "passage" and (topic.documented if topic else not answer.topic)

    def _denied(self, premise: Premise, programme: Programme, asker: _Asker) -> PolicyAnswer:
        """That a document does not say what a question takes for granted, and what it does say."""
        topic, name = self.topics[premise.topic], t(f"ask.premise.{premise.key}")
        told = tell(programme, topic)
        if told.silent:
            words = self._silent([told], topic, asker.at_office, name)
            return PolicyAnswer("silent", words, topic.key, "", (programme.key,), 1.0)
        answer = self._told(topic, (programme,), 1.0, (), at_office=asker.at_office)
        denial = t("ask.unshared", programmes=[self.called(programme)], name=name)
        return replace(answer, text=t("ask.headed", head=denial, says=answer.text))

    def _answer(self, question: str, asker: _Asker) -> Iterator[PolicyAnswer]:
        asked, rest = self.scope(question, asker.own)
        named = self._called(question, asker.own)[0]
        if (named or asker.last) and (besides := _COMPARES.search(rest)) and len(asked) < FEW:
            rest = _OURS.sub(" ", f"{rest[: besides.start()]} {rest[besides.end() :]}")
            rest = _BOUND.sub(" ", f" {rest} ").strip()
            asked = self._beside(asked, named, asker, ours=bool(_OURS.search(question)))
            topic = self.topics.get(asker.last.topic) if asker.last else None
            if topic is not None and not _SMALL.sub("", rest):
                yield self._told(topic, asked, 1.0, (), rest, asker.library, asker.at_office)
                return
            if topic is None and len(asked) > 1 and not _SMALL.sub("", rest):
                # 四川那两个有什么区别
                for key in COMPARED:
                    yield self._told(self.topics[key], asked, 1.0, (), "", asker.library)
                return
        if len(asked) > 1:
            rest = _EITHER.sub("", _WHICH.sub(r"\1最\2", rest))
        if meant := self._from_office(rest, asked, asker):
            yield meant
            return
        if asker.last is not None and (meant := self._goes_on(question, rest, asked, asker)):
            yield meant
            return
        if asked_of(rest):
            topic = self.topics[SCHEDULE]
            yield self._told(topic, asked, 1.0, (), rest, asker.library, asker.at_office)
            return
        if len(asked) == 1 and (result := summed(rest, asked[0])):
            yield self._counted(result, asked, rest, asker)
            return
        found: Sequence[Match] = self._match(rest, asked)
        if more := self._in_context(rest, asked, found, asker):
            found = more
        near = tuple(m.topic for m in found if m.score >= NEAR and self._offered(m.topic))
        chosen = self.meant(found, asked)
        if not chosen:
            score = found[0].score if found else 0.0
            yield self._from_text(rest, asked, asker, score, near[:MOST_NEAR])
        judged = ""
        said: list[PolicyAnswer] = []
        for match in chosen:
            topic = self.topics[match.topic]
            topic = self.topics[topic.by_role.get(asker.role, topic.key)]
            if judged and (judged not in ADMITS or topic.key in ADMITS):
                break
            others = tuple(key for key in near if key != topic.key)[:MOST_NEAR]
            answer = self._told(
                topic, asked, match.score, others, rest, asker.library, asker.at_office
            )
            if head := self._head(answer, topic, asked, rest):
                judged = topic.key
                answer = replace(answer, text=t("ask.headed", head=head, says=answer.text))
                if said and said[0].kind == "silent":
                    said = []  # what is stated was about this
            said.append(answer)
        yield from said

    def _head(
        self, answer: PolicyAnswer, topic: Topic, asked: Sequence[Programme], question: str
    ) -> Text | None:
        """Yes or no, if that is asked and the facts tell."""
        if answer.kind == "compare" and topic.key in ADMITS:
            return admitting(question, asked, {one.key: self.called(one) for one in asked})
        # What a later document says beside it may be what is stated.
        if answer.kind != "fact" or len(asked) != 1 or answer.text.key == "ask.beside":
            return None
        told = tell(asked[0], topic)
        told = pointed(told, question) if topic.frame == "each" else told
        return verdict(question, told, topic, sure=answer.score >= CLEAR)

    def _counted(
        self, result: Sum, asked: Sequence[Programme], rest: str, asker: _Asker
    ) -> PolicyAnswer:
        """What a rule comes to, and the rule."""
        topic = self.topics[result.topic]
        # A later document may change the rule without a word of the sum.
        question = f"{render(topic.label, 'zh')} {rest}"
        told = self._told(topic, asked, 1.0, (), question, asker.library, asker.at_office)
        head = result.says
        if topic.key == "rank" and (grades := of_grades(rest, asked[0])):
            head = t("ask.parts", parts=Lines([grades, head]))
        return replace(told, text=t("ask.headed", head=head, says=told.text))

    def _beside(
        self, asked: Sequence[Programme], named: Sequence[Programme], asker: _Asker, *, ours: bool
    ) -> tuple[Programme, ...]:
        """The programmes compared: one's own, or those just spoken of, with what is named."""
        last = asker.last.programmes if asker.last else ()
        before = [one for one in self.every if one.key in last] or list(asker.own)
        beside = [*(before if len(asked) < 2 else ()), *asked]
        families = {one.family for one in named}
        if ours or (len({one.family for one in beside}) < 2 and families):
            beside = [*asker.own, *beside]
        return tuple({one.key: one for one in beside}.values())

    def _silent_on(self, topic: str, programmes: Sequence[Programme]) -> bool:
        return self._offered(topic) and all(
            tell(programme, self.topics[topic]).silent for programme in programmes
        )

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
            return self._told(topic, asked, 1.0, (), rest, asker.library, asker.at_office)
        before = tuple(one for one in self.every if one.key in last.programmes) or asked
        told = [tell(programme, topic) for programme in before]
        if any(bare in line for one in told for line in one.lines):
            return self._told(topic, before, 1.0, (), bare, asker.library, asker.at_office)
        found = self._match(bare, asked)
        if found and found[0].score >= SURE:
            return None
        return self._told(topic, before, 1.0, (), bare, asker.library, asker.at_office)

    def _in_context(
        self, rest: str, asked: Sequence[Programme], found: Sequence[Match], asker: _Asker
    ) -> Sequence[Match]:
        """What a few words mean that say little alone, after the topic before them: 什么时候."""
        last = asker.last
        if last is None or last.topic not in self.topics or not plain(rest):
            return ()
        topic = self.topics[last.topic]
        alone = found[0].score if found else 0.0
        leans = len(tidy(rest)) <= FEW_WORDS and _LEANS.fullmatch(tidy(rest))
        if not leans or alone >= SURELY or not topic.documented:
            return ()
        language: Language = "en" if rest.isascii() else "zh"
        together = self._match(f"{render(topic.label, language)} {rest}".casefold(), asked)
        return together if together and together[0].score >= SURELY else ()

    def _offered(self, topic: str) -> bool:
        return self.topics[topic].documented

    # ------------------------------------------------------------ what is said

    def _from_office(
        self, question: str, asked: Sequence[Programme], asker: _Asker
    ) -> PolicyAnswer | None:
        """An office's own answer; it concerns its programme alone and compares nothing."""
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
        """The answer from a passage; without one, that there is none and whom to ask."""
        keys = tuple(programme.key for programme in asked)
        if quoted := self._quoted(question, keys, asker.library, EVIDENCE):
            return replace(quoted, near=near)
        offices = self._offices(asker.own or asked)
        words = t("ask.not_found_office", offices=offices) if offices else t("ask.not_found")
        if asker.at_office:
            words = t("ask.not_found_at_office")
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
        at_office: bool = False,
    ) -> PolicyAnswer:
        keys = tuple(programme.key for programme in programmes)
        kind: AnswerKind
        if not topic.documented:
            kind = "personal" if topic.kind == "personal" else "out_of_scope"
            here = f"ask.reply_at_office.{topic.key}"
            at_office = at_office and here in catalogue("zh")
            words = t(here if at_office else f"ask.reply.{topic.key}")
            if topic.kind == "distress":
                words = t("ask.help_untold", help=words)
            return PolicyAnswer(kind, words, topic.key, score=score)
        told = [tell(programme, topic) for programme in programmes]
        if topic.frame == "each":
            told = [pointed(one, question) for one in told]
        if topic.key == SCHEDULE and (day := asked_of(question)):
            told = [planned(one, day) for one in told]
        if all(one.silent for one in told):
            if quoted := self._looked_up(topic, programmes, question, near, library):
                return replace(quoted, near=near)
            return PolicyAnswer(
                *("silent", self._silent(told, topic, at_office), topic.key, ""),
                *(keys, score, near),
            )
        if len(told) == 1:
            (one,) = told
            source = _source(one)
            words = t("ask.fact", topic=topic.label, answer=_said(one, topic), **source)
            missing = unsaid(question, topic, one)
            enough = 1.0 if missing else SURELY_SPOKEN
            if later := self._later(topic, programmes, question, library, enough):
                words, missing = t("ask.beside", says=words, **later.cited), ()
            elif missing:
                words = t("ask.unsaid", aspects=missing, says=words)
            left_open = missing or any(map(_UNWRITTEN.search, one.lines))
            if left_open and not later and not at_office:
                offices = self._offices(programmes)
                words = t("ask.part_silent", says=words, offices=offices) if offices else words
            kind = "silent" if missing or _left_open(one, question) else "fact"
            return PolicyAnswer(kind, words, topic.key, one.clause, keys, score, near)
        sources = (f"{self.called(one.programme)} {one.clause}" for one in told if not one.silent)
        words = self._side_by_side(told, topic, question, library)
        return PolicyAnswer("compare", words, topic.key, "；".join(sources), keys, score, near)

    def _side_by_side(
        self, told: Sequence[Told], topic: Topic, question: str, library: Passages | None
    ) -> Text:
        """What each document says; equal answers are joined. Where one's own document is silent,
        what a later one says."""
        speaking = sorted((one for one in told if not one.silent), key=lambda one: one.lines)
        lines: list[Text] = []
        for _, alike in groupby(speaking, key=lambda one: one.lines):
            same = list(alike)
            sources = [
                t("ask.source", programme=self.called(one.programme), clause=one.clause)
                for one in same
            ]
            lines.append(t("ask.each", sources=sources, answer=_said(same[0], topic)))
        quiet: list[str] = []
        for silent in (one.programme for one in told if one.silent):
            name = self.called(silent)
            if later := self._later(topic, (silent,), question, library, 1.0):
                lines.append(t("ask.each_later", programme=name, **later.cited))
            else:
                quiet.append(name)
        if quiet:
            lines.append(t("ask.each_silent", programmes=quiet))
        most = self._most([one for one in told if not one.silent], topic, question)
        differs = self._differs(speaking) if len(speaking) == 2 else ()
        return t("ask.compare", topic=topic.label, lines=Lines([*most, *differs, *lines]))

    def _differs(self, told: Sequence[Told]) -> Iterator[Text]:
        """What only one of two lists has, if they have anything in common."""
        one, other = (dict.fromkeys(_ITEMS.split(each.lines[0])) for each in told)
        names = all(len(item) <= ITEM and "\n" not in item for item in (*one, *other))
        if names and one.keys() & other.keys():
            for each, mine, others in ((told[0], one, other), (told[1], other, one)):
                if items := [item for item in mine if item not in others]:
                    yield t("ask.differs", programme=self.called(each.programme), items=items)

    def _most(self, told: Sequence[Told], topic: Topic, question: str) -> Iterator[Text]:
        """Which programme is first or last, if that is asked and the facts can be put in order."""
        asked = _MOST.search(question)
        if asked is None or len(told) < 2:
            return
        paths = [path for path in topic.facts if "#" not in path]
        if topic.key == "cycle":
            end, long = re.search("结束|完|最后", question), re.search("[长短]", question)
            paths = ["cycle.end" if end else "cycle.duration" if long else "cycle.start"]
        sizes: dict[str, float] = {}
        for one in told:
            size = _size(one.programme.fact(paths[0]).value) if paths else None
            if size is not None:
                sizes[self.called(one.programme)] = size
        if len(sizes) < 2:
            return
        extreme = (max if asked["much"] else min)(sizes.values())
        names = [name for name, size in sizes.items() if size == extreme]
        yield t("ask.most", word=asked[0], programmes=names)

    def _looked_up(
        self,
        topic: Topic,
        programmes: Sequence[Programme],
        question: str,
        near: Sequence[str],
        library: Passages | None,
    ) -> PolicyAnswer | None:
        """What loaded documents say on a topic on which the packs are silent, if anything.

        Of the packs' own documents only what covers the question itself: they have been read.
        """
        for key in (topic.key, *near):
            other = self.topics[key]
            later = self._later(other, programmes, question, library, 1.0)
            if later is not None:
                source = (later.passage.programme,)
                score = min(1.0, later.evidence / 2)
                return PolicyAnswer(
                    *("passage", t("ask.passage", **later.cited), key, later.passage.section),
                    *(source, score),
                )
        keys = tuple(programme.key for programme in programmes)
        quoted = self._quoted(question, keys, library, WRITTEN)
        return quoted and replace(quoted, topic=topic.key)

    def _later(
        self,
        topic: Topic,
        programmes: Sequence[Programme],
        question: str,
        library: Passages | None,
        enough: float,
    ) -> Later | None:
        """What later documents say on a topic, if it is evident."""
        if not library or not any(self._documents.of(library, one) for one in programmes):
            return None
        if topic.key not in self._words:
            self._words[topic.key] = self._index.words_of(topic.key, topic.asks)
        words = self._words[topic.key]
        own = self._of_its_own
        later = self._documents.find(library, programmes, question, words, own, enough)
        if later is None or (enough <= 1 and later.spoken >= OUTSPOKEN):
            return later
        return None if self._of_another(later, topic, CLEAR if enough <= 1 else SURELY) else later

    def _of_another(self, later: Later, topic: Topic, sure: float) -> bool:
        """Whether a quotation clearly speaks of another topic: it resembles this one's question,
        and answers that one's. One of its clauses may speak of this one all the same."""
        for clause in _PARTS.split(later.quote):
            match, *_ = self._index.match(clause) or (None,)
            if match is not None and match.topic == topic.key and match.score >= SURE:
                return False
        first, *_ = self._index.match(later.quote) or (None,)
        return first is not None and first.topic != topic.key and first.score >= sure

    def _quoted(
        self, question: str, keys: Sequence[str], library: Passages | None, enough: float
    ) -> PolicyAnswer | None:
        """The passage of a loaded document that covers the question, if any."""
        if library is None or not question:
            return None
        near = library.find(question, keys, MOST_FOUND)
        found = [
            one.passage for one in near if one.score >= enough and self._of_its_own(one.passage)
        ]
        if not found:
            return None
        passage = found[0]
        quote = library.excerpt(passage, question)
        words = t("ask.passage", **cited(library, passage, quote))
        source = (passage.programme,)
        score = next(one.score for one in near if one.passage is passage)
        return PolicyAnswer("passage", words, "", passage.section, source, score)

    def _of_its_own(self, passage: Passage) -> bool:
        """Whether a passage is about the programme for which its document was loaded: where one
        document sets up two programmes, each has an annex of its own."""
        annex = _ANNEX.match(passage.section)
        if annex is None:
            return True
        mine = [one for one in self.every if one.key == passage.programme]
        beside = [
            one for one in self.every if one not in mine and _documents((one,)) & _documents(mine)
        ]
        return annex[0] in self._annexes(mine) or annex[0] not in self._annexes(beside)

    @staticmethod
    def _annexes(programmes: Iterable[Programme]) -> set[str]:
        """The annexes that these packs cite."""
        clauses = (fact.clause.split("；") for one in programmes for _, fact in one.facts())
        return {annex[0] for every in clauses for one in every if (annex := _ANNEX.match(one))}

    def _silent(
        self, told: Sequence[Told], topic: Topic, at_office: bool, premise: Words = ""
    ) -> Text:
        """That documents are silent on a topic, or on what a question takes for granted of it."""
        called = [self.called(one.programme) for one in told]
        key = "ask.silent_at_office" if at_office else "ask.silent"
        words = t(key, programmes=called, topic=topic.label)
        if premise:
            words = t("ask.unshared", programmes=called, name=premise)
        others = (
            (self.topics[other], tell(told[0].programme, self.topics[other]))
            for other in topic.instead
        )
        if len(told) == 1 and (found := next((one for one in others if not one[1].silent), None)):
            other, written = found
            both = zip(written.lines, written.said, strict=True)
            lines = [said if "\n" not in line else _in_short(line) for line, said in both]
            told_instead = {"topic": other.label, "clause": written.clause}
            words = t(
                "ask.instead",
                silent=words,
                says=t("ask.parts", parts=Lines(lines)),
                **told_instead,
            )
        offices = "" if at_office else self._offices([one.programme for one in told])
        return t("ask.silent_office", silent=words, offices=offices) if offices else words


@dataclass(frozen=True, slots=True)
class _Asker:
    own: tuple[Programme, ...]
    role: str
    last: Last | None
    library: Passages
    office: Office
    at_office: bool = False

    def having_heard(self, answer: PolicyAnswer) -> _Asker:
        """What is asked next in the same breath is understood from this."""
        return replace(self, last=Last(answer.topic, answer.programmes))

    def speaking_of(self, programmes: tuple[Programme, ...]) -> _Asker:
        """The same asker, with these programmes in place of their own."""
        return replace(self, own=programmes)


_guides: dict[tuple[int, ...], Guide] = {}


def guide() -> Guide:
    """The guide to the installed packs: built once, and again when a pack has changed."""
    every = all_programmes()
    packs = tuple(map(id, every))
    if packs not in _guides:
        made = Guide(every)
        _guides.clear()
        _guides[packs] = made
    return _guides[packs]


def _of_stages(found: Sequence[Match], stages: Collection[str]) -> list[Match]:
    """Matches without the stages that are not named: what speaks for those speaks for these."""
    named = sum(match.score for match in found if match.topic in stages)
    others = set(STAGES.values()) - set(stages)
    whole = named + sum(match.score for match in found if match.topic in others)
    kept = [
        match._replace(score=match.score * whole / named) if match.topic in stages else match
        for match in found
        if match.topic not in others
    ]
    return sorted(kept, key=lambda match: (-match.score, match.topic))


def _size(value: object) -> float | None:
    """What puts facts of one kind in order: a day, a number, a length."""
    match value:
        case When():
            return value.first_day.toordinal()
        case Duration():
            return value.months
        case Quota():
            return value.n
        case Minimum():
            return value.at_least
        case int() if not isinstance(value, bool):
            return value
    return None


def _left_open(told: Told, question: str) -> bool:
    """Whether the document says that it leaves open just what is asked."""
    asked = [named for asks, named in _LEFT_OPEN.items() if re.search(asks, question)]
    parts = [part for line in told.lines for part in _MATTERS.split(line)]
    return any(
        _UNWRITTEN.search(part) and re.search(named, part) for part in parts for named in asked
    )


def _documents(programmes: Iterable[Programme]) -> set[tuple[str, ...]]:
    """Which documents programmes rest on: some documents set up two programmes."""
    return {
        (*one.identity.document_title.words, *one.identity.document_number.words)
        for one in programmes
    }


def _in_short(stage: str) -> str:
    """Of an evaluation its name and its time; without a time, who evaluates."""
    name, _, others = stage.partition("\n")
    return name + others.partition("\n")[0] if name.endswith("：") else name


def _closed(question: str) -> str:
    """A question without blanks and courtesies."""
    return "".join(fold(tidy(question)).casefold().split())


def _called(topic: Topic) -> Sequence[str]:
    return [render(topic.label, language) for language in LANGUAGES] if topic.documented else ()


def _with_near(answers: Sequence[PolicyAnswer]) -> tuple[PolicyAnswer, ...]:
    """Answers under the last of which stands what else may have been meant."""
    told = {answer.topic for answer in answers}
    near = dict.fromkeys(key for answer in answers for key in answer.near if key not in told)
    last = replace(answers[-1], near=tuple(near)[:MOST_NEAR])
    return (*(replace(answer, near=()) for answer in answers[:-1]), last)


def _said(told: Told, topic: Topic) -> Words:
    words: Words = t("ask.parts", parts=Lines(told.said))
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
