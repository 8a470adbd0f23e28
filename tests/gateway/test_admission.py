"""Wrong licenses are answered ever more slowly, right ones always at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic

import pytest

from app.core.license import License, license_sha256
from app.gateway.admission import MOST_HELD
from app.gateway.license_desk import LicenseDesk
from app.practice.script import Turn
from app.store.key_stores import MemoryStore
from app.store.vault import Vault
from tests.gateway.house import KEY, House
from tests.gateway.test_doors import error_of
from tests.gateway.test_responses import CODEX_BODY
from tests.gateway.wire import RawAnswer, exchange, request_bytes

#: Answered at once, on a busy machine too; a held answer takes up to 2 s.
AT_ONCE_S = 0.9


async def timed(one: House, request: bytes, method: str = "POST") -> tuple[RawAnswer, float]:
    began = monotonic()
    return await exchange(one.port, request, method=method), monotonic() - began


async def guess(one: House, authorization: str | None = "Bearer wrong-license", method: str = "POST") -> float:
    answer, took = await timed(one, request_bytes(one.port, method=method, authorization=authorization), method)
    assert answer.status == 401
    return took


async def test_the_first_wrong_licenses_are_answered_at_once_and_then_ever_more_slowly(one: House) -> None:
    took = sorted(await asyncio.gather(*(guess(one) for _ in range(10))))
    assert took[2] < AT_ONCE_S
    assert 1.5 < took[-2] < 2.9
    assert 1.9 < took[-1] < 2.9


async def test_a_right_license_is_not_held_back_and_forgives_nothing(one: House) -> None:
    async with asyncio.TaskGroup() as wrong:
        for _ in range(10):
            wrong.create_task(guess(one))
        for _ in range(3):
            answer, took = await timed(one, request_bytes(one.port, CODEX_BODY))
            assert answer.status == 200
            assert took < AT_ONCE_S
    assert await guess(one) > 1.9


async def test_no_license_is_a_guess_except_for_those_who_probe(one: House) -> None:
    # OPTIONS of an endpoint is answered before the license; of another path, it is not.
    for method in ("HEAD", "OPTIONS"):
        for _ in range(10):
            request = request_bytes(one.port, method=method, path="/codex/v1/nowhere", authorization=None)
            assert (await exchange(one.port, request, method=method)).status == 401
    assert await guess(one) < AT_ONCE_S
    took = await asyncio.gather(*(guess(one, None) for _ in range(9)))
    assert max(took) > 1.9


async def test_a_wrong_license_is_a_guess_whatever_is_asked_with_it(one: House) -> None:
    took = await asyncio.gather(*(guess(one, method="HEAD") for _ in range(10)))
    assert max(took) > 1.9


async def test_the_body_of_a_guess_is_not_asked_for(one: House) -> None:
    await asyncio.gather(*(guess(one) for _ in range(6)))
    headers = (("Expect", "100-continue"),)
    request = request_bytes(one.port, CODEX_BODY, headers=headers, authorization="wrong-license")
    answer, took = await timed(one, request.removesuffix(CODEX_BODY))
    assert answer.status == 401
    assert took > 0.3


async def test_beyond_so_many_held_answers_the_connection_is_closed_instead(one: House) -> None:
    async def closed_at_once() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        began = monotonic()
        try:
            writer.write(request_bytes(one.port, authorization="wrong-license"))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401")
            if b"connection: close" not in head.lower():
                return False
            await reader.read()
            return monotonic() - began < 1.5
        finally:
            writer.close()

    async with asyncio.timeout(20):
        closed = await asyncio.gather(*(closed_at_once() for _ in range(MOST_HELD + 40)))
        assert sum(closed) >= 20
        # Room is made by those who have been answered.
        assert not await closed_at_once()


async def test_who_leaves_while_being_held_makes_room(one: House) -> None:
    writers = []
    for _ in range(MOST_HELD + 20):
        _, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(request_bytes(one.port, authorization="wrong-license"))
        writers.append(writer)
    await asyncio.sleep(0.2)
    for writer in writers:
        writer.close()
    await asyncio.sleep(0.2)
    answer, took = await timed(one, request_bytes(one.port, authorization="wrong-license"))
    assert answer.header("Connection") is None
    assert took > 1.9


async def test_stopping_answers_at_once_who_is_being_held(one: House) -> None:
    async with asyncio.TaskGroup() as guesses:
        for _ in range(12):
            guesses.create_task(guess(one))
        await asyncio.sleep(0.1)
        began = monotonic()
        await one.server.stop(5.0)
        assert monotonic() - began < AT_ONCE_S


async def test_stopping_and_starting_forgives_nothing(one: House) -> None:
    async with asyncio.TaskGroup() as guesses:
        for _ in range(12):
            guesses.create_task(guess(one))
        await asyncio.sleep(0.1)
        await one.server.stop(1.0)
    one.port = await one.server.start("127.0.0.1", 0)
    assert await guess(one) > 1.9


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"revoked_at": 1_800_000_000.0}, ("Revoked", "revoked on 2027-01-15")),
        ({"expires_at": 1_500_000_000.0}, ("Expired", "expired on 2017-07-14")),
    ],
)
async def test_a_license_that_lets_in_no_more_says_since_when(
    one: House, change: dict[str, float], says: tuple[str, ...]
) -> None:
    one.state.licenses["l-0001"] = replace(one.state.licenses["l-0001"], **change)
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    error = error_of(answer)
    assert (answer.status, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")
    for word in says:
        assert word in str(error["message"])
    assert KEY not in str(error)
    assert not one.state.recent


async def test_a_license_that_expires_later_lets_in_and_one_made_meanwhile_too(one: House) -> None:
    now = one.state.clock.now()
    one.state.licenses["l-0001"] = replace(one.state.licenses["l-0001"], expires_at=now + 60)
    assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY))).status == 200
    one.state.licenses["l-0002"] = License("l-0002", "later", license_sha256("made-later"), now)
    for authorization in ("Bearer made-later", f"Bearer {KEY}"):
        request = request_bytes(one.port, CODEX_BODY, authorization=authorization)
        assert (await exchange(one.port, request)).status == 200
    assert [row.license_id for row in one.state.recent] == ["l-0001", "l-0002", "l-0001"]


async def test_a_use_tells_from_where_and_by_what_it_came(one: House) -> None:
    headers = (("User-Agent", "codex_cli_rs/0.169.0 " + "x" * 500),)
    assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY, headers=headers))).status == 200
    used = one.state.licenses["l-0001"]
    assert used.last_peer == "127.0.0.1"
    assert used.last_client is not None
    assert used.last_client.startswith("codex_cli_rs/0.169.0 ")
    assert len(used.last_client) == 200
    assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY, authorization="Bearer wrong"))).status == 401
    assert one.state.licenses["l-0001"] == used


async def test_a_rotated_key_lets_in_at_once_and_the_old_one_no_more(one: House) -> None:
    vault = Vault(MemoryStore())
    await vault.unlock(has_sealed_rows=False)
    desk = LicenseDesk(one.state, vault)
    await one.store.put_license(one.state.licenses["l-0001"], vault.seal("license:l-0001:v1", KEY.encode()))
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.output_text.delta"))
    running = one.start(exchange(one.port, request_bytes(one.port, CODEX_BODY)))
    await one.until(lambda: one.practice.turns and one.practice.turns[0].sent)
    issued = await desk.rotate("l-0001")
    refused = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    assert (refused.status, error_of(refused)["code"]) == (401, "invalid_api_key")
    fresh = request_bytes(one.port, CODEX_BODY, authorization=f"Bearer {issued.key}")
    assert (await exchange(one.port, fresh)).status == 200
    # What runs under the old one ends normally.
    gate.set()
    assert (await running).status == 200
    await one.row()
    assert {row.license_id for row in one.state.recent} == {"l-0001"}
    again = await desk.rotate("l-0001")
    assert (await exchange(one.port, fresh)).status == 401
    newest = request_bytes(one.port, CODEX_BODY, authorization=again.key)
    assert (await exchange(one.port, newest)).status == 200
