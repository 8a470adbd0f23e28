"""What the pool remembers of tokens and sessions, and what it says of them."""

from __future__ import annotations

import pytest

from app.core.health import FAULTY, LIMIT, RATE, TRIAL_S
from app.core.pool import LOAN_S, Pool, Reason
from app.core.quota import Quota, Window
from app.core.rest import Rest
from app.core.sealed import SealedItems, digest
from app.core.session import Session
from app.core.shortage import Unusable
from app.core.token import TokenKind
from tests.core.samples import NOW, Turn, compaction, limited, pool_of, reasoning, session_of, token

HOUR = 3600.0


def lent(**changes: object) -> Session:
    session = Session("s-1", "l-1", ("a",), "t-1", "t-2", NOW, NOW, 3, NOW, 1)
    return session._replace(**changes)  # type: ignore[arg-type]


def test_tokens_stand_in_the_users_order() -> None:
    pool = pool_of(token(1, position=3), token(2, position=1), token(3, position=1, created_at=-1.0))
    assert [one.id for one in pool.tokens] == ["t-3", "t-2", "t-1"]
    pool.remove("t-2")
    assert [one.id for one in pool.tokens] == ["t-3", "t-1"]
    assert pool.get("t-2") is None


def test_equal_names_under_two_licenses_are_two_sessions() -> None:
    pool = pool_of(1, 2)
    for license_id in ("l-1", "l-2"):
        Turn(pool, license_id=license_id).answered()
    assert session_of(pool).id != session_of(pool, license_id="l-2").id


def test_all_names_of_a_turn_name_one_session() -> None:
    pool = pool_of(1, 2)
    Turn(pool, ("cache-key", "thread")).answered()
    Turn(pool, ("thread", "third")).answered()
    assert session_of(pool, "cache-key") == session_of(pool, "third")
    assert session_of(pool, "thread").names == ("cache-key", "thread", "third")
    assert len(pool.sessions) == 1


def test_sessions_from_the_store_keep_their_token() -> None:
    pool = pool_of(1, 2, sessions=[Session("s-1", "l-1", ("a",), "t-2", "t-2", 0, 0, 7)])
    send = Turn(pool).answered()
    assert (send.token.id, send.reason) == ("t-2", Reason.KEPT)
    assert (session_of(pool).turns, session_of(pool).last_active_at) == (8, NOW)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"enabled": False}, Unusable.DISABLED),
        ({"sign_in_needed": "x"}, Unusable.SIGN_IN),
        ({"sign_in_needed": "x", "kind": TokenKind.API_KEY}, Unusable.KEY),
        ({}, None),
    ],
)
def test_a_token_is_unusable_until_the_user_does_something(change: dict[str, object], why: Unusable | None) -> None:
    pool = pool_of(token(1, **change))
    assert pool.unusable(pool.tokens[0]) is why
    assert pool.standing(pool.tokens[0], None, NOW).why_not is why


def test_a_token_whose_credential_cannot_be_opened_is_sealed_until_it_is_put_anew() -> None:
    pool = Pool()
    pool.put(token(1), sealed=True)
    assert pool.unusable(token(1)) is Unusable.SEALED
    pool.put(token(1))
    assert pool.unusable(token(1)) is None


@pytest.mark.parametrize(
    ("reason", "why"),
    [(LIMIT, Unusable.LIMIT), (RATE, Unusable.RESTING), (FAULTY, Unusable.RESTING), ("x", Unusable.REFUSED)],
)
def test_a_rest_says_why_until_it_may_be_tried(reason: str, why: Unusable) -> None:
    pool = pool_of(1)
    pool.set_rest("t-1", Rest(NOW + 100, reason, NOW + 50))
    standing = pool.standing(token(1), None, NOW)
    assert (standing.why_not, standing.wait_s) == (why, 0.0)
    assert pool.standing(token(1), None, NOW + 50).probe
    assert not pool.standing(token(1), None, NOW + 100).probe
    assert pool.take("t-1", NOW + 50)
    standing = pool.standing(token(1), None, NOW + 50)
    assert (standing.why_not, standing.wait_s) == (why, TRIAL_S)
    pool.give_back("t-1", probed=True)
    assert pool.standing(token(1), None, NOW + 50).why_not is None
    assert pool.rest("t-1", NOW + 99) is not None
    assert pool.rest("t-1", NOW + 100) is None


