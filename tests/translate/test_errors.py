from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.verdict import Fault
from app.translate.errors import UpstreamFailure, failure_from_event, failure_from_http, truncated, unreadable

NOW = 1_700_000_000.0
DAY = 24 * 3600


def http(status: int, body: object, **headers: str) -> UpstreamFailure:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return failure_from_http(status, data, {key.replace("_", "-"): value for key, value in headers.items()}, now=NOW)


def summary(failure: UpstreamFailure) -> tuple[int, str, str | None]:
    return failure.status, failure.type, failure.code


INVALID = "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "body", "expected", "message"),
    [
        (400, {"detail": "Unsupported parameter: top_k"}, (400, INVALID, None), "Unsupported parameter: top_k"),
        (
            422,
            {"detail": [{"loc": ["body", "input", 0], "msg": "field required"}, {"msg": "other"}]},
            (422, INVALID, None),
            "body.input.0: field required; other",
        ),
        (
            400,
            {"error": {"message": "bad", "type": INVALID, "param": "reasoning.effort", "code": "unsupported_value"}},
            (400, INVALID, "unsupported_value"),
            "bad",
        ),
        (
            400,
            {"detail": "The 'gpt-9' model is not supported when using Codex with a ChatGPT account."},
            (404, INVALID, "model_not_found"),
            "The model `gpt-9` does not exist or you do not have access to it. "
            "The 'gpt-9' model is not supported when using Codex with a ChatGPT account.",
        ),
        (
            404,
            {"error": {"message": "The model `x` does not exist or you do not have access to it.", "code": None}},
            (404, INVALID, "model_not_found"),
            "The model `x` does not exist or you do not have access to it.",
        ),
        (403, {"error": {"message": "no", "code": "unsupported_country_region_territory"}},
         (403, "permission_error", "unsupported_country_region_territory"), "no"),
        (402, {"detail": {"code": "deactivated_workspace"}}, (403, "permission_error", "deactivated_workspace"),
         "Upstream does not allow this: deactivated_workspace."),
        (429, {"error": {"type": "usage_limit_reached", "message": "limit"}},
         (429, "rate_limit_error", "usage_limit_reached"), "limit"),
        (400, {"detail": "Limit: usage_limit_reached"},
         (429, "rate_limit_error", "usage_limit_reached"), "Limit: usage_limit_reached"),
        (429, {}, (429, "rate_limit_error", "rate_limit_exceeded"), "Upstream's limit is reached."),
        (400, {"error": {"type": "usage_limit_reached", "message": "limit"}},
         (429, "rate_limit_error", "usage_limit_reached"), "limit"),
        (404, {"detail": "Selected model is at capacity."},
         (429, "rate_limit_error", "rate_limit_exceeded"), "Selected model is at capacity."),
        (500, {"error": {"message": "boom", "code": "server_error"}}, (502, "server_error", "upstream_error"), "boom"),
        (503, {"error": {"message": "m", "code": "slow_down"}}, (503, "server_error", "upstream_overloaded"), "m"),
        (504, b"", (504, "server_error", "upstream_timeout"), "Upstream did not answer in time."),
        (408, b"", (504, "server_error", "upstream_timeout"), "Upstream did not answer in time."),
        (502, b"<html>bad</html>", (502, "server_error", "upstream_error"), "Upstream could not answer."),
        (413, b"<html>nginx</html>", (413, INVALID, "request_too_large"), "Upstream refused the request as too large."),
        (409, {"error": {"message": "again", "code": "conflict"}}, (409, INVALID, "conflict"), "again"),
    ],
)  # fmt: skip
def test_http_errors(status: int, body: object, expected: tuple[int, str, str | None], message: str) -> None:
    failure = http(status, body)
    assert (summary(failure), failure.message) == (expected, message)


def test_param_is_kept_for_requests_at_fault() -> None:
    body = {"error": {"message": "m", "param": "reasoning.effort", "code": "unsupported_value"}}
    assert http(400, body).param == "reasoning.effort"


def test_a_refused_token_is_not_the_clients_key() -> None:
    failure = http(401, {"error": {"message": "Incorrect API key provided: sk-abc***xyz.", "code": "invalid_api_key"}})
    assert summary(failure) == (503, "server_error", "no_available_token")
    assert failure.upstream_code == "invalid_api_key"
    assert "sk-" not in failure.message


def test_keys_in_upstreams_words_are_not_passed_on() -> None:
    assert "secret" not in http(400, {"detail": "key sk-proj-secret-1 may not"}).message


