"""What changes in Codex's config.toml and `.env`, for display. No I/O."""

from __future__ import annotations

import difflib
import re

from app.core.license import masked_key
from app.platform.codex_config_text import decoded, lines_of
from app.platform.redaction import without_secrets

_NAMED_SECRET = re.compile(
    r"(?i)((?:token|secret|password|authorization|api[_-]?key)[\w\"'-]*\s*=\s*)"
    r"(?:\"\"\"[^\n]*|'''[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')"
)

_EXCEPTIONS = re.compile(r"[ \t]*(?:export[ \t]+)?(?:NO_PROXY|no_proxy)[ \t]*=")


def masked_diff(before: bytes | None, after: bytes | None, secret: str | None = None) -> str:
    """A unified diff; `secret`, and whatever a name or its look betrays as one, is masked. None: no file."""
    old, new = ([line.rstrip("\r\n") for line in lines_of(decoded(data or b""))] for data in (before, after))
    lines = "\n".join(difflib.unified_diff(old, new, "config.toml", "config.toml", lineterm=""))
    if secret:
        lines = lines.replace(secret, masked_key(secret))
    return without_secrets(_NAMED_SECRET.sub(r'\1"…"', lines))


def masked_env_diff(before: bytes | None, after: bytes | None, secret: str) -> str:
    """The same of a `.env` file, in which every value may be a secret but that of NO_PROXY."""
    old, new = (
        [line.rstrip("\r\n") for line in lines_of((data or b"").decode("utf-8-sig", "replace"))]
        for data in (before, after)
    )
    # Masked afterwards: two secrets look alike then, and are not the same.
    lines = [*difflib.unified_diff(old, new, ".env", ".env", lineterm="")]
    names, lines = lines[:2], lines[2:]
    masked = [line if line.startswith("@@") else line[0] + _masked_line(line[1:], secret) for line in lines]
    return "\n".join([*names, *masked])


def _masked_line(line: str, secret: str) -> str:
    if line.lstrip().startswith("#"):
        return line
    if _EXCEPTIONS.match(line):
        return without_secrets(line)
    name, sign, value = line.partition("=")
    if not sign:
        # Perhaps a further line of a value.
        return "…" if name.strip() else name
    return f"{name}={masked_key(secret) if secret and value == secret else '…' if value.strip() else value}"
