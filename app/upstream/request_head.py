"""The head of a request to upstream, as bytes."""

from __future__ import annotations

from collections.abc import Iterable

from yarl import URL

#: Of these, no length says that there is no body (RFC 9110 §8.6).
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})


def request_head(
    method: str,
    target: URL,
    headers: Iterable[tuple[str, str]],
    length: int | None,
    *,
    absolute: bool = False,
    more: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Request line and headers, with the blank line behind them.

    Args:
        method, target: of the request.
        headers: in this order and spelling; Host and Content-Length are added.
        length: of the body; None: there is none.
        absolute: the whole address in the request line, as a proxy needs it (RFC 9112 §3.2.2).
        more: headers for the proxy.

    Raises:
        ValueError: a header would end its line.
    """
    host = target.host_port_subcomponent or ""
    path = target.raw_path_qs
    lines = [f"{method} {target.scheme}://{host}{path} HTTP/1.1" if absolute else f"{method} {path} HTTP/1.1"]
    lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"{name}: {value}" for name, value in more]
    if length is not None or method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {length or 0}")
    # A search for one is twenty times as fast as a count.
    without_ends = "".join(lines)
    if "\n" in without_ends or "\r" in without_ends or "\0" in without_ends:
        raise ValueError("a header holds a line end")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
