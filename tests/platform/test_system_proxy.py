"""The proxy of the system's settings, beside that of the environment."""

import sys

import pytest

from app.platform.codex_proxies import exceptions_with, is_bypassed
from app.platform.system_proxy import SystemProxy, system_proxy, terminal_proxies

URL = "http://127.0.0.1:8787/codex/v1"
#: As the usual programs for it set Windows up.
CLASH = SystemProxy("127.0.0.1:7890", "localhost;127.*;192.168.*;10.*;*.corp.example; <local>")


def test_the_exceptions_that_windows_has_as_a_rule_do_not_stand_for_the_gateway() -> None:
    found = terminal_proxies({"PATH": "C:\\"}, system="win32", proxy=CLASH)
    assert found == {
        "HTTP_PROXY": "127.0.0.1:7890",
        "NO_PROXY": "localhost,127.*,192.168.*,10.*,corp.example,<local>",
    }
    assert not is_bypassed(found, URL)
    assert exceptions_with(found, URL) == f"{found['NO_PROXY']},127.0.0.1"


def test_what_the_environment_says_comes_first() -> None:
    environ = {"HTTP_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1"}
    assert terminal_proxies(environ, system="win32", proxy=CLASH) == environ
    found = terminal_proxies({"NO_PROXY": "127.0.0.1"}, system="win32", proxy=CLASH)
    assert found == {"HTTP_PROXY": "127.0.0.1:7890", "NO_PROXY": "127.0.0.1"}
    assert is_bypassed(found, URL)


def test_macos_has_no_exceptions_for_codex() -> None:
    found = terminal_proxies({}, system="darwin", proxy=SystemProxy("http://127.0.0.1:7890"))
    assert exceptions_with(found, URL) == "127.0.0.1"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there it is the user's")
def test_elsewhere_there_is_none() -> None:
    assert system_proxy() is None
    assert terminal_proxies({"A": "1"}) == {}
