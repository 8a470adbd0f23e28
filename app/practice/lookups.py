"""What the simulated services say of themselves and of an account: models, windows, workspaces."""

from aiohttp import web

from app.practice import catalogue, refusals, sending
from app.practice.accounts import Credential, PracticeAccount
from app.practice.recorder import RECORD
from app.practice.refusals import Headers, Refusal
from app.practice.script import Endpoint
from app.practice.turns import Desk
from app.practice.world import World

NOWHERE = "https://practice.invalid"
"""The workspace origin that Codex 0.169 is told. It accepts nothing but HTTPS, and goes there itself
only when its provider's base URL has the origin of its ``chatgpt_base_url``: give the two different
host names (``127.0.0.1`` and ``localhost``) and turns come here."""


class Lookups:
    """Answers them; ``codex`` and ``openai`` know who asks which service."""

    def __init__(self, world: World, codex: Desk, openai: Desk) -> None:
        self._world = world
        self._codex = codex
        self._openai = openai

    async def codex_models(self, request: web.Request) -> web.StreamResponse:
        """Answer ``GET …/codex/models``."""
        return await self._listed(request, self._codex)

    async def openai_models(self, request: web.Request) -> web.StreamResponse:
        """Answer ``GET /v1/models``."""
        return await self._listed(request, self._openai)

    async def usage(self, request: web.Request) -> web.StreamResponse:
        """Answer ``GET wham/usage``."""
        caller = self._codex.identify(request)
        if isinstance(caller, Refusal):
            return sending.whole(caller, request[RECORD])
        if not isinstance(caller, PracticeAccount):
            return sending.whole(refusals.wrong_account(), request[RECORD])
        content = self._world.quota(caller).usage(self._world.clock())
        return await self._answer(request, caller, "usage", refusals.refusal(200, content))

    async def workspaces(self, request: web.Request) -> web.StreamResponse:
        """Answer what Codex 0.169 with a ChatGPT login asks before its first turn."""
        caller = self._codex.identify(request)
        if isinstance(caller, Refusal):
            return sending.whole(caller, request[RECORD])
        if not isinstance(caller, PracticeAccount):
            return sending.whole(refusals.wrong_account(), request[RECORD])
        entry = {
            "id": caller.account_id,
            "name": caller.label,
            "plan_type": caller.plan,
            "structure": "personal",
            "account_user_role": "account-owner",
            "workspace_backend_origin": NOWHERE,
            "account_routing_override": "NO_CONSTRAINT",
        }
        content = {
            "accounts": [entry],
            "account_ordering": [caller.account_id],
            "default_account_id": caller.account_id,
        }
        return sending.whole(refusals.refusal(200, content), request[RECORD])

    async def _listed(self, request: web.Request, desk: Desk) -> web.StreamResponse:
        caller = desk.identify(request)
        if isinstance(caller, Refusal):
            return sending.whole(caller, request[RECORD])
        body = desk.models(caller)
        tag: Headers = (("ETag", catalogue.etag(body)),)
        if request.headers.get("If-None-Match") == catalogue.etag(body):
            answer = Refusal(304, b"", tag)
        else:
            answer = Refusal(200, body, (*tag, ("Content-Type", "application/json")))
        return await self._answer(request, caller, "models", answer)

    async def _answer(
        self, request: web.Request, caller: Credential, on: Endpoint, answer: Refusal
    ) -> web.StreamResponse:
        """Send ``answer``, or what the script has instead of it."""
        return await sending.at_once(request, self._world.behaviour(caller, on), lambda: answer, request[RECORD])
