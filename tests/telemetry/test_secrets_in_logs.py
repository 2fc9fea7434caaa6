"""The search for secrets in everything the tests log finds them. See `tests/conftest.py`."""

import logging

import pytest
import structlog

import logs
from sgate.core.credential import new_api_key, new_client_secret
from sgate.core.signature import SECRET_BYTES, new_secret

SECRETS = {
    "api key": new_api_key(True, b"k" * 32),
    "client secret": new_client_secret("pi_" + "0a" * 12, b"c" * 32),
    "webhook secret": new_secret(b"w" * SECRET_BYTES),
    "database": "postgresql://sgate:hunter2@db/sgate",
    "header": "Authorization: Bearer 0123456789abcdef",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_in_a_line_is_found(secret):
    line = '{"event":"boot"}\n{"event":"asked","note":"' + secret + '"}\n'
    with pytest.raises(logs.SecretLogged, match="was logged"):
        logs.look_through(logs.log_lines(line))


def test_what_is_removed_is_not_found():
    logs.look_through('{"url":"postgresql://sgate:[REDACTED]@db/x?client_secret=pi_0_secret_[REDACTED]"}')
    logs.look_through('{"reason":"The Authorization header must be `Bearer sk_test_...`."}')
    logs.look_through('{"key":"ak_0123","path":"/v1/payment_intents","text":"sk_test_[REDACTED]"}')


def test_the_tap_captures_our_log_and_that_of_libraries(wire_tap):
    structlog.get_logger("test").debug("one", api_key=SECRETS["api key"])
    logging.getLogger("library").warning("two %s", SECRETS["webhook secret"])
    heard = wire_tap.take()
    assert '"event":"one"' in heard
    assert "two whsec_[REDACTED]" in heard
    logs.look_through(heard)
