"""The log as a file: whole or not at all, all that match, and nothing that a spreadsheet would run."""

import asyncio
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import WaystationError
from app.core.turn import Attempt, Outcome, TurnRow
from app.desktop.export import Names, csv_cell, export_turns, report
from tests.desktop.scripted import NOW, ScriptedGateway, turn

NAMES = Names({"t-1": "Work, at home", "t-2": "=1+1"}, {"l-1": "本机"}, {"s-1": "@SUM(A1)"})


def gateway(count: int) -> ScriptedGateway:
    made = ScriptedGateway()
    made.turns = [turn(number, id=f"r-{99999 - number}") for number in range(1, count + 1)]
    return made


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_all_pages_are_written_and_the_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    source = gateway(1203)
    path = tmp_path / "log.csv"
    seen: list[bool] = []

    async def call(command: str, **params: Any) -> Any:
        seen.append(path.exists())
        return await source.call(command, **params)

    assert await export_turns(call, path, NAMES, None) == 1203
    assert seen == [False] * 3
    assert [row["id"] for row in cells(path)] == [row.id for row in source.turns]
    assert [file.name for file in tmp_path.iterdir()] == ["log.csv"]


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_a_row_holds_numbers_codes_and_names(tmp_path: Path, kind: str) -> None:
    source = gateway(0)
    source.turns = [
        turn(1, edits=("store", "stream"), sent_sha256="b" * 64, attempts=(Attempt("t-2", "http_500", 12.5),)),
        turn(2, usage=None, token_id=None, license_id=None, session_id=None, status=None, outcome=Outcome.CLIENT_LEFT),
    ]
    path = tmp_path / f"log.{kind}"
    await export_turns(source.call, path, NAMES, None)
    first, second = cells(path) if kind == "csv" else json.loads(path.read_text("utf-8"))
    assert (first["token"], first["license"]) == ("Work, at home", "本机")
    assert str(first["input_tokens"]) == "12345"
    assert first["time"].startswith("2026-11-22T")
    assert str(first["verbatim"]).lower() == "false"
    assert str(second["verbatim"]).lower() == "true"
    if kind == "json":
        assert first["edits"] == ["store", "stream"]
        assert first["attempts"] == [{"token_id": "t-2", "error": "http_500", "ms": 12.5}]
        assert second["input_tokens"] is None
    else:
        assert (first["edits"], first["attempts"]) == ("store; stream", "t-2 http_500 12.5")
        assert first["session"] == "'@SUM(A1)"


async def test_only_what_matches_is_written_also_from_pages_that_nobody_loaded(tmp_path: Path) -> None:
    source = gateway(700)
    source.turns[650] = replace(source.turns[650], model="rare")
    path = tmp_path / "log.json"
    assert await export_turns(source.call, path, NAMES, lambda row: row.model == "rare") == 1
    assert [row["id"] for row in json.loads(path.read_text("utf-8"))] == [source.turns[650].id]


async def test_nothing_that_matches_is_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    assert await export_turns(gateway(3).call, path, NAMES, lambda _row: False) == 0
    assert json.loads(path.read_text("utf-8")) == []


async def test_what_ended_just_now_is_there_before_it_is_stored(tmp_path: Path) -> None:
    source = gateway(600)
    fresh = turn(0, id="r-fresh", started_at=NOW)
    path = tmp_path / "log.json"
    recent = [fresh, *source.turns[:500]]
    assert await export_turns(source.call, path, NAMES, None, recent) == 601
    written = [row["id"] for row in json.loads(path.read_text("utf-8"))]
    assert written == ["r-fresh", *(row.id for row in source.turns)]


async def test_when_reading_fails_what_was_there_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    source = gateway(900)
    path = tmp_path / "log.csv"
    path.write_text("former", encoding="utf-8")

    async def call(command: str, **params: Any) -> Any:
        if "before" in params:
            raise WaystationError("The database is gone.")
        return await source.call(command, **params)

    with pytest.raises(WaystationError):
        await export_turns(call, path, NAMES, None)
    assert path.read_text("utf-8") == "former"
    assert list(tmp_path.iterdir()) == [path]


async def test_an_export_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    source = gateway(900)
    asked = asyncio.Event()

    async def call(command: str, **params: Any) -> Any:
        if "before" in params:
            asked.set()
            await asyncio.Event().wait()
        return await source.call(command, **params)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(export_turns(call, tmp_path / "log.csv", NAMES, None))
        await asked.wait()
        task.cancel()
    assert task.cancelled()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await export_turns(gateway(1).call, tmp_path / "missing" / "log.csv", NAMES, None)


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@A1", "\t=1", "\r=1"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    assert csv_cell(text) == f"'{text}"
    assert csv_cell([text, "x"]) == f"'{text}; x"


def test_other_values_stay_what_they_are() -> None:
    assert [csv_cell(value) for value in (-1.5, 7, None, "a=b", True, [])] == [-1.5, 7, None, "a=b", "true", ""]


def test_the_report_of_a_request_has_everything_but_names() -> None:
    row: TurnRow = turn(1, attempts=(Attempt("t-2", "http_500", 12.5),))
    said = json.loads(report(row))
    assert said["id"] == "r-1"
    assert said["verbatim"] is True
    assert said["attempts"][0]["error"] == "http_500"
    assert "Work" not in report(row)
