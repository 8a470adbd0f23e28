"""``waystation doctor`` runs the person's own Codex, names the first thing that is wrong, and blames nothing else."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.platform.codex_check import CheckCode, CheckReport, CheckStep, CodexCheck
from app.platform.codex_check_shell import output_of
from app.platform.codex_server import RESTART
from app.practice.refusals import server_error
from app.practice.server import PracticeUpstream
from tests.e2e.conftest import Make
from tests.e2e.doctors import CODEX, Patient, patient, steps_of, swallower, without_websockets
from tests.e2e.program import Run, Waystation
from tests.platform.codex_home import server_stand_in
from tests.support.ports import free_port

ALL_WELL = {
    "codex": "codex_found",
    "settings": "settings_lead_here",
    "gateway": "gateway_listens",
    "door": "let_in",
    "token": "token_serves",
    "upstream": "upstream_answers",
    "answer": "answered",
}


# What Codex prints before it asks.
HEAD = "echo 'OpenAI Codex v0.169.0' >&2; echo 'model: m' >&2\n"


@dataclass
class Clinic:
    """An instance that runs with one token and one license; no test here changes it."""

    waystation: Waystation
    upstream: PracticeUpstream
    address: str
    license: str

    def patient(self, home: Path, version: str = "0.169.0") -> Patient:
        """Somebody who is set up, and well."""
        person = patient(self.waystation, home, version)
        person.own_provider(self.address)
        person.env["WAYSTATION_LICENSE"] = self.license
        return person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clinic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    upstream = PracticeUpstream()
    await upstream.start()
    waystation = Waystation(tmp_path_factory.mktemp("clinic"), upstream)
    try:
        run = await waystation.serve()
        await waystation.import_account(upstream.accounts[0].auth_json(), "first")
        yield Clinic(waystation, upstream, run.address or "", await waystation.license())
        await waystation.close()
    finally:
        await waystation.kill()
        await upstream.stop()


@pytest.mark.asyncio(loop_scope="module")
class TestHealthy:
    """Somebody who is well costs one turn."""

    @pytest.mark.parametrize("version", ["0.42.0", "0.45.0", "0.169.0"])
    async def test_a_healthy_system_is_well_and_costs_one_turn(
        self, clinic: Clinic, tmp_path: Path, version: str
    ) -> None:
        before = len(clinic.upstream.turns)
        person = clinic.patient(tmp_path / "home", version)
        config = (person.home / ".codex" / "config.toml").read_bytes()
        report = await person.doctor()
        assert steps_of(report) == ALL_WELL
        assert report["ok"]
        assert len(clinic.upstream.turns) == before + 1
        assert (person.home / ".codex" / "config.toml").read_bytes() == config
        assert not (person.home / ".codex" / "auth.json").exists()
        kept = list((person.home / ".codex").rglob("rollout-*"))
        assert len(kept) == (0 if version == "0.169.0" else 1)

    async def test_so_is_codex_s_own_provider_at_this_address(self, clinic: Clinic, tmp_path: Path) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        person.saved_license(clinic.address, clinic.license)
        before = len(clinic.upstream.turns)
        assert steps_of(await person.doctor()) == ALL_WELL
        assert len(clinic.upstream.turns) <= before + 1

    async def test_without_a_run_nothing_is_asked_of_upstream(self, clinic: Clinic, tmp_path: Path) -> None:
        before = len(clinic.upstream.turns)
        report = await clinic.patient(tmp_path / "home").doctor("--no-run")
        states = {step["stage"]: step["state"] for step in report["steps"]}
        assert states.pop("answer") == "skipped"
        assert states.pop("door") == "skipped"
        assert set(states.values()) == {"ok"}
        assert len(clinic.upstream.turns) == before

    async def test_its_lines_name_no_secret_and_no_home(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        done = await clinic.waystation.run("doctor", env=person.terminal())
        assert done.code == 0
        assert "[ ok ] Answer: Codex has answered" in done.out
        assert str(person.home) not in done.out
        assert clinic.license not in done.out

    async def test_a_function_of_the_shells_own_files_is_found(self, clinic: Clinic, tmp_path: Path) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        text = await clinic.waystation.ok("setup", "codex", "--shell", "bash", "--license", clinic.license)
        (person.home / ".bashrc").write_text(text, encoding="utf-8")
        assert steps_of(await person.doctor()) == ALL_WELL

    async def test_a_license_of_the_env_file_counts(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        (person.home / ".codex" / ".env").write_text(f"WAYSTATION_LICENSE={person.env.pop('WAYSTATION_LICENSE')}\n")
        assert (await person.doctor())["ok"]


@pytest.mark.asyncio(loop_scope="module")
class TestSettings:
    """What is wrong with Codex, or with its settings; nothing of it costs a turn."""

    async def test_no_codex(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.env["PATH"] = "/usr/bin:/bin"
        step = await person.is_told("codex", "codex_missing")
        assert step["command"].startswith("npm install")

    async def test_a_codex_that_does_not_start(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        _stand_in(person, "echo 'Error: spawn codex-linux ENOENT' >&2; exit 1")
        step = await person.is_told("codex", "codex_damaged")
        assert "ENOENT" in step["text"]

    async def test_a_codex_that_is_too_old(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        _stand_in(person, "echo codex-cli 0.30.0")
        assert "0.30.0" in (await person.is_told("codex", "codex_too_old"))["text"]

    async def test_a_newer_codex_whose_options_are_others(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        _stand_in(
            person,
            'if [ "$1" = --version ]; then echo codex-cli 9.0.0; exit; fi\n'
            "echo \"error: unexpected argument '--ephemeral' found\" >&2; exit 2",
        )
        assert "--ephemeral" in (await person.is_told("answer", "answer_unknown"))["text"]

    async def test_not_set_up(self, clinic: Clinic, tmp_path: Path) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        await person.is_told("settings", "not_set_up")

    async def test_the_environment_pair_with_a_codex_that_ignores_it(self, clinic: Clinic, tmp_path: Path) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        person.env |= {"OPENAI_BASE_URL": clinic.address, "OPENAI_API_KEY": clinic.license}
        await person.is_told("settings", "environment_ignored")

    @pytest.mark.parametrize("version", ["0.45.0", "0.169.0"])
    async def test_a_broken_line(self, clinic: Clinic, tmp_path: Path, version: str) -> None:
        person = clinic.patient(tmp_path / "home", version)
        person.own_provider(clinic.address, more="approval_policy = [")
        step = await person.is_told("settings", "config_broken")
        assert step["values"]["line"] in ("2", "3", "4")
        assert step["values"]["path"] == "~/.codex/config.toml"

    async def test_what_only_codex_knows_to_be_wrong(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.own_provider(clinic.address, more='profile = "work"')
        assert "profile" in (await person.is_told("settings", "config_refused"))["text"]

    async def test_another_provider(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.config(
            'model_provider = "acme"\n[model_providers.acme]\nname = "Acme"\nbase_url = "http://127.0.0.1:9/v1"\n'
        )
        assert "acme" in (await person.is_told("settings", "other_provider"))["text"]

    async def test_a_profile_that_chooses_another_provider(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home", "0.45.0")
        person.own_provider(clinic.address, more='profile = "work"')
        with (person.home / ".codex" / "config.toml").open("a") as file:
            file.write('[profiles.work]\nmodel_provider = "acme"\n[model_providers.acme]\nname = "Acme"\n')
            file.write('base_url = "http://127.0.0.1:9/v1"\n')
        assert "work" in (await person.is_told("settings", "other_profile"))["text"]

    async def test_another_port(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.own_provider(f"http://127.0.0.1:{free_port()}/codex/v1")
        step = await person.is_told("settings", "other_address")
        assert clinic.address in step["text"]

    async def test_a_variable_that_is_set_nowhere(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        del person.env["WAYSTATION_LICENSE"]
        await person.is_told("settings", "variable_missing")

    async def test_a_variable_that_only_new_windows_have(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        (person.home / ".zshrc").write_text(f"export WAYSTATION_LICENSE={person.env.pop('WAYSTATION_LICENSE')}\n")
        assert "~/.zshrc" in (await person.is_told("settings", "variable_not_here"))["text"]

    async def test_an_address_without_a_saved_license(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.config(f'openai_base_url = "{clinic.address}"\n')
        await person.is_told("settings", "key_not_saved")
        auth = clinic.upstream.accounts[0].auth_json()
        (person.home / ".codex" / "auth.json").write_text(auth, encoding="utf-8")
        await person.is_told("settings", "login_not_license")

    @pytest.mark.parametrize("where", ["environment", "file"])
    async def test_a_proxy_that_swallows(self, clinic: Clinic, tmp_path: Path, where: str) -> None:
        person = clinic.patient(tmp_path / "home")
        with swallower() as proxy:
            told = {"HTTP_PROXY": proxy.url, "NO_PROXY": "*"}
            if where == "environment":
                person.env |= told
            else:
                lines = "".join(f"{name}={value}\n" for name, value in told.items())
                (person.home / ".codex" / ".env").write_text(lines, encoding="utf-8")
            step = await person.is_told("settings", "proxy_swallows")
            assert proxy.url in step["text"]
            assert step["command"] == "waystation setup codex --write"
            assert proxy.seen == []
            if where == "file":
                # It is so: Codex goes there.
                codex = CODEX / "0.169.0" / "node_modules" / ".bin" / "codex"
                command = (str(codex), "exec", "--skip-git-repo-check", "hello")
                said = await output_of(command, person.terminal(), 2.0, cwd=person.home)
                assert said.code != 0
                assert proxy.seen
                proxy.seen.clear()
            # What it says helps.
            words = step["command"].split()[1:]
            done = await clinic.waystation.run(*words, "--yes", "--license", clinic.license, env=person.terminal())
            assert done.code == 0, done.err
            assert (await person.doctor())["ok"]
            assert not [asked for asked in proxy.seen if "codex/v1" in asked]

    async def test_a_function_does_not_lead_past_a_proxy_where_the_env_file_says_otherwise(
        self, clinic: Clinic, tmp_path: Path
    ) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        text = await clinic.waystation.ok("setup", "codex", "--shell", "bash", "--license", clinic.license)
        (person.home / ".bashrc").write_text(text, encoding="utf-8")
        with swallower() as proxy:
            person.env["HTTP_PROXY"] = proxy.url
            assert (await person.doctor())["ok"]
            (person.home / ".codex" / ".env").write_text("NO_PROXY=intranet.example\n", encoding="utf-8")
            await person.is_told("settings", "proxy_swallows")

    async def test_a_forced_login_that_ends_codex_is_told_before_it_removes_the_key(
        self, clinic: Clinic, tmp_path: Path
    ) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        person.saved_license(clinic.address, clinic.license)
        config = person.home / ".codex" / "config.toml"
        config.write_text(f'forced_login_method = "chatgpt"\n{config.read_text()}')
        assert "is chatgpt" in (await person.is_told("settings", "forced_login"))["text"]
        assert (person.home / ".codex" / "auth.json").exists()
        # Nothing is saved, and by codex login nothing can be.
        (person.home / ".codex" / "auth.json").unlink()
        await person.is_told("settings", "forced_login")
        # A provider of its own asks for no login.
        person.own_provider(clinic.address, more='forced_login_method = "chatgpt"')
        person.env["WAYSTATION_LICENSE"] = clinic.license
        assert (await person.doctor())["ok"]

    async def test_the_project_that_the_doctor_is_called_in_may_lead_elsewhere(
        self, clinic: Clinic, tmp_path: Path
    ) -> None:
        person = clinic.patient(tmp_path / "home", "0.80.0")
        work = tmp_path / "work"
        (work / ".codex").mkdir(parents=True)
        (work / "sub").mkdir()
        (work / ".codex" / "config.toml").write_text('model_provider = "acme"\n')
        step = await person.is_told("settings", "project_file", cwd=work)
        assert step["values"] == {"path": str(work / ".codex" / "config.toml"), "value": "acme"}
        assert (await person.doctor(cwd=work / "sub"))["ok"]
        # There its own config.toml is no project's.
        assert (await person.doctor(cwd=person.home))["ok"]

    async def test_the_wrong_path(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.own_provider(clinic.address.removesuffix("/codex/v1"))
        assert clinic.address in (await person.is_told("door", "path_unknown"))["fix"]

    async def test_a_background_server_that_keeps_what_was_before(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        codex_home, now = person.home / ".codex", {"WAYSTATION_LICENSE": clinic.license}
        with server_stand_in(codex_home, now):
            assert (await person.doctor("--no-run"))["ok"]
        for then in (
            {"PATH": "/bin"},
            {"WAYSTATION_LICENSE": "ws-of-before"},
            now | {"ALL_PROXY": "http://127.0.0.1:9"},
        ):
            with server_stand_in(codex_home, then):
                step = await person.is_told("door", "server_old", "--no-run")
                assert step["command"] == RESTART
        # The shell's function goes without it.
        text = await clinic.waystation.ok("setup", "codex", "--shell", "bash", "--license", clinic.license)
        (person.home / ".bashrc").write_text(text, encoding="utf-8")
        person.config("")
        with server_stand_in(codex_home, {"PATH": "/bin"}):
            assert (await person.doctor("--no-run"))["ok"]

    async def test_a_background_server_that_keeps_the_login_of_before(self, clinic: Clinic, tmp_path: Path) -> None:
        person = patient(clinic.waystation, tmp_path / "home")
        person.saved_license(clinic.address, clinic.license)
        with server_stand_in(person.home / ".codex", {}) as named:
            assert (await person.doctor("--no-run"))["ok"]
            login = person.home / ".codex" / "auth.json"
            os.utime(login, (named.stat().st_mtime + 5,) * 2)
            assert (await person.is_told("door", "server_old", "--no-run"))["command"] == RESTART

    async def test_wrong_licenses(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        before = len(clinic.upstream.turns)
        person.env["WAYSTATION_LICENSE"] = "ws-this-is-nobodys-license"
        assert "ws-…se" in (await person.is_told("door", "license_unknown"))["text"]

        (person.home / ".codex" / ".env").write_text(f"WAYSTATION_LICENSE={person.env.pop('WAYSTATION_LICENSE')}\n")
        step = await person.is_told("door", "license_old")
        assert "~/.codex/.env" in step["text"]
        assert step["command"] == "waystation setup codex --write"
        (person.home / ".codex" / ".env").unlink()

        made = await clinic.waystation.command("license.create", expires_at=time.time() + 0.5)
        person.env["WAYSTATION_LICENSE"] = made["key"]
        clinic.waystation.secrets.add(made["key"])
        await asyncio.sleep(0.6)
        await person.is_told("door", "license_expired")
        await clinic.waystation.command("license.revoke", id=made["id"])
        await person.is_told("door", "license_revoked")
        assert len(clinic.upstream.turns) == before

    async def test_a_saved_license_that_is_wrong_shows_when_codex_runs(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.saved_license(clinic.address, "ws-this-is-nobodys-license")
        step = await person.is_told("door", "license_old")
        assert "auth.json" in step["text"]
        assert step["command"] == "waystation setup codex --write --route openai_address"

    async def test_a_provider_that_shows_no_license(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        person.config(
            f'model_provider = "mine"\n[model_providers.mine]\nname = "Mine"\nbase_url = "{clinic.address}"\n'
        )
        await person.is_told("door", "license_missing")

    async def test_a_spent_budget(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home", "0.45.0")
        made = await clinic.waystation.command("license.create", label="small", daily_tokens=1)
        person.env["WAYSTATION_LICENSE"] = made["key"]
        clinic.waystation.secrets.add(made["key"])
        assert (await person.doctor())["ok"]
        assert "small" in (await person.is_told("door", "budget_spent"))["text"]

    async def test_websockets_that_something_between_refuses_cost_time(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        async with without_websockets(clinic.address) as address:
            person.saved_license(address, clinic.license)
            report = await person.doctor()
        assert report["ok"]
        assert steps_of(report) == ALL_WELL | {"answer": "answered_slowly"}


@pytest.mark.asyncio(loop_scope="module")
class TestFromTheWindow:
    """The application's own environment knows nothing of Codex; a new terminal window does."""

    @pytest.mark.parametrize("route", ["provider", "function"])
    async def test_it_is_looked_at_as_a_new_terminal_window_has_it(
        self, clinic: Clinic, tmp_path: Path, route: str
    ) -> None:
        person = clinic.patient(tmp_path / "home")
        lines = f"export PATH={person.env['PATH']}\n"
        if route == "provider":
            lines += f"export WAYSTATION_LICENSE={clinic.license}\n"
        else:
            person.config("")
            lines += await clinic.waystation.ok("setup", "codex", "--shell", "bash", "--license", clinic.license)
        (person.home / ".zshrc").write_text(lines, encoding="utf-8")
        report = await _from_the_window(clinic, person, shell="/usr/bin/zsh")
        assert steps_of(report.as_data()) == ALL_WELL
        assert clinic.license not in report.text()

    async def test_a_codex_that_does_not_end_is_ended(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        _stand_in(person, f'if [ "$1" = --version ]; then echo codex-cli 0.169.0; exit; fi\n{HEAD}sleep 60')
        report = await _from_the_window(clinic, person, shell="/bin/sh", limit_s=1.0)
        assert report.problem is not None
        assert report.problem.code is CheckCode.TOO_SLOW
        assert report.took_s < 10.0

    async def test_a_codex_that_goes_elsewhere_is_told_by_what_it_says(self, clinic: Clinic, tmp_path: Path) -> None:
        person = clinic.patient(tmp_path / "home")
        said = "echo 'ERROR: unexpected status 502 Bad Gateway' >&2; exit 1"
        _stand_in(person, f'if [ "$1" = --version ]; then echo codex-cli 0.169.0; exit; fi\n{HEAD}{said}')
        report = await _from_the_window(clinic, person, shell="/bin/sh")
        assert report.problem is not None
        assert report.problem.code is CheckCode.NOTHING_ARRIVED
        assert "502" in report.problem.text


async def test_without_an_instance_that_comes_first(waystation: Waystation, tmp_path: Path) -> None:
    person = patient(waystation, tmp_path / "home")
    await person.is_told("gateway", "not_running")
    assert not (waystation.data_dir / "waystation.db").exists()


async def test_a_stopped_gateway_a_taken_port_and_no_token(waystation: Waystation, serve: Run, tmp_path: Path) -> None:
    person = patient(waystation, tmp_path / "home")
    person.own_provider(f"http://127.0.0.1:{serve.port}/codex/v1")
    person.env["WAYSTATION_LICENSE"] = await waystation.license()
    await person.is_told("token", "no_tokens")
    await waystation.command("gateway.stop")
    await person.is_told("gateway", "gateway_stopped")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Exception, match="used by another program"):
            await waystation.command("gateway.start", host="127.0.0.1", port=port)
        person.own_provider(f"http://127.0.0.1:{port}/codex/v1")
        step = await person.is_told("gateway", "port_taken")
        assert str(port) in step["text"]
        assert "python" in step["text"]


