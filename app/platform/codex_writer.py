"""Sets Codex up for the user: writes its files, remembers what it wrote, and takes exactly that back.

The license goes into `$CODEX_HOME/.env`, which every Codex reads (`codex_env_file`), so that config.toml, which people
keep in git, holds no secret. Where a proxy of the user's would take what Codex asks of us, NO_PROXY goes there as well.
`auth.json` is never touched.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from app.core.errors import InvalidInput, WaystationError
from app.core.license import checked_license_key, license_sha256
from app.platform.client_address import checked_address
from app.platform.codex_config import ConfigUndo, Memory, edited, undone
from app.platform.codex_config_diff import masked_env_diff
from app.platform.codex_config_file import (
    CodexConfigChanged,
    codex_config_file,
    file_mode,
    forget_kept,
    read_config,
    read_profile_files,
    staged,
    write_config,
)
from app.platform.codex_config_findings import Finding, FindingCode, OpenAIAddress, OwnProvider, Wanted
from app.platform.codex_config_text import CodexConfigBroken, config_values, decoded, value_at
from app.platform.codex_env_file import CodexEnvUnreadable, EnvMemory, env_values, lines_edited, lines_undone
from app.platform.codex_login import codex_auth_file
from app.platform.codex_notes import CodexVersion
from app.platform.codex_proxies import exceptions_name, exceptions_with, in_effect
from app.platform.codex_server import server_findings
from app.platform.codex_setup import LICENSE_VARIABLE, PROVIDER
from app.platform.codex_ways import Route
from app.platform.codex_write_checks import (
    SavedKey,
    follows_managed,
    history_findings,
    managed_file,
    outweighing,
    refuse_config,
    refuse_loops,
    refuse_version,
)
from app.platform.codex_write_errors import CodexNotWritten
from app.platform.codex_write_memory import FileNote, WriteMemory, Writing
from app.platform.codex_write_plan import FileEdit, UndoPlan, WritePlan, WrittenState

__all__ = ["CodexWriter", "FileEdit", "UndoPlan", "WritePlan", "WrittenState"]


class CodexWriter:
    """Every method reads or writes files: call it off the loop.

    Args:
        environ: of Codex, for CODEX_HOME; and of the gateway, for its own upstream.
        home: the user's home folder.
        memory_file: `codex-setup.json` in our data folder.
        system: as `sys.platform` names it.
        managed: the file that outweighs config.toml; None: where Codex looks for it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path,
        memory_file: Path,
        *,
        system: str = sys.platform,
        managed: Path | None = None,
    ) -> None:
        self._environ = environ
        self._home = home
        self._config = codex_config_file(environ, home).absolute()
        self._env = self._config.with_name(".env")
        self._auth = codex_auth_file(environ, home).absolute()
        self._memory = WriteMemory(memory_file)
        self._system = system
        self._managed = managed or managed_file(self._config, system)

    def at(self, codex_home: Path) -> CodexWriter:
        """The writer of another CODEX_HOME, such as that of a terminal which names one."""
        environ = {**self._environ, "CODEX_HOME": str(codex_home)}
        managed = None if self._system == "win32" else self._managed
        return CodexWriter(environ, self._home, self._memory.path, system=self._system, managed=managed)

    def state(self) -> WrittenState | None:
        """What we have written for the present CODEX_HOME; None: nothing.

        Raises:
            CodexMemoryUnusable: nobody knows.
        """
        remembered = self._memory.read(self._config)
        if not remembered:
            return None
        written = remembered[0]
        route = Route(written.route)
        stands = False
        with suppress(WaystationError):
            values = config_values(decoded(read_config(self._config) or b""))
            table = value_at(values, ("model_providers", PROVIDER, "base_url"))
            own = values.get("model_provider") == PROVIDER and table == written.base_url
            stands = own if route is Route.OWN_PROVIDER else values.get("openai_base_url") == written.base_url
        return WrittenState(route, written.base_url, written.written_at, self._config, stands, written.license_sha256)

    def plan(
        self,
        route: Route,
        base_url: str,
        license_key: str,
        version: CodexVersion | None = None,
        *,
        followed: Collection[str] = (),
        terminal: Mapping[str, str] | None = None,
    ) -> WritePlan:
        """What writing would change; of the other way, or of another port, too. Nothing is written.

        Args:
            route: `own_provider` or `openai_address`.
            base_url: of the gateway, such as `http://127.0.0.1:8787/codex/v1`.
            license_key: that Codex is to send.
            version: of the installed Codex, if known.
            followed: paths of the login files that tokens follow.
            terminal: the environment in which Codex is started, for its proxies; None: the writer's own.

        Raises:
            WaystationError: it cannot be done; nothing was changed.
        """
        base_url = checked_address(base_url).url
        key = checked_license_key(license_key)
        saved = SavedKey(self._auth, self._system)
        wanted = self._wanted(route, base_url)
        refuse_loops(self._environ, base_url)
        if isinstance(wanted, OpenAIAddress):
            refuse_version(version)
            saved.refuse_followed(followed)
        remembered = self._memory.read(self._config)
        digest = license_sha256(key)
        config, config_note, values, findings = self._config_edit(wanted, remembered, version)
        secret = key if isinstance(wanted, OwnProvider) else None
        terminal = self._environ if terminal is None else terminal
        env, env_note, is_direct = self._env_edit(secret, remembered, base_url, terminal)
        if is_direct:
            host = checked_address(base_url).host
            findings += (Finding(FindingCode.DIRECT_WRITTEN, str(self._env), host),)
        # At no moment may config.toml ask for a license that is not there.
        files = (env, config) if isinstance(wanted, OwnProvider) else (config, env)
        if isinstance(wanted, OpenAIAddress):
            command = "" if saved.holds(digest) else saved.saving(key)
            if version is None:
                findings += (Finding(FindingCode.ADDRESS_NEEDS),)
        else:
            command = saved.leaving() if saved.holds(digest) else ""
            if command:
                findings += (Finding(FindingCode.KEY_SAVED, str(self._auth)),)
            if self._has_history:
                findings += tuple(history_findings(values, version))
        findings += self._server_findings(route, env, command, version)
        return WritePlan(
            route,
            base_url,
            tuple(file for file in files if file.before != file.after),
            (*findings, *saved.findings(wanted, values, followed)),
            command,
            Writing(str(route), base_url, 0.0, digest, config_note, env_note),
            remembered,
        )

    def write(self, plan: WritePlan, now: float) -> WrittenState:
        """Carry the plan out, whole or not at all; `now` in Unix seconds.

        Raises:
            CodexConfigChanged: a file has changed since.
            CodexSetupBusy: another process is writing.
            WaystationError: a file cannot be written.
        """
        if plan.writing is None:
            raise InvalidInput("This plan cannot be carried out.")
        writing = replace(plan.writing, written_at=now)
        with self._memory.held():
            self._refuse_changed(plan.remembered)
            # First, so that even after a crash there is a way back.
            self._memory.write(self._config, (writing, *plan.remembered))
            self._carry_out(plan.files, (writing,), plan.remembered)
        return WrittenState(plan.route, plan.base_url, now, self._config, license_sha256=writing.license_sha256)

    def plan_undo(self) -> UndoPlan:
        """What undoing would change. Nothing is written.

        Raises:
            CodexNotWritten: we have written nothing.
            WaystationError: a file cannot be read.
        """
        remembered = self._memory.read(self._config)
        if not remembered:
            raise CodexNotWritten(f"Waystation has written nothing into {self._config}.", path=str(self._config))
        before = read_config(self._config)
        files: list[FileEdit] = []
        left: tuple[str, ...] = ()
        findings: tuple[Finding, ...] = ()
        note = self._standing(before, remembered)
        if note is not None:
            undo = self._undone(before, note)
            files.append(FileEdit(self._config, undo.diff, before, undo.after, keep=False))
            left, findings = undo.left, undo.findings
        env, *_ = self._env_edit(None, remembered)
        files.append(env)
        left += tuple(f".env: {name}" for name in self._env_left(remembered))
        saved = SavedKey(self._auth, self._system)
        command = ""
        if saved.holds(remembered[0].license_sha256):
            command = saved.leaving()
            findings += (Finding(FindingCode.KEY_SAVED, str(self._auth)),)
        if self._has_history and remembered[0].route == Route.OWN_PROVIDER:
            findings += (Finding(FindingCode.HISTORY_OURS),)
        findings += self._server_findings(Route(remembered[0].route), env, command, None)
        changing = tuple(file for file in files if file.before != file.after)
        return UndoPlan(changing, left, findings, command, remembered)

    def undo(self, plan: UndoPlan) -> None:
        """Carry the plan out, whole or not at all.

        Raises:
            CodexConfigChanged: a file has changed since.
            CodexSetupBusy: another process is writing.
            WaystationError: a file cannot be written.
        """
        with self._memory.held():
            self._refuse_changed(plan.remembered)
            self._carry_out(plan.files, (), plan.remembered)
        for file in plan.files:
            forget_kept(file.path, file.after)

    def _wanted(self, route: Route, base_url: str) -> Wanted:
        match route:
            case Route.OWN_PROVIDER:
                return OwnProvider(base_url)
            case Route.OPENAI_ADDRESS:
                return OpenAIAddress(base_url)
        raise InvalidInput(f"The way {route} writes no file.")

    @property
    def _has_history(self) -> bool:
        return self._config.with_name("sessions").is_dir()

    def _server_findings(
        self, route: Route, env: FileEdit, command: str, version: CodexVersion | None
    ) -> tuple[Finding, ...]:
        """Whether Codex's background server has to be started again afterwards."""
        changes = env.before != env.after or bool(command)
        # A ChatGPT login is renewed now and then, and is no matter where it is not used.
        files = (self._env, self._auth) if route is Route.OPENAI_ADDRESS else (self._env,)
        return server_findings(self._config.parent, version, changes=changes, files=files)

    def _config_edit(
        self, wanted: Wanted, remembered: Sequence[Writing], version: CodexVersion | None
    ) -> tuple[FileEdit, FileNote, Mapping[str, object], tuple[Finding, ...]]:
        before = read_config(self._config)
        note = self._standing(before, remembered)
        earlier = Memory.from_data(note.memory) if note else None
        try:
            start = undone(before, earlier).after if earlier else before
            values = config_values(decoded(start or b""))
            refuse_config(values, self._config, wanted.base_url)
            edit = edited(before, wanted, earlier=earlier, profile_files=read_profile_files(self._config))
        except CodexConfigBroken as error:
            raise self._broken(error) from None
        file = FileEdit(self._config, edit.diff, before, edit.after, keep=note is None)
        managed = self._managed if follows_managed(version, self._system) else None
        findings = (*edit.findings, *outweighing(values, wanted, version, managed))
        return file, FileNote(_sha256(start), None, edit.memory.as_data()), values, findings

    def _env_edit(
        self,
        key: str | None,
        remembered: Sequence[Writing],
        base_url: str | None = None,
        terminal: Mapping[str, str] | None = None,
    ) -> tuple[FileEdit, FileNote | None, bool]:
        """The `.env` with this license in it or without one; and whether NO_PROXY is, for this gateway."""
        before = read_config(self._env)
        values: dict[str, str] = {}
        try:
            note = self._env_standing(before, remembered)
            start = lines_undone(before, _env_memories(note)).after
            if base_url is not None and terminal is not None:
                values = self._direct(env_values(start), terminal, base_url)
            is_direct = bool(values)
            after, memories = lines_edited(start, values | ({LICENSE_VARIABLE: key} if key else {}))
        except CodexEnvUnreadable as error:
            raise CodexEnvUnreadable(error.message, path=str(self._env)) from None
        mode = note.mode if note else file_mode(self._env)
        diff = masked_env_diff(before, after, key or "")
        # Unless the user has changed the mode since.
        again = mode if mode is not None and file_mode(self._env) == mode & 0o700 else None
        if not memories:
            return FileEdit(self._env, diff, before, after, mode=again, keep=False), None, is_direct
        data = {"lines": [memory.as_data() for memory in memories]}
        has_secret = any(memory.name == LICENSE_VARIABLE for memory in memories)
        edit = FileEdit(
            self._env, diff, before, after, has_secret, mode=None if has_secret else again, keep=note is None
        )
        return edit, FileNote(_sha256(start), mode, data), is_direct

    def _direct(self, in_file: Mapping[str, str], terminal: Mapping[str, str], base_url: str) -> dict[str, str]:
        """What leads Codex past a proxy, where one stands between."""
        exceptions = exceptions_with(in_effect(terminal, in_file, system=self._system), base_url)
        return {} if exceptions is None else {exceptions_name(in_file, system=self._system): exceptions}

    def _undone(self, before: bytes | None, note: FileNote) -> ConfigUndo:
        try:
            return undone(before, Memory.from_data(note.memory))
        except CodexConfigBroken as error:
            raise self._broken(error) from None

    def _standing(self, now: bytes | None, remembered: Sequence[Writing]) -> FileNote | None:
        """Which writing's keys are in config.toml; None: none's."""
        notes = [writing.config for writing in remembered if writing.config is not None]
        digest = _sha256(now)
        for note in notes:
            if note.memory["sha256"] == digest:
                return note
        if now is None or any(note.before_sha256 == digest for note in notes):
            return None
        # Somebody has changed it since: the one of which most is there.
        return min(notes, key=lambda note: len(self._undone(now, note).left), default=None)

    def _env_standing(self, now: bytes | None, remembered: Sequence[Writing]) -> FileNote | None:
        """Which writing's lines are in the `.env`, the newest of those of which most is there; None: none's."""
        notes = [writing.env for writing in remembered if writing.env is not None]
        taken = [lines_undone(now, _env_memories(note)).taken for note in notes]
        most = max(taken, default=0)
        return notes[taken.index(most)] if most else None

    def _env_left(self, remembered: Sequence[Writing]) -> tuple[str, ...]:
        """The variables of ours in whose place the user has put something else."""
        now = read_config(self._env)
        note = self._env_standing(now, remembered)
        notes = [note] if note is not None else [writing.env for writing in remembered]
        return tuple(dict.fromkeys(name for one in notes for name in lines_undone(now, _env_memories(one)).left))

    def _refuse_changed(self, remembered: tuple[Writing, ...]) -> None:
        if self._memory.read(self._config) != remembered:
            raise CodexConfigChanged(
                f"{self._config} has been set up anew meanwhile. Nothing was written: look at the changes again.",
                path=str(self._config),
            )

    def _carry_out(self, files: Sequence[FileEdit], new: tuple[Writing, ...], old: tuple[Writing, ...]) -> None:
        """Write the files and remember it; of what fails, all is put back."""
        done: list[tuple[FileEdit, int | None]] = []
        try:
            with ExitStack() as stack:
                # What needs room on the disk comes before the first of them changes.
                changes = [
                    stack.enter_context(
                        staged(file.path, file.before, file.after, private=file.private, mode=file.mode, keep=file.keep)
                    )
                    for file in files
                ]
                for file, change in zip(files, changes, strict=True):
                    change.put()
                    done.append((file, change.had))
        except WaystationError:
            for file, had in reversed(done):
                with suppress(WaystationError):
                    write_config(file.path, file.after, file.before, private=False, mode=had, keep=False)
                    forget_kept(file.path, file.before)
            with suppress(WaystationError):
                self._memory.write(self._config, old)
            raise
        # Too much remembered does no harm.
        with suppress(WaystationError):
            self._memory.write(self._config, new)

    def _broken(self, error: CodexConfigBroken) -> CodexConfigBroken:
        return CodexConfigBroken(error.message, **{**error.details, "path": str(self._config)})


def _env_memories(note: FileNote | None) -> list[EnvMemory]:
    return [EnvMemory.from_data(line) for line in note.memory["lines"]] if note is not None else []


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
