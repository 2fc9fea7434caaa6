"""What the pages tell people to do works: every block of code is really run, against a real server."""

import json
import re
import tomllib

import httpx2
import jsonschema
import pytest

from docs.pages import GENERATED_COMMANDS, blocks_of, pages, text_of
from docs.reader import Reader
from servers.processes import free_port

RUN = {"sh", "python", "js"}
READ = {"json", "toml"}
SHOWN = {"text", "http", "sql", "conf", "html"}
"""Output, requests, listings; and HTML, whose scripts for the SDK its own tests compile."""

DOCUMENT = json.loads(text_of("docs/openapi.json"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def hand_written(page):
    """The text without the examples of commands that are made from their help; tests/cli/test_help.py reads those."""
    return text_of(page).partition(GENERATED_COMMANDS)[0]


PAGES = {page: blocks_of(page, hand_written(page)) for page in pages()}
FOLLOWED = [
    page for page, blocks in PAGES.items() if any(block.language in RUN and block.not_run is None for block in blocks)
]
JSON = [block for blocks in PAGES.values() for block in blocks if block.language == "json"]


@pytest.fixture
def reader(documented_server, tmp_path):
    readers = []

    def begin(page):
        readers.append(Reader(page, tmp_path, documented_server, free_port()))
        return readers[-1]

    yield begin
    for each in readers:
        each.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", FOLLOWED)
def test_the_page_can_be_followed(page, reader):
    following = reader(page)
    for block in PAGES[page]:
        if block.language in RUN and block.not_run is None:
            following.run(block)
            after = AFTER.get((page, block.keeps_running)) if block.keeps_running else None
            if after:
                after(following)


def pay_an_order(following):
    """What the quickstart says last: press the button, pay, and the shop ships."""
    shop = following.as_here("http://localhost:8000")
    checkout = str(httpx2.post(f"{shop}/buy", follow_redirects=True).url)
    intent_id = re.search(r"/pi/(pi_[0-9a-f]{24})", checkout)[1]
    secret = re.search(r"client_secret=(\w+)", checkout)[1]
    form = {"client_secret": secret, "kind": "exact"}
    httpx2.post(f"{following.server.url}/pi/{intent_id}/simulate", data=form, follow_redirects=True).raise_for_status()
    following.wait_for("http://localhost:8000/", "ship it!")


AFTER = {("docs/quickstart.md", "http://localhost:8000/"): pay_an_order}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_checked(page):
    for block in PAGES[page]:
        assert block.language in RUN | READ | SHOWN, f"{block.place}: say what language this is"
        assert block.not_run != "", f"{block.place}: say why it is not run"
        if block.language == "toml":
            tomllib.loads(block.code)


@pytest.mark.parametrize("block", JSON, ids=lambda block: block.place)
def test_json_is_json_and_objects_of_the_api_are_as_the_api_has_them(block):
    check_objects(json.loads(block.code))


def names_itself(properties, kind, *, deleted):
    """Whether a schema is of this kind of object. Lists are those that hold data."""
    if "deleted" in properties:
        return deleted
    named = properties.get("object", {})
    return kind in {named.get("const"), named.get("default")} or (
        kind == "list" and {"object", "data"} <= set(properties)
    )


def check_objects(value):
    if isinstance(value, list):
        for each in value:
            check_objects(each)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("object"), str):
        fitting = [
            name
            for name, schema in SCHEMAS.items()
            if names_itself(schema.get("properties", {}), value["object"], deleted="deleted" in value)
        ]
        assert fitting, f"the API has no {value['object']}"
        schema = {
            "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in fitting],
            "components": DOCUMENT["components"],
        }
        jsonschema.validate(value, schema)
    for each in value.values():
        check_objects(each)
