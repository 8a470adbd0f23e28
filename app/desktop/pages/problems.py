"""From a snapshot to the notices about what hinders the gateway, each with the buttons that help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication

from app.desktop.design.colours import Tone
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.pages.model_notices import model_notices
from app.desktop.pages.notices import NoticeText
from app.desktop.pages.token_notices import token_notices
from app.desktop.widgets.notice import Remedy
from app.gateway.snapshot import GatewaySnapshot, Problem, RunState


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the buttons of notices lead that are no operations.

    Attributes:
        open_tokens: to the page where a token can be added.
        ask_new_key: asks whether to go on with a new data key.
        sign_in: begins a sign-in, with an id for a new login of that token.
        show_sign_in: shows the sign-in that was begun elsewhere.
        open_models: to where names of models can be changed.
    """

    open_tokens: Callable[[], None]
    ask_new_key: Callable[[], None]
    sign_in: Callable[[str | None], None]
    show_sign_in: Callable[[], None]
    open_models: Callable[[], None]


def problem_notices(
    snapshot: GatewaySnapshot, operations: Operations, ways: Ways, now: float, *, sign_in_elsewhere: bool
) -> list[NoticeText]:
    """What is wrong now, and what waits for the user.

    Args:
        snapshot: of the gateway.
        operations: what the buttons do.
        ways: where others lead.
        now: Unix seconds.
        sign_in_elsewhere: a sign-in runs that was not begun in this window.
    """
    notices = []
    if snapshot.problem is not None:
        notices.append(gateway_problem(snapshot.state, snapshot.problem, operations))
    if snapshot.key_problem is not None:
        notices.append(_key_problem(snapshot.key_problem, operations, ways.ask_new_key))
    elif not snapshot.tokens:
        notices.append(
            NoticeText(
                "no_token",
                Tone.WARNING,
                QCoreApplication.translate("Problems", "No token has been added yet, so no request can be answered."),
                (Remedy(QCoreApplication.translate("Problems", "Add token"), ways.open_tokens),),
            )
        )
    else:
        notices += token_notices(snapshot, operations, now, open_tokens=ways.open_tokens, sign_in=ways.sign_in)
    notices += model_notices(snapshot, operations, ways.open_models)
    if snapshot.offered_proxies:
        notices.append(_offered_proxies(snapshot.offered_proxies, operations))
    if sign_in_elsewhere:
        text = QCoreApplication.translate("Problems", "A sign-in that was begun elsewhere is waiting for the user.")
        show = Remedy(QCoreApplication.translate("Problems", "Show"), ways.show_sign_in)
        notices.append(NoticeText("sign_in", Tone.INFO, text, (show,), symbol="sign-in"))
    return notices


def _offered_proxies(addresses: Sequence[str], operations: Operations) -> NoticeText:
    text = QCoreApplication.translate(
        "Problems", "OpenAI cannot be reached from here. A proxy seems to run on this computer."
    )
    use = QCoreApplication.translate("Problems", "Use {proxy}")
    remedies = tuple(
        Remedy(use.format(proxy=address), partial(operations.pool.use_proxy, address), "proxy") for address in addresses
    )
    return NoticeText("proxy", Tone.WARNING, text, remedies)


def gateway_problem(state: RunState, problem: Problem, operations: Operations) -> NoticeText:
    """Why the gateway does not run, or what hinders it, with what helps."""
    remedies = []
    if problem.code == "data_unusable":
        folder = QCoreApplication.translate("Problems", "Open data folder")
        remedies.append(Remedy(folder, operations.settings.open_data_folder, "folder"))
    if state is RunState.RUNNING:
        return NoticeText("gateway", Tone.ERROR, error_text(problem), tuple(remedies))
    again = Remedy(QCoreApplication.translate("Problems", "Try again"), operations.start_gateway, "gateway")
    port = dict(problem.details).get("suggestion")
    if problem.code == "port_busy" and isinstance(port, int):
        other = Remedy(
            QCoreApplication.translate("Problems", "Use port {port}").format(port=port),
            lambda: operations.start_gateway(port),
            "gateway",
        )
        remedies.append(other)
    return NoticeText("gateway", Tone.ERROR, error_text(problem), (*remedies, again))


def _key_problem(problem: Problem, operations: Operations, ask_new_key: Callable[[], None]) -> NoticeText:
    retry = Remedy(QCoreApplication.translate("Problems", "Try again"), operations.retry_key_store, "key_store")
    if problem.code == "data_key_lost":
        renew = Remedy(QCoreApplication.translate("Problems", "Use a new key…"), ask_new_key, "key_store")
        return NoticeText("key", Tone.ERROR, error_text(problem), (retry, renew))
    text = QCoreApplication.translate(
        "Problems", "{problem} Nothing is stored until you have chosen where the key for your secrets is kept."
    ).format(problem=error_text(problem))
    session = Remedy(
        QCoreApplication.translate("Problems", "This session only"),
        lambda: operations.choose_key_store("memory"),
        "key_store",
    )
    file = Remedy(
        QCoreApplication.translate("Problems", "Key file (weaker)"),
        lambda: operations.choose_key_store("file"),
        "key_store",
    )
    return NoticeText("key", Tone.WARNING, text, (session, file, retry))
