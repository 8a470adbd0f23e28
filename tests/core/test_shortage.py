"""Why nobody can serve, in one sentence."""

from __future__ import annotations

import pytest

from app.core.shortage import LASTING, PASSING, Shortage, Unusable, shortage

L, R, S, M = Unusable.LIMIT, Unusable.RESTING, Unusable.SIGN_IN, Unusable.MODEL
K, A = Unusable.KIND, Unusable.KEY


@pytest.mark.parametrize(
    ("reasons", "back_at", "first", "sentence"),
    [
        ([L, S, L], 842, L, "3 tokens: 2 at their limit (first back at 14:02), 1 needs sign-in."),
        ([L], 842, L, "1 token: 1 at its limit (back at 14:02)."),
        ([L, S], 842, L, "2 tokens: 1 at its limit (back at 14:02), 1 needs sign-in."),
        ([S, S], None, None, "2 tokens: 2 need sign-in."),
        ([S], None, None, "1 token: 1 needs sign-in."),
        ([A, S, A], None, None, "3 tokens: 1 needs sign-in, 2 with a refused API key."),
        ([L, R], 842, R, "2 tokens: 1 at its limit, 1 resting after failures (first back at 14:02)."),
        ([L, R], 842, None, "2 tokens: 1 at its limit (first back at 14:02), 1 resting after failures."),
        ([Unusable.REFUSED], None, None, "1 token: 1 without credit or not allowed by its plan."),
        ([Unusable.REFUSED] * 2, None, None, "2 tokens: 2 without credit or not allowed by their plan."),
        ([L, K], 842, L, "2 tokens: 1 at its limit (back at 14:02), 1 of a kind that cannot serve this request."),
        (
            [M, Unusable.DISABLED, Unusable.SEALED],
            None,
            None,
            "3 tokens: 1 without this model, 1 disabled, 1 sealed by a lost key.",
        ),
    ],
)
def test_the_sentence_counts_the_reasons(
    reasons: list[Unusable], back_at: float | None, first: Unusable | None, sentence: str
) -> None:
    told = shortage(reasons, back_at, first)
    assert told.message(lambda minutes: f"{minutes // 60:.0f}:{minutes % 60:02.0f}") == sentence


@pytest.mark.parametrize(
    ("reasons", "remedy"),
    [
        ([L, S], "Sign in again in Waystation."),
        ([A], "Add a new API key in Waystation."),
        ([A, S], "Sign in again, or add a new API key in Waystation."),
        ([L, M], ""),
    ],
)
def test_it_says_what_brings_refused_tokens_back(reasons: list[Unusable], remedy: str) -> None:
    assert shortage(reasons).remedy == remedy


def test_without_tokens_it_says_what_to_do() -> None:
    assert Shortage().empty
    assert "add a ChatGPT login or an API key" in Shortage().message(str)


def test_every_reason_has_words_and_limits_are_known() -> None:
    everything = shortage(Unusable)
    assert [count for _, count in everything.reasons] == [1] * len(Unusable)
    assert everything.message(str).startswith(f"{len(Unusable)} tokens: ")
    assert everything.limited
    assert not shortage([R, S]).limited
    # One that rests for seconds is back long before the one at its limit: that is worth waiting for.
    assert not shortage([Unusable.LIMIT, R], 1.0, R).limited
    assert shortage([Unusable.LIMIT, R], 1.0, Unusable.LIMIT).limited


def test_time_helps_some_the_user_others_and_another_model_the_rest() -> None:
    assert PASSING | LASTING | {M} == set(Unusable)
    assert not PASSING & LASTING
