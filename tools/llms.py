"""llms.txt and llms-full.txt, the documentation for language models, made from the navigation of the site."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
LEFT_OUT_OF_FULL = re.compile(r"^(reference/|runbooks/|benchmarks|dependencies|schema)")
"""Too long to read at once; llms.txt names them."""

HEAD = """# sGate

> A self-hosted payment gateway for sBTC (Bitcoin on Stacks). A merchant's server makes a payment intent, the customer pays on a
> hosted checkout page, sGate follows the chain and sends a signed webhook when the money is final. It holds no keys.

Facts that answers get wrong most easily: amounts are whole sats; `payment_intent.succeeded` is sent once ever per payment intent; webhooks are
delivered at least once and may come out of order; there are no refunds by the API, because sGate cannot spend. API keys begin
with `sk_test_` or `sk_live_` and stay on the server.
"""


class _Loader(yaml.SafeLoader):
    """mkdocs.yml without the Python names in it."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda _loader, _suffix, _node: None)


def llms(pages: dict[str, str]) -> str:
    """llms.txt. `pages`: the texts of pages that are not in docs/, by their names on the site."""
    lines = [HEAD]
    for section, entries in _sections():
        lines += [f"## {section}", ""]
        for title, name in entries:
            lines.append(f"- [{title}]({name}): {_first_sentence(_text(name, pages))}")
        lines.append("")
    return "\n".join(lines)


def llms_full(pages: dict[str, str]) -> str:
    """llms-full.txt: what explains, in one text."""
    parts = [HEAD]
    for _, entries in _sections():
        for _, name in entries:
            if not LEFT_OUT_OF_FULL.match(name):
                parts.append(f"<!-- {name} -->\n\n{_text(name, pages).strip()}\n")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    navigation = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader=_Loader)["nav"]  # noqa: S506 - a SafeLoader
    for entry in navigation:
        ((title, value),) = entry.items()
        yield title, list(_pages(title, value))


def _pages(title: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield title, value
        return
    for entry in value:
        ((name, inner),) = entry.items()
        yield from _pages(name, inner)


def _text(name: str, pages: dict[str, str]) -> str:
    return pages[name] if name in pages else (ROOT / "docs" / name).read_text("utf-8")


def _first_sentence(text: str) -> str:
    """Of the first paragraph that is prose."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip() and not re.match(r"\s*(#|<!--|!!!|\||```|<img|-{3})", paragraph):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.match(r".+?[.:](?= |$)|.+", plain)[0].rstrip(":")
    return ""
