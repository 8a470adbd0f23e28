"""The dialog of a sign-in, on a scripted gateway: what it shows, asks for and cancels."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from app.core.errors import InvalidInput, KeyStoreUnavailable, NotFound
from app.core.token import TokenKind
from app.desktop.place import Place
from app.desktop.sign_in.dialog import SignInDialog
from app.desktop.sign_in.panels import DevicePanel
from app.gateway.sign_in_desk import SignInStage, SignInWay
from app.gateway.snapshot import TokenState
from tests.desktop.scripted import NOW, token
from tests.desktop.stage import FULL, Stage, button

URL = "https://auth.example.com/oauth/authorize?state=s"


@pytest.fixture
def shown(stage: Stage) -> Stage:
    """A window with two tokens, the gateway saying the same."""
    stage.desk.gateway.become(tokens=FULL.tokens)
    stage.look()
    stage.window.show()
    return stage


def dialog_of(stage: Stage) -> SignInDialog:
    assert stage.signing_in.dialog is not None
    assert stage.signing_in.dialog.isVisible()
    return stage.signing_in.dialog


def words(parent: QWidget) -> str:
    """Everything that can be read."""
    labels = [item.text() for item in parent.findChildren(QLabel) if item.isVisible()]
    buttons = [item.text() for item in parent.findChildren(QAbstractButton) if item.isVisible()]
    entries = [item.text() for item in parent.findChildren(QLineEdit) if item.isVisible()]
    return " | ".join(labels + buttons + entries)


def labels(parent: QWidget) -> list[str]:
    """The visible buttons, without access keys."""
    return [item.text().replace("&", "") for item in parent.findChildren(QAbstractButton) if item.isVisible()]


async def begun(stage: Stage, way: SignInWay = SignInWay.BROWSER, token_id: str | None = None) -> SignInDialog:
    stage.signing_in.sign_in(token_id, way)
    await stage.desk.settle()
    # It becomes the active window.
    QApplication.processEvents()
    return dialog_of(stage)


def choose_way(stage: Stage, label: str) -> None:
    """Choose an entry of the menu that adds tokens."""
    menu = button(stage.window.tokens, "Add token").menu()
    next(action for action in menu.actions() if action.text().replace("&", "") == label).trigger()


def calls(stage: Stage) -> list[str]:
    return [command for command, _ in stage.desk.gateway.calls]


async def test_the_browser_opens_and_the_link_can_be_copied_for_another_profile(shown: Stage) -> None:
    choose_way(shown, "Sign in with the browser")
    assert "Preparing" in words(dialog_of(shown))
    assert shown.opened == []
    await shown.desk.settle()
    assert shown.opened == [URL]
    assert "Your browser shows the sign-in page" in words(dialog_of(shown))
    button(dialog_of(shown), "Copy link").click()
    assert shown.copied == [URL]
    assert "Copied." in words(dialog_of(shown))
    button(dialog_of(shown), "Open the browser again").click()
    assert shown.opened == [URL, URL]
    assert "state=" not in words(dialog_of(shown))


async def test_a_device_code_is_one_of_the_other_ways(stage: Stage) -> None:
    stage.show(FULL)
    choose_way(stage, "Sign in with a device code")
    await stage.desk.settle()
    assert ("signin.device", {}) in stage.desk.gateway.calls
    assert "WXYZ-12345" in words(dialog_of(stage))


async def test_without_a_browser_the_dialog_says_to_copy_the_link(shown: Stage) -> None:
    shown.has_browser = False
    assert "No browser could be opened. Copy the link" in words(await begun(shown))


async def test_enter_does_not_cancel_what_waits(shown: Stage) -> None:
    dialog = await begun(shown)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        QTest.keyClick(dialog, key)
    assert dialog.isVisible()
    assert calls(shown) == ["signin.browser"]


@pytest.mark.parametrize("way", SignInWay)
async def test_closing_the_dialog_cancels(shown: Stage, way: SignInWay) -> None:
    dialog = await begun(shown, way)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    await shown.desk.settle()
    assert shown.signing_in.dialog is None
    assert shown.desk.gateway.calls[-1] == ("signin.cancel", {"id": "i-1"})
    assert shown.window.notices.texts() == []


async def test_closing_it_before_it_has_begun_cancels_too(shown: Stage) -> None:
    shown.desk.gateway.gate.clear()
    shown.signing_in.sign_in()
    dialog_of(shown).close()
    assert shown.signing_in.dialog is None
    shown.desk.gateway.gate.set()
    await shown.desk.settle()
    assert calls(shown) == ["signin.browser", "signin.cancel"]
    assert shown.opened == []


async def test_one_that_is_closed_and_opened_anew_at_once_opens_one_browser(shown: Stage) -> None:
    shown.desk.gateway.gate.clear()
    shown.signing_in.sign_in()
    dialog_of(shown).close()
    shown.signing_in.sign_in()
    shown.desk.gateway.failures["signin.cancel"] = NotFound("This sign-in is over. Begin a new one.")
    shown.desk.gateway.gate.set()
    await shown.desk.settle()
    assert len(shown.opened) == 1
    assert shown.desk.failures == []
    assert "Your browser shows" in words(dialog_of(shown))


async def test_closing_it_too_late_says_that_it_is_done(shown: Stage) -> None:
    dialog = await begun(shown)
    shown.desk.gateway.sign_in(stage=SignInStage.FINISHING)
    shown.look()
    details = (("account", "an•••@example.com (plus)"), ("label", "Work"))
    shown.desk.gateway.too_late = {"stage": SignInStage.DONE, "code": "signed_in", "details": details}
    dialog.close()
    await shown.desk.settle()
    assert shown.desk.told == ["You signed in as an•••@example.com (plus). The token “Work” is added."]


async def test_an_address_of_a_browser_elsewhere_is_pasted_and_then_forgotten(shown: Stage) -> None:
    dialog = await begun(shown)
    assert not button(dialog, "Continue").isEnabled()
    entry = dialog.findChild(QLineEdit)
    entry.setText("http://127.0.0.1:1455/auth/callback?code=secret-code&state=s")
    shown.desk.gateway.failures["signin.paste"] = InvalidInput("This address belongs to another sign-in.")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    await shown.desk.settle()
    assert "belongs to another sign-in" in words(dialog)
    assert dialog.isVisible()
    del shown.desk.gateway.failures["signin.paste"]
    button(dialog, "Continue").click()
    await shown.desk.settle()
    assert "belongs to another sign-in" not in words(dialog)
    assert shown.desk.gateway.calls[-1] == (
        "signin.paste",
        {"id": "i-1", "text": "http://127.0.0.1:1455/auth/callback?code=secret-code&state=s"},
    )
    shown.desk.gateway.sign_in(stage=SignInStage.FINISHING)
    shown.look()
    assert "Signed in." in words(dialog)
    assert entry.text() == ""


async def test_the_device_code_is_shown_large_with_its_page_and_can_be_copied(shown: Stage) -> None:
    dialog = await begun(shown, SignInWay.DEVICE)
    assert shown.opened == []
    said = words(dialog)
    assert "WXYZ-12345" in said
    assert "https://auth.example.com/codex/device" in said
    code = next(label for label in dialog.findChildren(QLabel) if label.text() == "WXYZ-12345")
    assert code.font().pointSizeF() > 1.5 * dialog.font().pointSizeF()
    assert code.accessibleName() == "Code"
    button(dialog, "Copy code").click()
    button(dialog, "Copy link").click()
    assert shown.copied == ["WXYZ-12345", "https://auth.example.com/codex/device"]
    button(dialog, "Open page").click()
    assert shown.opened == ["https://auth.example.com/codex/device"]


def test_the_device_code_counts_down(stage: Stage, icons: object) -> None:
    now = [NOW]
    panel = DevicePanel(stage.window.gateway._icons, now=lambda: now[0])
    panel.show()
    panel.show_code("WXYZ-12345", "https://auth.example.com/codex/device", NOW + 900)
    assert "good for 15:00 more" in words(panel)
    now[0] += 61
    panel._show_left()
    assert "good for 13:59 more" in words(panel)
    now[0] += 900
    panel._show_left()
    assert "has ended" in words(panel)
    panel.close()


async def test_from_the_browser_to_the_device_and_back(shown: Stage) -> None:
    dialog = await begun(shown)
    button(dialog, "Use a device code instead").click()
    await shown.desk.settle()
    assert "WXYZ-12345" in words(dialog)
    button(dialog, "Use the browser here instead").click()
    await shown.desk.settle()
    assert calls(shown) == ["signin.browser", "signin.device", "signin.browser"]
    assert len(shown.opened) == 2
    assert "WXYZ" not in words(dialog)


async def test_busy_ports_are_named_and_the_device_code_is_one_press_away(shown: Stage) -> None:
    dialog = await begun(shown)
    shown.desk.gateway.sign_in(
        stage=SignInStage.FAILED,
        code="sign_in_ports_busy",
        message="The browser cannot come back to Waystation: port 1455 is used by Code (4711).",
        details=(("port", 1455), ("program", "Code (4711)"), ("ports", "1455, 1457")),
    )
    shown.look()
    assert "Code (4711)" in dialog.text
    assert sorted(labels(dialog)) == ["Close", "Try again", "Use a device code instead"]
    QTest.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Return)
    await shown.desk.settle()
    assert calls(shown) == ["signin.browser", "signin.device"]


async def test_a_failure_of_the_network_offers_the_proxy_that_was_found(shown: Stage) -> None:
    dialog = await begun(shown, token_id="t-1")
    shown.desk.gateway.sign_in(stage=SignInStage.FAILED, code="upstream_unreachable", message="OpenAI is out of reach.")
    shown.look()
    assert "Use proxy" not in words(dialog)
    shown.desk.gateway.become(offered_proxies=("http://127.0.0.1:7890",))
    shown.look()
    button(dialog, "Use proxy http://127.0.0.1:7890").click()
    await shown.desk.settle()
    assert shown.desk.gateway.calls[1:] == [
        ("proxy.set", {"proxy": "http://127.0.0.1:7890"}),
        ("signin.browser", {"token_id": "t-1"}),
    ]
    assert "Your browser shows" in words(dialog)


async def test_a_refusal_of_the_account_offers_no_proxy(shown: Stage) -> None:
    dialog = await begun(shown)
    shown.desk.gateway.become(offered_proxies=("http://127.0.0.1:7890",))
    shown.desk.gateway.sign_in(
        stage=SignInStage.FAILED,
        code="sign_in_refused",
        message="The sign-in was refused in the browser. (access_denied)",
        details=(("reason", "access_denied"),),
    )
    shown.look()
    assert "Use proxy" not in words(dialog)
    button(dialog, "Try again").click()
    await shown.desk.settle()
    assert calls(shown) == ["signin.browser", "signin.browser"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("signed_in", "You signed in as an•••@example.com (plus). The token “Work” is added."),
        ("signed_in_again", "You signed in as an•••@example.com (plus) again, who is already here"),
        ("renewed", "is signed in again"),
        ("other_added", "not as “Work”. It was added as a token of its own"),
        ("other_known", "whose sign-in is still to do"),
        ("of_tomorrow", "The English sentence."),
    ],
)
async def test_the_end_says_who_signed_in_and_closing_cancels_nothing(shown: Stage, code: str, said: str) -> None:
    dialog = await begun(shown)
    shown.desk.gateway.sign_in(
        stage=SignInStage.DONE,
        code=code,
        message="The English sentence.",
        url=None,
        details=(("account", "an•••@example.com (plus)"), ("label", "Work")),
    )
    shown.look()
    assert said in dialog.text
    assert labels(dialog) == ["Close"]
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    await shown.desk.settle()
    assert calls(shown) == ["signin.browser"]
    assert shown.signing_in.dialog is None


async def test_the_end_is_told_in_chinese(chinese: None, shown: Stage) -> None:
    dialog = await begun(shown)
    details = (("account", "an•••@example.com (plus)"), ("label", "Work"))
    shown.desk.gateway.sign_in(stage=SignInStage.DONE, code="signed_in_again", message="x", details=details)
    shown.look()
    assert dialog.text == "你再次登录了 an•••@example.com (plus)，该账号已在列表中，“Work”的登录已更新。"


async def test_what_cannot_begin_says_why(shown: Stage) -> None:
    shown.desk.gateway.failures["signin.browser"] = KeyStoreUnavailable("The keyring is locked. Unlock it.")
    dialog = await begun(shown)
    assert "The keyring is locked" in words(dialog)
    assert dialog.over
    del shown.desk.gateway.failures["signin.browser"]
    button(dialog, "Try again").click()
    await shown.desk.settle()
    assert "Your browser shows" in words(dialog)


async def test_a_second_press_brings_the_dialog_up_and_another_token_begins_anew(shown: Stage) -> None:
    dialog = await begun(shown, token_id="t-1")
    assert await begun(shown, token_id="t-1") is dialog
    assert calls(shown) == ["signin.browser"]
    await begun(shown, token_id="t-2")
    assert shown.desk.gateway.calls[-1] == ("signin.browser", {"token_id": "t-2"})


async def test_one_that_another_takes_the_place_of_says_so(shown: Stage) -> None:
    dialog = await begun(shown)
    shown.desk.gateway.sign_in(
        stage=SignInStage.CANCELLED, code="cancelled", message="Another sign-in was begun in its place."
    )
    shown.look()
    assert "in its place" in words(dialog)
    assert dialog.over


async def test_a_sign_in_from_the_command_line_is_told_and_can_be_shown_and_cancelled(shown: Stage) -> None:
    await shown.desk.gateway.call("signin.device")
    shown.look()
    assert shown.signing_in.dialog is None
    assert shown.window.notices.texts() == ["A sign-in that was begun elsewhere is waiting for the user."]
    shown.window.notices.press("Show")
    shown.look()
    assert "WXYZ-12345" in words(dialog_of(shown))
    assert shown.window.notices.texts() == []
    assert shown.opened == []
    dialog_of(shown).close()
    await shown.desk.settle()
    assert shown.desk.gateway.calls[-1] == ("signin.cancel", {"id": "i-1"})


async def test_a_refused_api_key_is_not_asked_to_sign_in(shown: Stage) -> None:
    key = token(1, label="Work", state=TokenState.SIGN_IN, sign_in_needed="invalid_api_key", kind=TokenKind.API_KEY)
    shown.desk.gateway.become(tokens=(key, token(2)))
    shown.look()
    assert shown.window.notices.texts() == ["“Work” no longer works: upstream refuses it. Add a new key."]
    shown.window.notices.press("Show tokens")
    assert shown.window.place is Place.TOKENS
    assert not [command for command, _ in shown.desk.gateway.calls if command.startswith("signin.")]


async def test_a_token_that_needs_it_is_signed_in_from_its_notice_and_from_its_row(shown: Stage) -> None:
    needy = token(1, label="Work", state=TokenState.SIGN_IN, sign_in_needed="refresh_token_reused")
    shown.desk.gateway.become(tokens=(needy, token(2)))
    shown.look()
    assert shown.window.notices.texts() == ["“Work” needs a new sign-in: another program used this login."]
    shown.window.notices.press("Sign in again")
    await shown.desk.settle()
    dialog_of(shown).close()
    await shown.desk.settle()
    shown.window.go(Place.TOKENS)
    shown.window.tokens.table.select_row(0)
    button(shown.window.tokens.detail, "Sign in again").click()
    await shown.desk.settle()
    begun_for = [params for command, params in shown.desk.gateway.calls if command == "signin.browser"]
    assert begun_for == [{"token_id": "t-1"}, {"token_id": "t-1"}]


async def test_everything_in_the_dialog_is_reached_by_tab(shown: Stage) -> None:
    dialog = await begun(shown)
    dialog.activateWindow()
    QApplication.processEvents()
    reached = set()
    for _ in range(12):
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            reached.add(focused.text().replace("&", ""))
        elif isinstance(focused, QLineEdit):
            reached.add("entry")
            focused.setText("x")
        QTest.keyClick(focused or dialog, Qt.Key.Key_Tab)
    assert reached == {
        "Open the browser again",
        "Copy link",
        "entry",
        "Continue",
        "Use a device code instead",
        "Cancel",
    }