@pytest.mark.parametrize("status", [200, 400, 403, 404, 405, 407, 409, 422, 431, 451, 503, 520])
def test_html_is_never_quoted(status: int) -> None:
    failure = http(status, b"<!DOCTYPE html><title>Quote me</title>")
    assert failure.status in (502, 503)
    assert "Quote" not in failure.message
    assert "<" not in failure.message


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    ("page", "advice"),
    [(b"\n<html>Bad Request, nginx</html>", "its address"), (b"<html>cloudflare</html>", "another network")],
)
def test_a_page_blames_neither_the_request_nor_the_token(status: int, page: bytes, advice: str) -> None:
    failure = http(status, page)
    assert summary(failure) == (502, "server_error", "upstream_error")
    assert advice in failure.message
    # The pool judges it by what it was.
    assert failure.fault == Fault(status, "", readable=False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html><title>Just a moment...</title><script src=/cdn-cgi/challenge-platform/>", {}),
        (b"", {"cf_mitigated": "challenge"}),
    ],
)
def test_a_cloudflare_page_is_recognised_and_explained(body: bytes, headers: dict[str, str]) -> None:
    failure = http(403, body, **headers)
    assert summary(failure) == (502, "server_error", "upstream_error")
    assert "Cloudflare" in failure.message
    assert failure.upstream_code == "cloudflare"


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        ({"error": {"code": "rate_limit_exceeded", "message": "Please try again in 11.05s. Visit x"}}, {}, 12),
        ({"error": {"message": "Please try again in 300ms."}}, {}, 1),
        ({"error": {"message": "Please try again in 1m30s."}}, {}, 90),
        ({"error": {"message": "Try again in 3 hours 4 minutes."}}, {}, 11_040),
        ({"error": {"message": "Try again in 3 days 4 hours."}}, {}, DAY),
        ({"error": {"message": "try again later"}}, {}, None),
        ({"error": {"resets_in_seconds": 3700}}, {}, 3700),
        ({"error": {"resets_at": NOW + 50}}, {}, 50),
        ({"error": {"resets_at": NOW - 50}}, {}, 1),
        ({"error": {"resets_in_seconds": 100}}, {"retry_after": "7"}, 7),
        ({}, {"retry_after": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60),
        ({}, {"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, DAY),
        ({}, {"retry_after": "1000000000"}, DAY),
        ({"error": {"resets_at": NOW + 5 * DAY}}, {"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 5 * DAY),
        ({"error": {"resets_in_seconds": 5}}, {"retry_after": "soon"}, 5),
        ({}, {"retry_after": "nan"}, None),
    ],
)
def test_how_long_to_wait(body: dict[str, Any], headers: dict[str, str], wait: int | None) -> None:
    assert http(429, body, **headers).wait(NOW) == wait


def test_a_reached_limit_keeps_what_clients_show() -> None:
    error = {"type": "usage_limit_reached", "message": "m", "plan_type": "plus", "resets_at": NOW + 3700}
    failure = http(429, {"error": error})
    assert failure.body(NOW) == {
        "error": {
            "message": "m",
            "type": "rate_limit_error",
            "param": None,
            "code": "usage_limit_reached",
            "plan_type": "plus",
            "resets_at": int(NOW) + 3700,
            "resets_in_seconds": 3700,
        }
    }
    assert failure.headers(NOW) == {"Retry-After": "3700", "x-should-retry": "false"}


def test_a_short_wait_may_be_retried_and_other_errors_name_no_wait() -> None:
    assert http(429, {}, retry_after="5").headers(NOW) == {"Retry-After": "5"}
    assert http(400, {}, retry_after="5").headers(NOW) == {}
    assert set(http(400, {}).body(NOW)["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("code", "status", "kind", "shown"),
    [
        ("context_length_exceeded", 400, INVALID, "context_length_exceeded"),
        ("invalid_prompt", 400, INVALID, "invalid_prompt"),
        ("image_too_large", 400, INVALID, "image_too_large"),
        ("cyber_policy", 400, INVALID, "cyber_policy"),
        ("rate_limit_exceeded", 429, "rate_limit_error", "rate_limit_exceeded"),
        ("usage_limit_reached", 429, "rate_limit_error", "usage_limit_reached"),
        ("insufficient_quota", 429, "rate_limit_error", "insufficient_quota"),
        ("server_is_overloaded", 503, "server_error", "upstream_overloaded"),
        ("slow_down", 503, "server_error", "upstream_overloaded"),
        ("server_error", 502, "server_error", "upstream_error"),
        (None, 502, "server_error", "upstream_error"),
    ],
)
def test_codes_within_a_stream(code: str | None, status: int, kind: str, shown: str) -> None:
    error = {"code": code, "message": "what"}
    shapes = (
        {"type": "response.failed", "response": {"status": "failed", "error": error}},
        {"type": "error", **error},
        {"type": "error", "error": {"type": "some_error", **error}},
    )
    for event in shapes:
        failure = failure_from_event(event)
        assert (*summary(failure), failure.message) == (status, kind, shown, "what")
        assert failure.upstream_code == (code or "upstream_error")


@pytest.mark.parametrize("key", ["status", "status_code"])
def test_a_nested_error_event_may_carry_its_http_status_and_headers(key: str) -> None:
    event = {"type": "error", key: 429, "error": {"message": "m"}, "headers": {"Retry-After": "9"}}
    failure = failure_from_event(event)
    assert (summary(failure), failure.wait(NOW)) == ((429, "rate_limit_error", "rate_limit_exceeded"), 9)


def test_a_stream_that_breaks_off() -> None:
    assert summary(truncated()) == (502, "server_error", "upstream_stream_truncated")


def test_the_repr_shows_no_message() -> None:
    assert "prompt" not in repr(http(400, {"detail": "the prompt"}))


KEYS = [
    *("error", "detail", "response", "message", "code", "type", "param", "loc", "msg", "status"),
    *("headers", "retry-after", "resets_at", "resets_in_seconds", "plan_type"),
]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.integers(100, 599), st.text())
def test_every_body_and_event_makes_a_failure_in_openais_shape(body: dict[str, Any], status: int, header: str) -> None:
    for failure in (
        failure_from_event(body),
        failure_from_http(status, repr(body).encode(), {"retry-after": header}, now=NOW),
        failure_from_http(status, _dumped(body), {"retry-after": header}, now=NOW),
    ):
        error = failure.body(NOW)["error"]
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["code"] is None or isinstance(error["code"], str)
        assert 400 <= failure.status < 600
        orjson.dumps(failure.headers(NOW))


def _dumped(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return b"{}"


def test_an_event_that_cannot_be_read_is_upstreams_fault() -> None:
    assert summary(unreadable()) == (502, "server_error", "upstream_error")


@pytest.mark.parametrize(
    ("told", "extra"),
    [
        ({}, {}),
        ({"plan_type": "plus"}, {"plan_type": "plus"}),
        ({"resets_in_seconds": 60}, {"resets_in_seconds": 60}),
        (
            {"plan_type": "plus", "resets_at": NOW + 9.5},
            {"plan_type": "plus", "resets_at": int(NOW) + 9, "resets_in_seconds": 10},
        ),
    ],
)
def test_what_is_known_of_a_limit_is_told(told: dict[str, Any], extra: dict[str, Any]) -> None:
    failure = failure_from_event({"type": "error", "error": {"code": "usage_limit_reached", "message": "m", **told}})
    assert failure.body(NOW) == {
        "error": {"message": "m", "type": "rate_limit_error", "param": None, "code": "usage_limit_reached", **extra}
    }


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429, "rate_limit_exceeded"),
        ({"error": {"code": 12, "message": "?"}}, 502, "upstream_error"),
        ({"error": {"message": "?"}, "status_code": 400}, 400, None),
    ],
)
def test_a_status_within_an_event(event: dict[str, Any], status: int, code: str | None) -> None:
    failure = failure_from_event({"type": "error", **event})
    assert (failure.status, failure.code) == (status, code)


def test_a_wait_in_words_is_no_wait() -> None:
    event = {
        "type": "error",
        "error": {"code": "slow_down", "resets_in_seconds": 3},
        "headers": {"Retry-After": "soon"},
    }
    assert failure_from_event(event).wait(NOW) == 3


@pytest.mark.parametrize("status", [500, 520, 530])
def test_a_page_of_cloudflare_says_what_to_do(status: int) -> None:
    failure = http(status, b"<html>Cloudflare Ray ID</html>")
    assert summary(failure) == (502, "server_error", "upstream_error")
    assert "another network" in failure.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": ["one", 2, {"msg": "three"}, {"loc": "x", "msg": "four"}]}, "one; ; three; four"),
        ({"error": {"message": ""}}, "Upstream does not know what was asked for."),
        ({"error": "gone"}, "gone"),
        ({"message": "gone"}, "gone"),
        ({}, "Upstream does not know what was asked for."),
    ],
)
def test_words_of_strange_answers(body: dict[str, Any], message: str) -> None:
    assert http(404, body).message == message
