"""Every error and every note is told in both languages."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from keyring.errors import NoKeyringError
from PySide6.QtWidgets import QApplication

from app.core import credential, errors
from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, NotFound, PortBusy, WaystationError
from app.desktop.credential_text import recognised
from app.desktop.messages import BY_CODE, Told, error_text
from app.desktop.notes import NOTES, note_text
from app.desktop.sentences import BY_SENTENCE, TEMPLATES
from app.gateway import license_desk, removed_tokens, session_commands, token_desk
from app.gateway.snapshot import Problem
from app.platform import codex_notes
from app.platform.codex_notes import NoteCode, SetupNote, curl_notes, environment_notes, setup_notes
from app.platform.shells import Shell
from app.store import key_stores
from app.upstream import refusals
from app.upstream.answers import Answer
from app.upstream.callback import PortsBusy, parse_callback
from app.upstream.errors import failure_of
from app.upstream.proxies import checked_proxy


def error_types() -> Iterator[type[WaystationError]]:
    for value in vars(errors).values():
        if inspect.isclass(value) and issubclass(value, WaystationError):
            yield value


def every_note() -> dict[NoteCode, list[SetupNote]]:
    """All notes of all shells and of old, middle and new versions."""
    found: dict[NoteCode, list[SetupNote]] = {}
    for shell in Shell:
        for version in (None, (0, 42, 0), (0, 45, 0), (0, 120, 0), (0, 169, 0)):
            for lasting in (False, True):
                given = environment_notes(shell, version, lasting=lasting), setup_notes(shell, version, lasting=lasting)
                for note in (*given[0], *given[1]):
                    found.setdefault(note.code, []).append(note)
        for note in curl_notes(shell):
            found.setdefault(note.code, []).append(note)
    more = codex_notes.setup_notes(Shell.BASH, license_in_file=True)
    for note in (*codex_notes.every_route_note(), *codex_notes.login_notes(), *more):
        found.setdefault(note.code, []).append(note)
    return found


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def sentences_of(source: ModuleType) -> Iterator[str]:
    """The sentences in a module that advise a command."""
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "a1b2" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.startswith("\n"):
            text = node.value
        else:
            continue
        if (
            re.search(r"\bwaystation [a-z]+", text)
            and "\n" not in text
            and text.endswith((".", "sign-in", "create", "a1b2"))
        ):
            yield text


ADVISED = [
    sentence
    for source in (credential, key_stores, license_desk, token_desk, session_commands, removed_tokens)
    for sentence in sentences_of(source)
]


@pytest.mark.parametrize("sentence", ADVISED)
def test_the_window_advises_no_command(qapp: QApplication, sentence: str) -> None:
    said = error_text(NotFound(sentence))
    assert not re.search(r"\bwaystation [a-z]+", said)
    assert said.endswith(".")


def test_of_a_sentence_with_a_command_everything_else_is_said() -> None:
    lost = DataKeyLost(key_stores.MemoryStore.lost_message)
    assert error_text(lost).endswith("or choose a new key and enter the secrets again.")
    gone = "It still lets in whoever has it; a new one is made by: waystation license rotate l-1"
    assert error_text(DataKeyLost(gone)) == "It still lets in whoever has it; “Rotate…” makes a new one."
    assert len(ADVISED) > 8


async def test_where_the_key_may_be_kept_is_said_by_buttons_and_not_by_a_variable(qapp: QApplication) -> None:
    def missing() -> str | None:
        raise NoKeyringError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_stores, "_get_item", missing)
        with pytest.raises(KeyStoreUnavailable) as raised:
            await key_stores.KeyringStore().read()
    assert "WAYSTATION_KEY_STORE=file" in raised.value.message
    said = error_text(raised.value)
    assert said == "The system's keyring cannot be used: there is none, it is locked, or it does not answer."


@pytest.mark.parametrize("kind", list(error_types()), ids=lambda kind: kind.code)
def test_every_error_code_has_a_chinese_sentence(chinese: None, kind: type[WaystationError]) -> None:
    problem = Problem(kind.code, "Some English.", (("port", 8787),))
    assert kind.code in BY_CODE
    assert is_chinese(error_text(problem))


@pytest.mark.parametrize("sentence", BY_SENTENCE)
def test_every_fixed_sentence_has_its_own_chinese_one(chinese: None, sentence: str) -> None:
    said = error_text(InvalidInput(sentence))
    assert is_chinese(said)
    assert said != error_text(InvalidInput("something else"))


def test_the_sentences_about_credentials_are_all_known() -> None:
    tree = ast.parse(inspect.getsource(credential))
    raised = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "InvalidInput"
        and isinstance(node.args[0], ast.Constant)
    }
    assert raised
    assert raised <= set(BY_SENTENCE)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_sentence_with_values_has_its_own_chinese_one(chinese: None, template: str) -> None:
    said = error_text(InvalidInput(re.sub(r"\{\w+\}", "auth.openai.com", template)))
    assert is_chinese(said)
    assert said != error_text(InvalidInput("something else"))
    assert ("auth.openai.com" in said) == bool(re.search(r"\{[a-z]\w*\}", template))
    assert "{" not in said


def raised(act: Callable[[], object]) -> WaystationError:
    with pytest.raises(WaystationError) as caught:
        act()
    return caught.value


def sign_in_refusals() -> Iterator[WaystationError]:
    """What the sign-in service and the browser can say."""
    codes = ["invalid_grant", "refresh_token_reused", "refresh_token_expired", "account_deactivated"]
    codes += ["token_invalidated", "app_session_terminated", "account_suspended", "account_deleted"]
    for way in ("without a proxy", "through the proxy http://127.0.0.1:7890"):
        for status in (200, 400, 429, 500):
            for code in (*codes, refusals.COUNTRY, "of_tomorrow"):
                yield refusals.refusal_of(Answer(status, {"error": code}, False, way), "auth.openai.com")
        yield refusals.refusal_of(Answer(403, None, True, way), "auth.openai.com")
    for error in ("access_denied", "server_error", None):
        yield refusals.refused_in_browser(error, "")
    yield refusals.refused_in_browser("access_denied", refusals.NO_ENTITLEMENT)
    for text in ("nonsense", "?code=a&state=wrong", "https://auth.openai.com/oauth/authorize?code_challenge=x&state=s"):
        yield raised(partial(parse_callback, text, "s"))


def test_everything_that_signing_in_can_say_is_said_in_chinese(chinese: None) -> None:
    generic = {error_text(InvalidInput("something else")), error_text(Problem("sign_in_refused", "something else"))}
    for error in sign_in_refusals():
        assert is_chinese(error_text(error)), error.message
        assert error_text(error) not in generic, error.message


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1:7890", "ftp://a:1", "http://a b:1", "http://", "http://host", f"socks5://{'x' * 300}:p@host:1"],
)
def test_what_is_wrong_with_a_proxy_is_said_in_chinese(chinese: None, text: str) -> None:
    said = error_text(raised(partial(checked_proxy, text)))
    assert is_chinese(said)
    assert said != error_text(InvalidInput("something else"))


def test_a_busy_port_of_the_sign_in_names_the_program_where_it_is_known(chinese: None) -> None:
    known = PortsBusy("x", port=1455, program="Code (4711)", ports="1455, 1457")
    assert error_text(known) == "浏览器无法返回驿站：端口 1455 被 Code (4711) 占用。请结束该程序，或改用设备码登录。"
    unknown = PortsBusy("x", port=1455, program=None, ports="1455, 1457")
    assert "1455, 1457" in error_text(unknown)


def test_a_proxy_that_is_away_is_named_in_chinese(chinese: None) -> None:
    key = ConnectionKey("h", 443, True, True, None, None, None)
    away = aiohttp.ClientProxyConnectionError(key, ConnectionRefusedError(111, "refused"))
    error = failure_of(away, "chatgpt.com", "127.0.0.1:7890")
    assert error is not None
    assert error_text(error) == "驿站连不上代理 127.0.0.1:7890。请确认它正在运行，或更改代理设置。"


def test_in_english_an_error_speaks_for_itself(qapp: QApplication) -> None:
    assert error_text(PortBusy("Port 8787 on 127.0.0.1 is used.", port=8787)) == "Port 8787 on 127.0.0.1 is used."


def test_values_of_the_error_are_put_into_the_translation(chinese: None) -> None:
    assert "8787" in error_text(PortBusy("x", port=8787))


def test_a_sentence_of_the_desktop_itself_is_told_as_it_is(chinese: None) -> None:
    with pytest.raises(Told) as caught:
        recognised("neither key nor token")

    said = error_text(caught.value)
    assert is_chinese(said)
    assert "auth.json" in said


def test_without_the_values_or_with_an_unknown_code_the_english_sentence_stands(chinese: None) -> None:
    assert error_text(PortBusy("Port 1 is used.")) == "Port 1 is used."
    assert error_text(Problem("of_tomorrow", "Do this.")) == "Do this."


def test_every_note_has_a_chinese_sentence(chinese: None) -> None:
    notes = every_note()
    assert set(notes) == set(NoteCode)
    for same_code in notes.values():
        for note in same_code:
            assert is_chinese(note_text(note)), note.code


def test_no_note_is_listed_that_is_not_given(qapp: QApplication) -> None:
    given = {note.text for notes in every_note().values() for note in notes}
    assert set(NOTES) == given
    assert all(note_text(note) == note.text for note in codex_notes.setup_notes(Shell.BASH))
