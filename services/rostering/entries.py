"""What a row of a sheet says of a person: name, role, grade, rank, birth date and the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Final

from language.grades import school_grade
from language.numerals import fold, tidy
from language.papers import born_by_identity_card, is_telephone
from language.pinyin import sound
from language.ranks import Rank, rank
from programmes.model import Programme
from programmes.values import Grade, chinese
from prompts import Text, t
from services.access import LEARNERS
from services.rostering.book import Cell, Faulty, Merge, SheetRow
from services.rostering.headings import UNUSED, Table, is_heading, plain, words
from storage.tables import Role

LONGEST_NAME: Final = 60
LONGEST_UNIT: Final = 120
_HAN: Final = r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3007]"
_DOTS: Final = re.compile(r"\s*[·•・･．‧∙●᛫⋅・]\s*")


@dataclass(slots=True)
class RosterEntry:
    """A person as a row names them."""

    row: int
    sheet: str
    role: Role
    name: str = ""
    born: date | None = None
    grade: str = ""
    subject: str = ""
    school: str = ""
    """The school, or for a mentor the university or institute."""
    city: str = ""
    team: str = ""
    mentors: tuple[str, ...] = ()
    guardians: tuple[str, ...] = ()
    by_subject: Rank | None = None
    overall: Rank | None = None
    size: int | None = None
    told_apart: tuple[str, ...] = ()
    """Details that are not kept but tell two people of one name apart: class, identity card,
    telephone."""
    faults: list[Text] = field(default_factory=list)
    """Why the row cannot be used."""
    doubts: list[Text] = field(default_factory=list)


class Reader:
    """Reads rows as one programme understands them on one day."""

    def __init__(self, programme: Programme, today: date) -> None:
        self.programme = programme
        self.today = today
        who = programme.participants.who.value
        self.learner = Role(who.value) if who is not None else Role.STUDENT

    # ------------------------------------------------------------ whose rows these are

    def role_of(self, table: Table) -> Role:
        """The role of the people in a table, by its headings, the sheet's name or its title;
        learners, if none of them says."""
        for said in (table.headings.about, table.sheet.name, *reversed(table.titles)):
            if role := self.role_named(said):
                return role
        return self.learner

    def role_named(self, said: str) -> Role | None:
        """The first role that a text names. Students come before all others: 学生选导师汇总表."""
        folded = tidy(said).lower()
        for name in (*self.programme.called.sure, *self.programme.called.among_its_own):
            folded = folded.replace(name.lower(), "")
        found = [
            (role != "student", -len(word), role)
            for role, ways in words("words")["roles"].items()
            for word in ways
            if re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), folded)
        ]
        if not found:
            return None
        role = min(found)[2]
        if role == "student" or (role == "teacher" and self.learner is Role.TRAINEE_TEACHER):
            return self.learner
        return Role.SCHOOL_TEACHER if role == "teacher" else Role(role)

    # ------------------------------------------------------------ rows

    def entries(self, table: Table) -> Iterator[RosterEntry | tuple[int, Text]]:
        """The people of a table; `(row, words)` for a row that was left out on purpose."""
        role = self.role_of(table)
        lines = _Lines(table)
        school = _school_in(table.titles) or _school_named(table.sheet.name)
        subject = self._subject_in(table.titles)
        said_role = table.headings.column("role")
        if said_role and fold(plain(said_role.said)) in words("words")["perhaps_roles"]:
            values = {_shown(row[said_role.place]) for row in table.rows}
            if not any(self.role_named(one) for one in values if one):
                # A kind of something else.
                lines.forget("role")
        for row in table.rows:
            line = lines.read(row)
            if line is None:
                continue
            if row.hidden:
                yield row.number, t("rostering.hidden_row")
                continue
            entry = self._entry(line, table, role, school)
            if role in LEARNERS and not table.headings.column("subject"):
                entry.subject = entry.subject or subject
            yield entry

    def _subject_in(self, titles: Sequence[str]) -> str:
        """The subject that a title names, if it says nothing else: 一、物理学科."""
        for title in titles[-1:]:
            bare = _SECTION.sub("", tidy(title))
            if (code := self.subject_code(bare)) in self._subjects.values():
                return code
        return ""

    def _entry(self, line: _Line, table: Table, role: Role, school: str) -> RosterEntry:
        entry = RosterEntry(line.row.number, table.sheet.name, role)
        for column in table.headings.columns:
            cell = line.cell(column.meaning)
            if isinstance(cell, Faulty) and column.meaning in _MATTERS:
                gaps = {"column": column.said, "said": cell.said}
                is_formula = cell.said.startswith("=")
                key = "rostering.formula" if is_formula else "rostering.error_cell"
                entry.faults.append(t(key, **gaps))
        self._role(entry, line)
        self._name(entry, line)
        self._birth(entry, line)
        learns = entry.role in (Role.STUDENT, Role.TRAINEE_TEACHER)
        if entry.role in (Role.MENTOR, Role.TEAM_MEMBER, Role.EXPERT_COMMITTEE):
            entry.school = line.text("unit") or line.text("school")
        elif entry.role is not Role.GUARDIAN:
            entry.school = line.text("school") or line.text("unit") or school
        at_school = learns or entry.role is Role.SCHOOL_TEACHER
        if any(_several_units(line.cell(one), at_school) for one in ("school", "unit")):
            entry.faults.append(t("rostering.several_schools", said=entry.school[:40]))
        entry.school = _unit_name(entry.school)
        if len(entry.school) > LONGEST_UNIT:
            entry.faults.append(t("roster.too_long", most=LONGEST_UNIT, words=entry.school[:20]))
        if re.search(r"[<>\ufffd]", entry.school):
            entry.faults.append(t("rostering.odd_school", said=entry.school))
        entry.city = _unit_name(line.text("city"))[:LONGEST_UNIT]
        self._subject(entry, line)
        if learns:
            entry.team = _unit_name(line.text("team"))[:LONGEST_UNIT]
            entry.mentors = self._people(entry, line, table, "mentor")
            entry.guardians = self._people(entry, line, table, "guardian")
        if entry.role is Role.STUDENT:
            self._grade(entry, line)
            self._ranks(entry, line, table)
        self._remarks(entry, line, table)
        if (said := line.text("phone")) and not is_telephone(said):
            entry.doubts.append(t("rostering.telephone", said=said))
        apart = (line.text(one) for one in ("class", "id_number", "phone"))
        entry.told_apart = tuple(map(plain, apart))
        return entry

    def _remarks(self, entry: RosterEntry, line: _Line, table: Table) -> None:
        """Point out remarks that somebody is no longer on the roster, or not yet."""
        if line.row.struck:
            entry.doubts.append(t("rostering.struck"))
        for column in table.headings.columns:
            cell = line.row[column.place]
            if column.meaning not in ("", UNUSED) or not isinstance(cell, str) or len(cell) > 30:
                continue
            said = _unspaced(cell)
            refused = said in _noes() and re.search("入选|录取|通过|admitted", column.said)
            if refused or any(word in said for word in _withdrawn()):
                told = {"column": column.said, "said": tidy(cell)}
                entry.doubts.append(t("rostering.withdrawn", **told))

    def _role(self, entry: RosterEntry, line: _Line) -> None:
        """Set the role that a row says. An unknown role makes nobody a student."""
        said = line.text("role")
        if not said or _unspaced(said) in _posts():
            return
        named = self.role_named(said)
        if named is None:
            entry.faults.append(t("rostering.role_unknown", said=said))
        elif named in LEARNERS and entry.role not in LEARNERS:
            listed = t(f"role.{entry.role.value}")
            entry.faults.append(t("rostering.role_differs", said=said, listed=listed))
        else:
            entry.role = named

    def _name(self, entry: RosterEntry, line: _Line) -> None:
        said = line.text("name")
        if not said or _meant(said.strip("()[]【】 ")) is None:
            if not isinstance(line.cell("name"), Faulty):
                entry.faults.append(t("rostering.no_name"))
            return
        entry.name = person_name(said)
        wrong = _wrong_with(entry.name)
        if not wrong and self.is_no_name(entry.name):
            wrong = "heading"
        if wrong:
            entry.faults.append(t(f"rostering.name_{wrong}", said=said[:LONGEST_NAME]))
        elif has_note(said):
            entry.doubts.append(t("rostering.name_with_note", said=said, name=entry.name))
        elif len(entry.name) == 1:
            entry.doubts.append(t("rostering.name_short", said=said))

    def _people(
        self, entry: RosterEntry, line: _Line, table: Table, meaning: str
    ) -> tuple[str, ...]:
        """The names in a cell, without words that are no names."""
        found = _names(line.text(meaning))
        column = table.headings.column(meaning)
        odd = [one for one in found if self.is_no_name(one)]
        if odd and column is not None:
            told = {"column": column.said, "said": odd}
            entry.doubts.append(t("rostering.names_unread", **told))
        return tuple(one for one in found if one not in odd)

    def is_no_name(self, name: str) -> bool:
        """Whether a text is a subject or a column's heading, and so no name."""
        return is_heading(name) or (len(name) > 1 and fold(plain(name)) in self._subjects)

    def _birth(self, entry: RosterEntry, line: _Line) -> None:
        cell, by_card = line.cell("birth"), None
        card = re.sub(r"[\s'-]", "", line.text("id_number"))
        if (isinstance(line.cell("id_number"), float) and len(card) >= 16) or _ROUNDED.match(card):
            # A spreadsheet keeps fifteen digits of a number, and makes the others 0.
            entry.doubts.append(t("rostering.identity_card_rounded"))
        elif card:
            by_card = born_by_identity_card(card)
            if by_card is None and re.fullmatch(r"[0-9]{17}[0-9Xx]", card):
                entry.doubts.append(t("rostering.identity_card"))
        if cell is not None and not isinstance(cell, Faulty):
            entry.born = day(cell)
            if entry.born is None:
                key = "rostering.birth_month" if _is_month(cell) else "rostering.birth_unread"
                if by_card is None:
                    entry.doubts.append(t(key, said=_shown(cell)))
        if by_card and entry.born and by_card != entry.born:
            entry.doubts.append(t("rostering.birth_differs", day=entry.born, card=by_card))
        entry.born = entry.born or by_card
        if entry.born is None:
            return
        if entry.born > self.today:
            entry.faults.append(t("roster.born_later", day=entry.born))
            return
        years = (self.today - entry.born).days / 365.25
        youngest, oldest = _AGES.get(entry.role, (16, 100))
        if not youngest <= years <= oldest:
            entry.doubts.append(t("rostering.age", day=entry.born, years=int(years)))

    def _subject(self, entry: RosterEntry, line: _Line) -> None:
        said = line.text("subject")
        if said:
            entry.subject = self.subject_code(said)

    def subject_code(self, said: str) -> str:
        """A subject's code in the programme; the text itself if it is none of them."""
        for way in _subject_ways(said):
            if code := self._subjects.get(way):
                return code
        return tidy(said)[:40]

    @cached_property
    def _subjects(self) -> Mapping[str, str]:
        codes = {one.code: one.name for one in self.programme.subjects.list.value or ()}
        known: dict[str, str] = {}
        others = words("words")["subjects"]
        for code in codes:
            known |= {fold(plain(way)): code for way in others.get(code, ())}
        for name, code in chinese()["subjects"].items():
            if code in codes:
                known[fold(plain(name))] = code
        # The programme's own words come last, and so hold.
        for code, name in codes.items():
            for way in _subject_ways(name):
                known.setdefault(way, code)
            known |= {fold(plain(name)): code, plain(code): code}
        return known

    def _grade(self, entry: RosterEntry, line: _Line) -> None:
        said = line.text("grade")
        if _SEVERAL_GRADES.search(_unspaced(said)):
            entry.faults.append(t("rostering.grade_several", said=said))
            return
        klass = line.text("class")
        level = line.text("level")
        for way in (f"{level}{said}", said, f"{said}{klass}", klass):
            if way and (found := school_grade(way, self.today, self._levels)):
                entry.grade = found
                return
        if said:
            entry.faults.append(t("rostering.grade_unread", said=said))

    @cached_property
    def _levels(self) -> Sequence[str]:
        """The kinds of school that the programme admits, those with most of its grades first."""
        admitted = self.programme.participants.grades.value or ()
        by_need = sorted(admitted, key=lambda one: bool(one.only_subjects))
        grades = [one.grade for one in by_need] or list(Grade)[::-1]
        order = dict.fromkeys(grade.value.partition("_")[0] for grade in grades)
        return tuple(level for level in order if level in ("primary", "junior", "senior"))

    def _ranks(self, entry: RosterEntry, line: _Line, table: Table) -> None:
        size = line.text("rank_size")
        found = re.search("[0-9]+", tidy(size))
        entry.size = int(found[0][:6]) if found else None
        for meaning in ("subject_rank", "overall_rank"):
            cell = line.cell(meaning)
            column = table.headings.column(meaning)
            if cell is None or isinstance(cell, Faulty) or column is None:
                continue
            read = None
            if not isinstance(cell, date):
                read = rank(cell, in_percent=column.in_percent)
            if read is None:
                told = {"column": column.said, "said": _shown(cell)}
                entry.doubts.append(t("rostering.rank_unread", **told))
            elif read.place and entry.size and read.place > entry.size:
                gaps = {"place": read.place, "size": entry.size}
                words_ = t("rostering.rank_too_large", column=column.said, **gaps)
                entry.doubts.append(words_)
                read = None
            if meaning == "subject_rank":
                entry.by_subject = read
            else:
                entry.overall = read


