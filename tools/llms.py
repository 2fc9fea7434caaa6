"""llms.txt and llms-full.txt, the documentation for language models, made from the navigation of the site."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Navigation = list[dict[str, Any]]
"""As `nav` in mkdocs.yml: sections with pages, or with sections again."""

LEFT_OUT_OF_FULL = re.compile(r"^(reference/|runbooks/|benchmarks|dependencies|schema)")
"""Too long to read at once; llms.txt names them."""

HEAD = """# sGate

> A self-hosted payment gateway for sBTC (Bitcoin on Stacks). A merchant's server makes a payment intent, the customer pays on a
> hosted checkout page, sGate follows the chain and sends a signed webhook when the money is final. It holds no keys.

Facts that answers get wrong most easily: amounts are whole sats; `payment_intent.succeeded` is sent once ever per payment intent; webhooks are
delivered at least once and may come out of order; there are no refunds by the API, because sGate cannot spend. API keys begin
with `sk_test_` or `sk_live_` and stay on the server.
"""


def llms(navigation: Navigation, pages: Mapping[str, str]) -> str:
    """llms.txt. `pages`: the texts of all pages, by their names on the site."""
    lines = [HEAD]
    for section, entries in _sections(navigation):
        lines += [f"## {section}", ""]
        for title, name in entries:
            lines.append(f"- [{title}]({name}): {_first_sentence(pages[name])}")
        lines.append("")
    return "\n".join(lines)


def llms_full(navigation: Navigation, pages: Mapping[str, str]) -> str:
    """llms-full.txt: what explains, in one text."""
    parts = [HEAD]
    for _, entries in _sections(navigation):
        for _, name in entries:
            if not LEFT_OUT_OF_FULL.match(name):
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
        if isinstance(entry, str):  # the first page of a section, which has the section's name
            yield title, entry
        else:
            ((name, inner),) = entry.items()
            yield from _pages(name, inner)


def _first_sentence(text: str) -> str:
    """Of the first paragraph that is prose."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip() and not re.match(r"\s*(#|<!--|!!!|\||```|<img|-{3})", paragraph):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.match(r".+?[.:](?= |$)|.+", plain)[0].rstrip(":")
    return ""