def test_only_the_turn_that_tried_a_resting_token_ends_its_rest() -> None:
    pool = pool_of(1)
    pool.set_rest("t-1", Rest(NOW + 100, LIMIT, NOW))
    assert not pool.succeeded("t-1", NOW, probed=False)
    assert pool.rest("t-1", NOW) is not None
    assert pool.succeeded("t-1", NOW, probed=True)
    assert pool.rest("t-1", NOW) is None


def test_a_model_that_a_token_lacks_is_remembered_for_that_model_only() -> None:
    pool = pool_of(1)
    pool.refuse_model("t-1", "m", NOW)
    assert pool.standing(token(1), "m", NOW + HOUR).why_not is Unusable.MODEL
    assert pool.standing(token(1), "n", NOW).why_not is None
    assert pool.standing(token(1), None, NOW).why_not is None
    assert pool.standing(token(1), "m", NOW + 7 * HOUR).why_not is None


def test_running_turns_are_counted_and_given_back() -> None:
    pool = pool_of(1, turns_per_token=2)
    for expected in (1, 2):
        pool.take("t-1", NOW)
        assert pool.active_turns("t-1") == expected
    assert pool.full("t-1")
    for _ in range(3):
        pool.give_back("t-1", probed=False)
    assert pool.active_turns("t-1") == 0
    assert not pool.full("t-1")


def test_a_removed_token_is_forgotten_with_its_last_turn() -> None:
    pool = pool_of(1)
    pool.take("t-1", NOW)
    pool.remove("t-1")
    assert pool.active_turns("t-1") == 1
    pool.give_back("t-1", probed=False)
    assert not pool.succeeded("t-1", NOW, probed=True)
    assert pool.failed("t-1", NOW) is None
    pool.set_rest("t-1", Rest(NOW, LIMIT, NOW))
    pool.refuse_model("t-1", "m", NOW)
    pool.give_back("t-1", probed=True)
    assert not pool.sign_in_needed("t-1", "x")
    assert not pool.note_quota("t-1", Quota((), NOW), NOW, asked=True)
    assert pool.health("t-1").active == 0
    assert pool.rest("t-1", NOW) is None


def test_try_again_forgets_rests_and_models_of_one_token_or_of_all() -> None:
    pool = pool_of(1, 2)
    for one in ("t-1", "t-2"):
        pool.set_rest(one, Rest(NOW + 100, LIMIT, NOW + 50))
        pool.refuse_model(one, "m", NOW)
    assert pool.reset("t-1") == 1
    assert pool.standing(token(1), "m", NOW).why_not is None
    assert pool.standing(token(2), "m", NOW).why_not is Unusable.MODEL
    assert pool.reset() == 1
    assert pool.reset("t-9") == 0
    assert pool.standing(token(2), "m", NOW).why_not is None


def test_quota_that_was_asked_for_ends_a_limit_and_no_other_rest() -> None:
    pool = pool_of(1)
    quota = Quota((Window("codex", "primary", 20.0),), NOW)
    pool.set_rest("t-1", Rest(NOW + 100, RATE, NOW + 100))
    assert not pool.note_quota("t-1", quota, NOW, asked=True)
    pool.set_rest("t-1", Rest(NOW + 100, LIMIT, NOW + 100))
    full = Quota((Window("codex", "primary", 100.0, None, NOW + 50),), NOW)
    assert not pool.note_quota("t-1", full, NOW, asked=True)
    assert pool.note_quota("t-1", full, NOW + 50, asked=True)
    assert pool.quota("t-1") == full


def test_faults_are_a_tokens_own_only_while_others_succeed() -> None:
    pool = pool_of(1, 2)
    assert [pool.failed("t-1", NOW) for _ in range(5)] == [None] * 5
    pool.succeeded("t-2", NOW, probed=False)
    late = NOW + 121
    assert [pool.failed("t-1", late) for _ in range(5)] == [None] * 5
    pool.succeeded("t-2", late, probed=False)
    assert [pool.failed("t-1", late) is None for _ in range(3)] == [True, True, False]


def test_a_token_that_needs_a_sign_in_says_so_once() -> None:
    pool = pool_of(1)
    assert pool.sign_in_needed("t-1", "token_revoked")
    assert not pool.sign_in_needed("t-1", "other")
    assert pool.tokens[0].sign_in_needed == "token_revoked"


