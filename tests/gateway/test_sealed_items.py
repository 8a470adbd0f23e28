"""What only one account can read, in conversations that move: upstream gets exactly the items that it may have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from app.core.policy import Policy
from app.core.pool import LOAN_S, Reason
from app.core.settings import GatewaySettings
from app.core.turn import TurnRow
from app.gateway.clock import Clock
from app.practice import refusals
from app.practice.accounts import Credential, PracticeAccount, practice_api_key
from app.practice.recorder import ReceivedRequest
from app.practice.server import PracticeUpstream
from tests.gateway.fresh import SetClock
from tests.gateway.house import API, PLUS, PRO, House, house

HOUR = 3600.0
OTHER_KEY = practice_api_key("other")
STATE = "x-codex-turn-state"

HEAD = b'{ "model" : "gpt-5-codex","instructions":"You are Codex.", "prompt_cache_key":"0199-thread", "input": '
TAIL = (
    b' ,\n "include":["reasoning.encrypted_content"],"reasoning":{"effort":"low","summary":"auto"},'
    b' "stream":true, "store":false, "client_metadata": {"n": 1.50}}\n'
)


def message(text: str) -> bytes:
    return b'\n {"type":"message", "role":"user","content":[{"type":"input_text","text":%b}]} ' % orjson.dumps(text)


def sealed_by(account: Credential, item: bytes) -> bool:
    return f"_{account.owner}_".encode() in item


class Talk:
    """A conversation as Codex has it: every turn sends all items again.

    Attributes:
        items: the JSON texts of all items so far.
        state: the last turn state that the service gave.
    """

    def __init__(self, running: House, *, packed: bool = False, keeps_state: bool = False) -> None:
        self.running = running
        self.packed = packed
        self.items: list[bytes] = []
        self.state: str | None = None
        self._keeps_state = keeps_state

    @property
    def body(self) -> bytes:
        return self.without()

    def without(self, *owners: Credential) -> bytes:
        """The request, without the sealed reasoning of these accounts."""
        kept = [
            item
            for item in self.items
            if not (b'"reasoning"' in item and any(sealed_by(account, item) for account in owners))
        ]
        return HEAD + b"[" + b",".join(kept) + b"]" + TAIL

    async def say(self, text: str = "pong", *more: bytes, status: int = 200) -> list[ReceivedRequest]:
        """One turn; what upstream got of it."""
        self.items += [*more, message(text)]
        before = len(self.running.practice.turns)
        body = zstandard.ZstdCompressor().compress(self.body) if self.packed else self.body
        headers = {"Content-Encoding": "zstd"} if self.packed else {}
        if self._keeps_state and self.state is not None:
            headers[STATE] = self.state
        async with self.running.post("/responses", data=body, headers=headers) as answer:
            received = await answer.read()
            assert answer.status == status, received
            self.state = answer.headers.get(STATE, self.state)
        self.answer = received
        for line in received.split(b"\n"):
            event = orjson.loads(line[6:]) if line.startswith(b"data: ") else {}
            if event.get("type") == "response.output_item.done":
                self.items.append(orjson.dumps(event["item"]).replace(b'{"id"', b'{ "id"'))
        await self.running.row()
        return self.running.practice.turns[before:]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = orjson.loads(self.answer)["error"]
        return error

    @property
    def row(self) -> TurnRow:
        return self.running.state.recent[-1]


@asynccontextmanager
async def talking(
    tmp_path: Path, who: tuple[Any, ...] = (PLUS, PRO), turns: int = 2, **options: Any
) -> AsyncIterator[tuple[House, Talk]]:
    """A conversation of some turns on the first token."""
    talk_options = {key: options.pop(key) for key in ("packed", "keeps_state") if key in options}
    options.setdefault("policy", Policy(wait_s=0))
    async with house(tmp_path, who, **options) as running:
        talk = Talk(running, **talk_options)
        for _ in range(turns):
            (turn,) = await talk.say()
            assert running.number(turn) == 0
        yield running, talk


def limited(running: House, account: PracticeAccount) -> None:
    running.practice.exhaust(account, resets_in=HOUR)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_conversation_that_moved_goes_on_without_what_the_old_account_sealed(
    tmp_path: Path, packed: bool
) -> None:
    async with talking(tmp_path, packed=packed) as (running, talk):
        assert sum(sealed_by(PLUS, item) for item in talk.items) == 2
        limited(running, PLUS)
        refused, moved = await talk.say()
        assert (running.number(refused), running.number(moved)) == (0, 1)
        assert refused.status == 429
        sent = talk.items[:-2]
        assert talk.row.note == Reason.LIMIT
        for number in range(3):
            whole = HEAD + b"[" + b",".join(sent) + b"]" + TAIL
            kept = [item for item in sent if not sealed_by(PLUS, item)]
            assert moved.body == HEAD + b"[" + b",".join(kept) + b"]" + TAIL
            assert moved.header("content-encoding") is None
            assert len(sent) - len(kept) == 2
            assert sum(sealed_by(PRO, item) for item in sent) == number
            assert talk.row.edits == (("foreign_reasoning", "content-encoding") if packed else ("foreign_reasoning",))
            assert not talk.row.verbatim
            assert whole != moved.body
            (moved,) = await talk.say()
            assert running.number(moved) == 1
            sent = talk.items[:-2]
        assert running.session().moves == 1


async def test_a_turn_before_the_move_goes_up_verbatim(tmp_path: Path) -> None:
    async with talking(tmp_path) as (_, talk):
        whole = talk.body
        assert sealed_by(PLUS, whole)
        (turn,) = await talk.say()
        assert turn.body.startswith(whole[: whole.rindex(b"]} ") - 4])
        assert talk.row.verbatim
        assert talk.row.edits == ()


async def test_a_loan_returns_and_each_gets_only_its_own(tmp_path: Path) -> None:
    async with talking(tmp_path) as (running, talk):
        running.practice.script(refusals.overloaded(), refusals.overloaded(), account=PLUS)
        first, second, lent = await talk.say()
        # What only this account can read is tried there once more.
        assert [running.number(turn) for turn in (first, second, lent)] == [0, 0, 1]
        assert not sealed_by(PLUS, lent.body)
        assert running.session().home_token_id == "t-0000"
        assert sum(sealed_by(PRO, item) for item in talk.items) == 1
        (returned,) = await talk.say()
        assert running.number(returned) == 0
        assert talk.row.note == Reason.RETURNED
        assert not sealed_by(PRO, returned.body)
        assert returned.body.count(f"_{PLUS.owner}_".encode()) == 2
        (stays,) = await talk.say()
        assert running.number(stays) == 0
        assert stays.body.count(f"_{PLUS.owner}_".encode()) == 3
        assert not sealed_by(PRO, stays.body)


async def test_after_ten_minutes_away_the_loan_is_the_home(tmp_path: Path) -> None:
    clock = SetClock()
    async with talking(tmp_path, clock=Clock(clock.now, clock.monotonic)) as (running, talk):
        running.practice.always(refusals.overloaded(), account=PLUS)
        assert running.number((await talk.say())[-1]) == 1
        clock.pass_by(LOAN_S - 60)
        assert running.number((await talk.say())[-1]) == 1
        assert running.session().home_token_id == "t-0000"
        clock.pass_by(61)
        (turn,) = await talk.say()
        assert running.number(turn) == 1
        assert running.session().home_token_id == "t-0001"
        running.practice.always(None, account=PLUS)
        (turn,) = await talk.say()
        assert running.number(turn) == 1
        assert not sealed_by(PLUS, turn.body)


async def test_a_restart_knows_who_sealed_what(tmp_path: Path) -> None:
    practice = PracticeUpstream((), ())
    await practice.start()
    try:
        async with talking(tmp_path, practice=practice) as (running, talk):
            limited(running, PLUS)
            assert len(await talk.say()) == 2
        practice.quota(PLUS).primary.used_percent = 0.0
        async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
            talk.running = running
            (turn,) = await talk.say()
            assert running.number(turn) == 1
            assert (turn.status, sealed_by(PLUS, turn.body)) == (200, False)
            # And back again.
            limited(running, PRO)
            running.state.try_again()
            refused, turn = await talk.say()
            assert [running.number(refused), running.number(turn)] == [1, 0]
            assert not sealed_by(PRO, turn.body)
            assert turn.body.count(f"_{PLUS.owner}_".encode()) == 2
            assert turn.status == 200
    finally:
        await practice.stop()


@pytest.mark.parametrize("null_codes", [False, True])
async def test_what_nobody_knows_is_left_out_once_it_has_been_refused(tmp_path: Path, null_codes: bool) -> None:
    practice = PracticeUpstream((), (), null_codes=null_codes)
    await practice.start()
    try:
        (tmp_path / "elsewhere").mkdir()
        async with talking(tmp_path / "elsewhere", (PRO,), practice=practice) as (_, elsewhere):
            pass
        async with house(tmp_path, [PLUS], practice=practice) as running:
            # As after a loss of our data: the session is new, its history is not.
            talk = Talk(running)
            talk.items = elsewhere.items
            refused, turn = await talk.say()
            assert (refused.status, turn.status) == (400, 200)
            assert not sealed_by(PRO, turn.body)
            assert [one.error for one in talk.row.attempts] == [
                "http_400" if null_codes else "invalid_encrypted_content"
            ]
            (turn,) = await talk.say()
            assert turn.status == 200
            assert not sealed_by(PRO, turn.body)
            assert turn.body.count(f"_{PLUS.owner}_".encode()) == 1
    finally:
        await practice.stop()


async def test_strict_pass_through_edits_nothing_and_shows_the_refusal(tmp_path: Path) -> None:
    async with talking(tmp_path, settings=GatewaySettings(strict=True)) as (running, talk):
        limited(running, PLUS)
        turns = await talk.say(status=400)
        assert [turn.body for turn in turns] == [talk.body] * len(turns)
        assert talk.error["code"] == "invalid_encrypted_content"
        assert talk.answer == turns[-1].sent
        assert talk.row.verbatim


# --- what cannot be left out -----------------------------------------------------------------------------------------


def compaction(running: House, account: PracticeAccount) -> bytes:
    sealed = running.practice._world.seals.seal(account.owner)
    return b'{"type": "compaction" ,"encrypted_content":%b}' % orjson.dumps(sealed)


def file_part(running: House, account: PracticeAccount) -> bytes:
    file_id = running.practice.add_file(account)
    return b'{"type":"message","role":"user","content":[{"type":"input_file","file_id":%b}]}' % orjson.dumps(file_id)


@pytest.mark.parametrize("make", [compaction, file_part])
async def test_what_cannot_be_left_out_waits_for_its_account(tmp_path: Path, make: Any) -> None:
    async with talking(tmp_path) as (running, talk):
        (turn,) = await talk.say("go on", make(running, PLUS))
        assert turn.status == 200
        limited(running, PLUS)
        (refused,) = await talk.say(status=429)
        assert running.number(refused) == 0
        assert talk.error["code"] == "usage_limit_reached"
        assert HOUR - 5 < talk.error["resets_in_seconds"] <= HOUR + 1
        assert "only that account can read" in talk.error["message"]
        assert await talk.say(status=429) == []
        assert running.session().current_token_id == "t-0000"
        # Its time has come.
        running.practice.quota(PLUS).primary.used_percent = 0.0
        running.state.try_again()
        (turn,) = await talk.say()
        assert (running.number(turn), turn.status) == (0, 200)


@pytest.mark.parametrize("make", [compaction, file_part])
@pytest.mark.parametrize("how", ["removed", "disabled", "signed out", "no credit"])
async def test_when_its_account_is_gone_the_client_is_told_to_start_anew(tmp_path: Path, make: Any, how: str) -> None:
    async with talking(tmp_path) as (running, talk):
        await talk.say("go on", make(running, PLUS))
        if how == "removed":
            await running.desk.remove("t-0000")
        elif how == "disabled":
            await running.desk.set_enabled("t-0000", False)
        elif how == "signed out":
            running.practice.sign_out(PLUS)
        else:
            running.practice.always(refusals.usage_not_included(), account=PLUS)
        turns = await talk.say(status=400)
        assert talk.error["code"] == "start_new_conversation"
        assert "new conversation" in talk.error["message"]
        assert [running.number(turn) for turn in turns] in ([], [0], [-1])
        assert await talk.say(status=400) == []
        assert talk.error["code"] == "start_new_conversation"


async def test_a_file_of_an_unknown_account_is_tried_with_each(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        talk = Talk(running)
        refused, turn = await talk.say("read it", file_part(running, PRO))
        assert [running.number(refused), running.number(turn)] == [0, 1]
        assert (refused.status, turn.status) == (404, 200)
        (turn,) = await talk.say()
        assert running.number(turn) == 1


async def test_a_file_of_nobody_is_told_in_upstreams_own_words(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        talk = Talk(running)
        item = b'{"type":"message","role":"user","content":[{"type":"input_file","file_id":"file-nobody"}]}'
        async with running.post("/responses", data=HEAD + b"[" + item + b"]" + TAIL) as answer:
            assert answer.status in (400, 404)
            await answer.read()
        assert sorted(running.asked()) == [0, 1]
        assert talk.items == []


async def api_turn(running: House, status: int = 200, **more: Any) -> Any:
    body = orjson.dumps({"model": "gpt-5", "input": "pong", "prompt_cache_key": "0199-thread", **more})
    async with running.post("/responses", data=body) as answer:
        found = orjson.loads(await answer.read())
        assert answer.status == status, found
        return found


async def test_a_kept_response_ties_the_conversation_to_its_key(tmp_path: Path) -> None:
    async with house(tmp_path, [API, OTHER_KEY], policy=Policy(wait_s=0)) as running:
        first = await api_turn(running)
        second = await api_turn(running, previous_response_id=first["id"])
        assert running.asked() == [0, 0]
        running.practice.script(refusals.rate_limited(40, None), account=API)
        error = (await api_turn(running, 429, previous_response_id=second["id"]))["error"]
        assert error["code"] == "rate_limit_exceeded"
        assert running.asked() == [0, 0, 0]
        running.practice.always(refusals.insufficient_quota(), account=API)
        running.state.try_again()
        error = (await api_turn(running, 400, previous_response_id=second["id"]))["error"]
        assert error["code"] == "start_new_conversation"
        assert running.asked() == [0] * 4
        # What does not name it goes on.
        await api_turn(running)
        assert running.asked()[4:] == [1]


async def test_a_kept_response_without_a_session_finds_its_key(tmp_path: Path) -> None:
    async with house(tmp_path, [API, OTHER_KEY]) as running:
        first = await api_turn(running, prompt_cache_key=None)
        await api_turn(running, prompt_cache_key=None, previous_response_id=first["id"])
        turns = running.practice.turns
        assert turns[0].credential == turns[-1].credential
        assert turns[-1].status == 200
        assert len(turns) <= 3


# --- turn state ------------------------------------------------------------------------------------------------------


async def test_a_turn_state_stays_with_its_account(tmp_path: Path) -> None:
    async with talking(tmp_path, keeps_state=True) as (running, talk):
        state = talk.state
        (turn,) = await talk.say()
        assert turn.header(STATE) == state
        limited(running, PLUS)
        state = talk.state
        refused, moved = await talk.say()
        assert (refused.header(STATE), moved.header(STATE)) == (state, None)
        assert moved.status == 200
        state = talk.state
        assert state is not None
        (turn,) = await talk.say()
        assert turn.header(STATE) == state
        assert turn.status == 200


async def test_after_a_restart_a_turn_state_is_kept_unless_the_session_has_moved(tmp_path: Path) -> None:
    practice = PracticeUpstream((), ())
    await practice.start()
    try:
        async with talking(tmp_path, practice=practice, keeps_state=True) as (running, talk):
            pass
        async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
            talk.running = running
            state = talk.state
            (turn,) = await talk.say()
            assert (turn.header(STATE), turn.status) == (state, 200)
            limited(running, PLUS)
            await talk.say()
        async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
            talk.running = running
            (turn,) = await talk.say()
            assert (turn.header(STATE), turn.status) == (None, 200)
    finally:
        await practice.stop()
