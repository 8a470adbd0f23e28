"""`waystation selftest`: whether this installation works, as a program or frozen into a bundle."""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
import platform
import ssl
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app
from app import __version__
from app.core.errors import InvalidInput
from app.store.key_stores import KeyStoreKind

#: What is imported late or under a condition, so that a bundle may lack it.
_LIBRARIES = ("aiohttp_socks", "alembic.command", "brotli", "orjson", "psutil", "qasync", "tomlkit", "zstandard")
_NOT_ON_WINDOWS = ("uvloop",)
#: Alembic runs these itself.
_SCRIPTS = "app.store.migrations."
_PROMPT = "Say hello"


def selftest(output: Path | None) -> int:
    """Run all checks, print or write their results as JSON; the exit code is 0 when all passed.

    Nothing of the user's is touched: the gateway that is tried has a folder of its own, and a simulated upstream.

    Raises:
        InvalidInput: the file cannot be written.
    """
    results: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    failed: list[str] = []

    def check(name: str, work: Callable[[], Any]) -> None:
        try:
            results[name] = work()
        except Exception as error:
            results[name] = f"failed: {type(error).__name__}: {error}"
            failed.append(name)

    check("modules", _modules)
    check("gateway", _gateway)
    check("tls", _tls)
    check("key_store", _key_store)
    check("desktop", _desktop)
    results["failed"] = failed
    text = json.dumps(results, indent=2, ensure_ascii=False)
    if output is None:
        print(text)
    else:
        # A windowed program has no standard output, therefore the file.
        try:
            output.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{output} cannot be written: {error.strerror}.") from None
    return 1 if failed else 0


def _modules() -> int:
    """Import everything; how many modules there are."""
    names = [module.name for module in pkgutil.walk_packages(app.__path__, "app.")]
    names = [name for name in names if not name.startswith(_SCRIPTS)]
    libraries = (*_LIBRARIES, *(() if sys.platform == "win32" else _NOT_ON_WINDOWS))
    for name in (*names, *libraries):
        importlib.import_module(name)
    return len(names)


def _gateway() -> dict[str, Any]:
    return asyncio.run(_gateway_round_trip())


async def _gateway_round_trip() -> dict[str, Any]:
    """A gateway on a free port and a folder of its own, whose schema is made by all migrations: seals, opens, serves a
    turn of the simulated upstream.
    """
    import aiohttp

    from app.core.credential import login_from_api_key
    from app.gateway.gateway import Gateway
    from app.practice.server import PracticeUpstream
    from app.store.schema import SCHEMA_VERSION
    from app.upstream.endpoints import UpstreamEndpoints

    upstream = PracticeUpstream(keep=2)
    await upstream.start()
    try:
        with tempfile.TemporaryDirectory(prefix="waystation-selftest-") as name:
            folder = Path(name)
            endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
            gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE)
            try:
                await gateway.tokens.add(login_from_api_key(upstream.api_keys[0].key), None)
                license_key = (await gateway.licenses.default()).key
            finally:
                await gateway.close()
            # What was sealed is opened again, by the key in the file.
            gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE)
            try:
                base_url = f"http://127.0.0.1:{await gateway.start('127.0.0.1', 0)}"
                async with aiohttp.ClientSession() as session:
                    async with session.get(f"{base_url}/healthz") as answer:
                        answer.raise_for_status()
                        health = await answer.json()
                    turn = {"model": "gpt-5-codex", "input": _PROMPT, "stream": True}
                    headers = {"Authorization": f"Bearer {license_key}"}
                    async with session.post(f"{base_url}/codex/v1/responses", json=turn, headers=headers) as answer:
                        events = (await answer.text()).count("event: ")
                        if answer.status != 200 or not events:
                            raise RuntimeError(f"the turn was answered with {answer.status} and {events} events")
                tokens = len(gateway.snapshot().tokens)
            finally:
                await gateway.close()
    finally:
        await upstream.stop()
    return {"healthz": health, "tokens": tokens, "schema": SCHEMA_VERSION, "events": events}


def _tls() -> dict[str, Any]:
    """The system's authorities, and those that are brought along for where there are none."""
    import certifi

    from app.upstream.trust import client_context

    authorities = client_context().cert_store_stats()["x509_ca"]
    brought = ssl.create_default_context(cafile=certifi.where()).cert_store_stats()["x509_ca"]
    return {"openssl": ssl.OPENSSL_VERSION, "authorities": authorities, "brought": brought}


def _key_store() -> str:
    import keyring

    backend = keyring.get_keyring()
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _desktop() -> dict[str, object]:
    from app.desktop.selftest import desktop_checks

    return desktop_checks()
