"""The guide's curl examples: bash runs them against a real gateway, Windows' rules take the others apart."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.platform.curl_texts import CurlExample, curl_text
from app.platform.shells import Shell
from tests.e2e.guide import curl_example
from tests.gateway.house import KEY as HOUSE_KEY
from tests.gateway.house import house
from tests.platform.windows_arguments import cmd_line, legacy_line, powershell_literals, program_arguments

HOST, PORT = "192.168.1.20", 8787
URL = f"http://{HOST}:{PORT}/codex/v1"
KEY = "ws-abc~def=ghi.jkl+0/1_2-3"


def wanted(example: CurlExample) -> list[str]:
    """What curl is to get after its own name; the body comes last."""
    text = curl_example(example.value, HOST, PORT, KEY)
    body = text.partition("--data-raw '")[2].rstrip().removesuffix("'")
    headers = ["--header", "Content-Type: application/json", "--header", f"Authorization: {KEY}"]
    return ["--location", "--request", "POST", f"{URL}/{example.value}", *headers, "--data-raw", body]


def same(found: list[str], example: CurlExample) -> bool:
    """Whether these arguments say what the guide says; the same JSON may be written in another way."""
    expected = wanted(example)
    return found[:-1] == expected[:-1] and json.loads(found[-1]) == json.loads(expected[-1])


@pytest.mark.parametrize("example", CurlExample)
def test_for_bash_it_is_the_guides_command_word_for_word(example: CurlExample) -> None:
    assert curl_text(Shell.BASH, example, URL, KEY) == curl_example(example.value, HOST, PORT, KEY)


@pytest.mark.parametrize("example", CurlExample)
def test_in_cmd_curl_gets_what_the_guide_says(example: CurlExample) -> None:
    text = curl_text(Shell.CMD, example, URL, KEY)

    assert text.isascii()
    arguments = program_arguments(cmd_line(text))
    assert arguments[0] == "curl"
    assert same(arguments[1:], example)
    # Longer than that, cmd takes no line.
    assert len(text) < 8191


@pytest.mark.parametrize("example", CurlExample)
def test_in_powershell_curl_gets_what_the_guide_says(example: CurlExample) -> None:
    text = curl_text(Shell.POWERSHELL, example, URL, KEY)

    literals = powershell_literals(text)
    mode, body, pattern, written, url, kind, key, quote, escaped = literals
    assert mode == "Legacy"
    assert (pattern, written, quote, escaped) == (r"[^\x00-\x7f]", r"\u{0:x4}", '"', r"\"")
    assert body == wanted(example)[-1]
    plain = "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in body).replace('"', '\\"')
    assert plain.isascii()
    passed = ["--location", "--request", "POST", url, "--header", kind, "--header", key, "--data-raw", plain]
    assert same(program_arguments(legacy_line(passed)), example)
    # Everything but the body is what the shell sees outside of quotes.
    assert "curl.exe --location --request POST '" in text
    assert text.endswith("}\n\n")


@pytest.mark.parametrize("example", CurlExample)
@pytest.mark.parametrize("shell", Shell)
def test_what_a_shell_could_misread_is_refused(shell: Shell, example: CurlExample) -> None:
    for base_url, key in ((URL, "quote'quote"), (URL, "a&calc.exe"), ("http://a b/v1", KEY), (f"{URL}'", KEY)):
        with pytest.raises(InvalidInput):
            curl_text(shell, example, base_url, key)


@pytest.mark.skipif(sys.platform == "win32", reason="bash and zsh")
@pytest.mark.parametrize("example", CurlExample)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
async def test_pasted_into_a_shell_it_gets_an_answer(shell: str, example: CurlExample, tmp_path: Path) -> None:
    program, curl = shutil.which(shell), shutil.which("curl")
    assert program, f"{shell} is not installed. Run: python3 build_scripts/dev.py test"
    assert curl, "curl is not installed"
    async with house(tmp_path) as running:
        text = curl_text(Shell.BASH, example, f"http://127.0.0.1:{running.port}/codex/v1", HOUSE_KEY)
        done = await asyncio.create_subprocess_exec(
            program,
            *(["-f"] if shell == "zsh" else ["--norc"]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": f"{Path(curl).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        )
        async with asyncio.timeout(20):
            out, _ = await done.communicate(text.encode())
    answer = out.decode()
    if example is CurlExample.CHAT:
        assert answer.rstrip().endswith("data: [DONE]"), answer[:500]
        assert '"finish_reason":"stop"' in answer.replace(" ", "")
    else:
        assert json.loads(answer)["status"] == "completed"
