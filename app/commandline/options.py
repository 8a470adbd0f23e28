"""What the environment and the command line say about one run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import InvalidInput
from app.core.release import checked_feed
from app.platform.paths import bundled_release_feed, default_data_dir

if TYPE_CHECKING:
    from app.store.key_stores import KeyStoreKind
    from app.upstream.endpoints import UpstreamEndpoints


def data_dir(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Path:
    """The data folder: `--data-dir`, else WAYSTATION_DATA_DIR, else the user's own.

    Raises:
        InvalidInput: it is in the home folder of an unknown user.
    """
    given = getattr(arguments, "data_dir", None) or environ.get("WAYSTATION_DATA_DIR")
    return expanded(Path(given)).absolute() if given else default_data_dir()


def expanded(path: Path) -> Path:
    """The path with `~` and `~user` put in, where no shell has done it.

    Raises:
        InvalidInput: there is no such user.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise InvalidInput(f"{path} cannot be found: there is no such user's home folder.") from None


@dataclass(frozen=True, slots=True)
class InstanceOptions:
    """How an instance is opened.

    Attributes:
        data_dir: whose data it owns.
        endpoints: of upstream.
        key_store_kind: from WAYSTATION_KEY_STORE; None: where the user chose, at first the keyring.
        strict: from WAYSTATION_STRICT; strict pass-through, without any edit of bodies.
        release_feed: from WAYSTATION_RELEASE_FEED, else the one that this build brings, else ""; None: nobody is ever
            asked for new versions.
    """

    data_dir: Path
    endpoints: UpstreamEndpoints
    key_store_kind: KeyStoreKind | None = None
    strict: bool = False
    release_feed: str | None = None


def instance_options(folder: Path, environ: Mapping[str, str]) -> InstanceOptions:
    """Read the environment.

    Raises:
        InvalidInput: a variable holds what cannot be used.
    """
    # Imported late: commands that a running instance carries out need neither.
    from app.store.key_stores import key_store_kind
    from app.upstream.endpoints import UpstreamEndpoints

    named = environ.get("WAYSTATION_KEY_STORE")
    return InstanceOptions(
        folder,
        UpstreamEndpoints.from_environment(environ),
        key_store_kind(named) if named else None,
        strict=environ.get("WAYSTATION_STRICT", "") not in ("", "0"),
        release_feed=_release_feed(environ),
    )


def _release_feed(environ: Mapping[str, str]) -> str:
    named = environ.get("WAYSTATION_RELEASE_FEED", "").strip()
    if not named:
        return bundled_release_feed()
    try:
        return checked_feed(named)
    except InvalidInput as error:
        raise InvalidInput(f"WAYSTATION_RELEASE_FEED cannot be used. {error.message}") from None
