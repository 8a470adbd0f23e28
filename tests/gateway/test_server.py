"""Starting, stopping, and what happens to turns that run meanwhile."""

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest

from app.core.errors import InvalidInput, PortBusy
from app.core.turn import Outcome
from app.practice.script import Turn
from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import House, house
from tests.gateway.test_responses import CODEX_BODY, codex_body
from tests.gateway.wire import exchange, read_answer, request_bytes
from tests.support.ports import free_port


async def test_stopping_lets_running_turns_end_and_takes_no_new_ones(one: House) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.created"))
    answer = await one.post("/responses", data=CODEX_BODY)
    stopping = asyncio.get_running_loop().create_task(one.server.stop(20.0))
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", one.port)
            except ConnectionError:
                break
            writer.close()
            await asyncio.sleep(0.01)
    assert not stopping.done()
    gate.set()
    received = await answer.read()
    async with asyncio.timeout(10):
        await stopping
    assert received == one.practice.turns[-1].sent
    assert (await one.row()).outcome is Outcome.COMPLETED


async def test_stopping_ends_what_does_not_end_in_time(one: House) -> None:
    one.practice.script(Turn(hang_at="response.created"))
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(request_bytes(one.port, CODEX_BODY))
    await reader.readuntil(b"response.created")
    async with asyncio.timeout(10):
        await one.server.stop(0.1)
    # The client sees a broken answer, not a proper end.
    assert not (await reader.read()).endswith(b"0\r\n\r\n")
    writer.close()
    row = await one.row()
    assert (row.outcome, row.error) == (Outcome.FAILED, "gateway_stopped")
    record = one.practice.turns[-1]
    await one.practice.wait_finished(record)
    assert record.client_left


async def test_stopping_closes_idle_connections_at_once(one: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(request_bytes(one.port, CODEX_BODY))
    await read_answer(reader)
    async with asyncio.timeout(5):
        await one.server.stop(30.0)
        assert await reader.read() == b""
    writer.close()


async def test_it_starts_again_on_the_same_port(one: House) -> None:
    for _ in range(3):
        await one.server.stop(0.0)
        assert await one.server.start("127.0.0.1", one.port) == one.port
        assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY))).status == 200


@pytest.mark.parametrize("steps", [0, 1, 4])
async def test_who_gives_up_waiting_for_the_stop_ends_the_turns_at_once_at_whatever_moment(
    one: House, steps: int
) -> None:
    one.practice.script(Turn(hang_at="response.created"))
    answer = await one.post("/responses", data=CODEX_BODY)
    stopping = asyncio.get_running_loop().create_task(one.server.stop(60.0))
    for _ in range(1 + steps):
        await asyncio.sleep(0)
    stopping.cancel()
    async with asyncio.timeout(10):
        with contextlib.suppress(asyncio.CancelledError):
            await stopping
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
    assert (await one.row()).error == "gateway_stopped"


async def test_stopping_twice_is_harmless(one: House) -> None:
    await one.server.stop(0.0)
    await one.server.stop(0.0)


@pytest.mark.parametrize("steps", range(6))
async def test_a_connection_that_comes_while_the_gateway_stops_is_not_left_open(one: House, steps: int) -> None:
    """The loop needs some steps to accept a connection; the stop may fall between any two of them."""
    with socket.create_connection(("127.0.0.1", one.port)) as client:
        client.settimeout(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        await one.server.stop(0.0)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""


async def test_a_taken_port_is_told_with_a_free_one(one: House) -> None:
    await one.server.stop(0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            await one.server.start("127.0.0.1", port)
    error = caught.value
    assert error.details["port"] == port
    assert error.details["reason"] == "in_use"
    suggestion = error.details["suggestion"]
    assert isinstance(suggestion, int)
    assert str(suggestion) in error.message
    # It failed completely: what it suggests works.
    assert await one.server.start("127.0.0.1", suggestion) == suggestion


async def test_an_address_of_another_machine_is_told(one: House) -> None:
    await one.server.stop(0.0)
    for host in ("192.0.2.1", "no-such-host.invalid", ""):
        with pytest.raises(InvalidInput):
            await one.server.start(host, 0)
    with pytest.raises(InvalidInput):
        await one.server.start("127.0.0.1", 70000)


async def test_localhost_is_both_families_on_one_port(tmp_path: Path) -> None:
    async with house(tmp_path, host="localhost") as running:
        families = ["127.0.0.1"]
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                pass
            else:
                families.append("::1")
        for address in families:
            answer = await exchange(running.port, request_bytes(running.port, CODEX_BODY), host=address)
            assert answer.status == 200


async def test_unreachable_upstream_is_400_for_codex_and_502_for_others(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        endpoints = UpstreamEndpoints(f"{nobody}/backend-api/codex", f"{nobody}/v1")
        async with house(tmp_path, endpoints=endpoints) as running:
            codex = {"originator": "codex_exec", "User-Agent": "codex_exec/0.169.0 (Debian)"}
            for headers, path, status in (
                (codex, "/responses", 400),
                ({}, "/responses", 502),
                ({}, "/chat/completions", 502),
            ):
                body = codex_body(messages=[{"role": "user", "content": "hi"}])
                async with running.post(path, data=body, headers=headers) as answer:
                    assert answer.status == status
                    error = (await answer.json())["error"]
                assert error["code"] == "upstream_unreachable"
                assert "connection refused" in error["message"]
                row = await running.row()
                assert (row.outcome, row.error) == (Outcome.FAILED, "upstream_unreachable")
                assert row.sent_sha256 is None


async def test_a_request_waits_for_the_way_to_come_back(tmp_path: Path) -> None:
    async with house(tmp_path, patience_s=20.0) as running:
        port = running.practice.port
        await running.practice.stop()
        asking = asyncio.get_running_loop().create_task(running.post("/responses", data=CODEX_BODY).__aenter__())
        await asyncio.sleep(0.1)
        assert not asking.done()
        await running.practice.start(port=port)
        async with asyncio.timeout(15):
            answer: aiohttp.ClientResponse = await asking
            assert answer.status == 200
            await answer.read()


async def test_who_was_given_up_on_is_not_waited_for_again(tmp_path: Path) -> None:
    async with house(tmp_path, patience_s=0.6) as running:
        await running.practice.stop()
        loop = asyncio.get_running_loop()
        spent = []
        for _ in range(3):
            began = loop.time()
            async with running.post("/responses", data=CODEX_BODY) as answer:
                assert answer.status == 502
            spent.append(loop.time() - began)
        assert spent[0] > 0.4 > max(spent[1:])


async def test_what_broke_on_a_connection_that_stood_already_is_asked_once_more(tmp_path: Path) -> None:
    async with house(tmp_path, patience_s=5.0) as running:
        for failures, status, asked in ((1, 502, 1), (0, 200, 2), (1, 200, 4), (2, 502, 6)):
            if failures:
                running.practice.script(Turn(cut_at="headers"), times=failures)
            async with running.post("/responses", data=CODEX_BODY) as answer:
                assert answer.status == status
                await answer.read()
            assert len(running.practice.turns) == asked
