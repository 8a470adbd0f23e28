"""The table of failures, row by row, with what upstream really sends."""

from __future__ import annotations

import pytest

from app.core.verdict import TABLE, Fault, Meaning, judge

FOREIGN_SENTENCE = (
    "The encrypted content could not be verified. Reason: Encrypted content organization_id did not match the "
    "target organization."
)
NOT_SUPPORTED = "The 'gpt-6.1-sol' model is not supported when using Codex with a ChatGPT account."
NOT_FOUND = "The model `gpt-9` does not exist or you do not have access to it."
CAPACITY = "Selected model is at capacity. Please try a different model."


def page(status: int | None, code: str = "") -> Fault:
    return Fault(status, code, readable=False)


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        # The way there.
        (Fault(None, "upstream_unreachable"), Meaning.WAY),
        (Fault(None, "upstream_timeout"), Meaning.WAY),
        (page(403, "cloudflare"), Meaning.WAY),
        (page(503, "cloudflare"), Meaning.WAY),
        (page(None, "cloudflare"), Meaning.WAY),
        (
            Fault(403, "unsupported_country_region_territory", "Country, region, or territory not supported"),
            Meaning.WAY,
        ),
        (page(403), Meaning.WAY),
        (page(407), Meaning.WAY),
        (page(401), Meaning.WAY),
        (page(200, "upstream_error"), Meaning.WAY),
        (page(None, "upstream_error"), Meaning.WAY),
        # What another account sealed.
        (Fault(400, "invalid_encrypted_content", FOREIGN_SENTENCE), Meaning.FOREIGN),
        (Fault(400, "", FOREIGN_SENTENCE), Meaning.FOREIGN),
        (Fault(400, "invalid_request_error", FOREIGN_SENTENCE), Meaning.FOREIGN),
        (Fault(None, "", FOREIGN_SENTENCE), Meaning.FOREIGN),
        (Fault(400, "", "The encrypted content gAAAAABo could not be decrypted or parsed."), Meaning.FOREIGN),
        (Fault(400, "previous_response_not_found", "Previous response with id 'resp_1' not found."), Meaning.FOREIGN),
        (Fault(400, "invalid_turn_state", "The turn state belongs to another account."), Meaning.FOREIGN),
        (Fault(400, "", "The turn state belongs to another account."), Meaning.FOREIGN),
        (Fault(404, "invalid_request_error", "No such File object: file-abc"), Meaning.FOREIGN),
        # Limits.
        (Fault(429, "usage_limit_reached", "The usage limit has been reached"), Meaning.USAGE_LIMIT),
        (Fault(None, "usage_limit_reached", "The usage limit has been reached"), Meaning.USAGE_LIMIT),
        (Fault(404, "usage_limit_reached"), Meaning.USAGE_LIMIT),
        (Fault(429, "workspace_member_usage_limit_reached"), Meaning.USAGE_LIMIT),
        (Fault(429, "", "The usage limit has been reached"), Meaning.USAGE_LIMIT),
        (Fault(400, "", "usage_limit_reached"), Meaning.USAGE_LIMIT),
        (Fault(429, "usage_not_included", "Usage not included in your plan"), Meaning.ACCOUNT_REFUSED),
        (Fault(None, "usage_not_included"), Meaning.ACCOUNT_REFUSED),
        (Fault(429, "insufficient_quota", "You exceeded your current quota, please check"), Meaning.ACCOUNT_REFUSED),
        (Fault(429, "billing_hard_limit_reached"), Meaning.ACCOUNT_REFUSED),
        (Fault(429, "billing_not_active"), Meaning.ACCOUNT_REFUSED),
        (Fault(429, "rate_limit_exceeded", "Rate limit reached. Please try again in 1.5s."), Meaning.RATE_LIMIT),
        (Fault(None, "rate_limit_exceeded", "Rate limit reached. Please try again in 300ms."), Meaning.RATE_LIMIT),
        (Fault(429, "requests", "Rate limit reached for requests."), Meaning.RATE_LIMIT),
        (Fault(429, "slow_down"), Meaning.RATE_LIMIT),
        (page(429), Meaning.RATE_LIMIT),
        # The account.
        (Fault(403, "account_deactivated", "Your OpenAI account has been deactivated."), Meaning.ACCOUNT_CLOSED),
        (Fault(401, "account_deactivated"), Meaning.ACCOUNT_CLOSED),
        (Fault(403, "account_suspended"), Meaning.ACCOUNT_CLOSED),
        (Fault(403, "account_deleted"), Meaning.ACCOUNT_CLOSED),
        (Fault(402, "deactivated_workspace"), Meaning.ACCOUNT_CLOSED),
        (Fault(401, "organization_deactivated"), Meaning.ACCOUNT_CLOSED),
        (Fault(401, "user_deactivated"), Meaning.ACCOUNT_CLOSED),
        (Fault(401, "token_invalidated", "Your authentication token has been invalidated."), Meaning.UNAUTHORIZED),
        (Fault(403, "token_revoked"), Meaning.UNAUTHORIZED),
        (Fault(None, "token_expired"), Meaning.UNAUTHORIZED),
        (Fault(401, "app_session_terminated"), Meaning.UNAUTHORIZED),
        (Fault(401, "invalid_api_key", "Incorrect API key provided: sk-…"), Meaning.UNAUTHORIZED),
        (Fault(401, "", "Missing bearer or basic authentication in header"), Meaning.UNAUTHORIZED),
        (Fault(402, "", "Payment Required"), Meaning.ACCOUNT_REFUSED),
        (Fault(403, "", "Forbidden: the token does not belong to this account."), Meaning.ACCOUNT_REFUSED),
        # The model.
        (Fault(400, "", NOT_SUPPORTED), Meaning.MODEL),
        (Fault(404, "model_not_found", NOT_FOUND), Meaning.MODEL),
        (Fault(404, "", NOT_FOUND), Meaning.MODEL),
        (Fault(None, "model_not_found"), Meaning.MODEL),
        (Fault(403, "model_not_found", "Project `p` does not have access to model `gpt-9`"), Meaning.MODEL),
        (Fault(403, "", "Project `p` does not have access to model `gpt-9`"), Meaning.MODEL),
        (Fault(400, "unsupported_model"), Meaning.MODEL),
        (Fault(404, "model_not_available"), Meaning.MODEL),
        # Upstream's fault.
        (Fault(500, "server_error", "The server had an error"), Meaning.UPSTREAM),
        (Fault(None, "server_error"), Meaning.UPSTREAM),
        (page(502), Meaning.UPSTREAM),
        (page(504), Meaning.UPSTREAM),
        (page(502, "cloudflare"), Meaning.UPSTREAM),
        (page(522, "cloudflare"), Meaning.UPSTREAM),
        (Fault(503, "slow_down", "Slow down."), Meaning.UPSTREAM),
        (Fault(503, "server_is_overloaded", "Our servers are currently overloaded."), Meaning.UPSTREAM),
        (Fault(None, "server_is_overloaded"), Meaning.UPSTREAM),
        (Fault(529, "overloaded_error"), Meaning.UPSTREAM),
        (Fault(429, "", CAPACITY), Meaning.UPSTREAM),
        (Fault(None, "", CAPACITY), Meaning.UPSTREAM),
        (Fault(None, "upstream_stream_truncated"), Meaning.UPSTREAM),
        (Fault(None, "upstream_error"), Meaning.UPSTREAM),
        (Fault(408), Meaning.UPSTREAM),
        (Fault(425), Meaning.UPSTREAM),
        (page(404), Meaning.UPSTREAM),
        (page(405), Meaning.UPSTREAM),
        # The request's.
        (Fault(400, "", "Instructions are required"), Meaning.CLIENT),
        (Fault(400, "context_length_exceeded", "Your input exceeds the context window"), Meaning.CLIENT),
        (Fault(None, "context_length_exceeded"), Meaning.CLIENT),
        (Fault(None, "invalid_prompt"), Meaning.CLIENT),
        (Fault(None, "cyber_policy"), Meaning.CLIENT),
        (Fault(400, "unsupported_value", "Unsupported value: 'reasoning.effort'"), Meaning.CLIENT),
        (Fault(404, "", "Not Found"), Meaning.CLIENT),
        (Fault(413, "request_too_large"), Meaning.CLIENT),
        (Fault(422, "", "body.input: field required"), Meaning.CLIENT),
        (Fault(None), Meaning.CLIENT),
    ],
    ids=str,
)
def test_each_failure_has_its_meaning(fault: Fault, meaning: Meaning) -> None:
    assert judge(fault) is meaning


