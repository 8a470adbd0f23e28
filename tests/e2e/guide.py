"""The users' guide as they have it (seed.md), block by block; only the placeholders are put in."""

from pathlib import Path

GUIDE = Path(__file__).with_name("seed.md")


def blocks(host: str, port: int, key: str) -> list[str]:
    """The texts of all code blocks, in order, without the indentation of the list they stand in."""
    text = GUIDE.read_text(encoding="utf-8")
    for placeholder, value in (
        ("<你的IP>", host),
        ("<你的端口>", str(port)),
        ("<你的许可证>", key),
        ("Tokens许可证", key),
    ):
        text = text.replace(placeholder, value)
    return [block for _, block in code_blocks(text)]


def code_blocks(document: str) -> list[tuple[str, str]]:
    """The code blocks of a Markdown text, each with the language that it names, without their indentation."""
    found: list[tuple[str, str]] = []
    indent: int | None = None
    for line in document.splitlines():
        bare = line.lstrip()
        if indent is None and bare.startswith("```"):
            indent = len(line) - len(bare)
            found.append((bare[3:].partition(" ")[0], ""))
        elif indent is not None and bare.startswith("```"):
            indent = None
        elif indent is not None:
            language, text = found[-1]
            found[-1] = language, f"{text}{line[indent:]}\n"
    return found


def curl_example(path: str, host: str, port: int, key: str) -> str:
    """The guide's curl command for this path."""
    (found,) = [block for block in blocks(host, port, key) if block.startswith("curl") and f"{path}'" in block]
    return found


def environment_block(host: str, port: int, key: str) -> str:
    """The guide's environment variables for bash."""
    (found,) = [block for block in blocks(host, port, key) if block.startswith("export ")]
    return found


def model_names() -> list[str]:
    """The guide's list of models."""
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    return [line[3:-1] for line in lines if line.startswith("- `gpt-")]
