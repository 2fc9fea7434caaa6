"""Every setting of sGate: its type, its default, its unit, and one line of why.

Settings come from environment variables `SGATE_*`, from files that such variables name (`secret_files`), and from a
`.env` file in the working directory. Only `runtime` and `cli` read this module; everything else gets what it needs as
arguments. docs/settings.md is made from here. It is long because it is one list: each setting stands in one place.
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
DRAIN_S = 5.0
"""In production. Longer than nginx is told to keep an idle connection (deploy/nginx)."""


class Env(StrEnum):
    """Switches defaults: development is convenient, production is strict."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(Exception):
    """A setting is wrong; the message is one sentence that names the variable."""


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix="SGATE_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    env: Annotated[
        Env, Field(description="`production` refuses missing or default secrets and turns limits and HTTPS on.")
    ] = Env.DEVELOPMENT
    database_url: Annotated[
        SecretStr | None, Field(description="PostgreSQL 15 or newer. Default in development: an embedded server.")
    ] = None
    database_direct_url: Annotated[
        SecretStr | None,
        Field(
            description="The same database without a pooler, for LISTEN, locks and migrations; default: "
            "SGATE_DATABASE_URL."
        ),
    ] = None
    database_tls: Annotated[
        Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None,
        Field(
            description="TLS to PostgreSQL, as libpq's sslmode; `verify-full` alone keeps out who sits between. "
            "Default: `verify-full` if there is a SGATE_DATABASE_CA, else what the URL says, else `prefer`."
        ),
    ] = None
    database_ca: Annotated[
        Path | None, Field(description="File with the authorities that PostgreSQL's certificate is checked against.")
    ] = None
    database_replica_url: Annotated[
        SecretStr | None,
        Field(
            description="A streaming replica of the database, for lists and stats. Default: they are read from "
            "SGATE_DATABASE_URL, as while the replica fails. Through a pooler only if SGATE_DATABASE_DIRECT_URL is "
            "set too, else it fails."
        ),
    ] = None
    database_replica_max_lag_s: Annotated[
        float,
        Field(gt=0, le=60, description="A replica that is further behind than this, in seconds, is not asked."),
    ] = 5.0
    database_max_connections: Annotated[
        int, Field(ge=2, le=500, description="Most pooled connections of one process.")
    ] = 20
    database_min_connections: Annotated[int, Field(ge=0, le=500, description="Pooled connections kept open.")] = 5
    database_statement_timeout_s: Annotated[
        float, Field(gt=0, le=600, description="PostgreSQL ends a statement that takes longer.")
    ] = 15.0
    database_acquire_timeout_s: Annotated[
        float, Field(gt=0, le=600, description="How long a request waits for a free connection.")
    ] = 60.0
    data_dir: Annotated[
        Path | None, Field(description="Where the embedded server and the simulated chain keep their data.")
    ] = None
    redis_url: Annotated[
        SecretStr | None,
        Field(
            description="Redis for rate limits that several processes share, such as redis://host:6379/0, or with TLS "
            "rediss://:password@host:6379/0. Default: each process counts for itself."
        ),
    ] = None
    redis_ca: Annotated[
        Path | None, Field(description="File with the authorities that Redis's certificate is checked against.")
    ] = None
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 4000
    drain_s: Annotated[
        float | None,
        Field(
            ge=0,
            le=300,
            description="Seconds for which a stop still serves, while /health/ready says no and proxies go elsewhere. "
            "Default: 5 in production, else 0.",
        ),
    ] = None
    max_streams: Annotated[
        int, Field(ge=1, le=100_000, description="Most open streams of one process: pages of customers, and listeners.")
    ] = 5000
    max_streams_per_intent: Annotated[
        int, Field(ge=1, le=100_000, description="Most open streams of one payment intent in one process.")
    ] = 500
    max_connections: Annotated[
        int, Field(ge=10, le=1_000_000, description="Most connections of one process; beyond that clients get a 503.")
    ] = 10_000
    public_url: Annotated[
        str | None,
        Field(
            description="How customers reach this server; checkout links start with it. Default: http://localhost:PORT."
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed, separated by "
            "commas."
        ),
    ] = ()
    secret_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        Field(
            description="Keys for secrets at rest, separated by commas; the first encrypts, all decrypt. `sgate keys "
            "secret` makes one."
        ),
    ] = ()
    rate_limit_create: Annotated[
        int | None, Field(ge=0, description="Creates per minute and key; 0 is no limit. Default: 100 in production.")
    ] = None
    rate_limit_retrieve: Annotated[
        int | None, Field(ge=0, description="Retrieves per minute and key. Default: 1000 in production.")
    ] = None
    rate_limit_public: Annotated[
        int | None, Field(ge=0, description="Checkout calls per minute and address. Default: 500 in production.")
    ] = None
    rate_limit_other: Annotated[
        int | None, Field(ge=0, description="Other calls per minute and key. Default: 200 in production.")
    ] = None
    webhook_retry_schedule: Annotated[
        Schedule, Field(description="`default`: 5 attempts in three hours; `extended`: 10 over three days.")
    ] = Schedule.DEFAULT
    webhook_retention_days: Annotated[
        int,
        Field(
            ge=MIN_RETENTION.days,
            le=3660,
            description="Days that webhook deliveries and their attempts are kept, by whole months; events, payments "
            "and intents are kept for ever.",
        ),
    ] = 90
    webhook_allow_private: Annotated[
        bool | None, Field(description="Whether webhooks may go to private addresses. Default: only in development.")
    ] = None
    webhook_deny: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Networks, addresses and host names that webhooks never go to, separated by commas, such as "
            "`203.0.113.0/24,internal.example.com`; a name stands for all names below it too."
        ),
    ] = ()
    webhook_proxy: Annotated[
        SecretStr | None,
        Field(
            description="Forward proxy for webhooks, such as `http://egress.example.com:3128`; a name and password go "
            "before the host. It looks names up itself, so it has to keep webhooks away from private networks."
        ),
    ] = None
    exchange_rate_sources: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Public price sources that are asked for prices in dollars, separated by commas; empty: none. "
            "The simulated chain has its own fixed rate."
        ),
    ] = SOURCES
    exchange_rate_urls: Annotated[
        dict[str, str],
        Field(description='Other addresses of price sources, as JSON: {"kraken": "https://proxy.example.com"}.'),
    ] = {}
    exchange_rate_min_sources: Annotated[
        int, Field(ge=1, description="How many price sources must agree; else prices in dollars are refused.")
    ] = 2
    exchange_rate_max_spread_percent: Annotated[
        Decimal, Field(gt=0, le=20, description="How far a source may be from the median to agree with it.")
    ] = Decimal(1)
    exchange_rate_max_age_s: Annotated[
        float, Field(ge=10, le=3600, description="Seconds after which a price is too old to be used.")
    ] = 180.0
    exchange_rate_refresh_s: Annotated[
        float, Field(ge=5, le=1800, description="Seconds between two looks at the price sources.")
    ] = 30.0
    simulated_usd_per_btc: Annotated[Decimal, Field(gt=0, description="Fixed rate of the simulated chain.")] = Decimal(
        100_000
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="What is logged.")] = "info"
    log_sample: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Share of the request lines that are logged of requests that went well, and fast. Errors and "
            "what took a second or more always are.",
        ),
    ] = 1.0
    metrics_port: Annotated[
        int | None,
        Field(
            ge=0,
            le=65535,
            description="A port of its own for /metrics and /health, for every role; 0 picks a free one. With it, "
            "SGATE_PORT serves no /metrics any more. Default: /metrics on SGATE_PORT, and none for the workers.",
        ),
    ] = None
    metrics_host: Annotated[
        str | None, Field(description="Address that SGATE_METRICS_PORT listens on. Default: SGATE_HOST.")
    ] = None
    traces_url: Annotated[
        str | None,
        Field(
            description="Where OpenTelemetry traces of payments go, by OTLP over HTTP, such as "
            "http://collector:4318/v1/traces; needs `sgate[tracing]`. Default: none are made."
        ),
    ] = None
    traces_sample: Annotated[float, Field(ge=0, le=1, description="Share of the payments that are traced.")] = 1.0
    live: Annotated[ModeSettings, Field(description="The live mode.")] = ModeSettings()
    test: Annotated[ModeSettings, Field(description="The test mode.")] = ModeSettings(source=Source.SIMULATOR)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment and the files it names, then `.env`."""
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
            raise ValueError(f"there is no source {unknown[0]!r}; there are {', '.join(SOURCES)}")
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

    @field_validator("test", mode="before")
    @classmethod
    def _simulate_by_default(cls, value: object) -> object:
        return {"source": Source.SIMULATOR, **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.env is Env.PRODUCTION:
            if self.database_url is None:
                raise ValueError("SGATE_DATABASE_URL: production needs a PostgreSQL server of its own")
            if not self.secret_keys:
                raise ValueError("SGATE_SECRET_KEYS: production needs a secret key; `sgate keys secret` makes one")
            for key in self.secret_keys:
                if (
                    key.get_secret_value() == DEVELOPMENT_SECRET_KEY
                    or len(key.get_secret_value()) < MIN_SECRET_KEY_CHARACTERS
                ):
                    raise ValueError(
                        f"SGATE_SECRET_KEYS: each key needs at least {MIN_SECRET_KEY_CHARACTERS} random characters"
                    )
            if self.public_url is None or not self.public_url.startswith("https://"):
                raise ValueError("SGATE_PUBLIC_URL: production needs the https:// address that customers use")
        for name, mode in (("LIVE", self.live), ("TEST", self.test)):
            check_mode(name, mode)
        _check_rates(self)
        return self

    # --- what the settings come to

    def postgres_url(self, url: SecretStr) -> str:
        """A URL of PostgreSQL, with what the settings say about TLS."""
        mode = "verify-full" if self.database_tls is None and self.database_ca is not None else self.database_tls
        return _with_parameters(url, {"sslmode": mode, "sslrootcert": self.database_ca})

    def redis_url_text(self) -> str | None:
        """The URL of Redis, with what the settings say about TLS."""
        return None if self.redis_url is None else _with_parameters(self.redis_url, {"ssl_ca_certs": self.redis_ca})

    def webhook_proxy_text(self) -> str | None:
        """The URL of the forward proxy for webhooks."""
        return None if self.webhook_proxy is None else self.webhook_proxy.get_secret_value()

    @property
    def in_production(self) -> bool:
        """Whether to be strict."""
        return self.env is Env.PRODUCTION

    @property
    def drain_seconds(self) -> float:
        """How long a stop still serves."""
        return (DRAIN_S if self.in_production else 0.0) if self.drain_s is None else self.drain_s

    def mode(self, livemode: bool) -> ModeSettings:
        """The settings of a mode."""
        return self.live if livemode else self.test

    def network_of(self, livemode: bool) -> Network:
        """The network of a mode."""
        mode = self.mode(livemode)
        if mode.network is not None:
            return mode.network
        if mode.source is Source.SIMULATOR:
            return Network.SIMULATED
        return Network.MAINNET if livemode else Network.TESTNET

    def asset_of(self, livemode: bool) -> str:
        """The asset identifier of a mode."""
        return self.mode(livemode).sbtc_asset or SBTC_ASSETS[self.network_of(livemode)]

    def gateway_address_of(self, livemode: bool) -> str | None:
        """The gateway address of a mode; the simulated chain has one by default."""
        mode = self.mode(livemode)
        if mode.gateway_address is None and mode.source is Source.SIMULATOR:
            return SIMULATED_GATEWAY_ADDRESS
        if mode.gateway_address is None:
            return None
        return check_pay_address(mode.gateway_address, self.network_of(livemode))  # as the chain spells it

    def secret_key_texts(self) -> list[str]:
        """The keys for secrets at rest."""
        return [key.get_secret_value() for key in self.secret_keys] or [DEVELOPMENT_SECRET_KEY]


def load(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one sentence that names the variable.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type] - pydantic checks them
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except UnreadableSetting as error:
        raise SettingsError(str(error)) from None


def _with_parameters(url: SecretStr, parameters: dict[str, object]) -> str:
    """The URL with these parameters, in place of its own of the same names; None leaves what is there."""
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


def _check_rates(settings: Settings) -> None:
    sources = settings.exchange_rate_sources
    if len(set(sources)) < len(sources):
        raise ValueError("SGATE_EXCHANGE_RATE_SOURCES: each source counts once; leave the repetition out")
    if sources and len(sources) < settings.exchange_rate_min_sources:
        raise ValueError(
            f"SGATE_EXCHANGE_RATE_MIN_SOURCES: {settings.exchange_rate_min_sources} sources can never agree where "
            f"{len(sources)} are asked"
        )
    if settings.exchange_rate_refresh_s >= settings.exchange_rate_max_age_s:
        raise ValueError("SGATE_EXCHANGE_RATE_REFRESH_S: must be less than SGATE_EXCHANGE_RATE_MAX_AGE_S")
