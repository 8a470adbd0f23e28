"""`waystation selftest`: whether this installation works, as a program or frozen into a bundle."""

from __future__ import annotations

import asyncio
import json
import platform
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app import __version__
from app.core.errors import InvalidInput
from app.store.key_stores import KeyStoreKind


def selftest(output: Path | None) -> int:
    """Run all checks, print or write their results as JSON; the exit code is 0 when all passed.

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


def _gateway() -> dict[str, Any]:
    return asyncio.run(_gateway_round_trip())


async def _gateway_round_trip() -> dict[str, Any]:
    """A gateway on a free port and a folder of its own: seals, opens, answers."""
    import aiohttp

    from app.core.credential import login_from_api_key
    from app.gateway.gateway import Gateway
    from app.upstream.endpoints import UpstreamEndpoints

    with tempfile.TemporaryDirectory(prefix="waystation-selftest-") as folder:
        endpoints = UpstreamEndpoints.from_environment({})
        gateway = await Gateway.open(Path(folder), endpoints, key_store_kind=KeyStoreKind.FILE)
        try:
            await gateway.tokens.add(login_from_api_key("sk-selftest-not-a-real-key"), None)
            port = await gateway.start("127.0.0.1", 0)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{port}/healthz") as answer,
            ):
                answer.raise_for_status()
                return {"healthz": await answer.json(), "tokens": len(gateway.snapshot().tokens)}
        finally:
            await gateway.close()


def _tls() -> dict[str, Any]:
    from app.upstream.trust import client_context

    authorities = client_context().cert_store_stats()["x509_ca"]
    return {"openssl": ssl.OPENSSL_VERSION, "authorities": authorities}


def _key_store() -> str:
    import keyring

    backend = keyring.get_keyring()
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _desktop() -> dict[str, object]:
    from app.desktop.selftest import desktop_checks

    return desktop_checks()
