"""The workflows on GitHub, as far as it can be told without running them: nobody can do that here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bundle import release_feed
from installers.macos import signing
from installers.windows import make as windows

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASING = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
#: All that a step may run; the values come by the environment.
COMMAND = re.compile(
    r"python build_scripts/(?P<script>dev|build)\.py (?P<command>\w+)(?P<rest>( [\w./-]+| \"\$[A-Z]+\")*)"
    r"|choco install nsis --version=\d+\.\d+\.\d+ --yes --no-progress"
)
PINNED = re.compile(
    r"^\s+(?:- )?uses: (?P<action>[\w-]+/[\w-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)$"
)
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    # YAML takes the word `on` for true.
    workflow["on"] = workflow.pop(True)
    return dict(workflow)


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("actionlint")
    shellcheck = shutil.which("shellcheck")
    assert shellcheck, "Run: python3 build_scripts/dev.py test"
    command = [program, "-oneline", "-no-color", "-pyflakes=", f"-shellcheck={shellcheck}", *paths]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=ROOT)


def test_there_is_one_for_the_tests_and_one_for_a_release() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


def test_actionlint_finds_nothing_in_them() -> None:
    done = lint(*WORKFLOWS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_actionlint_would_find_an_untrusted_name_an_unknown_machine_and_a_fault_of_the_shell(tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.yml"
    broken.write_text(
        text.replace('release check "$TAG"', "release check $TAG ${{ github.head_ref }}").replace("macos-15", "macos-3")
    )
    said = lint(broken).stdout
    for word in ("[expression]", "[runner-label]", "SC2086"):
        assert word in said


@every_workflow
def test_every_action_is_pinned_to_a_commit_that_the_docs_say_where_to_look_up(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    others = [line.strip() for line in lines if not PINNED.match(line)]
    # Our own, of the same commit.
    assert [line for line in others if line != "uses: ./.github/workflows/ci.yml"] == []
    pins = {found.group("action", "version", "commit") for found in map(PINNED.match, lines) if found}
    assert pins
    for action, version, commit in pins:
        assert f"| `{action}` | {version} | `{commit}` |" in RELEASING


def test_the_docs_name_no_action_that_is_not_used() -> None:
    named = set(re.findall(r"^\| `([\w-]+/[\w-]+)` \| v", RELEASING, re.MULTILINE))
    used = {step["uses"].partition("@")[0] for path in WORKFLOWS for step in steps(read(path)) if "uses" in step}
    assert named == used


@every_workflow
def test_a_step_runs_our_scripts_and_nothing_else(path: Path) -> None:
    for step in steps(read(path)):
        if "run" not in step:
            continue
        found = COMMAND.fullmatch(step["run"])
        assert found, step["run"]
        assert "shell" not in step
        if found["script"] is None:
            continue
        told = help_of(found["script"])
        assert re.search(rf"^{found['command']} ", told, re.MULTILINE), step["run"]
        words = found["rest"].split()
        if found["command"] == "test" and words:
            assert [word for word in words if not (ROOT / word).exists()] == []
        elif found["command"] == "release":
            assert words[0] in help_of("build", "release")
        else:
            assert words == []


def help_of(script: str, *words: str) -> str:
    command = [sys.executable, ROOT / "build_scripts" / f"{script}.py", *words, "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


@every_workflow
def test_what_others_may_write_reaches_a_shell_by_the_environment_alone(path: Path) -> None:
    for step in steps(read(path)):
        assert "${{" not in step.get("run", "")


@every_workflow
def test_a_secret_is_given_to_the_one_step_that_signs(path: Path) -> None:
    workflow = read(path)
    holders = [step for step in steps(workflow) if "secrets." in str(step)]
    names = [step["run"] for step in holders]
    assert names == (["python build_scripts/build.py installer"] if path.stem == "release" else [])
    for step in holders:
        # In its environment, and nowhere else.
        assert "secrets." not in str({**step, "env": None})
        for name in re.findall(r"secrets\.(\w+)", str(step)):
            assert f"`{name}`" in RELEASING
    without_steps = {name: {**job, "steps": None} for name, job in workflow["jobs"].items()}
    assert "secrets" not in str({**workflow, "jobs": without_steps})


def test_the_scripts_read_what_the_release_gives_them() -> None:
    given: dict[str, dict[str, str]] = {}
    for step in steps(read(ROOT / ".github" / "workflows" / "release.yml")):
        if "run" in step:
            given[step["run"].partition("build.py ")[2]] = step.get("env", {})
    assert given["bundle"].keys() == {release_feed.VARIABLE}
    assert given["installer"].keys() == {windows.SIGN, *signing.NAMES}
    for name, value in given["installer"].items():
        system = "Windows" if name == windows.SIGN else "macOS"
        # Each secret under its own name, and on its own system alone; where there is none, the variable is empty.
        assert value == f"${{{{ runner.os == '{system}' && secrets.{name} || '' }}}}"
    assert given["try"] == given["smoke"] == given["release sums"] == {}


@every_workflow
def test_nothing_may_be_written_but_by_the_job_that_makes_the_draft(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    draft = {"draft": {"contents": "write", "attestations": "write", "id-token": "write"}}
    assert more == (draft if path.stem == "release" else {})
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


@every_workflow
def test_no_job_runs_without_an_end(path: Path) -> None:
    for job in read(path)["jobs"].values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 180


def test_what_a_job_hands_on_takes_the_place_of_what_it_left_when_it_ran_before() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "release.yml")
    handed = [step["with"] for step in steps(workflow) if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert [(step["overwrite"], step["if-no-files-found"]) for step in handed] == [(True, "error")]


def test_a_release_is_made_of_a_tag_alone_after_everything_else_has_passed() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "release.yml")
    assert workflow["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    draft = workflow["jobs"]["draft"]
    assert draft["if"] == workflow["jobs"]["check"]["if"] == "github.event_name == 'push'"
    assert set(draft["needs"]) == workflow["jobs"].keys() - {"draft"}
    assert [step["run"].split()[2:4] for step in draft["steps"] if "run" in step] == [
        ["release", "sums"],
        ["release", "draft"],
    ]


def test_the_tests_run_for_every_change_with_the_oldest_and_the_newest_python() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "ci.yml")
    assert workflow["on"].keys() == {"push", "pull_request", "workflow_call"}
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', pyproject)
    assert found
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == [f"3.{found[1]}", f"3.{int(found[2]) - 1}"]
    assert steps(workflow)[-1]["run"] == "python build_scripts/dev.py test"
    assert "python3 build_scripts/dev.py test " in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_system_makes_one_file_of_a_release() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "release.yml")
    made = [entry["name"] for entry in workflow["jobs"]["build"]["strategy"]["matrix"]["include"]]
    assert made == ["windows-x64", "macos-arm64", "macos-x86_64", "linux-x86_64"]


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/releasing.md", "README.md"])
def test_the_commands_that_a_document_names_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"\b(dev|build)\.py ([a-z]+)(?: ([a-z]+))?",
            " ".join(re.findall(r"`[^`]+`|^.*\.py .*$", text, re.MULTILINE)),
        )
    )
    assert named
    for script, command, step in named:
        assert re.search(rf"^{command} ", help_of(script), re.MULTILINE), f"{script}.py {command}"
        if command == "release":
            assert step in help_of("build", "release")
