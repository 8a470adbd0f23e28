"""Every dialog of the window, opened in the way that its user takes."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog

from app.desktop import dialogs
from app.desktop.place import Place
from app.gateway.sign_in_desk import SignInWay
from app.gateway.snapshot import GatewaySnapshot
from tests.desktop.scripted import NOW
from tests.desktop.stage import Stage, button, until
from tests.desktop.test_fits import shown

_REMOVED = {"kind": "chatgpt", "email": "ol•••@example.com", "plan": "plus", "removed_at": NOW - 60}
_ENDED = ("signin.browser", "signin.device")


def _add(label: str) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        actions: list[QAction] = button(stage.window.tokens, "Add token").menu().actions()
        next(action for action in actions if action.text().replace("&", "") == label).trigger()

    return act


def _press(place: Place, label: str) -> Callable[[Stage], None]:
    return lambda stage: button(stage.window.pages[place][0], label).click()


def _quit(stage: Stage) -> None:
    ways = ["Quit when they are done", "Quit now"]
    question = dialogs.chosen(stage.window, "Quit Waystation", "2 request(s) are still running.", ways)
    stage.desk.operations.run("ask", _left(question))


def _failure(stage: Stage) -> None:
    stage.desk.operations.run("ask", dialogs.told(stage.window, "Waystation cannot start", "The folder is too new."))


async def _left(question: object) -> None:
    await question  # type: ignore[misc]


def _colleague(stage: Stage) -> None:
    stage.tell(replace(_snapshot(), host="0.0.0.0"))
    button(stage.window.licenses, "Copy for a colleague…").click()


def _snapshot() -> GatewaySnapshot:
    return shown("full")


#: By what opens, the page from which it does, and how.
QUESTIONS: dict[str, tuple[Place, Callable[[Stage], object]]] = {
    "sign in with the browser": (Place.TOKENS, _add("Sign in with the browser")),
    "sign in with a device code": (Place.TOKENS, _add("Sign in with a device code")),
    "sign-in failed": (Place.TOKENS, lambda stage: _fail_sign_in(stage)),
    "key": (Place.TOKENS, _add("Type or paste a key…")),
    "removed tokens": (Place.TOKENS, _add("Removed tokens…")),
    "name of a token": (Place.TOKENS, lambda stage: stage.window.tokens.menu.ask_for_name(_snapshot().tokens[0])),
    "proxy of a token": (Place.TOKENS, lambda stage: stage.window.tokens.menu.ask_for_way(_snapshot().tokens[0])),
    "new license": (Place.LICENSES, _press(Place.LICENSES, "New license…")),
    "colleague": (Place.LICENSES, _colleague),
    "revoke": (Place.LICENSES, lambda stage: _of_license(stage, "Revoke…")),
    "edit license": (Place.LICENSES, lambda stage: _of_license(stage, "Edit…")),
    "name of a model": (Place.SETTINGS, _press(Place.SETTINGS, "Add a name…")),
    "proxy of all": (Place.SETTINGS, lambda stage: stage.window.settings.pool.way.click()),
    "passphrase": (Place.SETTINGS, _press(Place.SETTINGS, "Export everything…")),
    "parts": (Place.SETTINGS, _press(Place.SETTINGS, "Software it uses…")),
    "quit": (Place.OVERVIEW, _quit),
    "cannot start": (Place.OVERVIEW, _failure),
}


def _of_license(stage: Stage, label: str) -> None:
    stage.window.licenses.table.select_row(1)
    QApplication.processEvents()
    button(stage.window.licenses, label).click()


def _fail_sign_in(stage: Stage) -> None:
    stage.signing_in.sign_in(None, SignInWay.BROWSER)
    dialog = stage.signing_in.dialog
    assert dialog is not None
    dialog.show_failed("The sign-in was refused.", SignInWay.BROWSER, other_way=True)


async def opened(stage: Stage, name: str) -> QDialog:
    """The dialog of this name, as it stands when it has asked for what it shows."""
    place, act = QUESTIONS[name]
    stage.desk.gateway.results["token.removed"] = [
        _REMOVED | {"id": f"t-{number}", "label": f"Old {number}", "kept_until": NOW + 86400} for number in (7, 8)
    ]
    stage.desk.gateway.become(tokens=_snapshot().tokens, licenses=_snapshot().licenses)
    stage.show(_snapshot(), place)
    await stage.desk.settle()
    QApplication.processEvents()
    act(stage)
    found: list[QDialog] = []

    def look() -> bool:
        found[:] = [item for item in QApplication.topLevelWidgets() if isinstance(item, QDialog) and item.isVisible()]
        return bool(found)

    await until(look)
    if "proxy" in name:
        await until(lambda: [call for call in stage.desk.gateway.calls if call[0] == "proxy.detect"])
    if name.startswith("sign in"):
        await stage.desk.settle()
    QApplication.processEvents()
    return found[0]
