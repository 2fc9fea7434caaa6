"""Look for words that the glossary of CONTRIBUTING.md replaces, in `src`, `docs`, `sdk` and `web`.

Exit status 1 if there is one. A phrase of the left column also counts inside an identifier (`told_at`).
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "docs", "sdk", "web")
SUFFIXES = {".py", ".md", ".ts", ".css", ".html", ".sql", ".txt", ".xml", ".json", ".yaml", ".yml", ".mjs"}
NOT_READ = re.compile(
    r"package-lock\.json$"
    r"|^src/sgate/store/migrations/versions/"  # applied migrations never change
    r"|^docs/schema\.sql$"  # names of tables, columns and constraints as migrations made them
)
ALLOWED = {
    r"\bround\(": "the function",
    r"\ba round trip\b": "the field's word",
    r"\bround[- ]robin\b": "the field's word",
    r"\btouched_days\b": "a table of applied migrations",
    r"[`\".]trouble\b|\btrouble(?:: str|\??:|=| = | IS |, )|sgate_chain_trouble|watcher_trouble": "a field, a column, a metric, a log event",
    r"\blooked_at\b": "a column of applied migrations",
    r"\btended_until\b": "a column of applied migrations",
}


def glossary() -> re.Pattern[str]:
    """The phrases of the left column, as one pattern."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = re.search(r"^\| instead of \| write \|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    phrases = [row.split("|")[1].strip() for row in table[1].splitlines()]
    words = ["[ _\\n]+(?:# )?".join(map(re.escape, phrase.split())) for phrase in phrases]
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(words)})(?![A-Za-z])", re.IGNORECASE)


def files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [name for name in listed if Path(name).suffix in SUFFIXES and not NOT_READ.search(name)]


def main() -> int:
    pattern, allowed = glossary(), re.compile("|".join(ALLOWED))
    found = 0
    for name in files():
        text = (ROOT / name).read_text()
        excused = [match.span() for match in allowed.finditer(text)]
        for match in pattern.finditer(text):
            if not any(start <= match.start() and match.end() <= end for start, end in excused):
                found += 1
                phrase = " ".join(match[0].split())
                print(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {phrase!r}: see Words in CONTRIBUTING.md")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
