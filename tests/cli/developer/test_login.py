"""`sgate login`, `whoami` and `logout`: where a key is stored, and to which servers it is sent."""

import stat

import pytest

from cli.terminal import Developer
from sgate.cli.developer import profiles
from sgate.cli.problems import Failure

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def newcomer(tmp_path):
    """A developer without a stored key."""
    return Developer(tmp_path)


def stored_at(developer):
    return developer.home / "config" / "sgate" / "credentials.json"


async def test_a_key_is_verified_stored_for_its_owner_only_and_never_shown(site, newcomer):
    key = await site.merchant("Corner Coffee")
    output = await newcomer.ok("login", "--base-url", site.base_url, stdin=f"{key}\n")
    assert "Corner Coffee" in output
    assert key not in output
    assert stat.S_IMODE(stored_at(newcomer).stat().st_mode) == 0o600
    assert stat.S_IMODE(stored_at(newcomer).parent.stat().st_mode) == 0o700
    who = await newcomer.json("whoami")
    assert (who["merchant"], who["base_url"], who["livemode"]) == ("Corner Coffee", site.base_url, False)
    assert key not in str(who)
    assert "Removed: default" in await newcomer.ok("logout")
    assert "no API key is stored" in await newcomer.refused("whoami")
    assert key not in stored_at(newcomer).read_text()


async def test_several_profiles_the_last_login_is_current_and_the_environment_overrides(site, newcomer):
    keys = {name: await site.merchant(name) for name in ("one", "two", "three")}
    for name in ("one", "two"):
        await newcomer.ok("login", "--profile", name, "--base-url", site.base_url, stdin=keys[name])
    assert (await newcomer.json("whoami"))["merchant"] == "two"
    assert (await newcomer.json("whoami", "--profile", "one"))["merchant"] == "one"
    assert (await newcomer.but(profile="one").json("whoami"))["merchant"] == "one"
    assert (await newcomer.but(api_key=keys["three"]).json("whoami"))["merchant"] == "three"
    assert "profiles: one, two" in await newcomer.refused("whoami", "--profile", "four")


async def test_a_wrong_key_is_neither_stored_nor_shown(site, newcomer):
    wrong = "sk_test_" + "0" * 64
    for typed, said in ((wrong, "does not accept the key"), ("hunter2", "is not an API key"), ("", "no key was given")):
        sentence = await newcomer.refused("login", "--base-url", site.base_url, stdin=typed)
        assert said in sentence
        assert not typed or typed not in sentence
    assert not stored_at(newcomer).exists()


async def test_an_unreachable_server_is_an_error_with_advice(newcomer):
    sentence = await newcomer.but(api_key="sk_test_" + "0" * 64, api_base_url="http://127.0.0.1:1").refused("whoami")
    assert "no sGate server answers at http://127.0.0.1:1" in sentence
    assert "sgate run" in sentence


async def test_a_server_that_is_not_sgate_is_an_error_with_advice(site, newcomer):
    other_server = newcomer.but(api_key=await site.merchant(), api_base_url=f"{site.base_url}/docs")
    assert "the server's URL has no path" in await other_server.refused("whoami")


def environment(path, **variables):
    return {"XDG_CONFIG_HOME": str(path), "HOME": "/nonexistent"} | variables


def keep(path, **fields):
    made = profiles.new_profile(fields.pop("base_url", "http://localhost:4000"), "sk_test_abc", "Shop", None)
    profiles.write(profiles.path_of(environment(path)), profiles.Stored(profiles={"default": made}))
    return made


def test_a_stored_key_is_not_sent_to_another_server(tmp_path):
    keep(tmp_path)
    with pytest.raises(Failure, match="the stored key is for http://localhost:4000"):
        profiles.chosen(None, environment(tmp_path, SGATE_API_BASE_URL="http://localhost:9999"))


def test_a_file_that_others_may_read_is_refused_until_it_is_fixed(tmp_path):
    made = keep(tmp_path)
    path = profiles.path_of(environment(tmp_path))
    path.chmod(0o640)
    with pytest.raises(Failure, match=f"chmod 600 {path}"):
        profiles.chosen(None, environment(tmp_path))
    path.chmod(0o600)
    assert profiles.chosen(None, environment(tmp_path)).api_key == made.api_key


def test_a_broken_file_is_an_error_with_advice(tmp_path):
    keep(tmp_path)
    profiles.path_of(environment(tmp_path)).write_text("{")
    with pytest.raises(Failure, match="log in again"):
        profiles.chosen(None, environment(tmp_path))


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("http://pay.example.com", "sk_live_abc", "clear text"),
        ("pay.example.com", "sk_test_abc", "is not a URL"),
        ("ftp://localhost", "sk_test_abc", "is not a URL"),
        ("http://localhost:port", "sk_test_abc", "is not a URL"),
        ("https://user:pass@localhost", "sk_test_abc", "is not a URL"),
    ],
)
def test_unusable_urls_are_refused(url, key, said):
    with pytest.raises(Failure, match=said):
        profiles.checked_url(url, key, "--base-url")


@pytest.mark.parametrize("url", ["http://localhost:4000/", "http://127.0.0.1:4000", "https://pay.example.com"])
def test_a_live_key_is_sent_only_to_this_machine_or_over_tls(url):
    assert profiles.checked_url(url, "sk_live_abc", "--base-url") == url.rstrip("/")


def test_a_new_key_keeps_the_webhook_secret():
    before = profiles.new_profile("http://localhost:4000", "sk_test_abc", "Shop", None)
    after = profiles.new_profile("http://localhost:4000", "sk_test_def", "Shop", before)
    assert (after.webhook_secret, after.api_key) == (before.webhook_secret, "sk_test_def")


def test_without_a_profile_the_webhook_secret_is_derived_from_the_key_without_revealing_it(tmp_path):
    targets = [
        profiles.chosen(None, environment(tmp_path, SGATE_API_KEY=f"sk_test_{end}")) for end in ("aa", "aa", "bb")
    ]
    first, again, other = (target.webhook_secret for target in targets)
    assert first == again != other
    assert first.startswith("whsec_")
