"""What speaks against writing Codex's files, and what the user should know before.

Measured with the real Codex 0.42, 0.45, 0.80, 0.100, 0.120, 0.140 and 0.169:

* A project's `.codex/config.toml` outweighs the user's provider in some versions (`codex_project_files`), and takes the
  license along to an address of its own.
* `/etc/codex/managed_config.toml` outweighs it from 0.80 on; `/etc/codex/config.toml` never does. On Windows that file
  is beside config.toml, and 0.169 has a sentence for saying that it takes no notice of it any more.
* `codex resume` lists every conversation in 0.42 and 0.45. From 0.80 to 0.140 it lists those of the provider in use,
  also with `--all`; `-c model_provider=<the other one>` lists the others, and `codex resume <id>` goes on with one of
  them through the provider in use. 0.169 lists all and goes on with each through the provider that it was begun with
  (`codex exec resume` refuses); `codex fork <id>` goes on with a copy through the provider in use.
* With `forced_login_method = "chatgpt"` `codex login --with-api-key` is refused, and from 0.80 on Codex removes a saved
  key when it starts, and ends; with `"api"` it does so with a ChatGPT login. A provider with `env_key` works with
  either as long as no such login is saved. 0.42 and 0.45 take no notice when they run.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shlex
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.platform.codex_config_file import CodexConfigUnreadable, read_config
from app.platform.codex_config_findings import (
    Finding,
    FindingCode,
    OpenAIAddress,
    OwnProvider,
    Wanted,
    file_findings,
)
from app.platform.codex_config_text import CodexConfigBroken, config_values, decoded
from app.platform.codex_notes import CodexVersion
from app.platform.codex_project_files import files_above, follows_projects, trusted_folders
from app.platform.codex_setup import PROVIDER
from app.platform.codex_write_errors import CodexChatGPTAddress, CodexLoginFollowed, CodexLoop, CodexTooOld
from app.platform.redaction import without_secrets
from app.platform.shells import powershell_quoted

FORCED_LOGIN = "forced_login_method"
"""Of config.toml: `chatgpt` or `api`."""

_UPSTREAM_VARIABLES = ("WAYSTATION_CHATGPT_BASE_URL", "WAYSTATION_OPENAI_BASE_URL")
_ADDRESS_FROM = (0, 120)
#: Lists every conversation.
_LISTS_ALL = (0, 45)
#: The first that was seen to list all again, and the last that was seen to go on with any conversation.
_LISTS_ALL_AGAIN = (0, 169)
_LAST_TO_MOVE = (0, 140)
#: The first that was seen to take no notice of managed_config.toml on Windows.
_NOT_MANAGED_ON_WINDOWS = (0, 169)
_MOST_PROJECTS = 100
_MAX_BYTES = 1 << 20
#: Where Codex keeps its login: `file`, `keyring`, or `auto` for the keyring where there is one.
_STORE = "cli_auth_credentials_store"


def leads_to(address: object, base_url: str) -> bool:
    """Whether an address is the gateway's, under whichever name of this computer."""
    if not isinstance(address, str):
        return False
    try:
        one, other = urlsplit(address), urlsplit(base_url)
        ports = [part.port or (443 if part.scheme == "https" else 80) for part in (one, other)]
    except ValueError:
        return False
    hosts = [(part.hostname or "").lower().rstrip(".") for part in (one, other)]
    return ports[0] == ports[1] and (hosts[0] == hosts[1] or all(map(_is_here, hosts)))


def refuse_loops(environ: Mapping[str, str], base_url: str) -> None:
    """See that the gateway would not ask itself.

    Raises:
        CodexLoop: it would.
    """
    for name in _UPSTREAM_VARIABLES:
        address = environ.get(name, "").strip()
        if leads_to(address, base_url):
            shown = without_secrets(address)
            raise CodexLoop(
                f"{name} is Waystation itself ({shown}): it would ask itself for ever. Correct that variable and start "
                "Waystation again; nothing was changed.",
                name=name,
                address=shown,
            )


def refuse_config(values: Mapping[str, Any], path: Path, base_url: str) -> None:
    """See that Codex does not take us for the ChatGPT backend: its terminal interface ends on our 404.

    Raises:
        CodexChatGPTAddress: it does.
    """
    if leads_to(values.get("chatgpt_base_url"), base_url):
        raise CodexChatGPTAddress(
            f"{path} sets chatgpt_base_url to Waystation, which has none of what Codex asks for there. Take that line "
            "out and try again; nothing was changed.",
            path=str(path),
        )


def refuse_version(version: CodexVersion | None) -> None:
    """See that this Codex reads `openai_base_url`.

    Raises:
        CodexTooOld: it does not.
    """
    if version is not None and version[:2] < _ADDRESS_FROM:
        shown = ".".join(map(str, version))
        raise CodexTooOld(
            f"Codex {shown} does not read openai_base_url; 0.120 is the first that does. Choose the provider of our "
            "own.",
            version=shown,
        )


def history_findings(values: Mapping[str, Any], version: CodexVersion | None) -> Iterator[Finding]:
    """How to see conversations that were begun before our provider."""
    before = values.get("model_provider") or "openai"
    if before == PROVIDER:
        return
    if version is None or _LISTS_ALL < version[:2] < _LISTS_ALL_AGAIN:
        yield Finding(FindingCode.HISTORY_FILTERED, "model_provider", str(before))
    if version is None or version[:2] > _LAST_TO_MOVE:
        yield Finding(FindingCode.HISTORY_FORK, "model_provider", str(before))


