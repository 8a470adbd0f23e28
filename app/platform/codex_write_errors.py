"""Why Codex's files are not written, each with what to do."""

from __future__ import annotations

from app.core.errors import InvalidInput, NotFound, WaystationError


class CodexTooOld(InvalidInput):
    """The installed Codex does not read what would be written; its detail is the `version`."""

    code = "codex_too_old"


class CodexLoop(WaystationError):
    """The gateway's own upstream is the gateway; its details are the variable's `name` and the `address`."""

    code = "codex_loop"


class CodexChatGPTAddress(WaystationError):
    """Codex asks the gateway for its account; its detail is the `path` of the file that says so."""

    code = "codex_chatgpt_address"


class CodexLoginFollowed(WaystationError):
    """A token lives on the login that would be overwritten; its detail is the `path`."""

    code = "codex_login_followed"


class CodexMemoryUnusable(WaystationError):
    """What we remember of our writing cannot be read or kept; its details are the `path` and the `reason`."""

    code = "codex_memory_unusable"


class CodexSetupBusy(WaystationError):
    """Another process is writing Codex's files."""

    code = "codex_setup_busy"


class CodexNotWritten(NotFound):
    """There is nothing to take back; its detail is the `path` of config.toml."""

    code = "codex_not_written"
