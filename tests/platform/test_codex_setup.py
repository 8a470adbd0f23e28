"""The set-up texts as texts: exact, and harmless whatever the address and the license are."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell, default_shell, inert

URL = "http://192.168.1.20:8787/codex/v1"
KEY = "ws-abcdefgh"

licenses = st.from_regex(r"[A-Za-z0-9._~+/=-]{8,200}", fullmatch=True)


def test_the_environment_pair_is_the_two_documented_lines_of_each_shell() -> None:
    assert environment_text(Shell.BASH, URL, KEY) == (
        'export OPENAI_BASE_URL="http://192.168.1.20:8787/codex/v1"\nexport OPENAI_API_KEY="ws-abcdefgh"\n'
    )
    assert environment_text(Shell.CMD, URL, KEY) == (
        "set OPENAI_BASE_URL=http://192.168.1.20:8787/codex/v1\r\nset OPENAI_API_KEY=ws-abcdefgh\r\n"
    )
    assert environment_text(Shell.POWERSHELL, URL, KEY) == (
        '$env:OPENAI_BASE_URL="http://192.168.1.20:8787/codex/v1"\n$env:OPENAI_API_KEY="ws-abcdefgh"\n'
    )


def test_the_full_set_up_for_cmd() -> None:
    assert setup_text(Shell.CMD, URL, KEY).split("\r\n") == [
        "rem Waystation: codex in this window goes through the gateway.",
        "rem To go back: doskey codex=",
        'set "WAYSTATION_LICENSE=ws-abcdefgh"',
        'if not defined NO_PROXY set "NO_PROXY=192.168.1.20"',
        'set "WAYSTATION_DIRECT=,%NO_PROXY%,"',
        'if "%WAYSTATION_DIRECT:,192.168.1.20,=%"=="%WAYSTATION_DIRECT%" set "NO_PROXY=%NO_PROXY%,192.168.1.20"',
        'set "WAYSTATION_DIRECT="',
        "doskey codex=codex -c model_provider=waystation -c model_providers.waystation.name=Waystation "
        "-c model_providers.waystation.base_url=http://192.168.1.20:8787/codex/v1 "
        "-c model_providers.waystation.env_key=WAYSTATION_LICENSE "
        "-c model_providers.waystation.wire_api=responses $*",
        "",
    ]


def test_the_full_set_up_for_powershell_puts_no_double_quote_into_an_argument() -> None:
    text = setup_text(Shell.POWERSHELL, URL, KEY)

    assert '"' not in text
    assert "'-c', 'model_providers.waystation.base_url=http://192.168.1.20:8787/codex/v1'\n" in text
    assert "$env:WAYSTATION_LICENSE = 'ws-abcdefgh'\n" in text
    assert "$env:NO_PROXY, $env:no_proxy, '192.168.1.20'" in text
    assert "# To go back: Remove-Item Function:codex\n" in text


@pytest.mark.parametrize("shell", Shell)
def test_the_full_set_up_never_names_a_variable_that_other_programs_read(shell: Shell) -> None:
    assert "OPENAI" not in setup_text(shell, URL, KEY)


@pytest.mark.parametrize("shell", Shell)
@given(license_key=licenses)
@example(license_key="/P======")
@example(license_key="~~~~~~~~")
@example(license_key="--------")
def test_a_license_stands_in_a_text_unchanged_and_nothing_in_it_is_special(shell: Shell, license_key: str) -> None:
    for text in (environment_text(shell, URL, license_key), setup_text(shell, URL, license_key)):
        assert license_key in text
        assert text.isascii()
        assert "!" not in text  # an interactive bash would replace it from its history
        assert ("\r" in text) is (shell is Shell.CMD)


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
@given(license_key=licenses)
@example(license_key="~/======")
def test_bash_reads_back_the_pair_as_it_was_put_in(license_key: str) -> None:
    script = environment_text(Shell.BASH, URL, license_key) + 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY"'

    # Through standard input, as pasted.
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=10, check=True)

    assert done.stdout == f"{URL} {license_key}\n"


@pytest.mark.parametrize("shell", Shell)
@pytest.mark.parametrize(
    "license_key",
    ["short", "x" * 201, "", "white space", "quote'quote", 'quote"quote', "dollar$(id)", "back`id`tick", "%PATH%abc",
     "caret^caret", "a&calc.exe", "a|bcdefgh", "bang!bang", "line\nline12", "line\r\nline1", "back\\slash",
     "a;bcdefghi", "typographic’quote", "许可证许可证许可证", "nul\0nul\0nul", "a>bcdefgh", "#comment#"],
)  # fmt: skip
def test_a_license_that_a_shell_could_misread_is_refused(shell: Shell, license_key: str) -> None:
    with pytest.raises(InvalidInput):
        setup_text(shell, URL, license_key)
    with pytest.raises(InvalidInput):
        environment_text(shell, URL, license_key)


@pytest.mark.parametrize(
    "base_url",
    ["", "127.0.0.1:8787/codex/v1", "ftp://127.0.0.1/codex/v1", "http://", "http://:8787/", "http://127.0.0.1:0/v1",
     "http://127.0.0.1:65536/v1", "http://127.0.0.1:8787/codex/v1?x=1", "http://127.0.0.1:8787/codex/v1#x",
     "http://user:pass@127.0.0.1:8787/v1", "http://127.0.0.1:8787/$(id)", "http://127.0.0.1:8787/%20", "http://a b/v1",
     "http://127.0.0.1:8787/v1\n", "http://127.0.0.1'/v1", "http://999.0.0.1:8787/v1", "http://127.1/v1",
     "http://[::1/v1", "http://::1/v1", "http://[127.0.0.1]/v1", "http://[::1%25eth0]/v1", "http://-a.example/v1",
     "http://a..b/v1", "http://主机/v1", "http://127.0.0.1:8787//v1", f"http://{'a' * 64}.example/v1"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_repeating_it(base_url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        setup_text(Shell.BASH, base_url, KEY)

    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(
    ("base_url", "url", "host"),
    [
        ("http://127.0.0.1:8787/codex/v1/", "http://127.0.0.1:8787/codex/v1", "127.0.0.1"),
        ("http://My-PC.local:8787/codex/v1", "http://My-PC.local:8787/codex/v1", "my-pc.local"),
        ("http://[fe80::1]:8787/codex/v1", "http://[fe80::1]:8787/codex/v1", "fe80::1"),
        ("https://codex.example.com/codex/v1", "https://codex.example.com/codex/v1", "codex.example.com"),
    ],
)
def test_every_kind_of_host_has_its_address_and_its_entry_past_the_proxy(base_url: str, url: str, host: str) -> None:
    assert f"base_url={url}'" in setup_text(Shell.BASH, base_url, KEY)
    assert f',}}{host}"' in setup_text(Shell.BASH, base_url, KEY)
    assert f"base_url={url} " in setup_text(Shell.CMD, base_url, KEY)
    assert f'set "NO_PROXY=%NO_PROXY%,{host}"' in setup_text(Shell.CMD, base_url, KEY)
    assert f"$env:no_proxy, '{host}'" in setup_text(Shell.POWERSHELL, base_url, KEY)


def test_windows_starts_with_powershell_and_every_other_system_with_bash() -> None:
    assert default_shell("win32") is Shell.POWERSHELL
    assert default_shell("darwin") is Shell.BASH
    assert default_shell("linux") is Shell.BASH


@given(value=st.text())
def test_only_characters_without_a_meaning_in_any_shell_are_inert(value: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+/=:[]-")
    if value and set(value) <= allowed:
        assert inert(value) == value
    else:
        with pytest.raises(InvalidInput):
            inert(value)
