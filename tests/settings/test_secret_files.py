"""Settings read from files, and TLS settings."""

import pytest

from sgate.settings.settings import SettingsError, load

KEY = "0123456789abcdef" * 3


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return a function that writes a file and sets a variable to its path."""
    monkeypatch.chdir(tmp_path)  # without a developer's .env file

    def write(variable, content):
        path = tmp_path / variable.lower()
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setenv(variable, str(path))

    return write


def test_a_setting_is_read_from_a_file_without_its_trailing_newline(file):
    file("SGATE_DATABASE_URL_FILE", "postgresql://sgate:secret@db/sgate\n")
    assert load().database_url.get_secret_value() == "postgresql://sgate:secret@db/sgate"


def test_lists_and_mode_settings_are_read_from_files(file):
    file("SGATE_SECRET_KEYS_FILE", f"{KEY},{KEY}2\n")
    file("SGATE_LIVE__STACKS_API_KEY_FILE", "the key")
    settings = load()
    assert settings.secret_key_texts() == [KEY, f"{KEY}2"]
    assert settings.live.stacks_api_key.get_secret_value() == "the key"
    assert settings.live.source == "off"


def test_production_starts_with_all_its_secrets_in_files(file, monkeypatch):
    file("SGATE_DATABASE_URL_FILE", "postgresql://db/sgate")
    file("SGATE_SECRET_KEYS_FILE", KEY)
    monkeypatch.setenv("SGATE_ENV", "production")
    monkeypatch.setenv("SGATE_PUBLIC_URL", "https://pay.example.com")
    assert load().in_production


def test_a_missing_file_is_an_error_that_names_it(file, monkeypatch):
    monkeypatch.setenv("SGATE_REDIS_URL_FILE", "/nowhere/redis_url")
    with pytest.raises(SettingsError, match=r"SGATE_REDIS_URL_FILE: /nowhere/redis_url cannot be read: No such file"):
        load()


def test_a_value_and_a_file_at_once_are_refused_rather_than_one_ignored(file, monkeypatch):
    file("SGATE_DATABASE_URL_FILE", "postgresql://one/sgate")
    monkeypatch.setenv("SGATE_DATABASE_URL", "postgresql://two/sgate")
    with pytest.raises(SettingsError, match="SGATE_DATABASE_URL_FILE: SGATE_DATABASE_URL is set too"):
        load()


@pytest.mark.parametrize(("content", "reason"), [(b"x" * 65_537, "more than 65536 bytes"), (b"\xff\xfe", "not text")])
def test_an_unusable_file_is_refused(file, content, reason):
    file("SGATE_DATABASE_URL_FILE", content)
    with pytest.raises(SettingsError, match=reason):
        load()


def test_a_wrong_value_in_a_file_is_refused_under_the_settings_own_name_and_not_shown(file):
    file("SGATE_REDIS_URL_FILE", "http://:hunter2@redis")
    with pytest.raises(SettingsError, match="SGATE_REDIS_URL: must start with redis") as refused:
        load()
    assert "hunter2" not in str(refused.value)


def test_tls_settings_replace_only_the_tls_parameters_of_the_url(file, monkeypatch):
    monkeypatch.setenv("SGATE_DATABASE_TLS", "verify-full")
    monkeypatch.setenv("SGATE_DATABASE_CA", "/run/secrets/ca")
    monkeypatch.setenv("SGATE_DATABASE_URL", "postgresql://a:p%40ss@db:6432/sgate?sslmode=disable&host=other")
    settings = load()
    assert settings.postgres_url(settings.database_url) == (
        "postgresql://a:p%40ss@db:6432/sgate?sslmode=verify-full&host=other&sslrootcert=%2Frun%2Fsecrets%2Fca"
    )


def test_without_tls_settings_urls_stay_as_they_are(file, monkeypatch):
    url = "postgresql:///sgate?host=/var/run/postgresql&sslmode=require"
    monkeypatch.setenv("SGATE_DATABASE_URL", url)
    monkeypatch.setenv("SGATE_REDIS_URL", "redis://:p%2Fw@redis:6379/0")
    settings = load()
    assert settings.postgres_url(settings.database_url) == url
    assert settings.redis_url_text() == "redis://:p%2Fw@redis:6379/0"


def test_a_certificate_authority_implies_verify_full(file, monkeypatch):
    monkeypatch.setenv("SGATE_DATABASE_CA", "/ca")
    monkeypatch.setenv("SGATE_DATABASE_URL", "postgresql:///sgate?host=db")
    settings = load()
    assert settings.postgres_url(settings.database_url) == (
        "postgresql:///sgate?host=db&sslmode=verify-full&sslrootcert=%2Fca"
    )
