"""Serving one turn: who asks, what forbids it, what is said, what is counted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web

from app.practice import bodies, catalogue, refusals, rules, sending
from app.practice.accounts import Credential, PracticeAccount
from app.practice.answers import Answer, answer
from app.practice.events import Plan, compacted, compose, compose_compaction
from app.practice.memory import SESSION_HEADERS
from app.practice.output_items import Context, Event
from app.practice.question import effort_of, read
from app.practice.recorder import RECORD
from app.practice.refusals import Headers, Refusal
from app.practice.rules import Service
from app.practice.script import Endpoint, Turn
from app.practice.world import World

SILENT = 0.25
"""The part of a slow stream's time that passes before its first byte."""


class Desk:
    """Answers the requests of one service: the Codex backend or the OpenAI API."""

    def __init__(self, world: World, service: Service) -> None:
        self._world = world
        self._service = service

    async def responses(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST …/responses``."""
        record = request[RECORD]
        started = await self._start(request, "responses")
        if isinstance(started, web.StreamResponse):
            return started
        caller, body, behaviour = started
        model = str(body["model"])
        if isinstance(behaviour, Refusal):
            return sending.whole(behaviour, record, self.headers(caller, model))
        streams = body.get("stream") is True
        slowly = read(body).slowly if behaviour is None else 0.0
        turn = behaviour or Turn(header_delay=slowly * SILENT if streams else slowly)
        for point in ("request", "headers"):
            if not await sending.reach(request, turn, point, record):
                return web.Response()
        spent = self.charge(caller, model)
        if spent:
            return sending.whole(spent, record, self.headers(caller, model))
        plan = self.plan(request.headers, caller, body, turn)
        if not self._service.codex and body.get("store") is not False:
            self._world.responses.add(caller.owner, plan.response["id"])
        headers = self.headers(caller, model, served=True)
        if not streams:
            return sending.whole(_as_one(plan, turn), record, headers + turn.headers)
        if slowly:
            turn = replace(turn, delay=slowly * (1 - SILENT) / len(plan.events))
        return await sending.stream(request, plan, self.first_events(caller), turn, headers, record)

    async def compact(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST …/responses/compact``."""
        record = request[RECORD]
        started = await self._start(request, "compact")
        if isinstance(started, web.StreamResponse):
            return started
        caller, body, behaviour = started
        model = str(body["model"])

        def work() -> Refusal:
            content = compacted(body, self._context(request.headers, caller, body))
            return self.charge(caller, model) or refusals.refusal(200, content)

        return await sending.at_once(request, behaviour, work, record, self.headers(caller, model))

    def models(self, caller: Credential) -> bytes:
        """Return the body of ``GET …/models`` for this caller."""
        listed = catalogue.codex_list if self._service.codex else catalogue.openai_list
        return listed(lambda model: not self._world.denies(caller, model))

    def identify(self, request: web.Request) -> Credential | Refusal:
        """Return who asks, or the refusal; notes the caller in the request's record."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        bearer = secret.strip() if scheme.lower() == "bearer" and secret.strip() else None
        found: Credential | Refusal
        if self._service.codex:
            found = self._world.account(bearer, request.headers.get("chatgpt-account-id"))
        else:
            found = self._world.api_key(bearer)
        if not isinstance(found, Refusal):
            request[RECORD].credential = found
        return found

    async def _start(
        self, request: web.Request, on: Endpoint
    ) -> web.StreamResponse | tuple[Credential, dict[str, Any], Turn | Refusal | None]:
        record = request[RECORD]
        caller = self.identify(request)
        if isinstance(caller, Refusal):
            return sending.whole(caller, record, self.plain_headers())
        found = self._read(request, record.body, caller, on)
        if isinstance(found, Refusal):
            record.problem = found.body.decode(errors="replace")[:500]
            return sending.whole(found, record, self.headers(caller))
        return caller, found, self._world.behaviour(caller, on)

    def _read(self, request: web.Request, raw: bytes, caller: Credential, on: Endpoint) -> dict[str, Any] | Refusal:
        try:
            body = bodies.parse(raw, request.headers.get("Content-Encoding", ""))
        except bodies.UnreadableBodyError as problem:
            return refusals.detail(str(problem)) if self._service.codex else refusals.error(str(problem))

        check = rules.check_turn if on == "responses" else rules.check_compact
        refused = (
            check(self._service, body, self._world.reader(caller))
            or self.check_model(caller, str(body["model"]))
            or self.check_state(caller, request.headers.get("x-codex-turn-state"))
        )
        if refused:
            return refused
        found: dict[str, Any] = body
        return found

    def check_model(self, caller: Credential, model: str) -> Refusal | None:
        """Return why the caller is refused a model, or None."""
        if not self._world.denies(caller, model):
            return None
        return refusals.unsupported_model(model) if self._service.codex else refusals.model_not_found(model)

    def check_state(self, caller: Credential, state: str | None) -> Refusal | None:
        """Return why the caller is refused with this ``x-codex-turn-state``, or None."""
        foreign = state is not None and not self._world.seals.owns_turn_state(caller.owner, state)
        return refusals.invalid_turn_state() if foreign and self._world.check_turn_state else None

    def charge(self, caller: Credential, model: str) -> Refusal | None:
        """Count a turn in the caller's windows, or return the 429 that says they are used up."""
        if not isinstance(caller, PracticeAccount):
            return None
        now = self._world.clock()
        quota = self._world.quota(caller).family(model)
        until = quota.blocked_until(now)
        if until is not None:
            return refusals.usage_limit(caller.plan, now, until - now)
        quota.charge(now)
        return None

    def plan(self, headers: Mapping[str, str], caller: Credential, body: dict[str, Any], turn: Turn) -> Plan:
        """Return what the turn says: the answer to ``body``, or the text of ``turn``."""
        context = self._context(headers, caller, body)
        given = body["input"]
        if isinstance(given, list) and given and given[-1].get("type") == "compaction_trigger":
            return compose_compaction(body, context)
        said = answer(body)
        if turn.text is not None:
            said = Answer(said.thoughts, text=turn.text)
        return compose(body, said, context)

    def _context(self, headers: Mapping[str, str], caller: Credential, body: dict[str, Any]) -> Context:
        world = self._world
        session = next((headers[name] for name in SESSION_HEADERS if name in headers), None)
        if session is None and not self._service.codex:
            # The API finds a cached prompt without any session, and better with this key.
            session = str(body.get("prompt_cache_key") or "")
        return Context(
            new_id=world.ids.new,
            seal=lambda: world.seals.seal(caller.owner),
            now=world.clock(),
            prompt=world.cache.measure(caller.owner, session, body),
            effort=effort_of(body),
            full_output=not self._service.codex,
        )

    def first_events(self, caller: Credential) -> list[Event]:
        """Return the events that tell an account its windows, before all others."""
        if not isinstance(caller, PracticeAccount):
            return []
        return [*self._world.quota(caller).events(self._world.clock())]

    def plain_headers(self) -> Headers:
        """Return the headers of every answer."""
        number = self._world.ids.new("req")
        if self._service.codex:
            ray = f"{number[4:20]}-PRA"
            return (("x-request-id", number[4:]), ("cf-ray", ray), ("Server", "practice"))
        return (
            ("x-request-id", number),
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", "1"),
            ("Server", "practice"),
        )

    def headers(self, caller: Credential, model: str | None = None, *, served: bool = False) -> Headers:
        """Return the headers of an answer to this caller; more of them when it is ``served``."""
        headers = list(self.plain_headers())
        if model is not None and served:
            headers.append(("openai-model", model))
        if isinstance(caller, PracticeAccount):
            headers += self._world.quota(caller).headers(self._world.clock(), model)
            if served:
                headers += [
                    ("x-codex-turn-state", self._world.seals.turn_state(caller.owner)),
                    ("x-models-etag", catalogue.etag(self.models(caller))),
                ]
        else:
            headers += [
                ("openai-organization", f"org-practice-{caller.owner}"),
                ("x-ratelimit-limit-requests", "10000"),
                ("x-ratelimit-remaining-requests", "9999"),
                ("x-ratelimit-reset-requests", "6ms"),
            ]
        return tuple(headers)


def _as_one(plan: Plan, turn: Turn) -> Refusal:
    """Return the whole answer of a request that did not ask for a stream."""
    if turn.fail_at is not None:
        code, message = turn.failure
        return refusals.error(message, status=500, kind="server_error", code=code)
    if turn.raw is not None:
        return refusals.refusal(200, turn.raw, (("Content-Type", turn.content_type or "application/json"),))
    return Refusal(200, orjson.dumps(plan.response))
