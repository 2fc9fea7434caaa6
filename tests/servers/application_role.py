"""The role that the application logs in with, on the servers of the tests."""

from urllib.parse import urlsplit, urlunsplit

from sgate.db.roles import APPLICATION_ROLE


def application_url_of(database_url: str) -> str:
    """The same database, for the role that cannot rewrite the books. Its password is that of the tests' own role."""
    parts = urlsplit(database_url)
    credentials, at, address = parts.netloc.rpartition("@")
    _, colon, password = credentials.partition(":")
    return urlunsplit(parts._replace(netloc=f"{APPLICATION_ROLE}{colon}{password}{at or '@'}{address}"))