def outweighing(
    values: Mapping[str, Any], wanted: Wanted, version: CodexVersion | None, managed: Path | None
) -> tuple[Finding, ...]:
    """Which files of others outweigh ours."""
    found = file_findings(_read(managed), wanted, FindingCode.MANAGED_FILE)
    if follows_projects(version):
        for folder in trusted_folders(values)[:_MOST_PROJECTS]:
            found += file_findings(_read(folder / ".codex" / "config.toml"), wanted, FindingCode.PROJECT_FILE)
    return found


def outweighing_in(
    folder: Path, config: Path, address: str, provider: str, version: CodexVersion | None
) -> Finding | None:
    """The file of a project by which Codex, started in `folder`, goes elsewhere; None: none.

    Args:
        folder: absolute.
        config: the user's config.toml.
        address: to which that leads.
        provider: that it names, or `openai`.
        version: of Codex, if known.
    """
    values: Mapping[str, Any] = {}
    with suppress(CodexConfigUnreadable, CodexConfigBroken):
        values = config_values(decoded(read_config(config) or b""))
    wanted = OpenAIAddress(address) if provider == "openai" else OwnProvider(address)
    for path in files_above(folder, config.parent, values, version):
        for found in file_findings(_read(path), wanted, FindingCode.PROJECT_FILE):
            if found.value != provider:
                return found
    return None


class SavedKey:
    """What `codex login` has saved, as far as setting up needs it. Read only; never raises.

    Args:
        path: of Codex's `auth.json`.
        system: as `sys.platform` names it.
    """

    def __init__(self, path: Path, system: str) -> None:
        self.path = path
        self._system = system
        #: Where the user is told to keep a copy.
        self.copy = path.with_name(f"{path.name}.before-waystation")
        data: Any = None
        with suppress(OSError, ValueError), path.open("rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
        data = data if isinstance(data, dict) else {}
        key = data.get("OPENAI_API_KEY")
        self._sha256 = hashlib.sha256(key.encode()).hexdigest() if isinstance(key, str) else None
        self.is_chatgpt = isinstance(data.get("tokens"), dict)

    def refuse_followed(self, followed: Collection[str]) -> None:
        """See that no token loses its login.

        Raises:
            CodexLoginFollowed: one would.
        """
        if self._is_in(followed):
            raise CodexLoginFollowed(
                f"A token follows {self.path}, which this way would overwrite. Choose the provider of our own, or give "
                "Waystation a sign-in of its own first; nothing was changed.",
                path=str(self.path),
            )

    def findings(self, wanted: Wanted, values: Mapping[str, Any], followed: Collection[str]) -> Iterator[Finding]:
        """What becomes of the login; `values` are those of config.toml."""
        if isinstance(wanted, OpenAIAddress):
            if values.get(FORCED_LOGIN) == "chatgpt":
                yield Finding(FindingCode.FORCED_LOGIN, FORCED_LOGIN, "chatgpt")
            store = values.get(_STORE)
            if store == "keyring" or (store == "auto" and not self.path.exists()):
                yield Finding(FindingCode.LOGIN_HIDDEN, _STORE, store)
            elif self.is_chatgpt:
                yield Finding(FindingCode.LOGIN_REPLACED, str(self.path), str(self.copy))
        elif self._is_in(followed):
            yield Finding(FindingCode.LOGIN_FOLLOWED, str(self.path))

    def holds(self, license_sha256: str) -> bool:
        """Whether it is this license."""
        return self._sha256 == license_sha256

    def saving(self, license_key: str) -> str:
        """The command that saves the license; it holds the license."""
        if self._system == "win32":
            return f'"{license_key}" | codex login --with-api-key'
        return f"echo '{license_key}' | codex login --with-api-key"

    def leaving(self) -> str:
        """The command that takes the license away, and puts the user's copy back if there is one."""
        if not self.copy.exists():
            return "codex logout"
        if self._system == "win32":
            copy, own = powershell_quoted(str(self.copy)), powershell_quoted(str(self.path))
            return f"Move-Item -Force -LiteralPath {copy} -Destination {own}"
        return f"mv -f {shlex.quote(str(self.copy))} {shlex.quote(str(self.path))}"

    def _is_in(self, followed: Collection[str]) -> bool:
        with suppress(OSError):
            return self.path.resolve() in {Path(path).resolve() for path in followed}
        return False


def managed_file(config: Path, system: str) -> Path:
    """Where whoever manages this computer puts what outweighs config.toml; on Windows beside it (not measured)."""
    return config.with_name("managed_config.toml") if system == "win32" else Path("/etc/codex/managed_config.toml")


def follows_managed(version: CodexVersion | None, system: str) -> bool:
    """Whether this Codex takes notice of that file; also where nobody knows."""
    return system != "win32" or version is None or version[:2] < _NOT_MANAGED_ON_WINDOWS


def _read(path: Path | None) -> dict[str, bytes]:
    with suppress(CodexConfigUnreadable, ValueError):
        data = read_config(path) if path else None
        return {} if data is None else {str(path): data}
    return {}


def _is_here(host: str) -> bool:
    if host in ("localhost", "0.0.0.0", "::"):  # noqa: S104 - nothing is bound
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Only own addresses can be bound; nothing is sent.
        probe.bind((str(address), 0))
        return True
    return address.is_loopback
