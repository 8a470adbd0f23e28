"""Whom the connection to upstream trusts."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from app.upstream.errors import UpstreamUnreachable
from app.upstream.http import UpstreamHttp
from app.upstream.proxies import ProxyFinder
from app.upstream.trust import client_context
from tests.upstream.certificate import server_context


def test_a_python_without_authorities_still_has_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    context = client_context()
    assert context.cert_store_stats()["x509_ca"] > 50
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_users_own_choice_is_not_widened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "0123abcd.0").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert client_context().cert_store_stats()["x509_ca"] == 0


@asynccontextmanager
async def encrypted(folder: Path) -> AsyncIterator[int]:
    """A server at 127.0.0.1 whose certificate, `server.pem`, vouches for itself."""
    context = server_context(folder)

    async def hello(request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    runner = web.ServerRunner(web.Server(hello))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_an_authority_that_the_user_trusts_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with encrypted(tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        http = UpstreamHttp(ProxyFinder(lambda scheme, host: None))
        answer = await http.send("GET", f"https://127.0.0.1:{port}/", [])
        assert await answer.text() == "hello"
        answer.close()
        await http.close()


async def test_an_unknown_authority_is_refused_in_words(tmp_path: Path) -> None:
    async with encrypted(tmp_path) as port:
        http = UpstreamHttp(ProxyFinder(lambda scheme, host: None))
        with pytest.raises(UpstreamUnreachable, match=r"certificate .* is not trusted"):
            await http.send("GET", f"https://127.0.0.1:{port}/", [])
        await http.close()
