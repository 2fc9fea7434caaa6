"""The synchronous and the asynchronous client. Both have the same calls; the calls of `AsyncSGate` are awaited."""

import ipaddress
import os
import re
from copy import copy
from types import TracebackType
from typing import Any, Generic, Self
from urllib.parse import urlsplit

import httpx2

from sgate_sdk._calls import D
from sgate_sdk._drivers import AsyncDriver, Options, SyncDriver
from sgate_sdk.errors import SGateUsageError
from sgate_sdk.resources.events import Events
from sgate_sdk.resources.merchants import ApiKeys, AuditLog, Merchants
from sgate_sdk.resources.payment_intents import PaymentIntents
from sgate_sdk.resources.payments import Payments
from sgate_sdk.resources.public import HealthCalls, PublicCalls
from sgate_sdk.resources.simulator import SimulatorCalls
from sgate_sdk.resources.webhooks import WebhookDeliveries, WebhookEndpoints

TIMEOUT_S = 30.0
MAX_RETRIES = 2

_KEY = re.compile(r"[\x21-\x7e]+")
_LIVE = "sk_live_"


class _Client(Generic[D]):
    """The API calls, grouped by resource."""

    def __init__(self, driver: D) -> None:
        self._driver = driver
        self.payment_intents = PaymentIntents(driver)
        self.payments = Payments(driver)
        self.merchants = Merchants(driver)
        self.api_keys = ApiKeys(driver)
        self.audit_log = AuditLog(driver)
        self.webhook_endpoints = WebhookEndpoints(driver)
        self.webhook_deliveries = WebhookDeliveries(driver)
        self.events = Events(driver)
        self.simulator = SimulatorCalls(driver)
        self.public = PublicCalls(driver)
        self.health = HealthCalls(driver)

    def __repr__(self) -> str:
        """Return the base URL, without the key."""
        return f"{type(self).__name__}(base_url={self._driver.options.base_url!r})"

    def with_options(self, *, timeout_s: float | None = None, max_retries: int | None = None) -> Self:
        """Return a client that has other options and shares the connections: `sgate.with_options(max_retries=0)`.

        Raises:
            SGateUsageError: if an option is out of range.
        """
        changes: dict[str, Any] = {"timeout_s": timeout_s, "max_retries": max_retries}
        driver = self._driver.with_options(**{name: value for name, value in changes.items() if value is not None})
        other = copy(self)
        vars(other).update(vars(_Client(driver)))
        return other


class SGate(_Client[SyncDriver]):
    """A synchronous client. Threads may share it."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        http_client: httpx2.Client | None = None,
    ) -> None:
        """Create a client.

        Args:
            api_key: `sk_test_...` or `sk_live_...`; by default the value of the environment variable SGATE_API_KEY.
                Without a key, only the calls of `public` and `health` work. A live key requires `https://`, except on
                localhost.
            base_url: the address of your sGate server, such as `https://pay.example.com`; by default the value of the
                environment variable SGATE_API_BASE_URL.
            timeout_s: how many seconds the server may be silent before an attempt fails.
            max_retries: the number of retries after transient errors.
            http_client: your own HTTP client, for example with a proxy or certificates. `close()` closes it too.

        Raises:
            SGateUsageError: if an option is invalid.
        """
        options = _options(api_key, base_url, timeout_s, max_retries)
        super().__init__(SyncDriver(options, http_client or httpx2.Client()))

    def close(self) -> None:
        """Close the connections."""
        self._driver.http.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()


class AsyncSGate(_Client[AsyncDriver]):
    """An asynchronous client."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        """Create a client. The options are the same as those of `SGate`; `aclose()` closes `http_client`."""
        options = _options(api_key, base_url, timeout_s, max_retries)
        super().__init__(AsyncDriver(options, http_client or httpx2.AsyncClient()))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._driver.http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()


def _options(api_key: str | None, base_url: str | None, timeout_s: float, max_retries: int) -> Options:
    """Check the options, fill in the environment variables, and return the result.

    Raises:
        SGateUsageError: if an option is invalid.
    """
    key = api_key or os.environ.get("SGATE_API_KEY") or None
    if key is not None and not _KEY.fullmatch(key):
        raise SGateUsageError(
            "The API key contains characters that no key has. Did you copy a line break?",
            code="invalid_api_key",
            param="api_key",
        )
    url = (base_url or os.environ.get("SGATE_API_BASE_URL") or "").rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError:  # for example unbalanced brackets
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SGateUsageError(
            f"base_url must be the address of your sGate, such as 'https://pay.example.com', not {url!r}.",
            code="invalid_base_url",
            param="base_url",
        )
    if key is not None and key.startswith(_LIVE) and parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SGateUsageError(
            f"A live key is not sent unencrypted to {parts.hostname}. Use https://; only localhost may be http://.",
            code="insecure_base_url",
            param="base_url",
        )
    return Options(base_url=url, api_key=key, timeout_s=timeout_s, max_retries=max_retries)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
