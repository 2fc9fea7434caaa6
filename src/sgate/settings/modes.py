"""The settings of a mode: which chain it runs on, and how that is looked at. Each exists for `live` and for `test`."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from sgate.core.address import InvalidAddress, Network, check_pay_address, contract_of

SIMULATED_GATEWAY_ADDRESS = "ST000000000000000000002AMW42H"


class Source(StrEnum):
    """Where a mode's chain is read from."""

    HIRO = "hiro"
    SIMULATOR = "simulator"
    OFF = "off"


class ModeSettings(BaseModel):
    """Settings of one mode: `SGATE_LIVE__...` and `SGATE_TEST__...`."""

    source: Annotated[
        Source, Field(description="Where the chain is read from: the Hiro API, the simulated chain, or not at all.")
    ] = Source.OFF
    network: Annotated[
        Network | None,
        Field(description="The network; default: mainnet for live, testnet for test, simulated for the simulator."),
    ] = None
    stacks_api_url: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="The Stacks API, or several separated by commas, asked in this order; default: Hiro's public "
            "one. For the simulator: a simulator that runs as its own process."
        ),
    ] = ()
    stacks_api_key: Annotated[SecretStr | None, Field(description="Key for the Stacks API, sent as x-api-key.")] = None
    stacks_api_calls_per_month: Annotated[
        int | None,
        Field(
            ge=0,
            description="Calls that each API may get in a month (UTC); 0 is no limit. Default: 150000 for Hiro's "
            "public one (its free plan), else no limit.",
        ),
    ] = None
    stacks_api_calls_per_minute: Annotated[
        int | None,
        Field(
            ge=0,
            description="Calls that each API may get in a minute; 0 is no limit. Default: 25 for Hiro's public one "
            "without a key, 500 with one, else no limit.",
        ),
    ] = None
    sbtc_asset: Annotated[
        str | None, Field(description="The asset identifier that counts; default: the network's sBTC.")
    ] = None
    gateway_address: Annotated[
        str | None, Field(description="Where payments go for merchants without an address of their own.")
    ] = None
    start_height: Annotated[int | None, Field(ge=0, description="Block height of a first scan; default: the tip.")] = (
        None
    )
    poll_interval_s: Annotated[
        float | None,
        Field(
            gt=0,
            le=3600,
            description="Seconds between two looks at the chain while somebody waits for money, if the calls allow it; "
            "default: 5, simulator 0.5.",
        ),
    ] = None
    block_interval_s: Annotated[
        float, Field(ge=0, le=3600, description="Simulator only: seconds between two blocks; 0 mines on demand only.")
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
        raise ValueError(f"{prefix}NETWORK: the simulator is a network of its own; leave it out or say `simulated`")
    if mode.source is Source.HIRO and mode.network is Network.SIMULATED:
        raise ValueError(f"{prefix}NETWORK: the Hiro API serves mainnet or testnet")
    if name == "LIVE" and mode.source is Source.SIMULATOR:
        raise ValueError(f"{prefix}SOURCE: the live mode cannot run on the simulated chain")
    network = mode.network or (
        Network.SIMULATED if mode.source is Source.SIMULATOR else Network.MAINNET if name == "LIVE" else Network.TESTNET
    )
    try:
        if mode.gateway_address is not None:
            check_pay_address(mode.gateway_address, network)
    except InvalidAddress as error:
        raise ValueError(f"{prefix}GATEWAY_ADDRESS: {error}") from None
    try:
        if mode.sbtc_asset is not None:
            contract_of(mode.sbtc_asset)
    except InvalidAddress as error:
        raise ValueError(f"{prefix}SBTC_ASSET: {error}") from None
