"""What commands print contains no character that a terminal obeys."""

import json

import pytest
from rich.console import Console

from sgate.cli import printing

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e[red]x[/]\nline\x08"


def is_harmless(text):
    return not {"\x1b", "\x07", "\x9b", "\u202e", "\x08"} & set(text)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setattr(printing, "console", Console(highlight=False, width=40))


def test_a_table_shows_hostile_text_in_one_line_and_without_markup(capsys):
    printing.print_table(("id", "name"), [("1", HOSTILE)])
    output = capsys.readouterr().out
    assert output.count("\n") == 2
    assert is_harmless(output)
    assert "[red]x[/]" in output


def test_a_line_shows_hostile_text_in_one_line(capsys):
    printing.line(f"[bold]{printing.escape(HOSTILE)}[/]")
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert is_harmless(output)


def test_a_line_is_harmless_even_if_nobody_escaped_its_parts(capsys):
    printing.line("\x1b[2J\u202etxt")
    assert is_harmless(capsys.readouterr().out)


@pytest.mark.parametrize("show", [printing.print_json, printing.print_object])
def test_json_keeps_the_value_and_escapes_what_a_terminal_would_obey(capsys, show):
    show({"name": HOSTILE, "other": "\x7f café 咖啡"})
    output = capsys.readouterr().out
    assert is_harmless(output)
    assert json.loads(output) == {"name": HOSTILE, "other": "\x7f café 咖啡"}
    assert "café 咖啡" in output


def test_an_excerpt_is_harmless():
    assert is_harmless(printing.plain(HOSTILE, 100))
    assert printing.plain("👩\u200d🍳  cooks", 100) == "👩\u200d🍳 cooks"
