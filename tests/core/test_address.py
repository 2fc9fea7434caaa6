"""Addresses: c32check as wallets and the chain write it, and typing errors rejected."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import FAST
from sgate.core.address import (
    C32_ALPHABET,
    SBTC_ASSETS,
    VERSIONS,
    InvalidAddress,
    Network,
    Principal,
    check_pay_address,
    contract_of,
    encode,
    parse_principal,
)

SBTC = SBTC_ASSETS[Network.MAINNET]
HASH = bytes.fromhex("a46ff88886c2ef9762d970b4d2c63678835bd39d")

# Vectors of the c32check reference implementation.
VECTORS = [
    (22, HASH, "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"),
    (20, HASH, "SM2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQVX8X0G"),
    (26, HASH, "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ"),
    (21, HASH, "SN2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKP6D2ZK9"),
    (31, HASH, "SZ2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQ9H6DPR"),
    (0, HASH, "S02J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKPVKG2CE"),
    (22, bytes(20), "SP000000000000000000002Q6VF78"),
    (26, bytes(20), "ST000000000000000000002AMW42H"),
]

# Addresses as the chain's API printed them.
RECORDED = [
    "SP3Q8YZR3BNWD7W4325XYAGAFKPMHK4FAYZ3ESRYM",
    "SP23FM1Q5JJHM740JPDFM85TRE33JRB0BBWMW55MA",
    "SP2KDAFTHAH0RM06WD7K0VBPETBE03DEFVQH274EW",
    "SP1BKB5VES3WN703FDQ2PJYMM6RP5B0WC6E1SRHG0",
    "SP1521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS",
    "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4",
    "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT",
]

ALL = [address for _, _, address in VECTORS] + RECORDED
LOOKS_LIKE = {"0": "O", "1": "LI"}
"""Crockford's base 32 reads these letters as the digits they resemble."""

versions = st.integers(min_value=0, max_value=31)
hashes = st.one_of(
    st.binary(min_size=20, max_size=20),
    st.integers(min_value=0, max_value=20).flatmap(
        lambda zeros: st.binary(min_size=20 - zeros, max_size=20 - zeros).map(lambda tail: bytes(zeros) + tail)
    ),
)


@pytest.mark.parametrize(("version", "hash160", "address"), VECTORS)
def test_the_reference_vectors_are_encoded_and_decoded(version, hash160, address):
    assert encode(version, hash160) == address
    assert parse_principal(address) == Principal(version, hash160)


@pytest.mark.parametrize("address", RECORDED)
def test_recorded_addresses_survive_decoding_and_encoding(address):
    assert str(parse_principal(address)) == address


@FAST
@given(versions, hashes)
def test_every_address_is_decoded_to_what_it_was_made_of(version, hash160):
    address = encode(version, hash160)
    assert parse_principal(address) == Principal(version, hash160)
    assert len(address) <= 41


@pytest.mark.parametrize("address", ALL)
def test_every_single_wrong_character_is_refused(address):
    for place, right in enumerate(address):
        for wrong in set(string.printable) - {right} - set(LOOKS_LIKE.get(right, "")):
            mutated = address[:place] + wrong + address[place + 1 :]
            with pytest.raises(InvalidAddress):
                parse_principal(mutated)


@pytest.mark.parametrize("address", ALL)
def test_a_missing_doubled_or_swapped_character_is_refused(address):
    mutated = {address[:place] + address[place + 1 :] for place in range(len(address))}
    mutated |= {address[:place] + address[place] + address[place:] for place in range(len(address))}
    mutated |= {
        address[:place] + address[place + 1] + address[place] + address[place + 2 :]
        for place in range(len(address) - 1)
    }
    for wrong in mutated - {address}:
        with pytest.raises(InvalidAddress):
            parse_principal(wrong)


def test_letters_that_look_like_digits_are_read_as_digits_and_spelled_as_digits():
    assert str(parse_principal("SP1521AWPS27SJHXXRZXPYE5YOMF6RA566T8RMZJS")) == RECORDED[4]
    assert check_pay_address("SPI521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS", Network.MAINNET, SBTC) == RECORDED[4]
    assert check_pay_address("SPL521AWPS27SJHXXRZXPYE5Y0MF6RA566T8RMZJS", Network.MAINNET, SBTC) == RECORDED[4]


def test_a_letter_that_looks_like_a_leading_zero_is_read_as_one():
    assert str(parse_principal("SPO00000000000000000002Q6VF78")) == "SP000000000000000000002Q6VF78"
    assert str(parse_principal("SPOOOOOOOOOOOOOOOOOOOO2Q6VF78")) == "SP000000000000000000002Q6VF78"


@pytest.mark.parametrize("address", ALL)
def test_any_digit_may_be_written_as_a_letter_that_looks_like_it(address):
    for place, right in enumerate(address):
        for letter in LOOKS_LIKE.get(right, ""):
            assert str(parse_principal(address[:place] + letter + address[place + 1 :])) == address
    for one in "LI":
        assert str(parse_principal(address.replace("0", "O").replace("1", one))) == address


def test_letters_in_a_contract_name_are_letters():
    principal = parse_principal("SPI52IAWPS27SJHXXRZXPYE5YOMF6RA566T8RMZJS.OIL-oil-0")
    assert str(principal) == f"{RECORDED[4]}.OIL-oil-0"


