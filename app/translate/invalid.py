"""Refusals of a Chat Completions request, in the words that OpenAI's API uses for them."""

from __future__ import annotations

from app.core.errors import Refusal


def missing(param: str) -> Refusal:
    """A required field is not there."""
    return Refusal(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_type(param: str, expected: str, value: object) -> Refusal:
    """A field has another JSON type; `expected` with its article, such as `a string`."""
    return Refusal(
        400,
        f"Invalid type for '{param}': expected {expected}, but got {_type_name(value)} instead.",
        param=param,
        code="invalid_type",
    )


def empty_array(param: str) -> Refusal:
    """A list must not be empty."""
    return Refusal(
        400,
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        param=param,
        code="empty_array",
    )


def below_minimum(param: str, minimum: int, value: int) -> Refusal:
    """An integer is too small."""
    return Refusal(
        400,
        f"Invalid '{param}': integer below minimum value. "
        f"Expected a value >= {minimum}, but got {shortened(str(value))} instead.",
        param=param,
        code="integer_below_min_value",
    )


def above_maximum(param: str, maximum: int, value: int) -> Refusal:
    """An integer is too large."""
    return Refusal(
        400,
        f"Invalid '{param}': integer above maximum value. "
        f"Expected a value <= {maximum}, but got {shortened(str(value))} instead.",
        param=param,
        code="integer_above_max_value",
    )


def invalid_value(param: str, value: str, supported: tuple[str, ...]) -> Refusal:
    """A word is none of those that the field takes."""
    listed = [f"'{word}'" for word in supported]
    words = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])}, and {listed[-1]}"
    return Refusal(
        400,
        f"Invalid value: '{shortened(value)}'. Supported values are: {words}.",
        param=param,
        code="invalid_value",
    )


def unusable(param: str, why: str, code: str | None = "invalid_value") -> Refusal:
    """A value of the right type that cannot be used; `why` is one sentence, or more."""
    return Refusal(400, why, param=param, code=code)


def only_with(param: str, needed: str) -> Refusal:
    """A field that means something only beside another; OpenAI gives this error no code."""
    return Refusal(
        400,
        f"Invalid value for '{param}': '{param}' is only allowed when '{needed}' is specified.",
        param=param,
    )


def unsupported_parameter(param: str, why: str) -> Refusal:
    """A field that changes the meaning of the request and that upstream has nothing for; `why` is a sentence."""
    return Refusal(400, f"Unsupported parameter: '{param}'. {why}", param=param, code="unsupported_parameter")


def unsupported_value(param: str, value: str, only: str) -> Refusal:
    """A value that changes the meaning of the request and that upstream has nothing for; `only` says what it has."""
    return Refusal(
        400,
        f"Unsupported value: '{param}' does not support {shortened(value)}. Only {only} is supported.",
        param=param,
        code="unsupported_value",
    )


def shortened(value: str) -> str:
    """What a message quotes of the client's own words."""
    return value if len(value) <= 64 else f"{value[:64]}…"


def _type_name(value: object) -> str:
    if value is None:
        return "null"
    # bool first: it is an int, too.
    names = ((bool, "a boolean"), (str, "a string"), (int, "an integer"), (float, "a decimal"), (list, "an array"))
    return next((name for kind, name in names if isinstance(value, kind)), "an object")