def test_every_row_of_the_table_is_reached_by_one_of_the_failures_above() -> None:
    cases = test_each_failure_has_its_meaning.pytestmark[0].args[1]  # type: ignore[attr-defined]
    reached = {next(row for row in TABLE if row.applies(fault)) for fault, _ in cases}
    assert set(TABLE) == reached


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        # The code says more than the status.
        (Fault(403, "usage_limit_reached"), Meaning.USAGE_LIMIT),
        (Fault(429, "account_deactivated"), Meaning.ACCOUNT_CLOSED),
        (Fault(401, "model_not_found"), Meaning.UNAUTHORIZED),
        (Fault(402, "deactivated_workspace", "usage limit reached"), Meaning.ACCOUNT_CLOSED),
        # A limit that is named in the words of a short one, and the reverse.
        (Fault(429, "rate_limit_exceeded", "The usage limit has been reached"), Meaning.USAGE_LIMIT),
        (Fault(429, "insufficient_quota", "Rate limit"), Meaning.ACCOUNT_REFUSED),
        # Capacity is upstream's trouble, also when it is told as a rate limit.
        (Fault(429, "rate_limit_exceeded", CAPACITY), Meaning.UPSTREAM),
        # A broken server does not speak of the request.
        (Fault(500, "", FOREIGN_SENTENCE), Meaning.UPSTREAM),
        (Fault(500, "", NOT_SUPPORTED), Meaning.UPSTREAM),
        # Only what is about ciphertext is foreign.
        (Fault(400, "invalid_value", "Invalid 'include[0]': 'reasoning.encrypted_content' is unknown"), Meaning.CLIENT),
        # An account's page and an account's refusal.
        (Fault(403, "", "Forbidden"), Meaning.ACCOUNT_REFUSED),
        (page(403), Meaning.WAY),
        (page(402), Meaning.ACCOUNT_REFUSED),
    ],
    ids=str,
)
def test_of_two_rows_that_apply_the_more_telling_one_counts(fault: Fault, meaning: Meaning) -> None:
    assert judge(fault) is meaning


def test_upstreams_sentence_stays_out_of_logs() -> None:
    assert "secret" not in repr(Fault(400, "x", "secret words"))