async def test_tokens_that_cannot_serve(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    person = patient(waystation, tmp_path / "home")
    person.own_provider(f"http://127.0.0.1:{serve_with_login.port}/codex/v1")
    person.env["WAYSTATION_LICENSE"] = await waystation.license()

    upstream.script(server_error(500), times=20)
    await person.is_told("upstream", "upstream_failed")
    upstream.clear_script()
    await waystation.ok("pool", "reset")

    upstream.deny_model(upstream.accounts[0], "gpt-6.1-sol")
    assert "gpt-6.1-sol" in (await person.is_told("upstream", "model_unknown"))["text"]
    upstream.deny_model(upstream.accounts[0], "gpt-6.1-sol", denied=False)
    await waystation.ok("pool", "reset")

    upstream.exhaust(upstream.accounts[0], resets_in=3600)
    # At first nobody knows: the request that tells waits for a token then.
    step = await person.is_told("token", "tokens_at_limit")
    assert step["values"]["until"][:2] == "20"
    turns = len(upstream.turns)
    await person.is_told("token", "tokens_at_limit")
    assert len(upstream.turns) == turns

    (token,) = await waystation.json("token", "list")
    await waystation.ok("token", "disable", token["id"])
    await person.is_told("token", "tokens_disabled")


async def test_upstream_that_cannot_be_reached(
    make_waystation: Make, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    waystation = make_waystation({"WAYSTATION_CHATGPT_BASE_URL": f"{nowhere}/backend-api"})
    run = await waystation.serve()
    await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    person = patient(waystation, tmp_path / "home")
    person.own_provider(f"http://127.0.0.1:{run.port}/codex/v1")
    person.env["WAYSTATION_LICENSE"] = await waystation.license()
    await person.is_told("upstream", "upstream_unreachable")


async def _from_the_window(clinic: Clinic, person: Patient, *, shell: str, limit_s: float = 40.0) -> CheckReport:
    async def call(name: str, params: dict[str, Any]) -> Any:
        return await clinic.waystation.command(name, **params)

    told: list[tuple[CheckStep, ...]] = []
    environ = person.env | {"HOME": str(person.home), "SHELL": shell}
    if shell.endswith("zsh"):
        environ = {"HOME": str(person.home), "SHELL": shell, "PATH": "/usr/bin:/bin"}
    report = await CodexCheck(environ, person.home, call, limit_s=limit_s).run(told.append)
    assert told[-1] == report.steps
    assert len(told) > 6
    return report


def _stand_in(person: Patient, script: str) -> None:
    folder = person.home / "bin"
    folder.mkdir()
    program = folder / "codex"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    person.env["PATH"] = f"{folder}:/usr/bin:/bin"
