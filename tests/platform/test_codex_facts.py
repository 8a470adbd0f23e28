"""What is seen of the user's Codex, in folders and environments as people have them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.platform.codex_facts import CodexFacts, SavedLogin, look_at_codex
from app.platform.codex_install import CodexInstall
from app.platform.codex_wsl import WslCodex, our_distribution

URL = "http://127.0.0.1:8787/codex/v1"
SECRET = "ws-notforanyone22"
OWN = f'model_provider = "waystation"\n[model_providers.waystation]\nname = "W"\nbase_url = "{URL}/"\n'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def codex(folder: Path, version: str) -> Path:
    return program(folder / "codex", f"echo codex-cli {version}")


class Person:
    """A home folder with a Codex, and what is seen there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.files = home / ".codex"
        self.environ: dict[str, str] = {"PATH": f"{home / 'bin'}:/usr/bin:/bin"}

    def has_codex(self, version: str) -> Path:
        return codex(self.home / "bin", version)

    def has_file(self, name: str, text: str | bytes) -> None:
        self.files.mkdir(exist_ok=True)
        (self.files / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    async def seen(self, environ: Mapping[str, str] | None = None, *, system: str = "linux") -> CodexFacts:
        return await look_at_codex({**self.environ, **(environ or {})}, self.home, URL, system=system)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


async def test_where_there_is_nothing_nothing_is_seen_and_nothing_is_made(person: Person) -> None:
    facts = await person.seen({"PATH": str(person.home)}, system="none")
    assert (facts.install, facts.others, facts.version) == (None, (), None)
    assert (facts.config.exists, facts.config.provider, facts.config.leads_here) == (False, "openai", False)
    assert facts.login is SavedLogin.NONE
    assert (facts.proxies, facts.proxy_bypassed) == ((), True)
    assert not facts.license_variable.is_set
    assert list(person.home.iterdir()) == []


async def test_of_several_the_one_that_the_shell_takes_comes_first(person: Person) -> None:
    first = person.has_codex("0.45.0")
    second = codex(person.home / "elsewhere", "0.120.0")
    third = codex(person.home / ".local" / "bin", "0.169.0")
    (person.home / "linked").mkdir()
    (person.home / "linked" / "codex").symlink_to(first)
    path = f"{first.parent}:{person.home / 'linked'}:{second.parent}:/usr/bin:/bin"
    facts = await person.seen({"PATH": path})
    assert facts.install == CodexInstall(first, (0, 45, 0))
    assert facts.on_path
    assert facts.others == (CodexInstall(second, (0, 120, 0)), CodexInstall(third, (0, 169, 0)))


async def test_one_that_only_the_shell_can_find_is_said_to_be_off_the_path(person: Person) -> None:
    codex(person.home / ".npm-global" / "bin", "0.169.0")
    facts = await person.seen()
    assert facts.version == (0, 169, 0)
    assert not facts.on_path


async def test_codex_home_is_followed(person: Person) -> None:
    other = person.home / "other"
    other.mkdir()
    (other / "config.toml").write_text(OWN)
    facts = await person.seen({"CODEX_HOME": str(other)})
    assert (facts.codex_home, facts.home_from_variable) == (other, True)
    assert facts.config.leads_here
    facts = await person.seen()
    assert (facts.codex_home, facts.home_from_variable) == (person.files, False)


@pytest.mark.parametrize(
    ("version", "text", "provider", "leads_here"),
    [
        ("0.169.0", "", "openai", False),
        ("0.45.0", OWN, "waystation", True),
        ("0.169.0", OWN.replace("127.0.0.1", "localhost"), "waystation", True),
        ("0.169.0", OWN.replace("8787", "8788"), "waystation", False),
        ("0.169.0", f'openai_base_url = "{URL}"', "openai", True),
        ("0.100.0", f'openai_base_url = "{URL}"', "openai", False),
        ("0.169.0", f'openai_base_url = "{URL}"\nmodel_provider = "azure"', "azure", False),
        ("0.120.0", f'profile = "p"\nprofiles.p.model_provider = "openai"\n{OWN}', "openai", False),
        ("0.169.0", f'profile = "p"\nprofiles.p.model_provider = "openai"\n{OWN}', "waystation", True),
        ("0.169.0", "model_provider = 7\nopenai_base_url = []", "openai", False),
        ("0.169.0", 'model_provider = "x"\nmodel_providers.x.base_url = "http://[broken"', "x", False),
    ],
)
async def test_where_codex_goes_now(person: Person, version: str, text: str, provider: str, leads_here: bool) -> None:
    person.has_codex(version)
    person.has_file("config.toml", text)
    config = (await person.seen()).config
    assert (config.exists, config.problem) == (True, None)
    assert (config.provider, config.leads_here) == (provider, leads_here)


@pytest.mark.parametrize(("data", "line"), [(b'a = 1\nmodel = "x\n', 2), (b"a = 1\nb = 2\nc = '\xff'\n", 3)])
async def test_a_broken_file_is_named_with_its_line(person: Person, data: bytes, line: int) -> None:
    person.has_file("config.toml", data)
    config = (await person.seen()).config
    assert (config.exists, config.provider, config.leads_here) == (True, None, False)
    assert f"at line {line}" in (config.problem or "")
    assert "try again" not in (config.problem or "")


async def test_a_folder_in_the_place_of_the_file_is_a_problem(person: Person) -> None:
    (person.files / "config.toml").mkdir(parents=True)
    assert "cannot be read" in ((await person.seen()).config.problem or "")


@pytest.mark.parametrize(
    ("auth", "config", "login"),
    [
        (None, "", SavedLogin.NONE),
        ({"OPENAI_API_KEY": SECRET}, "", SavedLogin.API_KEY),
        ({"OPENAI_API_KEY": None, "tokens": {"access_token": SECRET}}, "", SavedLogin.CHATGPT),
        ({"OPENAI_API_KEY": SECRET, "tokens": {"access_token": SECRET}}, "", SavedLogin.API_KEY),
        ({"auth_mode": "chatgpt", "OPENAI_API_KEY": SECRET, "tokens": {"a": SECRET}}, "", SavedLogin.CHATGPT),
        ({}, "", SavedLogin.NONE),
        ([SECRET], "", SavedLogin.NONE),
        (None, 'cli_auth_credentials_store = "keyring"', SavedLogin.KEYRING),
        (None, 'cli_auth_credentials_store = "auto"', SavedLogin.KEYRING),
        ({"OPENAI_API_KEY": SECRET}, 'cli_auth_credentials_store = "auto"', SavedLogin.API_KEY),
    ],
)
async def test_of_the_login_only_its_kind_is_known(
    person: Person, auth: object, config: str, login: SavedLogin
) -> None:
    if auth is not None:
        person.has_file("auth.json", json.dumps(auth))
    person.has_file("config.toml", config)
    facts = await person.seen()
    assert facts.login is login
    assert SECRET not in repr(facts) + json.dumps(facts.as_data())


async def test_whatever_secret_is_there_none_is_shown(person: Person) -> None:
    person.has_codex("0.169.0")
    person.has_file(".env", f"OTHER=1\n  export WAYSTATION_LICENSE={SECRET}\n")
    address = f"http://me:{SECRET}@proxy.example/v1"
    person.has_file("config.toml", f'openai_base_url = "{address}"')
    facts = await person.seen(
        {
            "WAYSTATION_LICENSE": SECRET,
            "OPENAI_API_KEY": SECRET,
            "HTTP_PROXY": f"http://me:{SECRET}@10.0.0.1:3128",
            "all_proxy": f"me:{SECRET}@10.0.0.1:1080",
        }
    )
    assert (facts.license_variable.in_environment, facts.license_variable.in_file) == (True, True)
    assert {seen.name: seen.value for seen in facts.proxies} == {
        "HTTP_PROXY": "http://…@10.0.0.1:3128",
        "all_proxy": "…@10.0.0.1:1080",
    }
    assert facts.config.address == "http://…@proxy.example/v1"
    assert SECRET not in repr(facts) + json.dumps(facts.as_data())


async def test_the_exceptions_in_codexs_own_env_file_win_over_those_of_the_environment(person: Person) -> None:
    """Measured with 0.42 to 0.169."""
    proxied = {"http_proxy": "http://127.0.0.1:7890", "NO_PROXY": "*"}
    assert not (await person.seen(proxied)).proxy_bypassed
    person.has_file(".env", "NO_PROXY=127.0.0.1\n")
    assert (await person.seen(proxied)).proxy_bypassed
    person.has_file(".env", "ALL_PROXY=http://127.0.0.1:7890\n")
    facts = await person.seen()
    assert (facts.proxy_bypassed, [seen.name for seen in facts.proxies]) == (False, ["ALL_PROXY"])


async def test_the_address_in_the_environment_is_compared(person: Person) -> None:
    assert (await person.seen({"OPENAI_BASE_URL": URL + "/"})).environment_leads_here
    assert not (await person.seen({"OPENAI_BASE_URL": "https://api.openai.com/v1"})).environment_leads_here


WSL = """
[ "$WSL_UTF8" = 1 ] || exit 9
case "$*" in
"-l -q") printf 'Ubuntu-24.04\\r\\ndocker-desktop\\r\\nDebian\\r\\nArch\\r\\n' ;;
"-l -q --running") printf 'U\\000b\\000u\\000n\\000t\\000u\\000-\\0002\\0004\\000.\\0000\\0004\\000\\n\\000'
    printf 'A\\000r\\000c\\000h\\000' ;;
"-d Ubuntu-24.04 -e bash -lic "*) echo 'welcome=x'; echo codex-at=/home/me/.nvm/bin/codex; echo codex-cli 0.120.0 ;;
"-d Arch -e bash -lic "*) echo welcome ;;
*) echo "started: $*" >> "$LOG" ;;
esac
"""


async def test_on_windows_the_running_distributions_of_wsl_are_looked_into(person: Person) -> None:
    program(person.home / "bin" / "wsl.exe", WSL)
    log = person.home / "log"
    facts = await person.seen({"LOG": str(log)}, system="win32")
    assert facts.wsl == (
        WslCodex("Ubuntu-24.04", "/home/me/.nvm/bin/codex", (0, 120, 0), running=True),
        WslCodex("Debian", None, None, running=False),
        WslCodex("Arch", None, None, running=True),
    )
    assert not log.exists()
    assert (await person.seen({"LOG": str(log)}, system="linux")).wsl == ()


async def test_what_looks_into_wsl_finds_the_codex_of_a_login_shell_and_not_that_of_windows(person: Person) -> None:
    """The question itself, in a real bash."""
    codex(person.home / "tools", "0.140.0")
    (person.home / ".bashrc").write_text(f"PATH=/mnt/c/npm:{person.home / 'tools'}:$PATH; echo noise\n")
    (person.home / ".bash_profile").write_text(". ~/.bashrc\n")
    program(
        person.home / "bin" / "wsl.exe",
        'case "$*" in -l*) echo Debian ;; *) shift 3; exec "$@" ;; esac',
    )
    facts = await person.seen({"HOME": str(person.home)}, system="win32")
    found = WslCodex("Debian", str(person.home / "tools" / "codex"), (0, 140, 0), running=True)
    assert facts.wsl == (found,)


async def test_a_wsl_that_is_not_installed_is_none(person: Person) -> None:
    program(person.home / "bin" / "wsl.exe", "echo 'Windows Subsystem for Linux is not installed.'; exit 1")
    assert (await person.seen(system="win32")).wsl == ()


def test_within_wsl_its_name_is_known(tmp_path: Path) -> None:
    kernel = tmp_path / "osrelease"
    kernel.write_text("5.15.167.4-microsoft-standard-WSL2\n")
    assert our_distribution({"WSL_DISTRO_NAME": "Debian"}, system="linux") == "Debian"
    assert our_distribution({}, system="linux", kernel=kernel) == "WSL"
    assert our_distribution({"WSL_DISTRO_NAME": "Debian"}, system="win32") is None
    kernel.write_text("6.1.0-28-amd64\n")
    assert our_distribution({}, system="linux", kernel=kernel) is None
