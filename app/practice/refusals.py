"""Answers other than a turn, in the shapes that the real services use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

Headers = tuple[tuple[str, str], ...]

_JSON: Headers = (("Content-Type", "application/json"),)
_HTML: Headers = (("Content-Type", "text/html; charset=UTF-8"),)
_GATEWAY_PAGES = {502: "Bad Gateway", 504: "Gateway Time-out"}


@dataclass(frozen=True)
class Refusal:
    """One complete HTTP answer: status, body and headers."""

    status: int
    body: bytes = field(repr=False)
    headers: Headers = _JSON


def refusal(status: int, body: Mapping[str, object] | str | bytes, headers: Headers = ()) -> Refusal:
    """Return an answer with ``body`` as JSON (a mapping) or as it is (text, bytes)."""
    if isinstance(body, Mapping):
        return Refusal(status, orjson.dumps(body), _JSON + headers)
    raw = body.encode() if isinstance(body, str) else body
    return Refusal(status, raw, headers or (("Content-Type", "text/plain; charset=utf-8"),))


def detail(text: str, status: int = 400) -> Refusal:
    """Return a refusal of the Codex backend: ``{"detail": …}``."""
    return refusal(status, {"detail": text})


def error(
    message: str,
    *,
    status: int = 400,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Headers = (),
) -> Refusal:
    """Return a refusal of the OpenAI API: ``{"error": {message, type, param, code}}``."""
    return refusal(status, {"error": {"message": message, "type": kind, "param": param, "code": code}}, headers)


def missing(param: str) -> Refusal:
    """Return the 400 for something that must be there."""
    return error(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def unknown_parameter(param: str) -> Refusal:
    """Return the 400 for a key that the service does not know."""
    return error(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def wrong_type(param: str, expected: str, value: object) -> Refusal:
    """Return the 400 for a value of another JSON type than ``expected``, which has its article."""
    names = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal", list: "an array"}
    got = "null" if value is None else names.get(type(value), "an object")
    return error(
        f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param=param, code="invalid_type"
    )


def bad_value(param: str, value: object, supported: Iterable[str]) -> Refusal:
    """Return the 400 for a value that is none of the ``supported`` ones."""
    listed = ", ".join(f"'{name}'" for name in supported)
    return error(f"Invalid value: '{value}'. Supported values are: {listed}.", param=param, code="invalid_value")


def unsupported_value(param: str, value: str, model: str, supported: Iterable[str]) -> Refusal:
    """Return the 400 for a value that this model does not take."""
    listed = ", ".join(f"'{name}'" for name in supported)
    return error(
        f"Unsupported value: '{value}' is not supported with the '{model}' model. Supported values are: {listed}.",
        param=param,
        code="unsupported_value",
    )


def unsupported_parameter(param: str) -> Refusal:
    """Return the 400 for a parameter that the chosen model does not take."""
    return error(
        f"Unsupported parameter: '{param}' is not supported with this model.",
        param=param,
        code="unsupported_parameter",
    )


def unverified() -> Refusal:
    """Return the 400 of an organization that may not see summaries of reasoning."""
    return error(
        "Your organization must be verified to generate reasoning summaries. Please go to: "
        "https://platform.openai.com/settings/organization/general and click on Verify Organization.",
        param="reasoning.summary",
        code="unsupported_value",
    )


def too_long(param: str, most: int, length: int) -> Refusal:
    """Return the 400 for a string of more than ``most`` characters."""
    return error(
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead.",
        param=param,
        code="string_above_max_length",
    )


def usage_limit(
    plan: str,
    now: float,
    resets_in: float,
    *,
    resets_at: bool = True,
    resets_in_seconds: bool = True,
    headers: Headers = (),
) -> Refusal:
    """Return the 429 of a ChatGPT account whose window is used up.

    ``resets_in`` is seconds from ``now``. The two flags leave one of the two times out, as some
    builds of the backend did: Codex 0.169 reads the first, 0.45 the second.
    """
    content: dict[str, object] = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": plan,
    }
    if resets_at:
        content["resets_at"] = round(now + resets_in)
    if resets_in_seconds:
        content["resets_in_seconds"] = round(resets_in)
    return refusal(429, {"error": content}, headers)


def usage_not_included(plan: str = "free") -> Refusal:
    """Return the 429 of an account whose plan does not include Codex."""
    message = "Usage not included in your plan"
    return refusal(429, {"error": {"type": "usage_not_included", "message": message, "plan_type": plan}})


def insufficient_quota() -> Refusal:
    """Return the 429 of an API key whose credit is spent."""
    return error(
        "You exceeded your current quota, please check your plan and billing details.",
        status=429,
        kind="insufficient_quota",
        code="insufficient_quota",
    )


def rate_limited(retry_after: float | None = None, wait: str | None = "1.5s") -> Refusal:
    """Return the 429 of too many requests or tokens a minute.

    ``retry_after`` is in seconds; ``wait`` is the time that the message names. None leaves them out.
    """
    return error(
        "Rate limit reached for requests." + (f" Please try again in {wait}." if wait else ""),
        status=429,
        kind="requests",
        code="rate_limit_exceeded",
        headers=(("Retry-After", str(retry_after)),) if retry_after is not None else (),
    )


def unauthorized(code: str = "token_invalidated") -> Refusal:
    """Return a 401 of the Codex backend; ``code`` may be ``token_expired`` too."""
    messages = {
        "token_expired": "Provided authentication token is expired. Please try signing in again.",
        "token_invalidated": "Your authentication token has been invalidated. Please try signing in again.",
    }
    message = messages.get(code, "Could not validate your token. Please try signing in again.")
    return error(message, status=401, code=code)


def unknown_api_key(key: str) -> Refusal:
    """Return the 401 of the OpenAI API for a key it does not know; the key is shown masked."""
    shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    return error(
        f"Incorrect API key provided: {shown}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        status=401,
        code="invalid_api_key",
    )


def missing_api_key() -> Refusal:
    """Return the 401 of the OpenAI API for a request without a key."""
    return error("Missing bearer or basic authentication in header", status=401)


def wrong_account() -> Refusal:
    """Return the 403 of the Codex backend for an account id that is not the token's."""
    return detail("Forbidden: the token does not belong to this account.", 403)


