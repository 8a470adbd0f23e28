"""From a snapshot to the notices about what hinders the gateway, each with the buttons that help."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.overview import unusable_reasons, unusable_tokens
from app.desktop.pages.notices import NoticeText
from app.desktop.widgets.colours import Tone
from app.desktop.widgets.notice import Remedy
from app.gateway.snapshot import GatewaySnapshot, Problem, RunState


def problem_notices(
    snapshot: GatewaySnapshot,
    operations: Operations,
    *,
    open_tokens: Callable[[], None],
    ask_new_key: Callable[[], None],
) -> list[NoticeText]:
    """What is wrong now.

    Args:
        snapshot: of the gateway.
        operations: what the buttons do.
        open_tokens: leads to the page where a token can be added.
        ask_new_key: asks whether to go on with a new data key.
    """
    notices = []
    if snapshot.problem is not None:
        notices.append(_gateway_problem(snapshot.state, snapshot.problem, operations))
    if snapshot.key_problem is not None:
        notices.append(_key_problem(snapshot.key_problem, operations, ask_new_key))
    elif not snapshot.tokens:
        notices.append(
            NoticeText(
                "no_token",
                Tone.WARNING,
                QCoreApplication.translate("Problems", "No token has been added yet, so no request can be answered."),
                (Remedy(QCoreApplication.translate("Problems", "Add token"), open_tokens),),
            )
        )
    elif unusable_tokens(snapshot):
        text = QCoreApplication.translate("Problems", "No token can serve now: {reasons}.")
        notices.append(
            NoticeText(
                "no_usable_token",
                Tone.WARNING,
                text.format(reasons=unusable_reasons(snapshot)),
                (Remedy(QCoreApplication.translate("Problems", "Show tokens"), open_tokens),),
            )
        )
    return notices


def _gateway_problem(state: RunState, problem: Problem, operations: Operations) -> NoticeText:
    if state is RunState.RUNNING:
        return NoticeText("gateway", Tone.ERROR, error_text(problem))
    again = Remedy(QCoreApplication.translate("Problems", "Try again"), operations.start_gateway, "gateway")
    port = dict(problem.details).get("suggestion")
    if problem.code == "port_busy" and isinstance(port, int):
        other = Remedy(
            QCoreApplication.translate("Problems", "Use port {port}").format(port=port),
            lambda: operations.start_gateway(port),
            "gateway",
        )
        return NoticeText("gateway", Tone.ERROR, error_text(problem), (other, again))
    return NoticeText("gateway", Tone.ERROR, error_text(problem), (again,))


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
