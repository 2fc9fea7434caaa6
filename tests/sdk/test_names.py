"""The names that all SDKs share, and the options that they refuse: sdk/cases/names.json. Deprecated names still work."""

import pytest

import sgate_sdk
from sdk.casebook import load
from sgate_sdk import AsyncSGate, SGate, SGateError, SGateUsageError, errors, paging, testing
from sgate_sdk._calls import Resource

NAMES = load("names.json")
BODY = b"{}"
ALIASES = {
    "AsyncPaging": "AsyncListing",
    "BadRequest": "SGateBadRequestError",
    "Conflict": "SGateConflictError",
    "ConnectionFailed": "SGateConnectionError",
    "Forbidden": "SGatePermissionError",
    "InvalidSignature": "SGateSignatureError",
    "MethodNotAllowed": "SGateMethodNotAllowedError",
    "NotFound": "SGateNotFoundError",
    "PayloadTooLarge": "SGatePayloadTooLargeError",
    "RateLimited": "SGateRateLimitError",
    "ServerError": "SGateServerError",
    "TimedOut": "SGateTimeoutError",
    "Unauthorized": "SGateAuthenticationError",
    "Unavailable": "SGateUnavailableError",
    "UnexpectedAnswer": "SGateUnexpectedResponseError",
    "UnsupportedMediaType": "SGateUnsupportedMediaTypeError",
    "ValidationFailed": "SGateValidationError",
}


def client_of(kind, options):
    """Create a client with the options of a case."""
    names = {"timeout": "timeout_s"}
    return kind(**{names.get(name, name): value for name, value in options.items()})


def test_the_client_has_the_shared_resources_and_no_others():
    with getattr(sgate_sdk, NAMES["client"])(base_url="https://pay.example.com") as client:
        found = {name for name, value in vars(client).items() if isinstance(value, Resource)}
    assert found == set(NAMES["resources"])


@pytest.mark.parametrize("name", NAMES["functions"])
def test_the_function_is_exported(name):
    assert callable(getattr(sgate_sdk, name, None) or getattr(testing, name))


def test_the_error_classes_are_the_shared_ones():
    exported = {name: getattr(sgate_sdk, name) for name in sgate_sdk.__all__}
    kinds = [each for each in exported.values() if isinstance(each, type) and issubclass(each, SGateError)]
    assert {each.__name__: each.__bases__[0].__name__ for each in kinds if each is not SGateError} == NAMES["errors"]


@pytest.mark.parametrize(("status", "name"), NAMES["statuses"].items())
def test_the_status_has_the_shared_class(status, name):
    assert type(errors.error_of(int(status), b"")) is getattr(sgate_sdk, name)


@pytest.mark.parametrize("kind", [SGate, AsyncSGate])
@pytest.mark.parametrize("case", NAMES["refusals"], ids=lambda case: case["code"])
def test_invalid_options_are_refused(case, kind, monkeypatch):
    monkeypatch.delenv("SGATE_API_KEY", raising=False)
    with pytest.raises(SGateUsageError) as refused:
        client_of(kind, case["options"])
    param = {"timeout": "timeout_s"}.get(case["param"], case["param"])
    assert (refused.value.code, refused.value.param) == (case["code"], param)
    assert isinstance(refused.value, ValueError)
    assert case["options"].get("api_key", "sk_") not in refused.value.message


@pytest.mark.parametrize("options", NAMES["accepted"], ids=lambda options: options["base_url"])
async def test_valid_options_are_accepted(options, monkeypatch):
    monkeypatch.delenv("SGATE_API_KEY", raising=False)
    client_of(SGate, options).close()
    await client_of(AsyncSGate, options).aclose()


def test_a_live_key_of_the_environment_is_not_sent_unencrypted_either(monkeypatch):
    monkeypatch.setenv("SGATE_API_KEY", "sk_live_1")
    monkeypatch.setenv("SGATE_API_BASE_URL", "http://pay.example.com")
    with pytest.raises(SGateUsageError, match="live key"):
        SGate()


@pytest.mark.parametrize(("old", "new"), ALIASES.items())
def test_a_deprecated_name_is_an_alias(old, new):
    assert getattr(sgate_sdk, old) is getattr(sgate_sdk, new)
    assert getattr(paging if old == "AsyncPaging" else errors, old) is getattr(sgate_sdk, new)


def test_deprecated_options_of_webhook_headers_still_work_but_not_with_the_new_ones():
    secrets = [testing.TEST_SECRET, "whsec_" + "A" * 32]
    expected = testing.webhook_headers(BODY, secrets, event_id="evt_1", timestamp_s=7)
    assert expected == testing.webhook_headers(
        BODY, secrets[0], message_id="evt_1", timestamp=7, previous_secret=secrets[1]
    )
    with pytest.raises(SGateUsageError, match="event_id only"):
        testing.webhook_headers(BODY, event_id="evt_1", message_id="evt_1")
    with pytest.raises(SGateUsageError, match="timestamp_s only"):
        testing.webhook_headers(BODY, timestamp_s=7, timestamp=7)