_MATTERS: Final = (
    *("name", "birth", "school", "unit", "grade", "subject", "subject_rank", "overall_rank"),
    *("mentor", "team", "city", "guardian", "role"),
)
"""The columns without whose value a row is not used."""
_AGES: Final = {Role.STUDENT: (3, 22)}


# ---------------------------------------------------------------- lines


@dataclass(frozen=True, slots=True)
class _Line:
    """A row with its cells by meaning. Cells merged with the one above have that one's value."""

    row: SheetRow
    cells: Mapping[str, Cell]

    def cell(self, meaning: str) -> Cell:
        return self.cells.get(meaning)

    def text(self, meaning: str) -> str:
        cell = self.cells.get(meaning)
        return "" if cell is None or isinstance(cell, Faulty) else _shown(cell)


def _shown(cell: Cell) -> str:
    match cell:
        case float():
            return f"{cell:.0f}" if cell == int(cell) else f"{cell:g}"
        case date():
            return cell.isoformat()
        case Faulty():
            return cell.said
        case _:
            return tidy(cell or "")


class _Lines:
    """Turns the rows of a table into lines, and recognises rows that describe no person."""

    def __init__(self, table: Table) -> None:
        self._columns = [c for c in table.headings.columns if c.meaning not in ("", UNUSED)]
        self._all = len(table.headings.columns)
        self._merges = [m for m in table.sheet.merges if m.bottom > m.top and m.left == m.right]
        self._tops: dict[tuple[int, int], Cell] = {}
        self._above: dict[str, Cell] = {}
        self._by_column: dict[int, list[Merge]] = {}
        for merge in self._merges:
            self._by_column.setdefault(merge.left, []).append(merge)

    def forget(self, meaning: str) -> None:
        """Ignore a column from now on."""
        self._columns = [one for one in self._columns if one.meaning != meaning]

    def read(self, row: SheetRow) -> _Line | None:
        """The line of a row; `None` if it describes nobody: an empty row, a total, a note, an
        example."""
        cells: dict[str, Cell] = {}
        own: dict[str, Cell] = {}
        continued = False
        for column in self._columns:
            value = _meant(row[column.place])
            if isinstance(value, str) and plain_word(value) in _ditto():
                value = self._above.get(column.meaning)
            if value is not None:
                own[column.meaning] = value
            for merge in self._by_column.get(column.place, ()):
                if merge.top == row.number:
                    self._tops[merge.top, merge.left] = value
                elif merge.top < row.number <= merge.bottom and value is None:
                    value = self._tops.get((merge.top, merge.left))
                    continued = continued or (column.meaning == "name" and value is not None)
            cells[column.meaning] = value
        own.pop("number", None)
        if not own or continued or self._is_note(row, own):
            return None
        self._above = cells
        return _Line(row, cells)

    def _is_note(self, row: SheetRow, own: Mapping[str, Cell]) -> bool:
        said = [cell for cell in row.cells if cell is not None and cell != ""]
        if any(isinstance(cell, str) and _EXAMPLE.search(_unspaced(cell)) for cell in said):
            return True
        first = said[0] if said else None
        name = own.get("name")
        if isinstance(first, str) and (_notes().match(_unspaced(first)) or _is_example(first)):
            return True
        if isinstance(name, str) and (_notes().match(_unspaced(name)) or _is_example(name)):
            return True
        if len(said) == 1 and self._all > 2 and isinstance(first, str) and _SECTION.match(first):
            return True
        if name is None:
            return len(own) < 2
        # A sentence that stands alone in a row is none of the people.
        return len(said) == 1 and self._all > 2 and isinstance(name, str) and len(name) > 8


