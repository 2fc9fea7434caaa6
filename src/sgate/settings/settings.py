"""All settings of sGate: their types, defaults, units and descriptions.

Settings come from `SGATE_*` environment variables, from files whose paths are in such variables (`secret_files`), and
from a `.env` file in the working directory. Only `runtime` and `cli` import this module. All other code receives its
values as arguments. docs/settings.md is generated from this module. The module is long because it lists all settings.
"""

from decimal import Decimal
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from sgate.core.address import SBTC_ASSETS, Network, check_pay_address
from sgate.core.egress import egress_of
from sgate.core.rate import SOURCES
from sgate.core.retry import MIN_RETENTION, Schedule
from sgate.settings.modes import SIMULATED_GATEWAY_ADDRESS, ModeSettings, Source, check_mode
from sgate.settings.secret_files import FileSettings, UnreadableSetting

DEVELOPMENT_SECRET_KEY = "development only: anyone who reads the source knows this key"  # noqa: S105 - refused in production
MIN_SECRET_KEY_CHARACTERS = 32
MIN_DIFFERENT_CHARACTERS = 8
"""In every common encoding, a random key has more different characters. `aaaa...` and `abcabc...` have fewer."""

METRICS_ARE_PUBLIC = "SGATE_METRICS_PORT: production does not serve /metrics on the public port, but no other is set"
METRICS_ADVICE = "Set it to a port that cannot be reached from outside, such as 9400."

DRAIN_S = 5.0
"""The default in production. It is longer than nginx keeps an idle upstream connection (deploy/nginx)."""


