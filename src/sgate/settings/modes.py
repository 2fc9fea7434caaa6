"""Settings of one mode: its chain, and how the chain is read. Each setting exists for `live` and for `test`."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from sgate.core.address import SBTC_ASSETS, InvalidAddress, Network, check_pay_address, contract_of

SIMULATED_GATEWAY_ADDRESS = "ST2PEFKTA1DKNV69R6DAAHD3X4WJ9BMF450SPYXHK"
"""An address whose key nobody has: its hash is that of a sentence."""


class Source(StrEnum):
    """The source that a mode's chain is read from."""

    HIRO = "hiro"
    SIMULATOR = "simulator"
    OFF = "off"


class ModeSettings(BaseModel):
    """Settings of one mode: `SGATE_LIVE__...` and `SGATE_TEST__...`."""

    source: Annotated[
        Source,
        Field(
            description="Where the chain is read from: `hiro` is a Stacks API, `simulator` the simulated chain; `off` "
            "disables the mode. Default for test mode in development: `simulator`."
        ),
    ] = Source.OFF
    network: Annotated[
        Network | None,
        Field(
            description="The mode's network. Default: simulated with the simulator, otherwise mainnet for live and "
            "testnet for test."
        ),
    ] = None
    stacks_api_url: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Base URLs of Stacks API servers, separated by commas; each is used when the ones before it "
            "fail. Default: Hiro's public API. With the simulator: the URL of one that runs as a separate process; by "
            "default the simulated chain runs inside sGate."
        ),
    ] = ()
    stacks_api_key: Annotated[
        SecretStr | None, Field(description="API key for the Stacks API, sent in the `x-api-key` header.")
    ] = None
    stacks_api_calls_per_month: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum calls per calendar month (UTC) to each API server; 0 means no limit. Default: 150000 "
            "for Hiro's public API (its free plan), otherwise no limit.",
        ),
    ] = None
    stacks_api_calls_per_minute: Annotated[
        int | None,
        Field(
            ge=0,
            description="Maximum calls per minute to each API server; 0 means no limit. Default: 25 for Hiro's public "
            "API without a key and 500 with one, otherwise no limit.",
        ),
    ] = None
    sbtc_asset: Annotated[
        str | None,
        Field(description="Asset identifier of the token that is accepted as payment. Default: sBTC on the network."),
    ] = None
    gateway_address: Annotated[
        str | None,
        Field(
            description="Stacks address that receives payments for merchants without a pay address of their own. "
            "Without it those merchants cannot create payment intents. Default: none; the simulated chain has one."
        ),
    ] = None
    start_height: Annotated[
        int | None, Field(ge=0, description="Block height at which the first scan starts. Default: just below the tip.")
    ] = None
    poll_interval_s: Annotated[
        float | None,
        Field(
            gt=0,
            le=3600,
            description="Seconds between two polls of the chain while payments are expected; longer if the call limits "
            "require it. Default: 5, or 0.5 with the simulator.",
        ),
    ] = None
    block_interval_s: Annotated[
        float,
        Field(ge=0, le=3600, description="Simulator only: seconds between two blocks; 0 mines blocks only on demand."),
    ] = 2.0

    @field_validator("stacks_api_key", mode="after")
    @classmethod
    def _empty_is_none(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value() else None

    @field_validator("stacks_api_url", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("stacks_api_url")
    @classmethod
    def _absolute(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError(f"{url!r} is not an absolute URL such as https://api.example.com")
        return tuple(url.rstrip("/") for url in value)


def check_mode(name: str, mode: ModeSettings) -> None:
    prefix = f"SGATE_{name}__"
    if mode.source is Source.SIMULATOR and mode.network not in {None, Network.SIMULATED}:
        raise ValueError(f"{prefix}NETWORK: the simulator has its own network; unset this or set it to `simulated`")
    if mode.source is Source.HIRO and mode.network is Network.SIMULATED:
        raise ValueError(f"{prefix}NETWORK: the Hiro API serves only mainnet and testnet")
    if name == "LIVE" and mode.source is Source.SIMULATOR:
        raise ValueError(f"{prefix}SOURCE: live mode cannot run on the simulated chain")
    network = mode.network or (
        Network.SIMULATED if mode.source is Source.SIMULATOR else Network.MAINNET if name == "LIVE" else Network.TESTNET
    )
    try:
        if mode.sbtc_asset is not None:
            contract_of(mode.sbtc_asset)
    except InvalidAddress as error:
        raise ValueError(f"{prefix}SBTC_ASSET: {error}") from None
    try:
        if mode.gateway_address is not None:
            check_pay_address(mode.gateway_address, network, mode.sbtc_asset or SBTC_ASSETS[network])
    except InvalidAddress as error:
        raise ValueError(f"{prefix}GATEWAY_ADDRESS: {error}") from None