def _meant(cell: Cell) -> Cell:
    """A cell's value; empty if it only says that there is none."""
    if isinstance(cell, str):
        cell = cell.strip()
        if not tidy(cell) or tidy(cell).lower() in _blanks():
            return None
    return cell


_SECTION: Final = re.compile(r"^\s*[(（]?[一二三四五六七八九十]+(?:[)）][、.．]?|[、.．])\s*")
"""How the title of a part of a sheet begins: 二、导师."""


def plain_word(said: str) -> str:
    return tidy(said).lower().replace(" ", "")


def _unspaced(said: str) -> str:
    return re.sub(r"\s", "", tidy(said)).lower()


@cache
def _blanks() -> frozenset[str]:
    return frozenset(tidy(str(one)).lower() for one in words("words")["blanks"] if str(one) != "0")


@cache
def _posts() -> frozenset[str]:
    """Roles that people have within a team, whatever they are besides."""
    return frozenset(map(_unspaced, words("words")["posts"]))


@cache
def _withdrawn() -> tuple[str, ...]:
    return tuple(map(_unspaced, words("words")["withdrawn"]))


@cache
def _noes() -> frozenset[str]:
    return frozenset(map(_unspaced, words("words")["noes"]))


@cache
def _ditto() -> frozenset[str]:
    return frozenset(plain_word(one) for one in words("words")["ditto"])


