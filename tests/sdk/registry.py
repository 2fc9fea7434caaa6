"""All calls of the Python SDK, found by inspecting its client."""

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
    """A call: its name, such as `payment_intents.create`, its descriptor, and its resource."""

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
        """Return the parameters, without the id in the path and the options of the SDK."""
        found = inspect.signature(self.descriptor.describe).parameters
        return {name: each for name, each in found.items() if name not in OPTIONS and not is_path(name)}

    @property
    def answer_type(self):
        return get_type_hints(self.descriptor.describe)["return"].__args__[0]

    def request(self, **given):
        """Return the request of a call with its required parameters and those in `given`."""
        found = inspect.signature(self.descriptor.describe).parameters.values()
        needed = {each.name: example(each.name) for each in found if each.default is each.empty and each.name != "self"}
        return self.descriptor.describe(self.resource, **needed, **given)


def is_path(name):
    """Return whether a parameter is the id in the path. Such ids are positional and named after their object."""
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
