"""The ways of setting Codex up, by the names that the command line takes."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """A way of setting Codex up."""

    #: A model provider of ours in config.toml.
    OWN_PROVIDER = "own_provider"
    #: Codex's own provider at our address, by `openai_base_url`; the license is saved as Codex's login.
    OPENAI_ADDRESS = "openai_address"
    #: A shell function named codex; no file is written.
    SHELL_FUNCTION = "shell_function"
    #: OPENAI_BASE_URL and OPENAI_API_KEY.
    ENVIRONMENT = "environment"
