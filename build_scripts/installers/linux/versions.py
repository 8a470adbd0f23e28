"""A version of Python's as Debian's tools write and compare it."""

import re

from machine.report import Stop

#: PEP 440, as far as a release of ours may go.
_VERSION = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?")


def debian_version(version: str) -> str:
    """What sorts in the same order: 1.0.0rc1 -> 1.0.0~rc1, since `~` comes before the end.

    Raises:
        Stop: it is no such version.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise Stop(f"The version {version} is none that a package can have.")
    numbers, stage, count, later, development = found.groups()
    text = numbers
    if stage:
        text += f"~{stage}{count}"
    if later:
        text += f"+post{later}"
    if development:
        # Before 1.0.0~a1, which `~dev` would come after.
        text += ("~dev" if stage or later else "~~dev") + development
    return text
