"""The notice about models that OpenAI no longer serves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication

from app.desktop.design.colours import Tone
from app.desktop.model_operations import listed, shown
from app.desktop.operations import Operations
from app.desktop.pages.notices import NoticeText
from app.desktop.widgets.notice import Remedy
from app.gateway.snapshot import GatewaySnapshot

# More models than this are not all named.
_MOST_NAMED = 4


def model_notices(
    snapshot: GatewaySnapshot, operations: Operations, open_models: Callable[[], None]
) -> list[NoticeText]:
    """What was asked for and is served no more, until something else stands in its place."""
    replaced = {alias.name for alias in snapshot.models if alias.name != alias.model}
    lost = [item for item in snapshot.withdrawn if item.model not in replaced]
    if not lost:
        return []
    models, nearest = [item.model for item in lost], {item.nearest for item in lost}
    named = listed(models[:_MOST_NAMED]) + ("…" if len(models) > _MOST_NAMED else "")
    text = QCoreApplication.translate("Problems", "OpenAI no longer serves {models}.").format(models=named)
    instead = nearest.pop() if len(nearest) == 1 else None
    if instead is not None:
        label = QCoreApplication.translate("Problems", "Use {model} instead").format(model=shown(instead))
        remedy = Remedy(label, partial(operations.models.use_instead, models, instead), "models")
    else:
        remedy = Remedy(QCoreApplication.translate("Problems", "Choose others"), open_models)
    return [NoticeText("models", Tone.WARNING, text, (remedy,))]
