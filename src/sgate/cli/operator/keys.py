"""`sgate keys`: API keys, and secret keys that encrypt secrets at rest."""

import secrets
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from sgate.cli.operator.processes import with_pool
from sgate.cli.options import ModeName, checked_name
from sgate.cli.printing import JsonOption, day_and_time, examples, plain, print_json, print_table
from sgate.cli.problems import OperatorError
from sgate.db.encryption import Cipher
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.objects.api_key import ApiKeyObject
from sgate.services import api_keys, secret_rotation
from sgate.services.api_keys import NewKey
from sgate.services.secret_rotation import Reencrypted
from sgate.settings.settings import Settings
from sgate.store.audit_log import OPERATOR

app = typer.Typer(help="Create, list and revoke API keys, and manage secret keys.", no_args_is_help=True)

SECRET_KEY_BYTES = 32
MAX_NAME_SHOWN = 60

MerchantOption = Annotated[UUID, typer.Option(help="The merchant's id.")]


class ScopeName(StrEnum):
    """A scope of an API key."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@app.command(
    "create",
    epilog=examples(
        "sgate keys create --merchant 0198c2a4-6d1e-7c3b-9f00-1a2b3c4d5e6f --name laptop",
        "sgate keys create --merchant 0198c2a4-6d1e-7c3b-9f00-1a2b3c4d5e6f --mode live --scope read",
    ),
)
def create(
    merchant: MerchantOption,
    name: Annotated[str, typer.Option(help="A name that says what the key is for.")] = "key",
    mode: Annotated[ModeName, typer.Option(help="The key's mode.")] = ModeName.TEST,
    scope: Annotated[
        list[ScopeName] | None, typer.Option(help="A scope; may be repeated. Default: all scopes.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create an API key. It is shown once and never again."""
    name = checked_name(name.strip())
    scopes = tuple(dict.fromkeys(scope)) if scope else tuple(ScopeName)

    async def work(pool: Pool, _: Settings) -> NewKey | None:
        return await api_keys.create_for(
            pool, Environment(), str(merchant), name, livemode=mode is ModeName.LIVE, scopes=scopes, actor=OPERATOR
        )

    created = with_pool(work)
    if created is None:
        raise _no_merchant(merchant)
    if as_json:
        print_json({"api_key_id": created.key.id, "api_key": created.secret, "mode": mode})
        return
    Console(highlight=False).print(
        f"API key {created.key.id}, shown only once: [bold]{created.secret}[/]", soft_wrap=True
    )


@app.command("list", epilog=examples("sgate keys list --merchant 0198c2a4-6d1e-7c3b-9f00-1a2b3c4d5e6f"))
def list_keys(merchant: MerchantOption, as_json: JsonOption = False) -> None:
    """List a merchant's usable API keys, abbreviated; the keys themselves are not stored."""

    async def work(pool: Pool, _: Settings) -> list[ApiKeyObject] | None:
        return await api_keys.list_for(pool, str(merchant))

    found = with_pool(work)
    if found is None:
        raise _no_merchant(merchant)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "key", "scopes", "created", "last used", "expires", "name"),
        [
            (
                key.id,
                key.hint,
                ",".join(key.scopes),
                day_and_time(key.created_at),
                "never" if key.last_used_at is None else day_and_time(key.last_used_at),
                "" if key.expires_at is None else day_and_time(key.expires_at),
                plain(key.name, MAX_NAME_SHOWN),
            )
            for key in found
        ],
    )


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, ak_...")], as_json: JsonOption = False) -> None:
    """Revoke an API key, in all processes within a second."""

    async def work(pool: Pool, _: Settings) -> bool:
        return await api_keys.revoke_any(pool, key_id, OPERATOR)

    if not with_pool(work):
        raise OperatorError(f"there is no key {key_id}, or it is already revoked; nothing was changed")
    if as_json:
        print_json({"api_key_id": key_id, "revoked": True})
        return
    typer.echo(f"{key_id} is revoked.")


@app.command("reencrypt")
def reencrypt(as_json: JsonOption = False) -> None:
    """Encrypt stored webhook secrets with the first of SGATE_SECRET_KEYS.

    A day later, when stored idempotent responses have expired, the other keys can be removed.
    """

    async def work(pool: Pool, settings: Settings) -> Reencrypted:
        return await secret_rotation.reencrypt(pool, Cipher(settings.secret_key_texts()))

    done = with_pool(work)
    if as_json:
        print_json({"changed": done.changed, "lost": done.lost})
    else:
        typer.echo(f"The secrets of {done.changed} webhook endpoint(s) were re-encrypted with the first key.")
    if done.lost:
        raise OperatorError(
            f"the secrets of {done.lost} webhook endpoint(s) are encrypted with a key that is not in "
            "SGATE_SECRET_KEYS; add it again, or have the merchants create new endpoints"
        )


@app.command("secret")
def secret(as_json: JsonOption = False) -> None:
    """Generate a key for SGATE_SECRET_KEYS."""
    created = secrets.token_hex(SECRET_KEY_BYTES)
    if as_json:
        print_json({"secret_key": created})
    else:
        typer.echo(created)


def _no_merchant(merchant: UUID) -> OperatorError:
    return OperatorError(f"there is no merchant {merchant}; see `sgate merchants list`")