@pytest.mark.parametrize("letter", "oli")
def test_small_letters_are_not_read_as_digits(letter):
    with pytest.raises(InvalidAddress):
        parse_principal(RECORDED[4].replace("1", letter).replace("0", letter))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "S",
        "SP",
        "SP000",
        "hello",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "0x0000000000000000000000000000000000000000",
        RECORDED[0].lower(),
        " " + RECORDED[0],
        RECORDED[0] + " ",
        RECORDED[0] + "\n",
        RECORDED[0] + "\0",
        RECORDED[0] * 100,
        "S" + "0" * 40,
        "SP" + "Z" * 39,
        "Ｓ" + RECORDED[0][1:],
        "SU" + RECORDED[0][2:],
        "SP" + RECORDED[0][2:-1] + "Μ",  # the Greek letter
    ],
)
def test_what_is_not_an_address_is_refused(text):
    with pytest.raises(InvalidAddress):
        parse_principal(text)


@FAST
@given(st.text(alphabet=C32_ALPHABET + "SOLI.-:\n\0é", max_size=50))
def test_whatever_the_text_parsing_gives_a_principal_or_a_refusal(text):
    try:
        principal = parse_principal(text)
    except InvalidAddress:
        return
    assert parse_principal(str(principal)) == principal


@pytest.mark.parametrize(
    ("version", "hash160"), [(-1, HASH), (32, HASH), (22, HASH[:-1]), (22, HASH + b"\0"), (22, b"")]
)
def test_no_address_is_made_of_a_wrong_version_or_a_wrong_length(version, hash160):
    with pytest.raises(InvalidAddress):
        encode(version, hash160)


@pytest.mark.parametrize("name", ["sbtc-token", "a", "A1_-", "x" * 40])
def test_a_contract_principal_is_an_address_and_a_name(name):
    principal = parse_principal(f"{RECORDED[0]}.{name}")
    assert principal.contract_name == name
    assert str(principal) == f"{RECORDED[0]}.{name}"


@pytest.mark.parametrize("name", ["", "1a", "-a", "_a", "a.b", "a b", "a\n", "ä", "x" * 41, "a::b"])
def test_a_wrong_contract_name_is_refused(name):
    with pytest.raises(InvalidAddress, match="contract name"):
        parse_principal(f"{RECORDED[0]}.{name}")


@pytest.mark.parametrize(
    ("network", "prefixes"),
    [
        (Network.MAINNET, {"SP", "SM"}),
        (Network.TESTNET, {"ST", "SN"}),
        (Network.SIMULATED, {"ST", "SN"}),
    ],
)
def test_only_addresses_of_the_right_network_may_be_paid_to(network, prefixes):
    for version in range(32):
        address = encode(version, HASH)
        if address[:2] in prefixes:
            assert check_pay_address(address, network, SBTC_ASSETS[network]) == address
        else:
            with pytest.raises(InvalidAddress, match=f"not a {network} address"):
                check_pay_address(address, network, SBTC_ASSETS[network])


BURN = "SP000000000000000000002Q6VF78"
DEPLOYER = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4"


@pytest.mark.parametrize(
    "address",
    [
        BURN,
        BURN.replace("0", "O"),  # letters that are read as zeros
        encode(20, bytes(20)),  # the burn address of multisig accounts
        f"{BURN}.pox-4",
        DEPLOYER,
        f"{DEPLOYER}.sbtc-token",
        f"{DEPLOYER}.sbtc-deposit",
        encode(22, parse_principal(DEPLOYER).hash160),
    ],
)
def test_an_address_that_nobody_can_spend_from_may_not_be_paid_to(address):
    with pytest.raises(InvalidAddress, match="would be lost; use an address of your own"):
        check_pay_address(address, Network.MAINNET, SBTC)


def test_the_burn_address_of_testnet_may_not_be_paid_to():
    with pytest.raises(InvalidAddress, match="nobody has the key"):
        check_pay_address("ST000000000000000000002AMW42H", Network.SIMULATED, SBTC_ASSETS[Network.SIMULATED])


def test_the_contract_of_a_configured_token_may_not_be_paid_to():
    asset = f"{RECORDED[4]}.other-token::other"
    with pytest.raises(InvalidAddress, match="contracts of the token itself"):
        check_pay_address(f"{RECORDED[4]}.other-token", Network.MAINNET, asset)
    assert check_pay_address(f"{RECORDED[4]}.other-token", Network.MAINNET, SBTC)


def test_a_contract_may_be_paid_to():
    assert check_pay_address(f"{RECORDED[4]}.pay-router-v1", Network.MAINNET, SBTC) == f"{RECORDED[4]}.pay-router-v1"


@pytest.mark.parametrize("network", Network)
def test_the_known_sbtc_assets_are_contracts_of_their_network(network):
    contract = contract_of(SBTC_ASSETS[network])
    assert SBTC_ASSETS[network] == f"{contract}::sbtc-token"
    assert parse_principal(contract).version in VERSIONS[network]


@pytest.mark.parametrize(
    "asset",
    [
        "",
        "::",
        "::sbtc-token",
        f"{RECORDED[5]}.sbtc-token",
        f"{RECORDED[5]}.sbtc-token::",
        f"{RECORDED[5]}.sbtc-token:sbtc-token",
        f"{RECORDED[5]}::sbtc-token",
        f"{RECORDED[5][:-1]}5.sbtc-token::sbtc-token",
    ],
)
def test_an_asset_identifier_of_another_form_is_refused(asset):
    with pytest.raises(InvalidAddress):
        contract_of(asset)
