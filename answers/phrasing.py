"""What a model may say: it chooses among what the documents say, and puts it in plainer words.

It is given evidence and names the piece that answers; its words count only if they are borne out
by that piece: every figure, every clause, name and address, and whatever is said to be allowed or
forbidden. Whatever is not surely borne out is thrown away, and the composed answer stands. Much
that is right is thrown away too: that costs a nicer sentence, the other would cost the truth.

Documents are Chinese, so only Chinese can be compared with them. In another language the model
chooses, and the words are ours.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

from answers.figures import Ground, flat, pairs, sentences, unfounded
from answers.naming import names
from prompts import Language, render, t

LONGEST: Final = 300
"""Maximum characters of an answer."""
SHORTEST: Final = 4
MOST_CHOSEN: Final = 2
READ: Final = 4000
"""Maximum characters of a reply that are read."""
LIKE: Final = 0.5
"""Minimum share of an answer that must be in the evidence (0 to 1)."""
LIKE_EACH: Final = 0.3
"""The same for each of its sentences."""


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence that an answer may rest on."""

    label: str
    """What it is about."""
    words: str
    """What the document says."""
    programme: str
    """Whose document."""
    clause: str
    basis: str
    """The composed answer, as it is shown."""
    topic: str = ""
    """The topic's key; empty for a passage."""
    silent: bool = False
    """The document is silent on it: there is nothing to rephrase."""

    @cached_property
    def ground(self) -> Ground:
        return Ground.of(self.label, f"{self.words}\n{self.programme}\n{self.clause}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Evidence:
        return cls(**body)


@dataclass(frozen=True, slots=True)
class Phrased:
    """The evidence a model chose, and its words if the evidence supports them."""

    chosen: tuple[Evidence, ...]
    words: str = ""

    @property
    def basis(self) -> str:
        return "\n\n".join(one.basis for one in self.chosen)

    def shown(self, language: Language, *, whole: bool = True) -> str:
        """The answer as shown to people: marked as a model's, with its sources."""
        if not whole:
            return render(t("model.writing", words=self.words), language)
        if not self.words:
            return render(t("model.chosen", basis=self.basis), language)
        return render(t("model.phrased", words=self.words, basis=self.basis), language)


class Unfit(Exception):
    """A rejected reply; `why` is one word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


# ---------------------------------------------------------------- what is asked of it


def request(
    question: str, evidence: Sequence[Evidence], language: Language
) -> list[dict[str, str]]:
    """The messages to the model. Question and documents are JSON data, so that nothing in them can
    end it."""
    rules = t(
        "model.instructions",
        form='{"evidence": [1], "answer": "…"}',
        none='{"evidence": [], "answer": ""}',
        most=LONGEST // 2,
    )
    asked = {
        "question": question,
        "evidence": [
            {
                "number": number,
                "programme": one.programme,
                "about": one.label,
                "says": one.words or None,
            }
            for number, one in enumerate(evidence, 1)
        ],
    }
    return [
        {"role": "system", "content": render(rules, language)},
        {"role": "user", "content": json.dumps(asked, ensure_ascii=False)},
    ]


# ---------------------------------------------------------------- what it replies

_FENCE: Final = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)
_THOUGHT: Final = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_BEGUN: Final = re.compile(
    r'(?:```(?:json)?)?\s*\{\s*"evidence"\s*:\s*\[([\d,\s]{0,20})\]\s*,\s*"answer"\s*:\s*'
    r'"((?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)',
    re.DOTALL,
)
_ENDED: Final = re.compile(r".*[。！？!?\n]", re.DOTALL)


def checked(reply: str, evidence: Sequence[Evidence], language: Language) -> Phrased:
    """The checked content of a reply. Raises `Unfit` if it is no answer or is not supported."""
    if len(reply) > READ:
        raise Unfit("long")
    numbers, words = _taken_apart(_THOUGHT.sub("", reply, count=1).strip())
    return _fit(numbers, words, evidence, language)


def so_far(reply: str, evidence: Sequence[Evidence], language: Language) -> Phrased | None:
    """The part of an unfinished reply that can be shown: whole sentences, checked."""
    begun = _BEGUN.match(_THOUGHT.sub("", reply[:READ], count=1).strip())
    ended = _ENDED.match(json.loads(f'"{begun[2]}"', strict=False)) if begun else None
    if begun is None or ended is None:
        return None
    numbers = [int(one) for one in re.findall(r"\d+", begun[1])]
    try:
        phrased = _fit(numbers, ended[0].strip(), evidence, language)
    except Unfit:
        return None
    return phrased if phrased.words else None


def _taken_apart(reply: str) -> tuple[list[int], str]:
    if fenced := _FENCE.fullmatch(reply):
        reply = fenced[1]
    try:
        said = json.loads(reply)
    except (ValueError, RecursionError):
        raise Unfit("nonsense") from None
    if not isinstance(said, dict) or not said.keys() <= {"evidence", "answer"}:
        raise Unfit("nonsense")
    numbers, words = said.get("evidence"), said.get("answer", "")
    if not isinstance(numbers, list) or not isinstance(words, str):
        raise Unfit("nonsense")
    if not all(type(one) is int for one in numbers):
        raise Unfit("nonsense")
    return numbers, words.strip()


def _fit(
    numbers: Sequence[int], words: str, evidence: Sequence[Evidence], language: Language
) -> Phrased:
    if not numbers:
        raise Unfit("none")
    if len(numbers) > MOST_CHOSEN or len(set(numbers)) < len(numbers):
        raise Unfit("evidence")
    if not all(1 <= number <= len(evidence) for number in numbers):
        raise Unfit("evidence")
    chosen = tuple(evidence[number - 1] for number in numbers)
    if len({one.programme for one in chosen}) > 1:
        raise Unfit("programmes")
    if language != "zh" or any(one.silent for one in chosen):
        if _digits(words) - _digits(*(one.ground.whole for one in chosen)):
            raise Unfit("figure")
        words = ""
    if why := _fault(words, chosen) if words else None:
        raise Unfit(why)
    return Phrased(chosen, words)


def _digits(*texts: str) -> set[str]:
    return {digits for text in texts for digits in re.findall(r"\d+", flat(text))}


# ---------------------------------------------------------------- whether it is borne out

_MARKUP: Final = re.compile(r"[<>`*_#|\[\]{}\\^~]|https?:(?!//)|!\(|^\s*[-+]\s", re.MULTILINE)
_QUOTED: Final = re.compile('[「『“"‘]([^」』”"’]{2,})[」』”"’]|《([^》]+)》')
_SIGNS: Final = re.compile("[\\W_]+")
_ROLES: Final = re.compile(
    "学生|导师|教师|老师|家长|监护人|校长|专家|团队|志愿者|小学|初中|高中|中学|高校|大学|研究生|"
    "本科生|幼儿园|全国|国家|省级|市级|县级|区级|校级|教育部|教育厅|教育局|科协|中心|协会"
)
"""Who does, gets or may something."""
_MATTERS: Final = re.compile(
    "初期|中期|末期|期末|年度|报名|申报|推荐|面试|笔试|测试|测评|选拔|录取|公示|开班|结项|"
    "验收|评价|评审|退出|聘期|证书|经费|补助|日志|报告|论文|数学|物理|化学|生物|计算机|信息"
)
"""What things of one kind are told apart by."""
_ACTS: Final = re.compile(
    "(?:自治区|省级|市级|试点盟市|盟市|全国)?管理办公室|学生|导师|教师|老师|家长|监护人|校长|专家|中学|高校|大学|"
    "科协|教育厅|不合格|合格|优秀"
)
"""Who does what to whom, and which outcome brings what: their order is their meaning."""
_LOOSE: Final = re.compile("[的在是要将就则会应也和与或及由]")
_DIRECTIONS: Final = re.compile(
    r"(?P<of>\w)[及或]?(?P<way>以上|以下|以内|以外)|(?P<near>\w)(?P<side>靠前|靠后)"
)
_GLUE: Final = re.compile("[的在是要将就则会应也]")
_BETWEEN: Final = re.compile("[的者就则要会应将]")
_NOT: Final = "不没未无勿非禁别莫免"
_MAY: Final[Sequence[tuple[str, str]]] = (
    ("may", "(?<!不)(?:可(?!能)|允许|准许|能(?![力源量])|有权)"),
    ("must", "必须|务必|应当|须|一律|强制"),
    ("need_not", "不必|无需|不用|不需|毋须|无须"),
    ("free", "免费|不收费|不用钱|不要钱|不用交|免交"),
    ("sure", "保证|肯定|一定|承诺|必定|包(?=过|录|上)|自动(?=获|通过|录)"),
    ("only", "只能|仅限|只限|唯一|仅(?=有|能|可)|只有"),
    ("all", "全部|所有|任何|全都|都能|都可|人人"),
)
"""What somebody may build on: said in an answer, it must be said in the evidence."""


def _fault(words: str, chosen: Sequence[Evidence]) -> str | None:
    """Why the evidence does not support these words; `None` if it does."""
    if not SHORTEST <= len(words) <= LONGEST:
        return "length"
    if any(unicodedata.category(sign)[0] == "C" and sign != "\n" for sign in words):
        return "signs"
    if _MARKUP.search(words):
        return "markup"
    said = flat(words)
    if not _is_chinese(said):
        return "language"
    grounds = [one.ground for one in chosen]
    known = "。".join(f"{ground.label}。{ground.whole}" for ground in grounds)
    if unfounded(words, grounds) is not None:
        return "figure"
    checks = (_unnamed, _unquoted, _unsaid, _unlike)
    if why := next((why for check in checks if (why := check(words, said, known))), None):
        return why
    if _turned(said, "。".join(ground.whole for ground in grounds)):
        return "turned"
    return "order" if _rearranged(said, known) else None


def _is_chinese(said: str) -> bool:
    letters = [sign for sign in said if sign.isalpha()]
    han = [sign for sign in letters if "\u3400" <= sign <= "\u9fff"]
    return bool(han) and len(han) >= len(letters) / 2


def _unlike(words: str, said: str, known: str) -> str | None:
    """Most of the words must be the document's own: fluency alone is not enough."""
    ours = pairs(_GLUE.sub("", known))
    spoken = _GLUE.sub("", said)
    shares = [(len(two & ours), len(two)) for one in sentences(spoken) if (two := pairs(one))]
    if sum(common for common, _ in shares) < LIKE * sum(count for _, count in shares):
        return "unlike"
    if any(common < LIKE_EACH * count for common, count in shares):
        return "unlike"
    parts = [pairs(one) for one in re.split("[,、:。;!?]", spoken)]
    return "unlike" if any(len(two) > 1 and not two & ours for two in parts) else None


def _unnamed(words: str, said: str, known: str) -> str | None:
    """No programme, role or other matter may be named that the document does not name."""
    spoken, ours = _SIGNS.sub("", said), _SIGNS.sub("", known)
    called = [one for one in _programmes() if one in spoken]
    called += [*_ROLES.findall(spoken), *_MATTERS.findall(spoken)]
    return "name" if any(one not in ours for one in called) else None


def _rearranged(said: str, known: str) -> bool:
    """Whether a role or an outcome has neither before it nor after it what it has in the document,
    or 以上 and 以下 follow, where no figure stands, what they do not there."""
    spoken, ours = _bare(said), _bare(known)
    for found in _ACTS.finditer(spoken):
        before = spoken[max(0, found.start() - 2) : found.start()].rpartition("|")[2]
        after = spoken[found.end() : found.end() + 2].partition("|")[0]
        around = [f"{before}{found[0]}"] * bool(before) + [f"{found[0]}{after}"] * bool(after)
        if before and after:
            around.append(f"{before[-1]}{found[0]}{after[0]}")
        if around and not any(words in ours for words in around):
            return True
    for found in _DIRECTIONS.finditer(said):
        of, way = found["of"] or found["near"], found["way"] or found["side"]
        counted = re.search(r"\d.?$", said[: found.start() + 1])
        if not counted and not re.search(f"{re.escape(of)}[及或]?{way}", known):
            return True
    return False


def _bare(text: str) -> str:
    """A text without glue and marks, but for the ends of its sentences."""
    ends = re.sub("[。；;！？!?]+", "|", text)
    return _LOOSE.sub("", re.sub(r"[^\w|]|_", "", ends))


def _programmes() -> Sequence[str]:
    every = (*names().sure, *names().loose)
    return [called for name in every if (called := _SIGNS.sub("", flat(name)))]


def _unquoted(words: str, said: str, known: str) -> str | None:
    """Quoted words must be in the document as quoted."""
    ours = _SIGNS.sub("", known)
    for found in _QUOTED.finditer(words):
        if _SIGNS.sub("", flat(found[1] or found[2])) not in ours:
            return "quote"
    return None


def _unsaid(words: str, said: str, known: str) -> str | None:
    """Nothing may be allowed, demanded, promised or excluded that the document does not."""
    for _, form in _MAY:
        if re.search(form, said) and not re.search(form, known):
            return "unsaid"
    return None


def _turned(said: str, known: str) -> bool:
    """Whether a denial of the document is dropped or a new one added. A topic's title denies
    nothing."""
    for sentence in sentences(said):
        for found in re.finditer(f"[{_NOT}]得?", sentence):
            after = sentence[found.end() : found.end() + 2]
            if not re.search(f"[{_NOT}]得?{re.escape(after)}", known):
                return True
    spoken, ours = _BETWEEN.sub("", said), _BETWEEN.sub("", known)
    for found in re.finditer(f"[{_NOT}]得?(?=([\u3400-\u9fff]{{2,4}}))", ours):
        for count in range(2, len(found[1]) + 1):
            plainly = f"(?<![{_NOT}])(?<![{_NOT}]得){found[1][:count]}"
            if re.search(plainly, spoken) and not re.search(plainly, ours):
                return True
    return False
