"""What the simulated services answer besides turns: images, search, voice, memories, goals, safety, analytics, keys.

The shapes are those that Codex's own client reads (its ``codex-api`` crate); of paths that only relatives of Codex ask
for, the answer is made up. What costs something counts in the account's windows, and is refused when they are used up.
"""

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from app.practice import bodies, refusals, sending
from app.practice.accounts import Credential
from app.practice.memory import tokens_in
from app.practice.recorder import RECORD
from app.practice.refusals import Refusal
from app.practice.turns import Desk
from app.practice.world import World

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
"""The only image that is ever made: one pixel, as PNG in Base64."""

SDP = b"v=0\r\no=practice 0 0 IN IP4 127.0.0.1\r\ns=practice\r\nt=0 0\r\n"
"""The other end of every voice call."""

_IMAGE_TOKENS = 272

Form = dict[str, Any]
"""The fields of a request: of JSON its keys, of a multipart form its parts' names, each with a list of bytes."""

Answers = Callable[["SubPathDesk", Credential, Form], Refusal]


class SubPathDesk:
    """Answers the sub-paths of one service."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk

    def add_routes(self, router: web.UrlDispatcher, base: str, *, codex: bool) -> None:
        """Serve them below ``base``; some of them only the Codex backend has."""
        for path, (method, answer) in (_BOTH | (_CODEX if codex else {})).items():
            router.add_route(method, f"{base}/{path}", self._handler(answer, charged=path in _CHARGED))

    def _handler(self, answer: Answers, *, charged: bool) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            record = request[RECORD]
            caller = self._desk.identify(request)
            if isinstance(caller, Refusal):
                return sending.whole(caller, record, self._desk.plain_headers())
            refused = self._desk.check_state(caller, request.headers.get("x-codex-turn-state"))
            form = _form(request, record.body)
            if refused or isinstance(form, Refusal):
                return sending.whole(refused or form, record, self._desk.headers(caller))  # type: ignore[arg-type]

            def work() -> Refusal:
                spent = self._desk.charge(caller, str(form.get("model"))) if charged else None
                return spent or answer(self, caller, form)

            behaviour = self._world.behaviour(caller, "sub_path")
            return await sending.at_once(request, behaviour, work, record, self._desk.headers(caller))

        return handle

    def image(self, _caller: Credential, form: Form) -> Refusal:
        """Make an image, or change those that came."""
        prompt = form.get("prompt")
        text = prompt[0] if isinstance(prompt, list) else prompt
        if not text:
            return refusals.missing("prompt")
        asked = tokens_in(text if isinstance(text, str | bytes) else str(text))
        return refusals.refusal(
            200,
            {
                "created": int(self._world.clock()),
                "background": "opaque",
                "output_format": "png",
                "quality": "low",
                "size": "1024x1024",
                "data": [{"b64_json": PIXEL}],
                "usage": {
                    "input_tokens": asked,
                    "input_tokens_details": {"text_tokens": asked, "image_tokens": 0},
                    "output_tokens": _IMAGE_TOKENS,
                    "total_tokens": asked + _IMAGE_TOKENS,
                },
            },
        )

    def edited(self, caller: Credential, form: Form) -> Refusal:
        """Change an image; it must be there."""
        if not any(form.get(name) for name in ("image", "image[]", "images")):
            return refusals.missing("image")
        return self.image(caller, form)

    def search(self, caller: Credential, form: Form) -> Refusal:
        """Search the web."""
        missing = next((name for name in ("id", "model") if not form.get(name)), None)
        if missing:
            return refusals.missing(missing)
        sealed = self._world.seals.seal(caller.owner)
        return refusals.refusal(200, {"output": "[practice] Nothing was searched.", "encrypted_output": sealed})

    def memories(self, _caller: Credential, form: Form) -> Refusal:
        """Summarize traces, one by one."""
        traces = form.get("traces")
        if not isinstance(traces, list):
            return refusals.missing("traces")
        said = {"trace_summary": "[practice] A trace.", "memory_summary": "[practice] A memory."}
        return refusals.refusal(200, {"output": [said for _ in traces]})

    def call(self, _caller: Credential, form: Form) -> Refusal:
        """Take a voice call: its offer came by itself, in a form, or in JSON."""
        if not form.get("sdp"):
            return refusals.missing("sdp")
        where = f"/v1/realtime/calls/{self._world.ids.new('rtc')}"
        return Refusal(201, SDP, (("Content-Type", "application/sdp"), ("Location", where)))

    def goal(self, _caller: Credential, _form: Form) -> Refusal:
        """Say the goal of a thread: it has none."""
        return refusals.refusal(200, {"goal": None})

    def safe(self, _caller: Credential, _form: Form) -> Refusal:
        """Judge an action: harmless."""
        verdict = {"outcome": "ok", "risk_score": 0, "risk_level": "low"}
        return refusals.refusal(200, verdict | {"short_reason": "practice", "rationale": "practice", "evidence": []})

    def counted(self, _caller: Credential, _form: Form) -> Refusal:
        """Take in events, and forget them."""
        return refusals.refusal(200, {"success": True})

    def keys(self, _caller: Credential, _form: Form) -> Refusal:
        """Say the keys with which agents' identities are signed."""
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "practice", "n": "cHJhY3RpY2U", "e": "AQAB"}
        return refusals.refusal(200, {"keys": [key]})


_BOTH: dict[str, tuple[str, Answers]] = {
    "images/generations": ("POST", SubPathDesk.image),
    "images/edits": ("POST", SubPathDesk.edited),
    "alpha/search": ("POST", SubPathDesk.search),
    "memories/trace_summarize": ("POST", SubPathDesk.memories),
    "realtime/calls": ("POST", SubPathDesk.call),
}
_CODEX: dict[str, tuple[str, Answers]] = {
    "thread/goal": ("*", SubPathDesk.goal),
    "thread/goal/{verb}": ("*", SubPathDesk.goal),
    "safety/arc": ("POST", SubPathDesk.safe),
    "analytics-events/events": ("POST", SubPathDesk.counted),
    "agent-identities/jwks": ("*", SubPathDesk.keys),
}
_CHARGED = frozenset({"images/generations", "images/edits", "alpha/search", "memories/trace_summarize"})


def _form(request: web.Request, raw: bytes) -> Form | Refusal:
    """Return the fields of a body: SDP, a multipart form, or else JSON; or why it is refused. Nothing has none."""
    try:
        body = bodies.decode(raw, request.headers.get("Content-Encoding", ""))
    except bodies.UnreadableBodyError as problem:
        return refusals.error(str(problem))
    kind = request.content_type
    if kind == "application/sdp":
        return {"sdp": body}
    if kind == "multipart/form-data":
        return _parts(body, request.headers["Content-Type"])
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return refusals.error("We could not parse the JSON body of your request.")
    return found if isinstance(found, dict) else {}


def _parts(body: bytes, kind: str) -> Form | Refusal:
    boundary = kind.partition("boundary=")[2].split(";")[0].strip().strip('"').encode()
    pieces = body.split(b"--" + boundary)
    if not boundary or len(pieces) < 3 or pieces[-1].strip() != b"--":
        return refusals.error("We could not parse the multipart body of your request.")
    form: Form = {}
    for piece in pieces[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        form.setdefault(name, []).append(content.removesuffix(b"\r\n"))
    return form
