"""The clients. Both have the same calls; `AsyncSGate` awaits them."""

import os
import re
from copy import copy
from types import TracebackType
from typing import Any, Generic, Self
from urllib.parse import urlsplit

import httpx2

from sgate_sdk._calls import D
from sgate_sdk._drivers import AsyncDriver, Options, SyncDriver
from sgate_sdk.resources.events import Events
from sgate_sdk.resources.merchants import ApiKeys, AuditLog, Merchants
from sgate_sdk.resources.payment_intents import PaymentIntents
from sgate_sdk.resources.payments import Payments
from sgate_sdk.resources.public import Public, ServerHealth
from sgate_sdk.resources.simulator import SimulatedChain
from sgate_sdk.resources.webhooks import WebhookDeliveries, WebhookEndpoints

TIMEOUT_S = 30.0
MAX_RETRIES = 2

_KEY = re.compile(r"[\x21-\x7e]+")


class _Client(Generic[D]):
    """The calls, by what they are about."""

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
        self.simulator = SimulatedChain(driver)
        self.public = Public(driver)
        self.health = ServerHealth(driver)

    def __repr__(self) -> str:
        """Where it leads; never the key."""
        return f"{type(self).__name__}(base_url={self._driver.options.base_url!r})"

    def with_options(self, *, timeout_s: float | None = None, max_retries: int | None = None) -> Self:
        """A client over the same connections, with other options, such as `with_options(max_retries=0)`."""
        changes: dict[str, Any] = {"timeout_s": timeout_s, "max_retries": max_retries}
        driver = self._driver.with_options(**{name: value for name, value in changes.items() if value is not None})
        other = copy(self)
        vars(other).update(vars(_Client(driver)))
        return other


class SGate(_Client[SyncDriver]):
    """A client that waits for each answer. It may be shared by threads."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        http_client: httpx2.Client | None = None,
    ) -> None:
        """A client.

        Args:
            api_key: `sk_test_...` or `sk_live_...`; by default the environment's SGATE_API_KEY. Without one, the calls
                of `public` and `health` work.
            base_url: where your sGate server is, such as `https://pay.example.com`; by default SGATE_API_BASE_URL.
            timeout_s: how long the server may keep silent before an attempt is given up.
            max_retries: how often to try again what failed in passing, beside the first attempt.
            http_client: for a proxy or certificates of your own; closed with this one.
        """
        options = _options(api_key, base_url, timeout_s, max_retries)
        super().__init__(SyncDriver(options, http_client or httpx2.Client()))

    def close(self) -> None:
        """Close the connections."""
        self._driver.http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()


class AsyncSGate(_Client[AsyncDriver]):
    """A client whose calls are awaited."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        """As `SGate`."""
        options = _options(api_key, base_url, timeout_s, max_retries)
        super().__init__(AsyncDriver(options, http_client or httpx2.AsyncClient()))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._driver.http.aclose()

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()


def _options(api_key: str | None, base_url: str | None, timeout_s: float, max_retries: int) -> Options:
    """Checked options.

    Raises:
        ValueError: saying what is wrong and what to give.
    """
    key = api_key or os.environ.get("SGATE_API_KEY") or None
    if key is not None and not _KEY.fullmatch(key):
        raise ValueError("The API key has characters that no key has. Was a line break copied along?")
    url = (base_url or os.environ.get("SGATE_API_BASE_URL") or "").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"Say where your sGate server is: base_url='https://pay.example.com'. This is {url!r}.")
    return Options(base_url=url, api_key=key, timeout_s=timeout_s, max_retries=max_retries)