@cache
def _notes() -> re.Pattern[str]:
    ways = sorted((_unspaced(one) for one in words("words")["notes"]), key=len, reverse=True)
    alts = "|".join(map(re.escape, ways))
    return re.compile(
        rf"(?:{alts})(?:[:(\[\d.、,，。*]|$)|(?:合计|总计|小计|共计)|[\d*※]*[.、)]?(?:注|备注|说明):"
        r"|(?:以上)?共?计?\d+[人名](?:$|[,，。;；、(])|第?\d+页|\d{4}年\d{1,2}月\d{1,2}日$|年月日$"
    )


_EXAMPLE: Final = re.compile(
    r"^[(\[【]?(?:示例|样例|范例|填写示例)[)\]】]?$|[(\[【](?:示例|样例|范例|例)[)\]】]$"
)


def _is_example(said: str) -> bool:
    folded = _unspaced(said)
    return any(
        re.match(rf"[(（【\[]?{re.escape(way)}(?:[:：)）\]】\d.、,]|$)", folded)
        for way in map(_unspaced, words("words")["examples"])
    )


_SCHOOL_LINE: Final = re.compile(
    r"(?:填报|推荐|报送|申报|所在)?(?:学校|单位|中学)(?:名称)?(?:[(（][^)）]*[)）])?[:：]\s*"
    r"(?P<name>\S+?(?:中学|学校|一中|[一二三四五六七八九十]中|附中|高中|校区))"
)


