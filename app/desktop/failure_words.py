"""Why a request, or one try of it, failed: codes in the user's words, and what to do about it.

The codes are those of `TurnRow.error` and `Attempt.error`: upstream's own, `http_` with a status, and ours.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.desktop.translation import translated

_HTTP = re.compile(r"http_(\d{3})")
# Codes that mean the same.
_SAME = {
    "workspace_member_usage_limit_reached": "usage_limit_reached",
    "rate_limited": "rate_limit_exceeded",
    "too_many_requests": "rate_limit_exceeded",
    "http_429": "rate_limit_exceeded",
    "token_invalidated": "unauthorized",
    "token_expired": "unauthorized",
    "token_revoked": "unauthorized",
    "app_session_terminated": "unauthorized",
    "http_401": "unauthorized",
    "account_suspended": "account_deactivated",
    "account_deleted": "account_deactivated",
    "deactivated_workspace": "account_deactivated",
    "organization_deactivated": "account_deactivated",
    "user_deactivated": "account_deactivated",
    "usage_not_included": "insufficient_quota",
    "billing_hard_limit_reached": "insufficient_quota",
    "billing_not_active": "insufficient_quota",
    "http_402": "insufficient_quota",
    "http_403": "forbidden",
    "model_not_available": "model_not_found",
    "unsupported_model": "model_not_found",
    "invalid_turn_state": "invalid_encrypted_content",
    "previous_response_not_found": "invalid_encrypted_content",
    "server_is_overloaded": "server_error",
    "slow_down": "server_error",
    "overloaded_error": "server_error",
    "upstream_error": "server_error",
    "invalid_value": "refused",
    "invalid_type": "refused",
    "invalid_request_error": "refused",
    "missing_required_parameter": "refused",
    "unsupported_parameter": "refused",
    "unsupported_value": "refused",
    "empty_array": "refused",
    "integer_below_min_value": "refused",
    "bad_request": "unreadable",
    "invalid_content_encoding": "unreadable",
    "unsupported_content_encoding": "unreadable",
    "request_timeout": "unreadable",
}

# In a few words, after the name of a token.
_SHORT: dict[str, object] = {
    "usage_limit_reached": QT_TRANSLATE_NOOP("FailuresInShort", "at its limit"),
    "rate_limit_exceeded": QT_TRANSLATE_NOOP("FailuresInShort", "asked to slow down"),
    "unauthorized": QT_TRANSLATE_NOOP("FailuresInShort", "login refused"),
    "invalid_api_key": QT_TRANSLATE_NOOP("FailuresInShort", "API key refused"),
    "account_deactivated": QT_TRANSLATE_NOOP("FailuresInShort", "account closed"),
    "insufficient_quota": QT_TRANSLATE_NOOP("FailuresInShort", "no credit, or not in its plan"),
    "forbidden": QT_TRANSLATE_NOOP("FailuresInShort", "refused by upstream"),
    "model_not_found": QT_TRANSLATE_NOOP("FailuresInShort", "does not have this model"),
    "invalid_encrypted_content": QT_TRANSLATE_NOOP("FailuresInShort", "cannot read what another account sealed"),
    "upstream_unreachable": QT_TRANSLATE_NOOP("FailuresInShort", "upstream not reached"),
    "upstream_timeout": QT_TRANSLATE_NOOP("FailuresInShort", "no answer in time"),
    "upstream_stream_truncated": QT_TRANSLATE_NOOP("FailuresInShort", "answer broken off"),
    "cloudflare": QT_TRANSLATE_NOOP("FailuresInShort", "refused by Cloudflare"),
    "unsupported_country_region_territory": QT_TRANSLATE_NOOP("FailuresInShort", "region not served"),
    "server_error": QT_TRANSLATE_NOOP("FailuresInShort", "trouble at upstream"),
    "license_budget": QT_TRANSLATE_NOOP("FailuresInShort", "license's budget used up"),
    "no_available_token": QT_TRANSLATE_NOOP("FailuresInShort", "no token can serve"),
    "session_pinned": QT_TRANSLATE_NOOP("FailuresInShort", "session is pinned"),
    "start_new_conversation": QT_TRANSLATE_NOOP("FailuresInShort", "new conversation needed"),
    "session_moved": QT_TRANSLATE_NOOP("FailuresInShort", "moved meanwhile"),
    "gateway_stopped": QT_TRANSLATE_NOOP("FailuresInShort", "gateway stopped"),
    "internal_error": QT_TRANSLATE_NOOP("FailuresInShort", "error in Waystation"),
    "context_length_exceeded": QT_TRANSLATE_NOOP("FailuresInShort", "too long for the model"),
    "request_too_large": QT_TRANSLATE_NOOP("FailuresInShort", "request too large"),
    "refused": QT_TRANSLATE_NOOP("FailuresInShort", "request not understood"),
    "unreadable": QT_TRANSLATE_NOOP("FailuresInShort", "request not readable"),
}

# What it means and what to do, in one or two sentences.
_MEANINGS: dict[str, object] = {
    "usage_limit_reached": QT_TRANSLATE_NOOP(
        "Failures",
        "Every token that could serve was at its limit. Wait until the first is back, add a token, or let requests "
        "wait: the settings say for how long.",
    ),
    "rate_limit_exceeded": QT_TRANSLATE_NOOP(
        "Failures",
        "Too much at once for the tokens that are there. Clients try again by themselves; a token more helps.",
    ),
    "unauthorized": QT_TRANSLATE_NOOP(
        "Failures", "Upstream does not accept the token's login any more. Sign in again on the Tokens page."
    ),
    "invalid_api_key": QT_TRANSLATE_NOOP(
        "Failures", "Upstream does not accept the API key any more. Add a new one on the Tokens page."
    ),
    "account_deactivated": QT_TRANSLATE_NOOP(
        "Failures",
        "Upstream has closed the account or its workspace. Look at it at chatgpt.com, or sign in with another.",
    ),
    "insufficient_quota": QT_TRANSLATE_NOOP(
        "Failures", "The account has no credit left, or its plan does not include this. Look at the account's plan."
    ),
    "forbidden": QT_TRANSLATE_NOOP(
        "Failures", "Upstream refuses this account, or this network. Look at the account, or try another proxy."
    ),
    "model_not_found": QT_TRANSLATE_NOOP(
        "Failures", "No token has this model. Check its name in the client, or add a token whose plan has it."
    ),
    "invalid_encrypted_content": QT_TRANSLATE_NOOP(
        "Failures", "The request holds what another account sealed. Start a new conversation in the client."
    ),
    "upstream_unreachable": QT_TRANSLATE_NOOP(
        "Failures", "Upstream could not be reached. Check the network connection, and the proxy in the settings."
    ),
    "upstream_timeout": QT_TRANSLATE_NOOP(
        "Failures", "Upstream took the request but did not answer in time. Clients try again by themselves."
    ),
    "upstream_stream_truncated": QT_TRANSLATE_NOOP(
        "Failures",
        "Upstream broke its answer off. Clients try again by themselves; if it happens often, look at the proxy.",
    ),
    "cloudflare": QT_TRANSLATE_NOOP(
        "Failures",
        "Cloudflare, which stands before upstream, refused the connection. Wait a moment, or use another proxy or "
        "network.",
    ),
    "unsupported_country_region_territory": QT_TRANSLATE_NOOP(
        "Failures",
        "Upstream does not serve the country or region that the connection came from. Use another proxy or network.",
    ),
    "server_error": QT_TRANSLATE_NOOP(
        "Failures", "Upstream had trouble of its own. Clients try again by themselves; if it lasts, wait a while."
    ),
    "license_budget": QT_TRANSLATE_NOOP(
        "Failures",
        "The license has used up its budget for the day. It goes on tomorrow, or with a larger budget: Licenses page.",
    ),
    "no_available_token": QT_TRANSLATE_NOOP(
        "Failures",
        "No token could serve this: each is disabled, refused by upstream, or does not have the model. Look at the "
        "Tokens page.",
    ),
    "session_pinned": QT_TRANSLATE_NOOP(
        "Failures",
        "The session is pinned to a token that cannot serve it. Unpin it, or move it to another token: Sessions page.",
    ),
    "start_new_conversation": QT_TRANSLATE_NOOP(
        "Failures",
        "The conversation holds what only one account can read, and that one cannot serve any more. Start a new "
        "conversation in the client.",
    ),
    "session_moved": QT_TRANSLATE_NOOP(
        "Failures", "The session goes on with another token, so the client was told to connect again. Nothing was lost."
    ),
    "gateway_stopped": QT_TRANSLATE_NOOP(
        "Failures", "The gateway was stopped while the request ran. Send it again once the gateway runs."
    ),
    "internal_error": QT_TRANSLATE_NOOP("Failures", "Something went wrong inside Waystation. The log file says what."),
    "context_length_exceeded": QT_TRANSLATE_NOOP(
        "Failures",
        "The conversation is longer than the model can read. Shorten it (in Codex: /compact), or start a new one.",
    ),
    "request_too_large": QT_TRANSLATE_NOOP(
        "Failures", "The request was larger than Waystation takes. Start a new conversation, or send less at once."
    ),
    "refused": QT_TRANSLATE_NOOP(
        "Failures", "The request was not as the interface wants it. The client was told which part; change it there."
    ),
    "unreadable": QT_TRANSLATE_NOOP(
        "Failures", "The request did not arrive whole, or could not be read. Look at the client, or what is between."
    ),
}


def in_short(code: str) -> str:
    """A few words for a code; of an unknown one the code itself, of which nobody has better words."""
    source = _SHORT.get(group(code))
    if source is not None:
        return translated("FailuresInShort", str(source)) or str(source)
    status = _HTTP.fullmatch(code)
    if status:
        return QCoreApplication.translate("FailuresInShort", "answer {status}").format(status=status[1])
    return code


def meaning(code: str) -> str:
    """What a code means and what to do, in one or two sentences."""
    source = _MEANINGS.get(group(code))
    if source is not None:
        return translated("Failures", str(source)) or str(source)
    return QCoreApplication.translate(
        "Failures", "Upstream refused the request ({code}). The client was told what upstream says about it."
    ).format(code=code)


def group(code: str) -> str:
    """The code that stands for all that mean the same."""
    same = _SAME.get(code, code)
    return "server_error" if same not in _SHORT and re.fullmatch(r"http_(5\d\d|408|425)", same) else same
