"""Clients on another machine, which reach this one by its address."""

import asyncio
from collections.abc import Iterator

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, check_tool_turn, codex_shell
from tests.e2e.guide import curl_example
from tests.e2e.other_machine import OtherMachine, other_machine
from tests.e2e.program import Run, Waystation


@pytest.fixture(scope="module")
def machine() -> Iterator[OtherMachine]:
    with other_machine() as machine:
        yield machine


@pytest.fixture
async def serve_there(waystation: Waystation, machine: OtherMachine, upstream: PracticeUpstream) -> Run:
    """The gateway on this machine's address, with a token."""
    run = await waystation.serve("--host", machine.here)
    await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    return run


async def on(machine: OtherMachine, script: str) -> str:
    """Run a script on the other machine; its standard output."""
    process = await asyncio.create_subprocess_exec(
        *machine.prefix,
        "bash",
        "--norc",
        "-c",
        script,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return out.decode()


async def test_the_curl_examples_answer_on_this_machines_address(
    machine: OtherMachine, waystation: Waystation, serve_there: Run, upstream: PracticeUpstream
) -> None:
    assert serve_there.address == f"http://{machine.here}:{serve_there.port}/codex/v1"
    key = await waystation.license()
    for path, expected in (("/chat/completions", '"finish_reason":"stop"'), ("/responses", '"status":"completed"')):
        example = curl_example(path, machine.here, serve_there.port, key)
        assert expected in (await on(machine, example)).replace('": "', '":"')

    assert [turn.problem for turn in upstream.turns] == ["", ""]


async def test_the_printed_set_up_makes_codex_answer_there(
    machine: OtherMachine, waystation: Waystation, serve_there: Run, upstream: PracticeUpstream
) -> None:
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text, prefix=machine.prefix)

    check_tool_turn(done, upstream.turns)


async def test_other_names_and_missing_licenses_stay_outside(
    machine: OtherMachine, waystation: Waystation, serve_there: Run, upstream: PracticeUpstream
) -> None:
    key = await waystation.license()
    url = f"http://{machine.here}:{serve_there.port}/codex/v1/models"
    status = "curl -s -o /dev/null -w '%{http_code}'"

    assert await on(machine, f"{status} -H 'Authorization: {key}' {url}") == "200"
    assert await on(machine, f"{status} {url}") == "401"
    assert await on(machine, f"{status} -H 'Authorization: {key}' -H 'Host: rebound.example' {url}") == "403"
    assert upstream.turns == []


async def test_without_a_host_nobody_else_reaches_it(machine: OtherMachine, waystation: Waystation) -> None:
    serve = await waystation.serve()
    answer = await on(machine, f"curl -s --max-time 3 http://{machine.here}:{serve.port}/healthz; echo $?")

    # 7: the connection was refused.
    assert answer == "7\n"
