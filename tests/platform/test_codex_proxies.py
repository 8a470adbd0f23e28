"""Whether Codex reaches the gateway past a proxy; each line was seen with Codex 0.45, 0.120 and 0.169."""

import pytest

from app.platform.codex_proxies import is_bypassed

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
