"""The commands about the names that chat clients may ask for."""

from __future__ import annotations

import argparse
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import listed, plain
from app.core.errors import WaystationError
from app.core.models import ModelSource

_SOURCES = {ModelSource.BUILT_IN: "Waystation", ModelSource.UPSTREAM: "upstream", ModelSource.USER: "you"}


def run_model_action(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Carry out one action of `model`; returns the exit code.

    Raises:
        WaystationError: it failed.
    """
    match arguments.action:
        case "model list":
            problem = None
            try:
                rows = deliver("models.list", {"refresh": arguments.refresh})
            except WaystationError as error:
                if not arguments.refresh:
                    raise
                # What is known is of use all the same.
                problem, rows = error, deliver("models.list", {"refresh": False})
            listed(
                arguments,
                rows if arguments.json else _folded(rows),
                "No models.",
                ("NAME", "MODEL", "EFFORT", "FROM", "TOKENS", "NOTE"),
                lambda item: (
                    item["name"],
                    item["model"],
                    item["effort"],
                    _SOURCES[ModelSource(item["source"])],
                    ", ".join(item["token_ids"]),
                    _note(item),
                ),
            )
            if problem is not None:
                raise problem
        case "model set":
            alias = {"name": arguments.name, "model": arguments.model, "effort": arguments.effort}
            done = deliver("models.set", alias)
            effort = f", effort {done['effort']}" if done["effort"] else ""
            print(f"{plain(done['name'])} stands for {plain(done['model'])}{effort}")
        case "model remove":
            print(f"{plain(deliver('models.remove', {'name': arguments.name})['name'])} is no name of yours any more")
        case _:
            raise AssertionError(f"no action {arguments.action}")
    return 0


def _folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each model of upstream's, with the efforts that its name may end in."""
    folded: dict[str, dict[str, Any]] = {}
    for row in rows:
        of_model = folded.get(row["model"]) if row["source"] == ModelSource.UPSTREAM and row["effort"] else None
        if of_model is not None and of_model["source"] == ModelSource.UPSTREAM:
            of_model["effort"] = f"{of_model['effort'] or ''} {row['effort']}".strip()
        else:
            folded[row["name"]] = dict(row)
    return list(folded.values())


def _note(row: dict[str, Any]) -> str | None:
    if not row["withdrawn"]:
        return None
    return f"withdrawn; nearest: {row['nearest']}" if row["nearest"] else "withdrawn"
