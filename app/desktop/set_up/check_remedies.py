"""What the application itself can do about what a check of Codex has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication

from app.desktop.place import Place
from app.desktop.widgets.notice import Remedy
from app.platform.codex_check import CheckCode


@dataclass(frozen=True, slots=True)
class CheckWays:
    """Where the buttons beside findings lead.

    Attributes:
        start_gateway: starts it.
        sign_in: begins a sign-in for a new token.
        go: turns to a page.
        write: opens the dialog that writes Codex's files; None where they are not written.
        copy_text: unfolds the texts to be copied.
        show_command: shows the command that is still to be run.
    """

    start_gateway: Callable[[], None]
    sign_in: Callable[[], None]
    go: Callable[[Place], None]
    write: Callable[[], None] | None
    copy_text: Callable[[], None]
    show_command: Callable[[], None]


_WRITE = frozenset(
    {
        CheckCode.NOT_SET_UP,
        CheckCode.OTHER_PROVIDER,
        CheckCode.OTHER_ADDRESS,
        CheckCode.ENVIRONMENT_IGNORED,
        CheckCode.VARIABLE_MISSING,
        CheckCode.LOGIN_NOT_LICENSE,
        CheckCode.LICENSE_MISSING,
        CheckCode.LICENSE_UNKNOWN,
        CheckCode.LICENSE_OLD,
        CheckCode.LICENSE_REVOKED,
        CheckCode.PROXY_SWALLOWS,
        CheckCode.HOST_REFUSED,
        CheckCode.PATH_UNKNOWN,
    }
)
_START = frozenset({CheckCode.GATEWAY_STOPPED, CheckCode.GATEWAY_FAILED, CheckCode.NOT_RUNNING})
_SETTINGS = frozenset(
    {
        CheckCode.PORT_TAKEN,
        CheckCode.PORT_RESERVED,
        CheckCode.OTHER_PROGRAM,
        CheckCode.UPSTREAM_UNREACHABLE,
        CheckCode.UPSTREAM_IS_A_PAGE,
    }
)
_TOKENS = frozenset(
    {
        CheckCode.TOKENS_SEALED,
        CheckCode.TOKENS_AT_LIMIT,
        CheckCode.TOKENS_NEED_SIGN_IN,
        CheckCode.TOKENS_DISABLED,
        CheckCode.TOKENS_REST,
        CheckCode.UPSTREAM_REFUSED,
    }
)
_LICENSES = frozenset({CheckCode.LICENSE_EXPIRED, CheckCode.BUDGET_SPENT})


def remedy(code: CheckCode | None, ways: CheckWays) -> Remedy | None:
    """The button beside a finding; None: the user has to do it."""
    if code in _WRITE and ways.write is not None:
        return Remedy(QCoreApplication.translate("CheckRemedies", "Write it for me…"), ways.write, "set_up")
    if code in _WRITE or code is CheckCode.CODEX_IN_WSL:
        return Remedy(QCoreApplication.translate("CheckRemedies", "Copy a text"), ways.copy_text)
    if code is CheckCode.KEY_NOT_SAVED and ways.write is not None:
        return Remedy(QCoreApplication.translate("CheckRemedies", "Show the command"), ways.show_command)
    if code in _START:
        return Remedy(QCoreApplication.translate("CheckRemedies", "Start the gateway"), ways.start_gateway, "gateway")
    if code is CheckCode.NO_TOKENS:
        return Remedy(QCoreApplication.translate("CheckRemedies", "Sign in with ChatGPT"), ways.sign_in)
    pages = (
        (_SETTINGS, Place.SETTINGS, QCoreApplication.translate("CheckRemedies", "Open Settings")),
        (_TOKENS, Place.TOKENS, QCoreApplication.translate("CheckRemedies", "Open Tokens")),
        (_LICENSES, Place.LICENSES, QCoreApplication.translate("CheckRemedies", "Open Licenses")),
    )
    for codes, place, label in pages:
        if code in codes:
            return Remedy(label, partial(ways.go, place))
    return None
