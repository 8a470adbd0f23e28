"""What a user may write as a proxy, and which one counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from app.core.errors import InvalidInput
from app.upstream.proxies import Proxy, ProxyFinder, Way, checked_proxy, explicit_proxy, parse_proxy

ELSEWHERE = URL("https://chatgpt.com/x")


@pytest.mark.parametrize(
    ("text", "shown", "user", "password"),
    [
        ("http://127.0.0.1:7890", "http://127.0.0.1:7890", None, None),
        ("  https://proxy.example:443/ ", "https://proxy.example:443", None, None),
        ("socks5://user:p%40ss@[::1]:1080", "socks5://[::1]:1080", "user", "p@ss"),
        ("SOCKS5H://User@Proxy.Example:1080", "socks5h://proxy.example:1080", "User", None),
        ("http://用户:密码@h:80", "http://h:80", "用户", "密码"),
    ],
)
def test_what_a_user_may_write(text: str, shown: str, user: str | None, password: str | None) -> None:
    proxy = checked_proxy(text)
    assert (proxy.shown, proxy.user, proxy.password) == (shown, user, password)
    assert "p@ss" not in f"{proxy!r} {Way(proxy, '')!r} {Way(proxy, '').shown}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Begin the proxy with"),
        ("127.0.0.1:7890", "Begin the proxy with"),
        ("socks4://h:1080", "Begin the proxy with"),
        ("ftp://secret@h:1", "Begin the proxy with"),
        ("http://proxy.example", "needs a port"),
        ("http://h:0", "needs a port"),
        ("http://h:99999", "not the address"),
        ("http://user:sec#ret@h:1", "not the address"),
        ("http://user:sec/ret@h:1", "not the address"),
        ("http://h:1/secret", "not the address"),
        ("http://h:1?secret", "not the address"),
        ("http://:1", "not the address"),
        ("http://[::1:1", "not the address"),
        ("http://user:sec ret@h:1", "must not contain blanks"),
        ("socks5://用户:secret@h:1", "plain ASCII"),
        (f"socks5://u:{'secret' * 50}@h:1", "plain ASCII"),
    ],
)
def test_anything_else_is_refused_with_an_example_and_not_repeated(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        checked_proxy(text)
    assert "secret" not in caught.value.message
    assert "ASCII" in caught.value.message or "://" in caught.value.message


@given(st.text(max_size=60).map("http://".__add__) | st.text(max_size=60))
def test_any_text_is_a_proxy_or_refused(text: str) -> None:
    try:
        proxy = explicit_proxy(text)
    except InvalidInput:
        return
    assert proxy is None or proxy.url.port


async def test_the_tokens_own_goes_before_the_applications_and_that_before_the_systems() -> None:
    system = parse_proxy("http://system:1")
    finder = ProxyFinder(lambda scheme, host: system)

    async def shown(own: str | None = None) -> str | None:
        proxy: Proxy | None = (await finder.find(ELSEWHERE, own)).proxy
        return proxy.shown if proxy else None

    assert await shown() == "http://system:1"
    assert await shown("socks5://own:1") == "socks5://own:1"
    assert await shown("direct") is None
    finder.choose("http://application:1")
    assert await shown() == "http://application:1"
    assert await shown("socks5://own:1") == "socks5://own:1"
    finder.choose("Direct")
    assert await shown() is None
    with pytest.raises(InvalidInput):
        finder.choose("nonsense")
    assert await shown() is None
    finder.choose(None)
    assert await shown() == "http://system:1"


async def test_of_how_many_proxies_so_ever_each_is_the_right_one_every_time() -> None:
    finder = ProxyFinder(lambda scheme, host: None)
    for _ in range(2):
        for port in range(1, 600):
            proxy = (await finder.find(ELSEWHERE, f"http://own:{port}")).proxy
            assert proxy is not None
            assert proxy.shown == f"http://own:{port}"


async def test_the_system_is_asked_again_after_a_moment() -> None:
    now, asked = 0.0, 0

    def find(scheme: str, host: str) -> None:
        nonlocal asked
        asked += 1

    finder = ProxyFinder(find, lambda: now)
    for now, times in ((0.0, 1), (9.0, 1), (11.0, 2)):  # noqa: B007
        await finder.find(ELSEWHERE)
        assert asked == times


async def test_the_advice_names_the_place_where_the_proxy_is_set() -> None:
    finder = ProxyFinder(lambda scheme, host: None)
    assert "HTTPS_PROXY" in (await finder.find(ELSEWHERE)).advice
    assert "this token" in (await finder.find(ELSEWHERE, "http://h:1")).advice
    finder.choose("http://h:1")
    assert "Waystation's settings" in (await finder.find(ELSEWHERE)).advice
