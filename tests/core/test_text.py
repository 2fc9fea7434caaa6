"""The rule for text that people see."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgate.core.text import UnsafeText, check_line, check_lines, shown_json, shown_line, shown_lines

GOOD = [
    "Corner Coffee",
    "Café Ñandú & Söhne, «Łódź»",
    "咖啡角落",
    "قهوة الزاوية",
    "بيت\u200cقهوه",  # Persian needs the non-joiner
    "בית קפה\u200f!",  # a mark that sets the direction of the exclamation mark
    "☕\ufe0f Coffee 👩\u200d🍳",
    "क\u200dष",
    "Soft\u00adhyphen",
    "\u3000wide\u3000",
]
UNSAFE = {
    "escape": "\x1b[31mred",
    "escape of the window's title": "\x1b]0;owned\x07",
    "control sequence of one character": "\x9b31m",
    "NUL": "a\0b",
    "backspace": "admin\x08\x08",
    "delete": "a\x7f",
    "next line": "a\x85b",
    "override": "photo\u202egnp.exe",
    "embedding": "\u202babc",
    "isolate without an end": "abc\u2067",
    "line separator": "a\u2028b",
    "annotation": "\ufff9a\ufffab\ufffb",
    "half of a pair": "\ud83d",
}
INVISIBLE = [
    " ",
    "\u200b",
    "\u200d\u200c",
    "\u3164",
    "\u2800",
    "\ufeff",
    "\u00ad\u2060",
    "\u115f\u1160",
    "\ufe0f",
    "\U000e0041\U000e0042",
    "\u00a0\u3000",
    "\u180e",
    "\u200e\u200f",
]


@pytest.mark.parametrize("text", GOOD)
def test_text_of_any_language_is_accepted_and_shown_unchanged(text):
    check_line(text)
    check_lines(text)
    assert shown_line(text) == shown_lines(text) == text


@pytest.mark.parametrize("text", UNSAFE.values(), ids=UNSAFE)
def test_unsafe_characters_are_refused_and_replaced_where_they_are_shown(text):
    for check, shown in ((check_line, shown_line), (check_lines, shown_lines)):
        with pytest.raises(UnsafeText, match=r"U\+[0-9A-F]{4}"):
            check(text)
        safe = shown(text)
        assert "\ufffd" in safe
        assert len(safe) == len(text)
        check(safe)


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_text_without_a_visible_character_is_refused(text):
    for check in (check_line, check_lines):
        with pytest.raises(UnsafeText, match="visible"):
            check(text)


def test_nothing_is_a_description_but_no_name():
    check_lines("")
    with pytest.raises(UnsafeText):
        check_line("")


@pytest.mark.parametrize("character", "\n\r\t")
def test_lines_and_tabs_belong_to_descriptions_only(character):
    text = f"one{character}two"
    check_lines(text)
    assert shown_lines(text) == text
    with pytest.raises(UnsafeText):
        check_line(text)
    assert shown_line(text) == "one\ufffdtwo"


@given(st.text())
def test_shown_text_has_no_control_character_and_no_override(text):
    for shown in (shown_line(text), shown_lines(text)):
        assert not {unicodedata.category(each) for each in shown} & {"Cs", "Zl", "Zp"}
        assert not [each for each in shown if unicodedata.category(each) == "Cc" and each not in "\t\n\r"]
        assert not {unicodedata.bidirectional(each) for each in shown} & {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_shown_json_has_the_same_value_and_nothing_for_a_terminal_to_obey(text):
    encoded = json.dumps({"name": text}, ensure_ascii=False)
    shown = shown_json(encoded)
    assert json.loads(shown) == {"name": text}
    assert shown_lines(shown) == shown
