"""Which headers pass, both ways, on everything that goes upstream: all but those that the design names."""

from pathlib import Path

import pytest

from tests.gateway.echo import Reply
from tests.gateway.house import KEY, PLUS
from tests.gateway.test_responses import codex_body
from tests.gateway.test_sub_paths import open_house, turn
from tests.gateway.wire import exchange, request_bytes

#: What Codex 0.42 to 0.169 sends, by observation and by the strings of its binary (codex-wire §1.3), and what other
#: clients of OpenAI send. Values as Codex has them.
UP = (
    ("version", "0.169.0"),
    ("x-codex-beta-features", "remote_compaction_v2"),
    ("x-codex-window-id", "0199-thread:0"),
    ("x-codex-turn-metadata", '{"session_id":"0199-thread","request_kind":"turn","model":"模型"}'),
    ("x-openai-internal-codex-responses-lite", "true"),
    ("x-client-request-id", "0199-thread"),
    ("session-id", "0199-thread"),
    ("thread-id", "0199-thread"),
    ("session_id", "0199-thread"),
    ("conversation_id", "0199-thread"),
    ("x-session-id", "0199-thread"),
    ("accept", "text/event-stream"),
    ("content-type", "application/json"),
    ("originator", "codex-tui"),
    ("user-agent", "codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm (codex_exec; 0.169.0)"),
    ("x-codex-routing-hint", "model=gpt-6.1-sol"),
    ("x-codex-parent-thread-id", "0199-parent"),
    ("x-codex-root-turn-id", "0199-root"),
    ("x-codex-inference-call-id", "call"),
    ("x-codex-installation-id", "installation"),
    ("x-openai-subagent", "review"),
    ("x-openai-memgen-request", "true"),
    ("x-oai-attestation", "v1.opaque"),
    ("x-responsesapi-include-timing-metrics", "true"),
    ("x-openai-fedramp", "true"),
    ("codex-task-type", "standard"),
    ("OpenAI-Organization", "org-1"),
    ("OpenAI-Project", "proj_1"),
    ("OpenAI-Beta", "responses=experimental"),
    ("openai-alpha", "quicksilver=v2"),
    ("Idempotency-Key", "stainless-1"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Retry-Count", "0"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "a=b"),
    ("baggage", "k=v"),
    ("Accept-Language", "zh-CN"),
    ("Cache-Control", "no-cache"),
    ("Origin", "vscode-file://vscode-app"),
    ("Referer", "http://localhost/"),
    ("Priority", "u=1"),
    ("x-from-next-year", "1"),
    ("x-from-next-year", "2"),
)
NOT_UP = (
    ("Cookie", "__Secure-next-auth=1"),
    ("chatgpt-account-id", "somebody-else"),
    ("x-api-key", KEY),
    ("api-key", KEY),
    ("Proxy-Authorization", "Basic xyz"),
    ("Forwarded", "for=10.0.0.1"),
    ("Via", "1.1 somebody"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Forwarded-Host", "localhost"),
    ("X-Real-IP", "10.0.0.1"),
    ("X-Waystation-Anything", "1"),
    ("Accept-Encoding", "gzip, br"),
    ("TE", "trailers"),
    ("Trailer", "x"),
    ("Keep-Alive", "timeout=5"),
    ("Proxy-Connection", "keep-alive"),
    ("Connection", "keep-alive, x-of-this-hop"),
    ("x-of-this-hop", "1"),
)
#: What Codex reads, and what comes along (codex-wire §1.4).
DOWN = (
    ("x-codex-turn-state", "opaque"),
    ("x-models-etag", 'W/"models"'),
    ("x-reasoning-included", "true"),
    ("openai-model", "gpt-of-upstreams-choice"),
    ("x-request-id", "req-1"),
    ("x-oai-request-id", "oai-1"),
    ("cf-ray", "8a1-FRA"),
    ("cf-cache-status", "DYNAMIC"),
    ("x-codex-primary-used-percent", "12.5"),
    ("x-codex-primary-window-minutes", "300"),
    ("x-codex-primary-reset-at", "4102444800"),
    ("x-codex-primary-reset-after-seconds", "60"),
    ("x-codex-secondary-used-percent", "3"),
    ("x-codex-secondary-window-minutes", "10080"),
    ("x-codex-secondary-reset-at", "4102444800"),
    ("x-codex-limit-name", "codex"),
    ("x-codex-bengalfox-primary-used-percent", "7"),
    ("x-codex-credits-has-credits", "False"),
    ("x-codex-credits-unlimited", "False"),
    ("x-codex-credits-balance", "0"),
    ("x-codex-plan-type", "plus"),
    ("x-codex-promo-message", "Try more"),
    ("x-codex-active-limit", "codex"),
    ("x-codex-rate-limit-reached-type", "workspace_member_usage_limit_reached"),
    ("x-openai-authorization-error", "none"),
    ("x-error-json", "e30="),
    ("x-codex-safety-buffering-enabled", "true"),
    ("x-codex-safety-buffering-faster-model", "gpt-6-luna"),
    ("openai-processing-ms", "12"),
    ("openai-organization", "org-1"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-remaining-tokens", "9"),
    ("Retry-After", "5"),
    ("Cache-Control", "no-store"),
    ("Server", "cloudflare"),
    ("Server-Timing", "a;dur=1"),
    ("Vary", "Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
    ("x-from-next-year", "1"),
    ("X-From-Next-Year", "2"),
)
NOT_DOWN = (
    ("Set-Cookie", "__cf=1"),
    ("Set-Cookie", "__cflb=2"),
    ("Keep-Alive", "timeout=9"),
    ("Proxy-Authenticate", "Basic"),
    ("Connection", "x-of-that-hop"),
    ("x-of-that-hop", "1"),
    ("Alt-Svc", 'h3=":443"'),
    ("Strict-Transport-Security", "max-age=1"),
    ("Clear-Site-Data", '"cookies"'),
    ("NEL", "{}"),
    ("Report-To", "{}"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "x"),
)

WAYS = (
    ("POST", "responses"),
    ("POST", "responses/compact"),
    ("POST", "images/generations"),
    ("POST", "alpha/search"),
    ("POST", "realtime/calls"),
    ("GET", "agent-identities/jwks"),
    ("GET", "models?client_version=0.169.0"),
)


@pytest.mark.parametrize(("method", "path"), WAYS)
async def test_all_headers_pass_but_those_that_are_named(tmp_path: Path, method: str, path: str) -> None:
    streams = path == "responses"
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        usual = turn() if streams else Reply(body=b'{"models":[]}')
        echo.usual = Reply(200, usual.body, (*usual.headers, *DOWN, *NOT_DOWN))
        body = codex_body(prompt_cache_key=None) if method == "POST" else b""
        request = request_bytes(home.port, body, method=method, path=f"/codex/v1/{path}", headers=UP + NOT_UP)
        answer = await exchange(home.port, request, method=method)
        assert (answer.status, answer.body) == (200, usual.body)

        (came,) = echo.arrived
        ours = [("Host", echo.origin.removeprefix("http://")), ("Accept-Encoding", "identity")]
        access = [("Authorization", f"Bearer {PLUS.access_token}"), ("chatgpt-account-id", PLUS.account_id)]
        length = [("Content-Length", str(len(body)))] if body else []
        # The record shows bytes as latin-1.
        sent = [(name, value.encode().decode("latin-1")) for name, value in UP]
        assert came.headers == [ours[0], *access, *sent, ours[1], *length]
        assert came.body == body
        assert KEY not in str(came.headers)

        # aiohttp, which both sides use, adds these; how the body is framed is each hop's own matter.
        framing = {"date", "content-type", "content-length", "transfer-encoding"}
        assert [pair for pair in answer.headers if pair[0].lower() not in framing] == list(DOWN)
        assert answer.header("Content-Type") == usual.headers[0][1]


async def test_of_a_header_in_two_spellings_both_values_go_up(tmp_path: Path) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        echo.usual = turn()
        twice = (("x-mine", "1"), ("X-Mine", "2"))
        assert (await exchange(home.port, request_bytes(home.port, codex_body(), headers=twice))).status == 200
        assert [value for name, value in echo.arrived[0].headers if name.lower() == "x-mine"] == ["1", "2"]


async def test_upstreams_own_model_name_comes_down_untouched(tmp_path: Path) -> None:
    # Codex warns of a flagged account where this differs from what it asked for: that is upstream's to say, not ours.
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        for names in ((), (("openai-model", "gpt-5-codex"),), (("OpenAI-Model", "a"), ("openai-model", "b"))):
            echo.usual = Reply(200, turn().body, (*turn().headers, *names))
            answer = await exchange(home.port, request_bytes(home.port, codex_body()))
            assert [pair for pair in answer.headers if pair[0].lower() == "openai-model"] == list(names)
