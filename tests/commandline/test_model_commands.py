"""`waystation model`, by the program as the system starts it, with an instance running and without."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from app.core.models import BUILT_IN
from tests.commandline.test_settings_program import KEY, serving, waystation


def rows(data: Path) -> dict[str, dict[str, object]]:
    code, text, _ = waystation(data, "model", "list", "--json")
    assert code == 0
    return {row["name"]: row for row in json.loads(text)}


@pytest.mark.parametrize("running", [False, True])
def test_names_are_set_listed_and_removed(tmp_path: Path, running: bool) -> None:
    data = tmp_path / "data"
    with serving(data) if running else nullcontext():
        assert set(rows(data)) == {*(alias.name for alias in BUILT_IN), "gpt-5", "gpt-5-codex"}
        code, text, _ = waystation(data, "model", "set", "gpt-5", "gpt-5.5")
        assert (code, text) == (0, "gpt-5 stands for gpt-5.5\n")
        code, text, _ = waystation(data, "model", "set", "我的", "gpt-5", "--effort", "xhigh")
        assert (code, text) == (0, "我的 stands for gpt-5, effort xhigh\n")
        listed = rows(data)
        assert (listed["gpt-5-high"]["model"], listed["gpt-5-high"]["effort"]) == ("gpt-5.5", "high")
        assert listed["我的"] == {
            "name": "我的",
            "model": "gpt-5.5",
            "effort": "xhigh",
            "source": "user",
            "token_ids": [],
            "withdrawn": False,
            "nearest": None,
        }
        code, text, _ = waystation(data, "model", "list")
        assert code == 0
        lines = [line.split() for line in text.splitlines()]
        assert lines[0] == ["NAME", "MODEL", "EFFORT", "FROM", "TOKENS", "NOTE"]
        assert lines[-1] == ["我的", "gpt-5.5", "xhigh", "you", "-", "-"]
        assert waystation(data, "model", "remove", "gpt-5")[1] == "gpt-5 is no name of yours any more\n"
        assert rows(data)["我的"]["model"] == "gpt-5"
        code, _, errors = waystation(data, "model", "remove", "gpt-5")
        assert (code, "no model 'gpt-5'" in errors) == (1, True)


@pytest.mark.parametrize("running", [False, True])
def test_when_upstream_cannot_be_asked_what_is_known_is_listed_with_the_problem(tmp_path: Path, running: bool) -> None:
    data = tmp_path / "data"
    assert waystation(data, "token", "add", "--api-key", "-", stdin=KEY)[0] == 0
    with serving(data) if running else nullcontext():
        code, text, errors = waystation(data, "model", "list", "--refresh", "--json")
        assert (code, len(json.loads(text))) == (1, 9)
        assert "cannot reach 127.0.0.1" in errors
        code, text, errors = waystation(data, "model", "list")
        assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "a b", "gpt-5.5"), "no spaces"),
        (("set", "gpt-5.5", "gpt-5.5"), "itself"),
        (("set", "mine"), "MODEL"),
        (("set", "mine", "gpt-5.5", "--effort", "most"), "invalid choice"),
        ((), "command"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    code, _, errors = waystation(tmp_path / "data", "model", *arguments)
    assert (code, words in errors) == (2, True), errors


def test_upstreams_models_take_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    from app.commandline.model_actions import run_model_action
    from app.commandline.parser import parser

    def row(name: str, model: str, effort: str | None, **more: object) -> dict[str, object]:
        return {
            "name": name,
            "model": model,
            "effort": effort,
            "source": "upstream",
            "token_ids": ["t-1", "t-2"],
            "withdrawn": False,
            "nearest": None,
            **more,
        }

    found = [
        row("gpt-5-low", "gpt-5", "low", source="built_in", token_ids=[], withdrawn=True, nearest="gpt-5.5"),
        row("gpt-5.5", "gpt-5.5", None),
        row("gpt-5.5-low", "gpt-5.5", "low"),
        row("gpt-5.5-high", "gpt-5.5", "high"),
        row("o3", "o3", None, withdrawn=True),
    ]
    assert run_model_action(parser().parse_args(["model", "list"]), lambda name, params: found) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["gpt-5-low", "gpt-5", "low", "Waystation", "-", "withdrawn;", "nearest:", "gpt-5.5"],
        ["gpt-5.5", "gpt-5.5", "low", "high", "upstream", "t-1,", "t-2", "-"],
        ["o3", "o3", "-", "upstream", "t-1,", "t-2", "withdrawn"],
    ]