def account_refused(code: str = "account_deactivated", status: int = 403) -> Refusal:
    """Return the 403 (or 401) of an account that may not ask any more; ``account_suspended`` too."""
    state = code.removeprefix("account_").replace("_", " ")
    return error(f"Your OpenAI account has been {state}. Please check your email.", status=status, code=code)


def deactivated_workspace() -> Refusal:
    """Return the 402 of a workspace that was closed."""
    return refusal(402, {"detail": {"code": "deactivated_workspace"}})


def cloudflare_challenge(status: int = 403) -> Refusal:
    """Return the HTML page that stands in front of the backend for callers it finds suspicious.

    ``status`` may be 503 too: the page of a front that is being attacked.
    """
    page = (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
        "<body>Enable JavaScript and cookies to continue</body></html>"
    )
    return refusal(status, page, (*_HTML, ("cf-mitigated", "challenge"), ("Server", "cloudflare")))


def too_large() -> Refusal:
    """Return the 413 for a body beyond upstream's limit."""
    return detail("Request body too large", 413)


def model_not_found(model: str) -> Refusal:
    """Return the 404 of the OpenAI API for a model that it does not have."""
    return error(
        f"The model `{model}` does not exist or you do not have access to it.",
        status=404,
        param="model",
        code="model_not_found",
    )


def unsupported_model(model: str) -> Refusal:
    """Return the 400 of the Codex backend for a model that it does not serve."""
    return detail(f"The '{model}' model is not supported when using Codex with a ChatGPT account.")


def invalid_encrypted_content(code: str | None = "invalid_encrypted_content") -> Refusal:
    """Return the 400 for a ciphertext that another account or organisation issued.

    The backend was seen to leave ``code`` null; then only the message tells.
    """
    return error(
        "The encrypted content could not be verified. Reason: Encrypted content organization_id did not "
        "match the target organization.",
        code=code,
    )


def unknown_response(response_id: str) -> Refusal:
    """Return the 400 of the OpenAI API for a response that this key did not get."""
    return error(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def unknown_file(file_id: str, param: str, status: int = 404) -> Refusal:
    """Return the refusal of a file that the caller did not upload."""
    return error(f"No such File object: {file_id}", status=status, param=param)


def server_error(status: int = 500, *, retry_after: int | None = None) -> Refusal:
    """Return a 5xx: JSON for 500 and 503, an HTML page for the ones that a proxy writes."""
    later: Headers = (("Retry-After", str(retry_after)),) if retry_after is not None else ()
    if status in _GATEWAY_PAGES:
        name = _GATEWAY_PAGES[status]
        page = f"<html><head><title>{status}</title></head><body><h1>{status} {name}</h1></body></html>"
        return refusal(status, page, _HTML + later)
    message = "The server had an error processing your request. Sorry about that!"
    return error(message, status=status, kind="server_error", code="server_error", headers=later)


def slow_down() -> Refusal:
    """Return the 503 of a server that asks for a slower pace."""
    return error("Slow down.", status=503, kind="server_error", code="slow_down")


def overloaded() -> Refusal:
    """Return the 503 of a model at capacity."""
    message = "Our servers are currently overloaded. Please try again later."
    return error(message, status=503, kind="service_unavailable_error", code="server_is_overloaded")


def websocket_refused() -> Refusal:
    """Return the 426 that sends Codex from WebSocket to plain POST at once."""
    return refusal(426, {"detail": "Upgrade Required"})


def socket_limit() -> Refusal:
    """Return what a WebSocket that has lived for an hour answers to its next request."""
    return error(
        "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.",
        code="websocket_connection_limit_reached",
    )


def invalid_turn_state() -> Refusal:
    """Return the 400 for an ``x-codex-turn-state`` that another account was given."""
    return error("The turn state belongs to another account.", code="invalid_turn_state")


def page(html: str, status: int = 200, headers: Headers = ()) -> Refusal:
    """Return a page for a person's browser, which is not to be kept."""
    return refusal(status, html, (*_HTML, ("Cache-Control", "no-store"), *headers))


RefreshShape = Literal["nested", "text", "flat"]
"""Where the sign-in service puts its code: in ``error.code``, as the text ``error``, or beside it as ``code``."""


def refresh_refused(code: str = "refresh_token_expired", shape: RefreshShape = "nested", status: int = 401) -> Refusal:
    """Return the 401 of ``POST /oauth/token`` for a refresh token that is good for nothing any more."""
    message = _REFRESH_MESSAGES.get(code, "Could not refresh your session. Please try signing in again.")
    if shape == "text":
        return refusal(status, {"error": code, "error_description": message})
    if shape == "flat":
        return refusal(status, {"code": code, "message": message})
    return error(message, status=status, code=code)


_REFRESH_MESSAGES = {
    "refresh_token_expired": "Your refresh token has expired. Please try signing in again.",
    "refresh_token_reused": (
        "Your refresh token has already been used to generate a new access token. Please try signing in again."
    ),
    "refresh_token_invalidated": "Your refresh token has been invalidated. Please try signing in again.",
}


def oauth_error(name: str, description: str, status: int = 400) -> Refusal:
    """Return an error in the shape of OAuth 2, as for ``invalid_grant`` or ``invalid_client``."""
    return refusal(status, {"error": name, "error_description": description})
