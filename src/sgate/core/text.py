"""Text that people see: names, descriptions, and whatever else a terminal or a page shows.

Control characters can control a terminal, and bidirectional overrides make text read differently from what it says.
Such characters are refused where text comes in, and replaced where text is shown, because older rows may contain them.
Joiners and directional marks are allowed: emoji, Persian and Arabic need them.
"""

import re

REPLACEMENT = "\ufffd"

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_LINES = "\t\n\r"
_OTHERS = (
    "\u2028\u2029"  # separators of lines and paragraphs
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates, which may affect the text after them
    "\ufff9-\ufffb"  # interlinear annotations
    "\ud800-\udfff"  # unpaired surrogates, which UTF-8 cannot encode
)
_UNSAFE = re.compile(f"[{_CONTROLS}{_OTHERS}]")
_UNSAFE_IN_A_LINE = re.compile(f"[{_CONTROLS}{_LINES}{_OTHERS}]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that no font draws, among them fillers and blanks that do not count as whitespace."""

_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f{_OTHERS}]")  # JSON escapes the other control characters itself


class UnsafeText(ValueError):
    """The message is the rest of a sentence that begins with the field's name."""


def check_line(text: str) -> None:
    """Check text that is shown in one line, such as a name.

    Raises:
        UnsafeText: if the text contains unsafe characters, a tab or a line break, or nothing visible.
    """
    _refuse(_UNSAFE_IN_A_LINE, text)
    if not _is_visible(text):
        raise UnsafeText("must contain a visible character")


def check_lines(text: str) -> None:
    """Check text that may have several lines, such as a description.

    Raises:
        UnsafeText: if the text contains unsafe characters, or if it is not empty but contains nothing visible.
    """
    _refuse(_UNSAFE, text)
    if text and not _is_visible(text):
        raise UnsafeText("must contain a visible character, or be empty")


def shown_line(text: str) -> str:
    """Return text that is safe to show in one line. Replaces each unsafe character and line break."""
    return _with_something_visible(_UNSAFE_IN_A_LINE.sub(REPLACEMENT, text))


def shown_lines(text: str) -> str:
    """Return text that is safe to show, with its tabs and line breaks. Replaces each unsafe character."""
    return _with_something_visible(_UNSAFE.sub(REPLACEMENT, text))


def shown_json(encoded: str) -> str:
    """Return JSON with the same value, in which unsafe characters are escaped, so that a terminal can show it."""
    return encoded if encoded.isascii() and "\x7f" not in encoded else _UNSAFE_IN_JSON.sub(_escape, encoded)


def _refuse(unsafe: re.Pattern[str], text: str) -> None:
    found = unsafe.search(text)
    if found is not None:
        raise UnsafeText(f"must not contain control characters or directional overrides (found U+{ord(found[0]):04X})")


def _is_visible(text: str) -> bool:
    return bool(_INVISIBLE.sub("", text).strip())


def _with_something_visible(text: str) -> str:
    """Replace the invisible characters if the text consists of nothing else."""
    return text if _is_visible(text) else _INVISIBLE.sub(REPLACEMENT, text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