def _school_in(titles: Sequence[str]) -> str:
    """The school that a sheet's title gives for all of its rows: 填报单位（盖章）：龙城一中."""
    for title in reversed(titles):
        if found := _SCHOOL_LINE.search(title):
            return found["name"]
    return next((name for title in titles if (name := _school_named(title))), "")


_SCHOOL: Final = re.compile(
    rf"(?P<name>{_HAN}{{1,20}}?(?<![省市区县国各所等])(?:中学|学校|附中|[一二三四五六七八九十]中))"
    r"(?![生校学各])"
)


def _school_named(said: str) -> str:
    """The school with which a title or a sheet's name begins: 龙城第一中学推荐名单."""
    found = _SCHOOL.match(_unspaced(said))
    return found["name"] if found else ""


# ---------------------------------------------------------------- single values


def _without_pinyin(name: str) -> str:
    """A name without its pinyin beside it: ZHANG Wei 张伟 becomes 张伟."""
    places = [place for place, sign in enumerate(name) if re.match(_HAN, sign)]
    if not places:
        return name
    first, last = places[0], places[-1] + 1
    han, beside = name[first:last], f"{name[:first]} {name[last:]}"
    if len(han) - len(places) != sum(sign in " ·" for sign in han):
        return name
    signs = unicodedata.normalize("NFD", beside.lower())
    told = "".join(one for one in signs if one.isalpha()).replace("v", "u")
    if not told or not all(one.isalpha() or one in " ,/'’.-" for one in beside):
        return name
    syllables = sound(han).replace("v", "u").split()
    ways = ("".join(syllables), "".join([*syllables[1:], *syllables[:1]]))
    return han if told in ways else name


