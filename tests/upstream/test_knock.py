"""Trying the way to upstream without a token."""

from aiohttp import web
from aiohttp.test_utils import TestServer

from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints


async def test_a_web_page_in_place_of_an_answer_is_told_and_no_secret_is_sent() -> None:
    seen: list[dict[str, str]] = []

    async def challenge(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(status=403, text="<html>Just a moment...</html>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/codex/models", challenge)
    async with TestServer(application) as server:
        upstream = Upstream(UpstreamEndpoints(chatgpt_base_url=str(server.make_url("/codex"))))
        knocked = await upstream.knock()
        await upstream.close()
    assert (knocked.status, knocked.page) == (403, True)
    assert knocked.ms > 0
    assert "authorization" not in seen[0]
