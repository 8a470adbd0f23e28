"""What changes in Codex's config.toml, for display. No I/O."""

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


def masked_diff(before: bytes | None, after: bytes | None, secret: str | None = None) -> str:
    """A unified diff; `secret`, and whatever a name or its look betrays as one, is masked. None: no file."""
    old, new = ([line.rstrip("\r\n") for line in lines_of(decoded(data or b""))] for data in (before, after))
    lines = "\n".join(difflib.unified_diff(old, new, "config.toml", "config.toml", lineterm=""))
    if secret:
        lines = lines.replace(secret, masked_key(secret))
    return without_secrets(_NAMED_SECRET.sub(r'\1"…"', lines))