def test_a_move_notes_who_issued_what_and_does_not_change_what_is_known() -> None:
    pool = pool_of(1, 2)
    session = lent(current_token_id="t-1", lent_at=None, moves=0, owners={digest("x"): "t-9"})
    sealed = SealedItems({"input": [reasoning("x"), reasoning("y"), compaction("z")]})
    moved = pool.bind(session, token(2), sealed, now=NOW, lend=False)
    assert moved.owners == {digest("x"): "t-9", digest("y"): "t-1", digest("z"): "t-1"}
    assert (moved.home_token_id, moved.current_token_id, moved.lent_at, moved.moves) == ("t-2", "t-2", None, 1)


def test_a_loan_begins_once_and_ends_at_home() -> None:
    pool = pool_of(1, 2, 3)
    nothing = SealedItems({})
    session = lent(current_token_id="t-1", lent_at=None, moves=0)
    out = pool.bind(session, token(2), nothing, now=NOW + 1, lend=True)
    further = pool.bind(out, token(3), nothing, now=NOW + 9, lend=True)
    assert (further.home_token_id, further.lent_at, further.moves) == ("t-1", NOW + 1, 2)
    assert pool.bind(further, token(1), nothing, now=NOW + 10, lend=True).lent_at is None


@pytest.mark.parametrize(
    ("session", "after", "home"),
    [
        (lent(), LOAN_S - 1, "t-1"),
        (lent(), LOAN_S, "t-2"),
        (lent(current_token_id="t-3"), LOAN_S, "t-1"),
        (lent(current_token_id="t-9"), LOAN_S, "t-1"),
        (lent(lent_at=None, current_token_id="t-1"), HOUR, "t-1"),
    ],
)
def test_a_loan_that_has_lasted_becomes_the_home_but_a_spare_never_does(
    session: Session, after: float, home: str
) -> None:
    pool = pool_of(1, 2, token(3, spare=True))
    assert pool.settle(session, NOW + after).home_token_id == home


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("removed", Reason.TOKEN_GONE),
        ("disabled", Reason.TOKEN_GONE),
        ("broke", Reason.TOKEN_GONE),
        ("limit", Reason.LIMIT),
        ("slow", Reason.LENT),
        ("model", Reason.MODEL),
        ("kind", Reason.KIND),
        ("spare", Reason.RELIEVED),
        ("fine", Reason.LENT),
    ],
)
def test_why_a_home_does_not_serve_decides_between_a_loan_and_a_move(state: str, why: Reason) -> None:
    pool = pool_of(1, 2)
    match state:
        case "removed":
            pool.remove("t-1")
        case "disabled":
            pool.put(token(1, enabled=False))
        case "spare":
            pool.put(token(1, spare=True))
        case "broke":
            pool.health("t-1").refused(NOW, "x")
        case "limit":
            limited(pool, 1, HOUR)
        case "slow":
            pool.health("t-1").slow_down(NOW, 60.0)
        case "model":
            pool.refuse_model("t-1", "m", NOW)
    kinds = frozenset({TokenKind.API_KEY}) if state == "kind" else None
    assert pool.why_away(lent(), "m", NOW, kinds) is why


def test_a_shortage_names_the_first_that_comes_back() -> None:
    pool = pool_of(1, 2, 3, token(4, enabled=False))
    limited(pool, 1, 5 * HOUR)
    pool.health("t-2").slow_down(NOW, 60.0)
    missing = pool.shortage(pool.tokens, None, NOW)
    assert missing.reasons == ((Unusable.LIMIT, 1), (Unusable.RESTING, 2), (Unusable.DISABLED, 1))
    assert (missing.back_at, missing.first) == (NOW + 60, Unusable.RESTING)


def test_turn_states_are_remembered_up_to_a_bound() -> None:
    pool = pool_of(1)
    for number in range(10_001):
        pool.note_turn_state(f"s{number}", "t-1")
    assert pool.turn_state_owner("s0") is None
    assert pool.turn_state_owner("s1") == "t-1"


def test_small_steps_of_the_clock_change_nothing_and_do_not_add_up_unseen() -> None:
    pool = pool_of(1)
    pool.tick(NOW)
    limited(pool, 1, HOUR)
    pool.tick(NOW - 20)
    assert pool.rest("t-1", NOW) == Rest(NOW + HOUR, LIMIT, NOW + 900)
    pool.tick(NOW - 40)
    assert pool.rest("t-1", NOW - 40) == Rest(NOW + HOUR - 40, LIMIT, NOW + 860)
