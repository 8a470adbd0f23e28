"""Whether Codex reaches the gateway past a proxy; each line was seen with Codex 0.45, 0.120 and 0.169."""

import pytest

from app.platform.codex_proxies import exceptions_name, exceptions_with, in_effect, is_bypassed

PROXY = "http://127.0.0.1:7890"


@pytest.mark.parametrize(
    ("host", "environ", "bypassed"),
    [
        ("127.0.0.1", {}, True),
        ("127.0.0.1", {"HTTP_PROXY": PROXY}, False),
        ("127.0.0.1", {"http_proxy": PROXY}, False),
        ("127.0.0.1", {"ALL_PROXY": PROXY}, False),
        ("127.0.0.1", {"all_proxy": PROXY}, False),
        ("127.0.0.1", {"HTTPS_PROXY": PROXY, "https_proxy": PROXY}, True),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "127.0.0.1"}, True),
        ("127.0.0.1", {"http_proxy": PROXY, "no_proxy": "127.0.0.1"}, True),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "a b , 127.0.0.1"}, True),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "127.0.0.0/8"}, True),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "*"}, False),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "localhost"}, False),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "127.*"}, False),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "127.0.0.1:8787"}, False),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "", "no_proxy": "127.0.0.1"}, False),
        ("127.0.0.1", {"http_proxy": PROXY, "NO_PROXY": "x.example", "no_proxy": "127.0.0.1"}, False),
        ("localhost", {"http_proxy": PROXY, "NO_PROXY": "*"}, True),
        ("localhost", {"http_proxy": PROXY, "NO_PROXY": ".localhost"}, True),
        ("localhost", {"http_proxy": PROXY, "NO_PROXY": "127.0.0.1"}, False),
        ("localhost", {"http_proxy": PROXY, "NO_PROXY": "localhost:8787"}, False),
        ("pc.example", {"http_proxy": PROXY, "NO_PROXY": "example"}, True),
        ("pcexample", {"http_proxy": PROXY, "NO_PROXY": "example"}, False),
        ("[::1]", {"http_proxy": PROXY, "NO_PROXY": "::1"}, True),
    ],
)
def test_whether_a_proxy_stands_between(host: str, environ: dict[str, str], bypassed: bool) -> None:
    assert is_bypassed(environ, f"http://{host}:8787/codex/v1") is bypassed


URL = "http://127.0.0.1:8787/codex/v1"


@pytest.mark.parametrize(
    ("environ", "exceptions"),
    [
        ({}, None),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "127.0.0.0/8"}, None),
        ({"HTTP_PROXY": PROXY}, "127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "*"}, "*,127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "a, .b ,,a"}, "a,.b,127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "no_proxy": "c"}, "c,127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "a", "no_proxy": "c,a"}, "a,c,127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "a", "no_proxy": "127.0.0.1"}, "a,127.0.0.1"),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "it's,b\nc,\udce9,公司.example"}, "公司.example,127.0.0.1"),
    ],
)
def test_the_user_s_own_exceptions_are_carried_along(environ: dict[str, str], exceptions: str | None) -> None:
    assert exceptions_with(environ, URL) == exceptions
    if exceptions is not None:
        assert exceptions_with(environ | {"NO_PROXY": exceptions}, URL) is None


def test_an_address_of_ipv6_stands_without_brackets() -> None:
    assert exceptions_with({"ALL_PROXY": PROXY}, "http://[::1]:8787/codex/v1") == "::1"


def test_what_stands_in_the_file_is_in_effect_also_when_it_is_empty() -> None:
    environ = {"HTTP_PROXY": PROXY, "NO_PROXY": "127.0.0.1", "PATH": "/bin"}
    assert in_effect(environ, {"NO_PROXY": "", "A": "1"}, system="linux") == {"HTTP_PROXY": PROXY, "NO_PROXY": ""}
    assert in_effect(environ, {"HTTP_PROXY": ""}, system="linux") == {"HTTP_PROXY": "", "NO_PROXY": "127.0.0.1"}


def test_windows_knows_no_small_letters() -> None:
    assert in_effect({"HTTP_PROXY": PROXY, "NO_PROXY": "a"}, {"no_proxy": "b"}, system="win32") == {
        "HTTP_PROXY": PROXY,
        "NO_PROXY": "b",
    }
    assert exceptions_name({"NO_PROXY": "a", "no_proxy": "b", "C": ""}, system="win32") == "no_proxy"
    assert exceptions_name({"no_proxy": "b", "NO_PROXY": "a"}, system="win32") == "NO_PROXY"
    assert exceptions_name({"no_proxy": "b"}, system="linux") == "NO_PROXY"
