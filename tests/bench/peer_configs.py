"""The settings of nginx and HAProxy for a benchmark: as fast as each goes, as an ordinary user, in a folder of ours."""

from __future__ import annotations

from pathlib import Path

#: Where clients find the pass-through of every target but ChatMock, and what stands for it upstream.
CLIENT_PREFIX, UPSTREAM_PREFIX = "/codex/v1/", "/codex/"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx(folder: Path, port: int, upstream_port: int, *, root: bool, tls_to: bool = False) -> str:
    """nginx in front of upstream, which it meets over TLS with `tls_to`; `folder` is there and its own."""
    scheme = "https" if tls_to else "http"
    return _nginx(
        folder,
        upstream_port,
        f"listen 127.0.0.1:{port} backlog=4096;",
        f"location {CLIENT_PREFIX} {{ proxy_pass {scheme}://upstream{UPSTREAM_PREFIX}; "
        'proxy_set_header Connection ""; proxy_set_header Authorization "Bearer bench"; }',
        root=root,
    )


def tls_end(folder: Path, port: int, upstream_port: int, certificate: Path, key: Path, *, root: bool) -> str:
    """nginx as the TLS of upstream itself."""
    return _nginx(
        folder,
        upstream_port,
        f"listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {certificate}; ssl_certificate_key {key};",
        'location / { proxy_pass http://upstream; proxy_set_header Connection ""; }',
        root=root,
    )


def haproxy(port: int, upstream_port: int) -> str:
    """HAProxy in front of upstream."""
    return f"""global
    nbthread 1
    maxconn 8000
defaults
    mode http
    option http-no-delay
    http-reuse always
    timeout connect 5s
    timeout client 600s
    timeout server 600s
frontend clients
    bind 127.0.0.1:{port}
    http-request set-header Authorization "Bearer bench"
    http-request replace-path {CLIENT_PREFIX}(.*) {UPSTREAM_PREFIX}\\1
    default_backend upstream
backend upstream
    server one 127.0.0.1:{upstream_port} pool-max-conn 4096
"""


def _nginx(folder: Path, upstream_port: int, listening: str, location: str, *, root: bool) -> str:
    temporary = "\n".join(f"    {name}_temp_path {folder / name};" for name in _TEMPORARY)
    # As root it would give its work to a user who may not enter the folder.
    return f"""worker_processes 1;
daemon off;
{"user root;" if root else ""}
pid {folder / "pid"};
error_log {folder / "error.log"} warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
{temporary}
    keepalive_requests 1000000;
    client_max_body_size 64m;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_read_timeout 600s;
    upstream upstream {{ server 127.0.0.1:{upstream_port}; keepalive 4096; keepalive_requests 1000000; }}
    server {{
        {listening}
        {location}
    }}
}}
"""
