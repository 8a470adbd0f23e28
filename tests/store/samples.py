"""Tokens and their health, licenses, sessions and turns for the store's tests, and how hypothesis draws them."""

import dataclasses
import sqlite3
from pathlib import Path

from hypothesis import strategies as st

from app.core.license import License
from app.core.quota import CODEX, PRIMARY, SECONDARY, Credits, Quota, Window
from app.core.rest import Rest
from app.core.session import MAX_NAME, MAX_NAMES, Session
from app.core.token import Token, TokenKind
from app.core.turn import Attempt, Outcome, TurnRow, Usage
from app.store.key_stores import MemoryStore
from app.store.store import Store
from app.store.vault import Vault, token_subject

SECRET = b'{"access_token": "sample-secret-0123456789"}'
NOW = 1_800_000_000.0


def token(number: int = 1, label: str = "Work") -> Token:
    return Token(
        id=f"t-{number}",
        kind=TokenKind.CHATGPT,
        identity=f"chatgpt:account-{number}:user",
        label=label,
        email="someone@example.com",
        plan="plus",
        account_id=f"account-{number}",
        expires_at=NOW + 3600.5,
        enabled=True,
        created_at=NOW + number,
    )


def quota(used_percent: float = 41.5) -> Quota:
    windows = (
        Window(CODEX, PRIMARY, used_percent, 300, NOW + 3600),
        Window(CODEX, SECONDARY, 7, 10_080, NOW + 86_400),
        Window("another_limit", PRIMARY, 100.0),
    )
    return Quota(windows, NOW, Credits(True, False, "12.50"), "plus", limit_reached=True)


def rest(reason: str = "usage_limit_reached") -> Rest:
    return Rest(NOW + 3600.5, reason, NOW + 900)


def license(number: int = 1) -> License:
    return License(f"l-{number}", "Laptop", "ab" * 32, NOW + number)


def session(number: int = 1, *names: str, last_active_at: float = NOW, turns: int = 1) -> Session:
    return Session(
        id=f"s-{number}",
        license_id="l-1",
        names=names or (f"name-{number}",),
        home_token_id="t-1",
        current_token_id="t-2",
        created_at=NOW - 10,
        last_active_at=last_active_at,
        turns=turns,
    )


def turn(number: int = 1, started_at: float | None = None, client: str = "codex_cli_rs/0.120.0") -> TurnRow:
    return TurnRow(
        id=f"r-{number:08}",
        started_at=NOW + number if started_at is None else started_at,
        endpoint="responses",
        license_id="l-1",
        session_id="s-1",
        token_id="t-1",
        client=client,
        peer="127.0.0.1",
        model="gpt-5-codex",
        effort="high",
        stream=True,
        status=200,
        error=None,
        outcome=Outcome.COMPLETED,
        first_byte_ms=812.25,
        total_ms=5012.5,
        request_bytes=48_000,
        response_bytes=91_000,
        request_sha256="12" * 32,
        sent_sha256="12" * 32,
        edits=(),
        usage=Usage(1000, 800, 200, 50),
        note="home",
    )


async def ready_vault() -> Vault:
    vault = Vault(MemoryStore())
    await vault.unlock(has_sealed_rows=False)
    return vault


async def put_sample_token(store: Store, vault: Vault, number: int = 1) -> None:
    await store.put_token(token(number), vault.seal(token_subject(f"t-{number}"), SECRET))


def folder_bytes(folder: Path) -> bytes:
    """Everything in the files of a folder, one after the other."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


# Whatever JSON can carry: NUL and lone surrogates too.
any_text = st.text(st.characters(codec=None), max_size=MAX_NAME) | st.sampled_from(
    ["\ud800", "a\x00b", "\\ud800", "\\"]
)
_number = st.floats(allow_nan=False)
_id = st.uuids().map(str)
_count = st.integers(0, 2**63 - 1)

tokens = st.builds(
    Token,
    id=_id,
    kind=st.sampled_from(TokenKind),
    identity=any_text,
    label=any_text,
    email=st.none() | any_text,
    plan=st.none() | any_text,
    account_id=st.none() | any_text,
    expires_at=st.none() | _number,
    enabled=st.booleans(),
    created_at=_number,
    position=st.integers(-(2**31), 2**31 - 1),
    spare=st.booleans(),
    proxy=st.none() | any_text,
    follows=st.none() | any_text,
    sign_in_needed=st.none() | any_text,
    refreshed_at=st.none() | _number,
)
_windows = st.builds(
    Window,
    limit=any_text,
    slot=any_text,
    used_percent=_number,
    minutes=st.none() | st.integers(),
    resets_at=st.none() | _number,
)
# What else a quota says is drawn by its type.
_more = [item.name for item in dataclasses.fields(Quota) if item.name not in {"windows", "seen_at"}]
quotas = st.builds(Quota, st.lists(_windows, max_size=4).map(tuple), _number, **dict.fromkeys(_more, ...))
rests = st.builds(Rest, _number, any_text, _number)
licenses = st.builds(
    License,
    id=_id,
    label=any_text,
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    created_at=_number,
    revoked_at=st.none() | _number,
    last_used_at=st.none() | _number,
    expires_at=st.none() | _number,
    daily_tokens=st.none() | _count,
    last_peer=st.none() | any_text,
    last_client=st.none() | any_text,
)
sessions = st.builds(
    Session,
    id=_id,
    license_id=_id,
    names=st.lists(any_text, max_size=MAX_NAMES, unique=True).map(tuple),
    home_token_id=_id,
    current_token_id=_id,
    created_at=_number,
    last_active_at=st.floats(0, 1e10),
    turns=_count,
    lent_at=st.none() | _number,
    moves=_count,
    owners=st.dictionaries(any_text, any_text, max_size=4),
    pinned=st.booleans(),
    client=any_text,
    model=st.none() | any_text,
    input_tokens=_count,
    cached_tokens=_count,
    output_tokens=_count,
)
_usages = st.builds(Usage, _count, _count, _count, _count)
turns = st.builds(
    TurnRow,
    id=_id,
    started_at=st.floats(0, 1e10),
    endpoint=st.sampled_from(["responses", "chat/completions"]),
    license_id=st.none() | _id,
    session_id=st.none() | _id,
    token_id=st.none() | _id,
    client=any_text,
    peer=any_text,
    model=st.none() | any_text,
    effort=st.none() | any_text,
    stream=st.booleans(),
    status=st.none() | st.integers(100, 599),
    error=st.none() | any_text,
    outcome=st.sampled_from(Outcome),
    first_byte_ms=st.none() | _number,
    total_ms=_number,
    request_bytes=_count,
    response_bytes=_count,
    request_sha256=st.just("ab" * 32),
    sent_sha256=st.none() | st.just("cd" * 32),
    edits=st.lists(any_text, max_size=4).map(tuple),
    usage=st.none() | _usages,
    note=st.none() | any_text,
    attempts=st.lists(st.builds(Attempt, _id, any_text, _number), max_size=3).map(tuple),
    waited_ms=st.none() | _number,
)


def rows(path: Path) -> list[str]:
    """A database's whole content as SQL."""
    database = sqlite3.connect(path)
    try:
        return list(database.iterdump())
    finally:
        database.close()
