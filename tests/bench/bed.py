"""Everything that is measured, set up in one folder: who is there, on which ports, and why somebody is missing."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bench import peer_configs, rows
from tests.bench.bench_house import build_house
from tests.bench.full_house import fill_house
from tests.bench.targets import Target, gateway, license_headers, listens, server_program
from tests.support.children import Children
from tests.support.isolation import private_folders
from tests.support.ports import free_ports

#: Turns at once that the usual loads take.
_USUAL, _MANY = 200, 2000
_START_S = 5.0


class TestBed:
    """The targets of one run.

    Args:
        folder: everything is written there.
        chatmock: the Python of an environment with ChatMock, if there is one.
        wanted: names of targets; others are not set up.
        many: whether 2,000 streams at once are wanted.

    Attributes:
        targets: by name.
        troubles: why a wanted target is not there, by its name.
        environment: of every process.
    """

    __test__ = False

    def __init__(self, folder: Path, chatmock: Path | None, wanted: set[str], *, many: bool) -> None:
        self.folder = folder
        self.targets: dict[str, Target] = {}
        self.troubles: dict[str, str] = {}
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            **private_folders(folder / "home"),
        }
        self.upstream_port, self._tls_port, *own = free_ports(6)
        self._nginx, self._haproxy = server_program("nginx"), server_program("haproxy")
        self._chatmock = chatmock
        self._wanted = wanted
        self._many: tuple[Path, str] | None = None
        if rows.DIRECT in wanted:
            self.targets[rows.DIRECT] = Target((), self.upstream_port, path="/codex/responses")
        self._add_servers(own[0], own[1])
        self._add_chatmock(own[2])
        self._add_gateways(own[3], many)

    def for_many(self, target: Target) -> Target:
        """The target with room for as many streams as `many` has."""
        if target.house is None or self._many is None:
            return target
        house, key = self._many
        return replace(target, house=house, headers=license_headers(key))

    def no_many(self, why: str) -> None:
        """2,000 streams cannot be: say so."""
        for name in self._wanted:
            self.troubles[f"{name} many"] = why

    def start_tls(self, children: Children, pinned: Sequence[str]) -> None:
        """Put TLS before upstream, if somebody is measured with it."""
        if rows.SERVE_TLS not in self._wanted and rows.NGINX_TLS not in self._wanted:
            return
        if self._nginx is None:
            self._without_tls("no nginx to give upstream TLS")
            return
        folder = self._own_folder("tls-end")
        config = peer_configs.tls_end(
            folder, self._tls_port, self.upstream_port, self._certificate, self._key, root=os.geteuid() == 0
        )
        children.start([*pinned, *self._nginx_command(folder, config)], env=self.environment)
        deadline = time.monotonic() + _START_S
        while not listens(self._tls_port):
            if time.monotonic() > deadline:
                self._without_tls("nginx did not give upstream TLS")
                return
            time.sleep(0.02)

    def versions(self) -> str:
        """Whom we compare with."""
        found = []
        for program, option in ((self._nginx, "-v"), (self._haproxy, "-v")):
            if program is not None:
                done = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
                match = re.search(r"(nginx/|HAProxy version )([\d.]+)", done.stdout + done.stderr)
                if match:
                    found.append(f"{match[1].replace(' version', '').replace('/', ' ').strip()} {match[2]}")
        if rows.CHATMOCK in self.targets:
            code = "import importlib.metadata as m; print(m.version('chatmock'))"
            done = subprocess.run(
                [str(self._chatmock), "-c", code], capture_output=True, text=True, timeout=20, check=False
            )
            found.append(f"ChatMock {done.stdout.strip()}")
        return ", ".join(found)

    def _add_servers(self, port: int, other_port: int) -> None:
        root = os.geteuid() == 0
        for name, behind, tls in (
            (rows.NGINX, self.upstream_port, False),
            (rows.NGINX_TLS, self._tls_port, True),
        ):
            if name not in self._wanted:
                continue
            if self._nginx is None:
                self.troubles[name] = "not here, and not brought"
                continue
            folder = self._own_folder(name)
            config = peer_configs.nginx(folder, port, behind, root=root, tls_to=tls)
            self.targets[name] = Target(tuple(self._nginx_command(folder, config)), port)
        if rows.HAPROXY in self._wanted:
            if self._haproxy is None:
                self.troubles[rows.HAPROXY] = "not here, and not brought"
            else:
                config_file = self._own_folder(rows.HAPROXY) / "haproxy.cfg"
                config_file.write_text(peer_configs.haproxy(other_port, self.upstream_port), encoding="utf-8")
                self.targets[rows.HAPROXY] = Target((self._haproxy, "-f", str(config_file)), other_port)

    def _add_chatmock(self, port: int) -> None:
        if rows.CHATMOCK not in self._wanted:
            return
        if self._chatmock is None or not self._chatmock.exists():
            self.troubles[rows.CHATMOCK] = "not installed (dev.py bench brings it from PyPI)"
            return
        starter = str(Path(__file__).with_name("chatmock_start.py"))
        words = (str(self._chatmock), starter, str(port), str(self.upstream_port), str(self.folder / "chatmock"))
        self.targets[rows.CHATMOCK] = Target(words, port, "/v1/responses", "/v1/chat/completions")

    def _add_gateways(self, port: int, many: bool) -> None:
        upstream = f"http://127.0.0.1:{self.upstream_port}/codex"
        house = self.folder / "house"
        key = build_house(house, upstream, port, streams=_USUAL)
        for kind in (rows.SERVE, rows.PLAIN, rows.THREAD, rows.LOOP):
            if kind in self._wanted:
                self.targets[kind] = gateway(kind, port, upstream, key, house)
        for kind, full in ((rows.EMPTY, None), (rows.ORDINARY, False), (rows.FULL, True)):
            if kind in self._wanted:
                past = house if full is None else self.folder / f"house-{kind}"
                if full is not None:
                    fill_house(house, past, full=full)
                self.targets[kind] = gateway(rows.LOOP, port, upstream, key, past)
        if rows.SERVE_TLS in self._wanted or rows.NGINX_TLS in self._wanted:
            self._make_certificate()
        if rows.SERVE_TLS in self._wanted:
            secure = f"https://127.0.0.1:{self._tls_port}/codex"
            self.targets[rows.SERVE_TLS] = gateway("serve", port, secure, key, house, self._certificate)
        if many:
            key = build_house(self.folder / "house-many", upstream, port, streams=_MANY)
            self._many = self.folder / "house-many", key

    def _without_tls(self, why: str) -> None:
        for name in (rows.SERVE_TLS, rows.NGINX_TLS):
            if self.targets.pop(name, None) is not None:
                self.troubles[name] = why

    def _own_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _nginx_command(self, folder: Path, config: str) -> list[str]:
        assert self._nginx is not None
        (folder / "nginx.conf").write_text(config, encoding="utf-8")
        return [self._nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]

    @property
    def _certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def _key(self) -> Path:
        return self.folder / "key.pem"

    def _make_certificate(self) -> None:
        """Of 127.0.0.1, for one day, by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
        now = datetime.datetime.now(datetime.UTC)
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        self._certificate.write_bytes(certificate.public_bytes(encoding))
        self._key.touch(mode=0o600)
        self._key.write_bytes(
            key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
