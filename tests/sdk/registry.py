"""All calls of the Python library, found by looking at its client."""

import inspect
from typing import NamedTuple, get_type_hints

from sgate_sdk import SGate
from sgate_sdk._calls import Listing, Resource, Streaming, _Operation

EXAMPLES = {
    "content": b"picture",
    "content_type": "image/png",
    "url": "https://shop.example/hooks",
    "name": "till",
    "tx_id": "0x" + "00" * 32,
    "payment_intent": "pi_" + "0" * 24,
    "client_secret": "secret",
    "recipient": "ST000000000000000000002AMW42H",
    "amount_sats": 1,
    "expires_in_s": 1,
    "since": "2026-11-25T12:00:00Z",
}
OPTIONS = {"self", "idempotency_key"}


class Operation(NamedTuple):
    """One call: `payment_intents.create`, the class's descriptor, and the resource it is on."""

    name: str
    descriptor: _Operation
    resource: Resource

    @property
    def id(self):
        return self.descriptor.operation_id

    @property
    def kind(self):
        return {Listing: "list", Streaming: "stream"}.get(type(self.descriptor), "call")

    @property
    def parameters(self):
        """What a caller may give, beside what is in the path and the options of the library."""
        found = inspect.signature(self.descriptor.describe).parameters
        return {name: each for name, each in found.items() if name not in OPTIONS and not is_path(name)}

    @property
    def answer_type(self):
        return get_type_hints(self.descriptor.describe)["return"].__args__[0]

    def request(self, **given):
        """The request of a call with everything that must be given, and `given`."""
        found = inspect.signature(self.descriptor.describe).parameters.values()
        needed = {each.name: example(each.name) for each in found if each.default is each.empty and each.name != "self"}
        return self.descriptor.describe(self.resource, **needed, **given)


def is_path(name):
    """Whether a parameter is the id in the path: they are positional, and named for what they identify."""
    return name in {"intent_id", "payment_id", "key_id", "endpoint_id", "delivery_id", "recovery_id", "event_id"}


def example(name):
    return "{id}" if is_path(name) else EXAMPLES[name]


def operations():
    client = SGate("sk_test_0", base_url="http://127.0.0.1:1")
    found = []
    for resource_name, resource in vars(client).items():
        if isinstance(resource, Resource):
            for name, each in vars(type(resource)).items():
                if isinstance(each, _Operation):
                    found.append(Operation(f"{resource_name}.{name}", each, resource))
    client.close()
    return found