def person_name(said: str, *, with_pinyin: bool = False) -> str:
    """A name as it is kept: 张 三 and *张三 become 张三, 阿依古丽•买买提 gets one kind of dot."""
    name = re.sub(r"[(\[【（].*?[)\]】）]", "", tidy(said)).strip("*※★☆ ")
    name = re.sub(r"^\d+[.、．]\s*", "", name)
    name = _DOTS.sub("·", name)
    if not with_pinyin:
        name = _without_pinyin(name)
    name = re.sub(rf"(?<={_HAN}) (?={_HAN})", "", name)
    return " ".join(name.split())


def has_note(said: str) -> bool:
    """Whether a cell says more than the name that is kept: a remark in brackets, or pinyin."""
    noted = re.search(r"[(（\[【]", tidy(said)) is not None
    return noted or person_name(said) != person_name(said, with_pinyin=True)


def name_key(name: str) -> str:
    """A key that is the same for different ways of writing one name."""
    return re.sub(r"[\s·.]", "", person_name(name)).casefold()


WRONG_NAMES: Final = ("garbled", "private", "odd", "several", "long", "mixed", "heading")


def _wrong_with(name: str) -> str:
    """Which of `WRONG_NAMES` shows that a text is no name; empty if it is one."""
    if re.search("[\ufffd□?？]|锟斤拷|烫烫烫", name):
        return "garbled"
    if any(unicodedata.category(sign) == "Co" for sign in name):
        return "private"
    if re.search(f"[、,，;；/和与]{_HAN}", name) and re.search("[、,，;；/]", name):
        return "several"
    if not name or not all(
        unicodedata.category(sign)[0] in "LM" or sign in "·'’.- " for sign in name
    ):
        return "odd"
    if re.search(_HAN, name) and re.search(r"[A-Za-z\u00c0-\u024f]", name):
        return "mixed"
    return "long" if len(name) > LONGEST_NAME else ""


def _names(said: str) -> tuple[str, ...]:
    """Several names in a cell: 郝云山、乔怀瑾."""
    parts = re.split("[、,，;；/\n]|(?<=[^a-zA-Z])和(?=..)", said)
    titles = re.compile("(?<=..)(副?教授|副?研究员|老师|导师|博士|院士)$")
    found = [titles.sub("", person_name(part)) for part in parts]
    return tuple(dict.fromkeys(name for name in found if name and not _wrong_with(name)))


def _unit_name(said: str) -> str:
    return re.sub(rf"(?<={_HAN})\s(?={_HAN})", "", tidy(said)).strip()


def _several_units(cell: Cell, at_school: bool) -> bool:
    """Whether a cell names more than one school, or is several cells that ran together. Those who
    are not at a school may belong to two institutes."""
    if not isinstance(cell, str):
        return False
    parts = [one for one in re.split(r"[,，;；、|\t\r\n]+", cell.strip()) if one.strip()]
    schools = [one for one in parts if re.search(_UNIT_END, one.strip())]
    return len(parts) > 2 or (at_school and len(schools) > 1)


