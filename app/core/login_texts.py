"""Logins as users have them: one `auth.json` or several, exports of other tools, tokens and keys pasted as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.core.credential import (
    NO_OBJECT,
    NOT_JSON,
    Login,
    RefreshToken,
    jwt_claims,
    login_from_access_token,
    login_from_api_key,
    login_from_object,
    refresh_token_from_text,
)
from app.core.errors import InvalidInput

#: One login as it was found, or why it cannot be used.
Found = Login | RefreshToken | InvalidInput

#: In one text.
MAX_LOGINS = 500
#: How deep exports hide their logins: {"accounts": [{"credentials": {…}}]}.
_DEPTH = 5
#: What an object with a login in it names, beside `tokens`; that may also be a list of further logins.
_NAMES = frozenset(
    (
        *("access_token", "accessToken", "refresh_token", "refreshToken"),
        *("OPENAI_API_KEY", "api_key", "apiKey"),
        *("auth_mode", "personal_access_token", "agent_identity"),
    )
)


def logins_in(text: str) -> tuple[Found, ...]:
    """Everything in a text that is a login or was meant to be one, in its order.

    Args:
        text: JSON (an object, a list, several of them in a row), or tokens and keys as they are, with blanks or line
            ends between.

    Raises:
        InvalidInput: it is none of these.
    """
    stripped = text.removeprefix("\ufeff").strip()
    if not stripped.startswith(("{", "[", '"')):
        return _bare(stripped)
    found: list[Found] = []
    for data in _documents(stripped):
        for item in data if isinstance(data, list) else [data]:
            found += _in_item(item)
            if len(found) > MAX_LOGINS:
                raise InvalidInput(f"This holds more than {MAX_LOGINS} logins; import them in parts.")
    if not found:
        raise InvalidInput(NO_OBJECT)
    return tuple(found)


def refresh_tokens_in(text: str) -> tuple[str, ...]:
    """The refresh tokens among the logins of a text; none when it cannot be read."""
    try:
        found = logins_in(text)
    except InvalidInput:
        return ()
    tokens = []
    for item in found:
        holder = item.credential if isinstance(item, Login) else item
        if token := getattr(holder, "refresh_token", None):
            tokens.append(token)
    return tuple(tokens)


def _documents(text: str) -> Iterator[Any]:
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        try:
            data, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            raise InvalidInput(NOT_JSON) from None
        yield data
        while position < len(text) and (text[position].isspace() or text[position] in ",;"):
            position += 1


def _in_item(item: object) -> list[Found]:
    """The logins of one item. One without any is a mistake to be told, not to be passed over."""
    if isinstance(item, str):
        try:
            return list(_bare(item))
        except InvalidInput as error:
            return [error]
    if not isinstance(item, dict):
        return [InvalidInput(NO_OBJECT)]
    return [_read(data) for data in _objects(item, _DEPTH) or [item]]


def _objects(data: object, depth: int) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        tokens = data.get("tokens")
        if data.keys() & _NAMES or isinstance(tokens, dict):
            return [data]
        inner: list[object] = list(data.values())
    elif isinstance(data, list):
        inner = data
    else:
        return []
    return [found for value in inner if depth for found in _objects(value, depth - 1)]


def _read(data: dict[str, Any]) -> Found:
    try:
        return login_from_object(data)
    except InvalidInput as error:
        return error


def _bare(text: str) -> tuple[Found, ...]:
    """Tokens and keys as they are. A long one may have been wrapped by a terminal: then the parts are one."""
    text = text.removeprefix("Bearer ")
    for parts in (text.split(), ["".join(line.strip() for line in text.splitlines())]):
        found = [_one(part) for part in parts]
        if found and None not in found:
            return tuple(item for item in found if item is not None)
    raise InvalidInput(NOT_JSON)


def _one(word: str) -> Found | None:
    try:
        if jwt_claims(word) is not None:
            return login_from_access_token(word)
        if word.startswith("sk-"):
            return login_from_api_key(word)
        if word.startswith(("rt_", "rt.")):
            return refresh_token_from_text(word)
    except InvalidInput as error:
        return error
    return None
