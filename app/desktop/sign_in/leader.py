"""Leads the user through a sign-in: begins it, follows it in the snapshots, and ends it with its dialog."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.core.errors import InvalidInput, NotFound, WaystationError
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.sign_in.texts import ended_text
from app.gateway.sign_in_desk import SignInStage, SignInView, SignInWay
from app.gateway.snapshot import GatewaySnapshot

if TYPE_CHECKING:
    from app.desktop.sign_in.dialog import SignInDialog

GROUP = "sign_in"
_PORTS_BUSY = "sign_in_ports_busy"
_NO_WAY = ("upstream_unreachable", "upstream_timeout")
_REFUSED = "sign_in_refused"
#: Upstream's reasons that are about the network, not about the account.
_NETWORK = ("cloudflare", "unsupported_country_region_territory")
#: Reasons after which only the other way is of use.
_OTHER_WAY = ("device_code_off",)


class SignInLeader(QObject):
    """At most one sign-in at a time, as in the gateway.

    Args:
        icons: for the dialog.
        operations: carry the commands out.
        parent: the window over which the dialog stands, if it is visible.
        copy_text: puts a text on the clipboard.
        open_page: opens an address in the browser; False when there is none.
        look: asks for a new snapshot.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        parent: Callable[[], QWidget | None],
        copy_text: Callable[[str], None],
        open_page: Callable[[str], bool],
        look: Callable[[], None],
    ) -> None:
        super().__init__()
        self._icons = icons
        self._operations = operations
        self._parent = parent
        self._copy_text = copy_text
        self._open_page = open_page
        self._look = look
        self._dialog: SignInDialog | None = None
        self._id: str | None = None
        self._token_id: str | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._shown: SignInView | None = None
        self._offered: tuple[str, ...] = ()

    @property
    def dialog(self) -> SignInDialog | None:
        """While it is open."""
        return self._dialog

    def sign_in(self, token_id: str | None = None, way: SignInWay = SignInWay.BROWSER) -> None:
        """Begin; one that waits already for the same is brought to the front.

        Args:
            token_id: whose login is to be renewed; None: a new token's.
            way: see there.
        """
        if self._dialog is not None and not self._dialog.over and self._token_id == token_id:
            _bring_up(self._dialog)
            return
        self._token_id = token_id
        self._begin(way)

    def show_running(self) -> None:
        """Show the sign-in that was begun elsewhere."""
        view = self.elsewhere
        if view is not None:
            self._id, self._token_id, self._shown = view.id, view.token_id, None
            self._opened()
            self._show(view)

    @property
    def elsewhere(self) -> SignInView | None:
        """A sign-in that runs without being shown here, such as one from the command line."""
        view = self._snapshot.sign_in if self._snapshot is not None else None
        if view is None or view.ended or view.id == self._id or self._operations.is_busy(GROUP):
            return None
        return view

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Follow the sign-in that the dialog is about."""
        self._snapshot = snapshot
        view = snapshot.sign_in
        if view is not None and view.id == self._id:
            self._show(view)

    def close(self) -> None:
        """The application ends; the gateway cancels what runs."""
        self._forget()

    def _begin(self, way: SignInWay) -> None:
        self._id, self._shown = None, None
        dialog = self._opened()
        dialog.show_working(self.tr("Preparing the sign-in…"))
        self._operations.begin(GROUP, self._begun(way, dialog))

    async def _begun(self, way: SignInWay, dialog: SignInDialog) -> None:
        command = "signin.browser" if way is SignInWay.BROWSER else "signin.device"
        params = {} if self._token_id is None else {"token_id": self._token_id}
        try:
            begun: dict[str, Any] = await self._operations.call(command, **params)
        except WaystationError as error:
            if dialog is self._dialog:
                dialog.show_failed(error_text(error), way, other_way=False)
            return
        if dialog is not self._dialog:
            # Closed meanwhile, and perhaps opened anew for another.
            await self._cancelled(begun["id"])
            return
        self._id = begun["id"]
        if begun.get("url"):
            self._open(begun["url"])
        self._look_again()

    def _opened(self) -> SignInDialog:
        if self._dialog is None:
            # Imported late: a sign-in is rare.
            from app.desktop.sign_in.dialog import SignInDialog

            dialog = SignInDialog(self._icons, self.tr("Sign in with ChatGPT"), self._parent())
            dialog.closed.connect(self._on_closed)
            dialog.way_asked.connect(self._begin)
            dialog.proxy_asked.connect(self._on_proxy)
            dialog.browser.open_asked.connect(self._on_open)
            dialog.browser.copy_asked.connect(self._on_copy_link)
            dialog.browser.pasted.connect(self._on_pasted)
            dialog.device.open_asked.connect(self._on_open)
            dialog.device.copy_asked.connect(self._on_copy)
            self._dialog = dialog
        _bring_up(self._dialog)
        return self._dialog

    def _show(self, view: SignInView) -> None:
        dialog = self._dialog
        offered = self._snapshot.offered_proxies if self._snapshot is not None else ()
        if dialog is None or (view == self._shown and offered == self._offered):
            return
        ended_before = self._shown is not None and self._shown.ended
        self._shown, self._offered = view, offered
        match view.stage:
            case SignInStage.WAITING if view.way is SignInWay.BROWSER:
                dialog.show_browser()
            case SignInStage.WAITING if view.user_code is not None:
                dialog.show_device(view.user_code, view.page or "", view.expires_at)
            case SignInStage.WAITING | SignInStage.FINISHING:
                dialog.show_working(self.tr("Signed in. Fetching and keeping the login…"))
            case SignInStage.DONE:
                dialog.show_done(ended_text(view))
            case SignInStage.FAILED:
                proxies = offered if _is_about_the_way(view) else ()
                dialog.show_failed(ended_text(view), view.way, other_way=_wants_other_way(view), proxies=proxies)
            case SignInStage.CANCELLED:
                # Elsewhere: by another sign-in, or from the command line.
                dialog.show_failed(ended_text(view), view.way, other_way=False)
        if view.ended and not ended_before:
            # The user looks at the browser.
            _bring_up(dialog)
            QApplication.alert(dialog)

    def _open(self, url: str) -> None:
        opened = self._open_page(url)
        if self._dialog is not None:
            self._dialog.browser.show_opened(opened)

    def _on_open(self) -> None:
        view = self._shown
        address = (view.url or view.page) if view is not None else None
        if address:
            self._open(address)

    def _on_copy_link(self) -> None:
        if self._shown is not None and self._shown.url:
            self._on_copy(self._shown.url)

    def _on_copy(self, text: str) -> None:
        self._copy_text(text)
        if self._dialog is not None:
            self._dialog.note(self.tr("Copied."))

    def _on_pasted(self, text: str) -> None:
        if self._id is not None and self._dialog is not None:
            self._dialog.browser.show_busy(True)
            self._operations.begin("paste", self._paste(self._id, text))

    async def _paste(self, sign_in_id: str, text: str) -> None:
        problem = None
        try:
            await self._operations.call("signin.paste", id=sign_in_id, text=text)
        except InvalidInput as error:
            problem = error_text(error)
        finally:
            if self._dialog is not None:
                self._dialog.browser.show_busy(False)
        if self._dialog is not None:
            self._dialog.browser.show_problem(problem)
        self._look()

    def _on_proxy(self, address: str) -> None:
        way = self._shown.way if self._shown is not None else SignInWay.BROWSER
        self._operations.begin("proxy", self._through(address, way))

    async def _through(self, address: str, way: SignInWay) -> None:
        await self._operations.pool.set_proxy(address)
        if self._dialog is not None:
            self._begin(way)

    def _on_closed(self) -> None:
        running = self._id if self._shown is None or not self._shown.ended else None
        self._forget()
        if running is not None:
            self._operations.begin(GROUP, self._cancel(running))

    async def _cancel(self, sign_in_id: str) -> str | None:
        await self._cancelled(sign_in_id)
        self._look_again()
        view = self._snapshot.sign_in if self._snapshot is not None else None
        if view is None or view.id != sign_in_id or view.stage is not SignInStage.DONE:
            return None
        # It was too late: what is being stored is stored.
        return ended_text(view)

    async def _cancelled(self, sign_in_id: str) -> None:
        # One that another took the place of is over already.
        with suppress(NotFound):
            await self._operations.do("signin.cancel", id=sign_in_id)

    def _look_again(self) -> None:
        """A look tells of nothing where nothing is new, such as what was seen before its id was known."""
        self._look()
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def _forget(self) -> None:
        dialog, self._dialog, self._id = self._dialog, None, None
        if dialog is not None:
            dialog.blockSignals(True)
            dialog.close()
            dialog.deleteLater()


def _bring_up(dialog: SignInDialog) -> None:
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()


def _is_about_the_way(view: SignInView) -> bool:
    reason = dict(view.details).get("reason")
    return view.code in _NO_WAY or (view.code == _REFUSED and reason in _NETWORK)


def _wants_other_way(view: SignInView) -> bool:
    return view.code == _PORTS_BUSY or dict(view.details).get("reason") in _OTHER_WAY
