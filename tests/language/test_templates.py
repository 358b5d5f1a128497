"""Templates say what people may say, sign by sign."""

import re
from typing import get_args

import pytest

from language import affairs
from language.templates import Templates, kept
from tests.tables import each_row

TEMPLATES = Templates({"mentor": "导师\n带教老师", "mine": "我[的]<mentor>"})


@each_row(
    ("templates", "fitting", "others"),
    [
        ("我[的|之]导师", ["我导师", "我的导师", "我之导师"], ["我的之导师"]),
        ("记[了|过]*", ["记", "记了", "记过了了"], ["记得"]),
        ("(是|叫)谁", ["是谁", "叫谁"], ["谁", "是叫谁"]),
        ("(是|叫)+谁", ["是谁", "是叫谁"], ["谁"]),
        ("补登(!记)~2", ["补登", "补登一次"], ["补登记"]),
        ("<mine>是谁", ["我导师是谁", "我的带教老师是谁"], ["导师是谁"]),
        ("<digit>号", ["3号"], ["三号", "13号"]),
        ("~1-3了", ["忘了", "忘记写了"], ["了", "忘记写好了"]),
        ("what('s| is) new?", ["what's new?", "WHAT  IS new?"], ["whatis new?"]),
        ("甲\n乙|丙", ["甲", "乙", "丙"], ["甲乙"]),
    ],
)
def test_a_template_is_compared_whole(
    templates: str, fitting: list[str], others: list[str]
) -> None:
    pattern = TEMPLATES.whole(templates)
    assert [text for text in (*fitting, *others) if pattern.fullmatch(text)] == fitting


def test_what_is_said_in_a_gap_is_kept() -> None:
    pattern = TEMPLATES.whole("{about:~1-9}改成{to:~1-9}[了]\nchange {about:~1-9} to {to:~1-9}")
    for text, about, to in (("时长改成3小时了", "时长", "3小时"), ("change a to b", "a", "b")):
        found = pattern.fullmatch(text)
        assert found is not None
        assert (kept(found, "about"), kept(found, "to"), kept(found, "by")) == (about, to, "")


def test_words_in_latin_letters_are_looked_for_as_words() -> None:
    pattern = TEMPLATES.within("me|how\n^谁\n吗$")
    found = [
        text for text in ("tell me", "meter", "谁", "是谁", "是吗", "吗?") if pattern.search(text)
    ]
    assert found == ["tell me", "谁", "是吗"]


def test_a_sign_or_a_word_that_is_missing_is_an_error() -> None:
    with pytest.raises(re.error):
        TEMPLATES.whole("我[的导师").search("我的导师")
    with pytest.raises(KeyError, match="teacher"):
        TEMPLATES.whole("<teacher>")


def test_every_affair_is_said_somehow_and_every_named_word_is_used() -> None:
    data = affairs._DATA
    named = {*data["manners"], *data["affairs"]}
    assert named == set(get_args(affairs.Name))
    written = str(data)
    unused = [word for word in data["words"] if f"<{word}>" not in written]
    # What is only polite is used by the code.
    assert unused == ["opening", "favour", "closing"]
