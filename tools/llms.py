"""llms.txt and llms-full.txt, the documentation for language models, built from the navigation of the site."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Navigation = list[dict[str, Any]]
"""`nav` in mkdocs.yml: sections of pages or of further sections."""

EXCLUDED_FROM_FULL = re.compile(r"^(reference/|runbooks/|benchmarks|dependencies|schema)")
"""Pages that are too long for llms-full.txt. llms.txt lists them."""

HEAD = """# sGate

> A self-hosted payment gateway for sBTC (Bitcoin on Stacks). A merchant's server creates a payment intent, the customer pays on a
> hosted checkout page, and sGate follows the chain and sends a signed webhook when the payment is final. It holds no keys.

Facts that are easy to get wrong: amounts are integers in sats; each payment intent has at most one `payment_intent.succeeded` event;
webhooks are delivered at least once and may arrive out of order; the API cannot send refunds, because sGate holds no keys. API keys
begin with `sk_test_` or `sk_live_` and must stay on the server.
"""


def llms(navigation: Navigation, pages: Mapping[str, str]) -> str:
    """Return llms.txt. `pages` holds the texts of all pages by their names on the site."""
    lines = [HEAD]
    for section, entries in _sections(navigation):
        lines += [f"## {section}", ""]
        for title, name in entries:
            lines.append(f"- [{title}]({name}): {_first_sentence(pages[name])}")
        lines.append("")
    return "\n".join(lines)


def llms_full(navigation: Navigation, pages: Mapping[str, str]) -> str:
    """Return llms-full.txt: the guides and explanations in one text."""
    parts = [HEAD]
    for _, entries in _sections(navigation):
        for _, name in entries:
            if not EXCLUDED_FROM_FULL.match(name):
                parts.append(f"<!-- {name} -->\n\n{pages[name].strip()}\n")
    return "\n".join(parts)


def _sections(navigation: Navigation) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for entry in navigation:
        ((title, value),) = entry.items()
        yield title, list(_pages(title, value))


def _pages(title: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield title, value
        return
    for entry in value:
        if isinstance(entry, str):  # the first page of a section is titled after it
            yield title, entry
        else:
            ((name, inner),) = entry.items()
            yield from _pages(name, inner)


def _first_sentence(text: str) -> str:
    """Return the first sentence of the first paragraph of prose."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip() and not re.match(r"\s*(#|<!--|!!!|\||```|<img|-{3})", paragraph):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.match(r".+?[.:](?= |$)|.+", plain)[0].rstrip(":")
    return ""
