"""Codex's versions, and clients by name, in the user's words."""

from __future__ import annotations

from app.platform.codex_notes import CodexVersion


def dotted(version: CodexVersion) -> str:
    """A version as Codex prints it."""
    return ".".join(str(number) for number in version)


def client_words(client: str) -> str:
    """A client by the start of its User-Agent: `Codex 0.169.0`, `curl 8.5.0`."""
    name, _, version = client.partition(" ")[0].partition("/")
    return f"{'Codex' if is_codex(client) else name} {version}".strip()


def is_codex(client: str) -> bool:
    """Whether it is a Codex: they call themselves codex_cli_rs, codex_exec, codex-tui."""
    return client.lower().startswith("codex")
