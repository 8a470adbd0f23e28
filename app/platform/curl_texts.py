r"""The users' guide's two `curl` examples, with address and license put in, for each shell. No I/O.

For bash they are the guide's own commands, word for word. Windows needs others, because there a program gets its
arguments as one line: PowerShell before 7.3 loses the double quotes in an argument, newer ones do not, and cmd has no
single quotes. Both texts therefore write `\"`, which every Windows program reads as a quote; for PowerShell they
choose the old way of passing arguments, for this one command. Windows' own curl may read arguments in the system's
code page, so all that is not ASCII goes as JSON's `\uXXXX`.
"""

from __future__ import annotations

import json
from enum import StrEnum

from app.core.license import checked_license_key
from app.platform.client_address import checked_address
from app.platform.shells import Shell, inert, joined


class CurlExample(StrEnum):
    """One of the guide's examples, by its path below the base address."""

    CHAT = "chat/completions"
    RESPONSES = "responses"


# The guide's own value: it says what the name is for.
_SESSION = (
    "prompt_cache_key的别名，会话ID（可选），如果不变的话，系统会为该会话分配一个固定的token进行对话，"
    "直到该token上限或异常才会切换token"
)
_CHAT = """{
    "messages": [{"role": "user", "content": "你是什么模型"}],
    "session_id": "<session>",
    "model": "gpt-5-high",
    "stream": true
}"""
_RESPONSES = """{
 "input": [{"content":[{"text":"hi","type":"input_text"}],"id":null,"role":"user","type":"message"}],
 "session_id": "<session>",
 "model": "gpt-5",
 "reasoning": {
   "effort": "high",
   "summary": "auto"
 },
 "stream": false
}"""
_BODIES = {
    CurlExample.CHAT: _CHAT.replace("<session>", _SESSION),
    CurlExample.RESPONSES: _RESPONSES.replace("<session>", _SESSION),
}


def curl_text(shell: Shell, example: CurlExample, base_url: str, license_key: str) -> str:
    """One of the guide's examples, to be pasted into this shell.

    `base_url` is such as `http://192.168.1.20:8787/codex/v1`.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    url = f"{checked_address(base_url).url}/{example.value}"
    key = inert(checked_license_key(license_key))
    body = _BODIES[example]
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.FISH | Shell.WSL:
            lines = _bash(url, key, body)
        case Shell.CMD:
            lines = _cmd(url, key, body)
        case Shell.POWERSHELL:
            lines = _powershell(url, key, body)
    return joined(shell, lines)


def _bash(url: str, key: str, body: str) -> list[str]:
    """For fish as well: the text has nothing but words in single quotes."""
    return [
        f"curl --location --request POST '{url}' \\",
        "--header 'Content-Type: application/json' \\",
        f"--header 'Authorization: {key}' \\",
        f"--data-raw '{body}'",
    ]


def _powershell(url: str, key: str, body: str) -> list[str]:
    """For Windows PowerShell 5.1 and PowerShell 7.

    In the former `curl` is another command, so it is `curl.exe`. The body stands there as the guide has it, and is
    made ready by the shell. The block keeps the variables to itself; the empty line at the end closes it in a console
    without PSReadLine.
    """
    return [
        "& {",
        "    $PSNativeCommandArgumentPassing = 'Legacy'",
        f"    $body = '{body}'",
        r"    $body = [regex]::Replace($body, '[^\x00-\x7f]', { param($m) '\u{0:x4}' -f [int]$m.Value[0] })",
        f"    curl.exe --location --request POST '{url}' `",
        "        --header 'Content-Type: application/json' `",
        f"        --header 'Authorization: {key}' `",
        r"""        --data-raw ($body -replace '"', '\"')""",
        "}",
        "",
    ]


def _cmd(url: str, key: str, body: str) -> list[str]:
    """For an interactive cmd and for batch files: no argument has a line break, `%`, `!` or `^` in it.

    For cmd each quote, also `\\"`, begins or ends what it takes literally, so half of the body is open to it; nothing
    in the body means anything there.
    """
    one_line = json.dumps(json.loads(body)).replace('"', '\\"')
    return [
        f'curl --location --request POST "{url}" ^',
        '--header "Content-Type: application/json" ^',
        f'--header "Authorization: {key}" ^',
        f'--data-raw "{one_line}"',
    ]