_UNIT_END: Final = "(?:中学|学校|小学|高中|附中|一中|[二三四五六七八九十]中|大学|学院|幼儿园)$"


def unit_key(name: str) -> str:
    """A key that is the same for different ways of writing one unit."""
    return re.sub(r"[\s,，·.、()（）]", "", tidy(name)).casefold()


def unit_stem(name: str) -> str:
    """A unit's name without remarks and without the kind of its place. Schools with the same stem
    may be one school."""
    bare = re.sub(r"[(（][^)）]*[)）]", "", tidy(name))
    return re.sub("[省市县区]", "", unit_key(bare)) or unit_key(name)


def _subject_ways(said: str) -> Iterator[str]:
    folded = fold(plain(said))
    yield folded
    bare = fold(plain(re.sub(r"[(（\[【].*?[)）\]】]", "", tidy(said))))
    yield bare
    numbered = re.sub("^[0-9]+", "", bare)
    yield numbered
    for stem in (folded, bare, numbered):
        for ending in ("学科", "方向", "专业", "类", "组", "领域", "subject"):
            if stem.endswith(ending) and len(stem) > len(ending):
                yield stem.removesuffix(ending)
        if stem.endswith("学") and len(stem) > 2:
            yield stem.removesuffix("学")


_ROUNDED: Final = re.compile(r"[0-9.]+[eE]\+?[0-9]+$")
"""A long number as a spreadsheet shows it: 1.40105E+17."""
_SEVERAL_GRADES: Final = re.compile(
    r"[高初]中?[一二三123](?:年级)?[、,，/和及或](?:[高初]中?)?[一二三](?:年级)?(?!.{0,2}班)"
    r"|[高初]中?[一二三123](?:年级)?[、,，/和及或][高初]中?[123]"
)

_DAY: Final = re.compile(
    r"(?P<y>(?:19|20)\d\d)\s*[-./年、\s]\s*(?P<m>\d{1,2})\s*[-./月、\s]\s*(?P<d>\d{1,2})"
    r"\s*[日号]?(?:[ T]0?0:00(?::00)?(?:\.0+)?)?"
)
_DAY_LAST: Final = re.compile(r"(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>(?:19|20)\d\d)")
_DIGITS: Final = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:\.0+)?")
_MONTH: Final = re.compile(r"(?:19|20)\d\d\s*[-./年]?\s*\d{1,2}\s*月?(?:\.0+)?")
_MONTH_NAMES: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ENGLISH_DAY: Final = re.compile(
    r"(?:(?P<d>\d{1,2})[ -](?P<mon>[a-z]{3})[a-z]*\.?|(?P<mon2>[a-z]{3})[a-z]*\.? (?P<d2>\d{1,2}))"
    r",?[ -](?P<y>(?:19|20)\d\d)"
)
SERIALS: Final = (7_306, 73_050)
"""The numbers that Excel gives to the days from 1920 to 2099. A number between them is read as a
day."""


def day(cell: Cell) -> date | None:
    """The day in a cell: a date, 2010-03-14, 2010年3月14日, 20100314, or Excel's number for it."""
    if isinstance(cell, date):
        return cell
    if cell is None or isinstance(cell, Faulty):
        return None
    text = _shown(cell)
    if re.fullmatch(r"\d{4,5}(?:\.\d+)?", text) and SERIALS[0] <= float(text) <= SERIALS[1]:
        return date(1899, 12, 30) + timedelta(days=int(float(text)))
    found = _DAY.fullmatch(text) or _DIGITS.fullmatch(text)
    if found is None and (last := _DAY_LAST.fullmatch(text)) and int(last["d"]) > 12:
        # 03/04/2010 is two days: only what can be but one is taken.
        found = last
    if found:
        return _date(int(found["y"]), int(found["m"]), int(found["d"]))
    if found := _ENGLISH_DAY.fullmatch(text.lower()):
        month = _MONTH_NAMES.get(found["mon"] or found["mon2"], 0)
        return _date(int(found["y"]), month, int(found["d"] or found["d2"]))
    return None


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _is_month(cell: Cell) -> bool:
    return not isinstance(cell, date) and bool(_MONTH.fullmatch(_shown(cell)))