class Env(StrEnum):
    """The environment, which selects the defaults: convenient ones in development, strict ones in production."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(Exception):
    """A setting is invalid; the message is one sentence that names the variable."""


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix="SGATE_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    env: Annotated[
        Env,
        Field(
            description="`production` refuses to start with missing or default secrets, and turns on rate limits and "
            "HSTS."
        ),
    ] = Env.DEVELOPMENT
    database_url: Annotated[
        SecretStr | None,
        Field(
            description="URL of a PostgreSQL server, version 15 or newer. Its role should be `sgate_app` or a member, "
            "which cannot rewrite the books. Required in production; default in development: an embedded server."
        ),
    ] = None
    database_owner_url: Annotated[
        SecretStr | None,
        Field(
            description="URL of the same database for the role that owns the schema, without the pooler. Only `sgate "
            "migrate` needs it, and in development `sgate run`. Default: SGATE_DATABASE_DIRECT_URL."
        ),
    ] = None
    database_direct_url: Annotated[
        SecretStr | None,
        Field(
            description="URL of the same database without the pooler, for LISTEN and advisory locks. Set it if "
            "SGATE_DATABASE_URL points to a pooler; prepared statements are then not cached. Default: "
            "SGATE_DATABASE_URL."
        ),
    ] = None
    database_tls: Annotated[
        Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None,
        Field(
            description="TLS to PostgreSQL, as libpq's sslmode. Only `verify-full` prevents man-in-the-middle "
            "attacks. Default: `verify-full` if SGATE_DATABASE_CA is set, otherwise the mode in the URL, otherwise "
            "`prefer`."
        ),
    ] = None
    database_ca: Annotated[
        Path | None,
        Field(description="File with the certificate authorities that PostgreSQL's certificate is verified against."),
    ] = None
    database_replica_url: Annotated[
        SecretStr | None,
        Field(
            description="URL of a streaming replica that serves lists and stats. Without one, and while it fails, "
            "they are read from SGATE_DATABASE_URL. A pooler in front of the replica works only if "
            "SGATE_DATABASE_DIRECT_URL is set as well."
        ),
    ] = None
    database_replica_max_lag_s: Annotated[
        float,
        Field(gt=0, le=60, description="Replication lag, in seconds, above which the replica is not used."),
    ] = 5.0
    database_max_connections: Annotated[
        int, Field(ge=2, le=500, description="Maximum number of pooled database connections per process.")
    ] = 20
    database_min_connections: Annotated[
        int, Field(ge=0, le=500, description="Number of pooled database connections that each process keeps open.")
    ] = 5
    database_statement_timeout_s: Annotated[
        float, Field(gt=0, le=600, description="Seconds after which PostgreSQL cancels a statement.")
    ] = 15.0
    database_acquire_timeout_s: Annotated[
        float,
        Field(gt=0, le=600, description="Seconds that a request waits for a free database connection before it fails."),
    ] = 60.0
    data_dir: Annotated[
        Path | None, Field(description="Directory of the embedded database and of the simulated chain.")
    ] = None
    redis_url: Annotated[
        SecretStr | None,
        Field(
            description="Redis for rate limits that several processes share, such as redis://host:6379/0, or with "
            "TLS rediss://:password@host:6379/0. Default: each process counts on its own, so a client may exceed the "
            "limits."
        ),
    ] = None
    redis_ca: Annotated[
        Path | None,
        Field(description="File with the certificate authorities that Redis's certificate is verified against."),
    ] = None
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 4000
    drain_s: Annotated[
        float | None,
        Field(
            ge=0,
            le=300,
            description="Seconds that a stopping process continues to serve while /health/ready fails, so that "
            "proxies stop sending requests to it. Default: 5 in production, otherwise 0.",
        ),
    ] = None
    max_streams: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Maximum number of open event streams per process, from checkout pages and API clients; "
            "further streams get a 503.",
        ),
    ] = 5000
    max_streams_per_intent: Annotated[
        int,
        Field(ge=1, le=100_000, description="Maximum number of open event streams per payment intent in each process."),
    ] = 500
    max_connections: Annotated[
        int,
        Field(
            ge=10,
            le=1_000_000,
            description="Maximum number of client connections per process; further clients get a 503.",
        ),
    ] = 10_000
    public_url: Annotated[
        str | None,
        Field(
            description="URL at which customers reach this server; checkout links start with it. Required in "
            "production, with https://. Default: http://localhost:PORT."
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For header is trusted, "
            "separated by commas. Default: none; every client behind a proxy then shares the proxy's address and its "
            "rate limit."
        ),
    ] = ()
    secret_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        Field(
            description="Keys for the encryption of secrets at rest, separated by commas: the first encrypts, all "
            "decrypt. `sgate keys secret` generates one. Required in production."
        ),
    ] = ()
    rate_limit_create: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum calls per minute that create payment intents, for each API key; 0 means no limit. All "
            "keys of a merchant together may make twice as many calls; this holds for each limit per key. Default: "
            "100 in production, otherwise no limit.",
        ),
    ] = None
    rate_limit_retrieve: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum calls per minute that retrieve a payment intent, for each API key; 0 means no limit. "
            "Default: 1000 in production, otherwise no limit.",
        ),
    ] = None
    rate_limit_public: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum calls per minute without an API key, for each client address: pages and the calls "
            "that they make; 0 means no limit. Default: 500 in production, otherwise no limit.",
        ),
    ] = None
    rate_limit_other: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum number of other calls per minute, for each API key; 0 means no limit. Default: 200 in "
            "production, otherwise no limit.",
        ),
    ] = None
    webhook_retry_schedule: Annotated[
        Schedule,
        Field(
            description="How often a failing webhook is tried. `default`: 5 attempts over three hours; `extended`: "
            "10 attempts over three days."
        ),
    ] = Schedule.DEFAULT
    webhook_retention_days: Annotated[
        int,
        Field(
            ge=MIN_RETENTION.days,
            le=3660,
            description="Days that webhook deliveries and their attempts are kept; they are deleted by whole months. "
            "Events, payments and payment intents are kept forever.",
        ),
    ] = 90
    webhook_allow_private: Annotated[
        bool | None,
        Field(
            description="Whether webhooks may be sent to private addresses. Default: true in development, false in "
            "production."
        ),
    ] = None
    webhook_deny: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Networks, addresses and host names that webhooks are never sent to, separated by commas, "
            "such as `203.0.113.0/24,internal.example.com`; a name includes its subdomains."
        ),
    ] = ()
    webhook_proxy: Annotated[
        SecretStr | None,
        Field(
            description="Forward proxy for webhooks, such as `http://egress.example.com:3128`, with the user name "
            "and password before the host. The proxy resolves host names, so it must block private networks itself."
        ),
    ] = None
    exchange_rate_sources: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Public price sources for amounts in dollars, separated by commas. If empty, amounts in "
            "dollars are refused. The simulated chain has its own fixed rate."
        ),
    ] = SOURCES
    exchange_rate_urls: Annotated[
        dict[str, str],
        Field(
            description="URLs to use instead of those of the price sources, as JSON: "
            '{"kraken": "https://proxy.example.com"}.'
        ),
    ] = {}
    exchange_rate_min_sources: Annotated[
        int,
        Field(ge=1, description="Number of price sources that must agree; otherwise amounts in dollars are refused."),
    ] = 2
    exchange_rate_max_spread_percent: Annotated[
        Decimal,
        Field(
            gt=0,
            le=20,
            description="Maximum deviation of a price source from the median, in percent; a source further away does "
            "not agree.",
        ),
    ] = Decimal(1)
    exchange_rate_max_age_s: Annotated[
        float, Field(ge=10, le=3600, description="Seconds after which an exchange rate is too old to be used.")
    ] = 180.0
    exchange_rate_refresh_s: Annotated[
        float, Field(ge=5, le=1800, description="Seconds between two polls of the price sources.")
    ] = 30.0
    simulated_usd_per_btc: Annotated[
        Decimal, Field(gt=0, description="Fixed exchange rate of the simulated chain, in dollars per bitcoin.")
    ] = Decimal(100_000)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Lowest level of log lines that are written.")
    ] = "info"
    log_sample: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Fraction of successful, fast requests that are logged, from 0 to 1. Failed requests and "
            "those that take a second or longer are always logged.",
        ),
    ] = 1.0
    metrics_port: Annotated[
        int | None,
        Field(
            ge=0,
            le=65535,
            description="Separate port for /metrics and /health, for every role; 0 picks a free one. If set, "
            "SGATE_PORT no longer serves /metrics. Required in production for the API, because the metrics contain "
            "turnover. Default in development: /metrics on SGATE_PORT, and no metrics of processes without the API.",
        ),
    ] = None
    metrics_host: Annotated[
        str | None, Field(description="Address that SGATE_METRICS_PORT listens on. Default: SGATE_HOST.")
    ] = None
    traces_url: Annotated[
        str | None,
        Field(
            description="OTLP/HTTP endpoint for OpenTelemetry traces of payments, such as "
            "http://collector:4318/v1/traces; needs `sgate[tracing]`. Default: no traces."
        ),
    ] = None
    traces_sample: Annotated[
        float, Field(ge=0, le=1, description="Fraction of payments that are traced, from 0 to 1.")
    ] = 1.0
    live: Annotated[ModeSettings, Field(description="Settings of live mode.")] = ModeSettings()
    test: Annotated[ModeSettings, Field(description="Settings of test mode.")] = ModeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order of precedence: arguments, environment variables, their files, `.env`."""
        del file_secret_settings
        return init_settings, env_settings, FileSettings(settings_cls), dotenv_settings

    @field_validator("trusted_proxies", "secret_keys", "exchange_rate_sources", "webhook_deny", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError(f"{text!r} is not an address or network such as 10.0.0.7 or 10.0.0.0/8") from None
        return value

    @field_validator("exchange_rate_sources", "exchange_rate_urls")
    @classmethod
    def _known_sources(cls, value: tuple[str, ...] | dict[str, str]) -> tuple[str, ...] | dict[str, str]:
        unknown = [name for name in value if name not in SOURCES]
        if unknown:
            raise ValueError(f"unknown price source {unknown[0]!r}; choose from {', '.join(SOURCES)}")
        for url in value.values() if isinstance(value, dict) else ():
            if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
                raise ValueError(f"{url!r} is not an absolute URL such as https://proxy.example.com")
        return value

    @field_validator("webhook_deny")
    @classmethod
    def _deniable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        egress_of(allow_private=False, deny=value)
        return value

    @field_validator("webhook_proxy")
    @classmethod
    def _proxy(cls, value: SecretStr | None) -> SecretStr | None:
        parts = None if value is None else urlsplit(value.get_secret_value())
        if parts is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an absolute URL such as http://egress.example.com:3128")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("public_url", "traces_url")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an absolute URL such as https://pay.example.com")
        return value.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def _simulate_in_development(cls, values: dict[str, object]) -> dict[str, object]:
        """Run test mode on the simulated chain if no source is set. In production, test mode is off unless it is set.

        The simulated chain lets anyone with a client secret "pay", so a production server offers it only if configured.
        """
        test = values.get("test", {})
        if not isinstance(test, dict) or test.get("source"):
            return values
        source = Source.OFF if values.get("env") == Env.PRODUCTION else Source.SIMULATOR
        return {**values, "test": {**test, "source": source}}

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.env is Env.PRODUCTION:
            if self.database_url is None:
                raise ValueError("SGATE_DATABASE_URL: production needs a PostgreSQL server; set its URL")
            if not self.secret_keys:
                raise ValueError("SGATE_SECRET_KEYS: production needs a secret key; `sgate keys secret` generates one")
            for key in self.secret_keys:
                if not _is_strong(key.get_secret_value()):
                    raise ValueError(
                        f"SGATE_SECRET_KEYS: each key needs at least {MIN_SECRET_KEY_CHARACTERS} random characters"
                    )
            if self.public_url is None or not self.public_url.startswith("https://"):
                raise ValueError("SGATE_PUBLIC_URL: production needs the https:// address that customers use")
        if self.database_owner_url is not None and self.database_url is None:
            raise ValueError(
                "SGATE_DATABASE_OWNER_URL: the embedded server has its own owner; set SGATE_DATABASE_URL too"
            )
        for name, mode in (("LIVE", self.live), ("TEST", self.test)):
            check_mode(name, mode)
        _check_rates(self)
        return self

    # --- derived values

    def postgres_url(self, url: SecretStr) -> str:
        """Return a PostgreSQL URL with the TLS settings applied."""
        mode = "verify-full" if self.database_tls is None and self.database_ca is not None else self.database_tls
        return _with_parameters(url, {"sslmode": mode, "sslrootcert": self.database_ca})

    def redis_url_text(self) -> str | None:
        """Return the Redis URL with the TLS settings applied, or None if Redis is not configured."""
        return None if self.redis_url is None else _with_parameters(self.redis_url, {"ssl_ca_certs": self.redis_ca})

    def webhook_proxy_text(self) -> str | None:
        """Return the URL of the forward proxy for webhooks, or None if there is no proxy."""
        return None if self.webhook_proxy is None else self.webhook_proxy.get_secret_value()

    @property
    def in_production(self) -> bool:
        """Whether the environment is production."""
        return self.env is Env.PRODUCTION

    @property
    def metrics_on_public_port(self) -> bool:
        """Whether SGATE_PORT serves /metrics. In production, the API does not start if it would."""
        return self.metrics_port is None

    @property
    def drain_seconds(self) -> float:
        """Seconds that a stopping process continues to serve."""
        return (DRAIN_S if self.in_production else 0.0) if self.drain_s is None else self.drain_s

    def mode(self, livemode: bool) -> ModeSettings:
        """Return the settings of a mode."""
        return self.live if livemode else self.test

    def network_of(self, livemode: bool) -> Network:
        """Return the network of a mode."""
        mode = self.mode(livemode)
        if mode.network is not None:
            return mode.network
        if mode.source is Source.SIMULATOR:
            return Network.SIMULATED
        return Network.MAINNET if livemode else Network.TESTNET

    def asset_of(self, livemode: bool) -> str:
        """Return the asset identifier of a mode."""
        return self.mode(livemode).sbtc_asset or SBTC_ASSETS[self.network_of(livemode)]

    def gateway_address_of(self, livemode: bool) -> str | None:
        """Return the gateway address of a mode, or None. The simulated chain has a default address."""
        mode = self.mode(livemode)
        if mode.gateway_address is None and mode.source is Source.SIMULATOR:
            return SIMULATED_GATEWAY_ADDRESS
        if mode.gateway_address is None:
            return None
        # in canonical form
        return check_pay_address(mode.gateway_address, self.network_of(livemode), self.asset_of(livemode))

    def secret_key_texts(self) -> list[str]:
        """Return the keys for secrets at rest. The first one encrypts."""
        return [key.get_secret_value() for key in self.secret_keys] or [DEVELOPMENT_SECRET_KEY]


def load(**overrides: object) -> Settings:
    """Read and validate the settings.

    Raises:
        SettingsError: if a setting is invalid or cannot be read.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type] - pydantic checks them
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except UnreadableSetting as error:
        raise SettingsError(str(error)) from None


def _with_parameters(url: SecretStr, parameters: dict[str, object]) -> str:
    """Return the URL with query parameters added or replaced. Parameters that are None are ignored."""
    given = {name: str(value) for name, value in parameters.items() if value is not None}
    if not given:
        return url.get_secret_value()
    address, _, query = url.get_secret_value().partition("?")
    return f"{address}?{urlencode(dict(parse_qsl(query)) | given)}"


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if message.startswith("SGATE_"):
        return message
    variable = "SGATE_" + "__".join(str(part).upper() for part in first["loc"] if not isinstance(part, int))
    return f"{variable}: {message[0].lower()}{message[1:]}"


def _is_strong(secret_key: str) -> bool:
    """Return whether a secret key is long, not repetitive, and not the key in the source code."""
    return (
        secret_key != DEVELOPMENT_SECRET_KEY
        and len(secret_key) >= MIN_SECRET_KEY_CHARACTERS
        and len(set(secret_key)) >= MIN_DIFFERENT_CHARACTERS
    )


def _check_rates(settings: Settings) -> None:
    sources = settings.exchange_rate_sources
    if len(set(sources)) < len(sources):
        raise ValueError("SGATE_EXCHANGE_RATE_SOURCES: a source is listed twice; list each once")
    if sources and len(sources) < settings.exchange_rate_min_sources:
        raise ValueError(
            f"SGATE_EXCHANGE_RATE_MIN_SOURCES: must be at most {len(sources)}, the number of "
            "SGATE_EXCHANGE_RATE_SOURCES"
        )
    if settings.exchange_rate_refresh_s >= settings.exchange_rate_max_age_s:
        raise ValueError("SGATE_EXCHANGE_RATE_REFRESH_S: must be less than SGATE_EXCHANGE_RATE_MAX_AGE_S")
