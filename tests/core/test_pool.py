"""Which token serves a turn."""

from __future__ import annotations

from app.core.pool import Cooldown, Lease, NoToken, Pool, Reason, Unusable
from app.core.session import Session
from app.core.token import Token, TokenKind


def token(number: int, *, enabled: bool = True) -> Token:
    return Token(
        f"t-{number}", TokenKind.API_KEY, f"api_key:{number}", f"Token {number}", None, None, None, None, enabled, 0
    )


def lease(pool: Pool, *names: str, license_id: str = "l-1", now: float = 0.0) -> Lease:
    new_id = f"s-{license_id}-{'-'.join(names)}"
    decision = pool.lease(license_id, names, now=now, new_session_id=new_id)
    assert isinstance(decision, Lease)
    return decision


def test_a_session_keeps_its_token_whatever_the_others_do() -> None:
    pool = Pool([token(1), token(2), token(3)])
    first = lease(pool, "a")
    for other in "bcdefg":
        lease(pool, other)
    again = lease(pool, "a")
    assert (again.token, again.reason) == (first.token, Reason.KEPT)
    assert again.session is not None
    assert again.session.turns == 2


def test_new_sessions_spread_over_all_tokens() -> None:
    pool = Pool([token(1), token(2), token(3)])
    chosen = [lease(pool, name).token.id for name in "abcdef"]
    assert sorted(chosen[:3]) == sorted(chosen[3:]) == ["t-1", "t-2", "t-3"]


def test_turns_without_a_session_spread_and_open_none() -> None:
    pool = Pool([token(1), token(2)])
    leases = [lease(pool) for _ in range(4)]
    assert [item.token.id for item in leases] == ["t-1", "t-2", "t-1", "t-2"]
    assert len(pool.sessions) == 0


def test_equal_names_under_two_licenses_are_two_sessions() -> None:
    pool = Pool([token(1), token(2)])
    one, two = lease(pool, "a", license_id="l-1"), lease(pool, "a", license_id="l-2")
    assert one.session is not None
    assert two.session is not None
    assert one.session.id != two.session.id


def test_all_names_of_a_turn_name_one_session() -> None:
    pool = Pool([token(1), token(2)])
    first = lease(pool, "cache-key", "thread")
    by_header = lease(pool, "thread")
    assert by_header.session is not None
    assert first.session is not None
    assert by_header.session.id == first.session.id
    assert by_header.session.names == ("cache-key", "thread")


def test_a_session_moves_when_its_token_is_disabled_and_says_why() -> None:
    pool = Pool([token(1), token(2)])
    home = lease(pool, "a").token
    pool.put(token(int(home.id[-1]), enabled=False))
    moved = lease(pool, "a")
    assert moved.token != home
    assert (moved.reason, moved.moved_from) == (Reason.TOKEN_GONE, home.id)
    assert lease(pool, "a").reason is Reason.KEPT


def test_a_removed_token_serves_no_more() -> None:
    pool = Pool([token(1), token(2)])
    home = lease(pool, "a").token
    pool.remove(home.id)
    assert lease(pool, "a").token != home


def test_new_sessions_avoid_a_resting_token_but_its_own_stay() -> None:
    pool = Pool([token(1), token(2)])
    mine = lease(pool, "a")
    pool.release(mine, rest=Cooldown(100.0, "usage_limit_reached"))
    assert {lease(pool, name, now=50).token.id for name in "bcd"} == {"t-2"}
    assert lease(pool, "a", now=50).token == mine.token
    assert pool.reset() == 1
    assert lease(pool, "e", now=50).token == mine.token


def test_a_rest_ends_by_itself() -> None:
    pool = Pool([token(1)])
    pool.release(lease(pool, "a"), rest=Cooldown(100.0, "usage_limit_reached"))
    assert pool.cooldown("t-1", 99) is not None
    assert pool.cooldown("t-1", 100) is None


def test_when_no_token_can_serve_the_reasons_are_counted() -> None:
    pool = Pool([token(1, enabled=False), token(2, enabled=False)])
    pool.put(token(3), sealed=True)
    decision = pool.lease("l-1", ("a",), now=0, new_session_id="s-1")
    assert decision == NoToken(((Unusable.DISABLED, 2), (Unusable.SEALED, 1)))
    assert "3 tokens: 2 disabled (enable it), 1 sealed" in decision.message
    assert len(pool.sessions) == 0


def test_an_empty_pool_says_what_to_do() -> None:
    decision = Pool().lease("l-1", (), now=0, new_session_id="s-1")
    assert isinstance(decision, NoToken)
    assert "add a ChatGPT login or an API key" in decision.message


def test_sessions_from_the_store_keep_their_token() -> None:
    stored = Session("s-1", "l-1", ("a",), "t-2", "t-2", 0, 0, 7)
    kept = lease(Pool([token(1), token(2)], [stored]), "a", now=9)
    assert (kept.token.id, kept.reason) == ("t-2", Reason.KEPT)
    assert kept.session is not None
    assert (kept.session.turns, kept.session.last_active_at) == (8, 9)


def test_running_turns_are_counted_and_given_back() -> None:
    pool = Pool([token(1)])
    one, two = lease(pool, "a"), lease(pool, "b")
    assert pool.active_turns("t-1") == 2
    pool.release(one)
    pool.release(two)
    assert pool.active_turns("t-1") == 0
