"""One run of the user's own Codex, with a tiny prompt, bounded; what it prints is read while it runs.

Measured with 0.42 to 0.169: before it asks anything, `codex exec` prints a head that names its version, the model, the
provider and, from 0.45 on, the session (0.42 on standard output, the others on standard error). Without that head it
has not even begun: it refuses its configuration or its command line.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core.errors import WaystationError
from app.platform.codex_check_shell import UserShell, command_line, end, start
from app.platform.codex_notes import CodexVersion
from app.platform.program_output import text_of

PROMPT = "Reply with the one word OK. Use no tools."
#: From here on known to exist; it keeps the run out of the user's list of conversations.
_EPHEMERAL: CodexVersion = (0, 100, 0)
_MOST_OUTPUT = 1 << 18
_HEAD = re.compile(r"OpenAI Codex v?(\d+\.\d+\.\d+)")
_FIELD = re.compile(r"^(model|provider|session id): (\S+)\s*$", re.MULTILINE)
#: Lines that say what went wrong, of the versions that were tried.
_COMPLAINT = re.compile(
    r"^(?:\[[^\]]*\] )?(?:ERROR: |error: |Error: |Error loading |stream error: |thread '|npm |node:|SyntaxError|sh: )",
)
_RETRIES = re.compile(r"Reconnecting|stream error: |waiting for network|retrying \d", re.IGNORECASE)
_FELL_BACK = re.compile(r"Falling back from WebSockets", re.IGNORECASE)
_MOST_SAID = 300
#: Between two looks at the run, in seconds.
_PAUSE_S = 0.3
_LAST_WORDS_S = 1.0


@dataclass(slots=True)
class CodexRun:
    """What has been seen of the run so far.

    Attributes:
        out, err: what it has printed; may quote what the user has set, so they are never shown as they are.
        code: its exit code; None while it runs, and when it was ended.
        ended: it was ended by us.
        problem: why it could not be started.
        started_at: Unix seconds.
        took_s: how long it ran.
    """

    started_at: float
    out: bytearray = field(default_factory=bytearray, repr=False)
    err: bytearray = field(default_factory=bytearray, repr=False)
    code: int | None = None
    ended: bool = False
    problem: str = ""
    took_s: float = 0.0

    @property
    def printed(self) -> str:
        """All of it."""
        return text_of(bytes(self.err + b"\n" + self.out))

    @property
    def over(self) -> bool:
        """Whether it has ended, by itself or by us."""
        return self.ended or self.code is not None

    @property
    def begun(self) -> bool:
        """Whether Codex accepts its settings: it has printed its head."""
        return bool(_HEAD.search(self.printed))

    def named(self, name: str) -> str:
        """What the head says of `model`, `provider` or `session id`; empty when it says nothing."""
        return next((found[2] for found in _FIELD.finditer(self.printed) if found[1] == name), "")

    @property
    def retries(self) -> bool:
        """Whether Codex has trouble reaching its address."""
        return bool(_RETRIES.search(self.printed))

    @property
    def fell_back(self) -> bool:
        """Whether it lost time on WebSockets that are refused; the gateway's own refusal costs none."""
        return bool(_FELL_BACK.search(self.printed))

    @property
    def said(self) -> str:
        """Its last complaint, in one line; not yet redacted."""
        lines = [line.strip() for line in self.printed.splitlines() if line.strip()]
        at = next((index for index in reversed(range(len(lines))) if _COMPLAINT.match(lines[index])), None)
        if at is None:
            return " ".join(lines[-2:])[:_MOST_SAID] or self.problem
        # A message of TOML's goes on in the next lines.
        more = lines[at + 1 : at + 3] if lines[at].endswith(":") or " in `" in " ".join(lines[at + 1 : at + 2]) else []
        return " ".join((lines[at], *more))[:_MOST_SAID]


def arguments(version: CodexVersion | None, folder: Path, *, by_shell: bool) -> tuple[str, ...]:
    """What `codex` is given: one turn that may change nothing, and leaves no conversation where it can be told so."""
    brief = ("--ephemeral",) if version is not None and version >= _EPHEMERAL else ()
    # The user's files may change the folder before Codex starts.
    where = ("-C", str(folder)) if by_shell else ()
    return ("exec", "--skip-git-repo-check", "-s", "read-only", "--color", "never", *brief, *where, PROMPT)


async def run_codex(
    shell: UserShell,
    program: Path,
    version: CodexVersion | None,
    environ: Mapping[str, str],
    folder: Path,
    is_over: Callable[[CodexRun], Awaitable[bool]],
    *,
    limit_s: float,
) -> CodexRun:
    """Run it to its end, or until it is over for us; nothing of it is left behind.

    Args:
        shell: in which it is started.
        program: Codex.
        version: of it.
        environ: of the run.
        folder: an empty one, in which it runs.
        is_over: asked again and again; True ends the run.
        limit_s: how long it may take at most, in seconds.

    Raises:
        WaystationError: as `is_over` does.
    """
    begun = time.monotonic()
    run = CodexRun(time.time())
    command = command_line(shell, program, arguments(version, folder, by_shell=bool(shell.start)))
    try:
        process = await start(command, environ, folder)
    except OSError as error:
        run.problem = error.strerror or type(error).__name__
        return run
    problem: WaystationError | None = None
    async with asyncio.TaskGroup() as group:
        ends = group.create_task(process.wait())
        readers = [
            group.create_task(_collect(process.stdout, run.out)),
            group.create_task(_collect(process.stderr, run.err)),
        ]
        try:
            while not (await asyncio.wait([ends], timeout=_PAUSE_S))[0]:
                if await is_over(run) or time.monotonic() - begun > limit_s:
                    run.ended = True
                    break
            else:
                run.code = process.returncode
                # What a program that it has left behind could still print is no matter.
                await asyncio.wait(readers, timeout=_LAST_WORDS_S)
        except WaystationError as error:
            # The group would wrap it.
            problem = error
        finally:
            await end(process)
            for reader in readers:
                reader.cancel()
            run.took_s = time.monotonic() - begun
    if problem is not None:
        raise problem
    return run


async def _collect(stream: asyncio.StreamReader | None, into: bytearray) -> None:
    while stream is not None and (piece := await stream.read(65536)):
        into += piece[: max(0, _MOST_OUTPUT - len(into))]
