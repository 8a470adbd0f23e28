"""How Windows takes a command line apart, as far as the texts for PowerShell and cmd need it.

The rules are the published ones: learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments for the program,
and for PowerShell's "Legacy" passing the code of `NativeCommandParameterBinder`: an argument with blanks outside
quotes gets quotes around it, and nothing in it is escaped.
"""

import re

SPECIAL_TO_CMD = "&|<>^%!"


def program_arguments(line: str) -> list[str]:
    """The arguments that a C program sees of its command line."""
    found: list[str] = []
    current, quoted, begun = "", False, False
    position = 0
    while position < len(line):
        slashes = len(line) - position - len(line[position:].lstrip("\\"))
        if slashes:
            position += slashes
            if line[position : position + 1] == '"':
                current += "\\" * (slashes // 2)
                if slashes % 2:
                    current += '"'
                    position += 1
            else:
                current += "\\" * slashes
            begun = True
        elif line[position] == '"':
            quoted, begun = not quoted, True
            position += 1
        elif line[position] in " \t" and not quoted:
            if begun:
                found.append(current)
            current, begun = "", False
            position += 1
        else:
            current, begun = current + line[position], True
            position += 1
    return [*found, current] if begun else found


def cmd_line(text: str) -> str:
    """The command line that cmd makes of a pasted text; fails where cmd would read something else into it."""
    line, quoted = "", False
    for character in text.removesuffix("\r\n").replace("^\r\n", "\0"):
        if character == "\0":
            assert not quoted, "cmd does not continue a line inside quotes"
            continue
        assert character not in "\r\n%!", "cmd would end the line or put a variable in"
        assert quoted or character not in SPECIAL_TO_CMD, f"cmd gives {character!r} a meaning here"
        quoted ^= character == '"'
        line += character
    assert not quoted
    return line


def legacy_line(arguments: list[str]) -> str:
    """The command line that PowerShell makes of arguments: Windows PowerShell, and PowerShell 7 with "Legacy"."""
    return " ".join(f'"{item}"' if _needs_quotes(item) else item for item in arguments)


def _needs_quotes(argument: str) -> bool:
    quotes = 0
    for place, character in enumerate(argument):
        if character == '"' and argument[place - 1 : place] != "\\":
            quotes += 1
        elif character.isspace() and quotes % 2 == 0:
            return True
    return False


def powershell_literals(text: str) -> list[str]:
    """The texts in single quotes, in order; none of ours has a quote in it."""
    return re.findall(r"'([^']*)'", text)
