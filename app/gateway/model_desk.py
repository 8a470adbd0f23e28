"""All that is known about models, kept: the user's names, what upstream offers, and what it has withdrawn.

Upstream is asked for its lists when somebody looks at the models, when tokens came, when a turn is refused a model, and
before a turn whose model's name could be read in two ways; never at the start, since what was known is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.core.backup import MODELS
from app.core.errors import NotFound, WaystationError
from app.core.model_aliases import (
    aliases_from_stored,
    aliases_to_stored,
    is_name,
    models_from_stored,
    models_to_stored,
    offered_from_stored,
    offered_to_stored,
    with_alias,
)
from app.core.models import ModelAlias, ModelTable
from app.core.token import Token
from app.gateway.state import GatewayState
from app.gateway.tasks import TaskSet
from app.upstream.models import ModelLists

WITHDRAWN = "models.withdrawn"
OFFERED = "models.offered"
FORMER = "models.former"
#: How long a client or a turn waits for upstream's lists, in seconds; they are asked for on, without it.
ASK_S = 4.0
#: Who asks for one name after the other fills nothing.
_MOST_WITHDRAWN = 32

_log = logging.getLogger(__name__)


class ModelDesk:
    """The user's commands about models, and what turns and lists tell; `GatewayState.models` holds it all.

    Args:
        state: of the gateway.
        lists: of upstream.

    Attributes:
        lists: the same.
    """

    def __init__(self, state: GatewayState, lists: ModelLists) -> None:
        self._state = state
        self.lists = lists
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()
        self._asking = TaskSet()
        self._came = asyncio.Event()
        self._saved: dict[str, str] = {}
        state.on_model_refused = self.refused
        state.on_model_served = self.served

    @property
    def changing(self) -> asyncio.Lock:
        """Held while the user's names are changed; who changes them past this desk holds it too."""
        return self._changing

    def restore(self, stored: Mapping[str, str]) -> None:
        """Take up what was known before."""
        self._saved = {key: stored[key] for key in (WITHDRAWN, OFFERED, FORMER) if key in stored}
        self._replace(
            ModelTable(
                aliases_from_stored(stored.get(MODELS)),
                offered_from_stored(stored.get(OFFERED)),
                frozenset(models_from_stored(stored.get(WITHDRAWN))),
                models_from_stored(stored.get(FORMER)),
            )
        )

    def forget_others(self) -> None:
        """Forget what tokens were offered that are not here any more."""
        if any(self._state.pool.get(token_id) is None for token_id in self._state.models.offered):
            self._note(self._state.models)

    def restore_aliases(self, stored: Mapping[str, str]) -> None:
        """Take up the user's names, which came into the store past these commands."""
        self._replace(replace(self._state.models, aliases=aliases_from_stored(stored.get(MODELS))))

    async def set(self, alias: ModelAlias) -> None:
        """Add a name of the user's, or change it.

        Raises:
            InvalidInput: it makes no sense; nothing was changed.
            DataUnusable: it cannot be written; nothing was changed.
        """
        async with self._changing:
            await self._keep(with_alias(self._state.models.aliases, alias))

    async def remove(self, name: str) -> None:
        """Remove a name of the user's.

        Raises:
            NotFound: there is none.
            DataUnusable: it cannot be written; nothing was changed.
        """
        async with self._changing:
            aliases = self._state.models.aliases
            left = tuple(alias for alias in aliases if alias.name != name)
            if len(left) == len(aliases):
                raise NotFound(f"You have set no model {name!r}.")
            await self._keep(left)

    async def look(self, within_s: float = ASK_S, *, at_once: bool = False) -> ModelTable:
        """All that is known, after upstream was asked for what is not known well enough.

        Args:
            within_s: to wait for it; upstream's answers that come later are still noted.
            at_once: ask every token, however well its list is known, and wait for all of them.

        Raises:
            WaystationError: with `at_once`, why not one token's list came; what is known stays.
        """
        self.lists.keep({token.id for token in self._state.pool.tokens})
        tokens = self._usable()
        if tokens:
            asking = self._asking.start(self._ask(tokens, at_once=at_once), "models")
            await asyncio.wait([asking], timeout=None if at_once else within_s)
        problems = [self.lists.problem(token.id) for token in tokens]
        if at_once and None not in problems:
            raise next(filter(None, problems), NotFound("There is no token to ask with. Add one, or sign in again."))
        return self._state.models

    async def table_for(self, name: str) -> ModelTable:
        """What a turn goes by that asks for this name; upstream is asked only where that has two meanings."""
        return await self.look() if self._state.models.is_doubtful(name) else self._state.models

    async def run(self) -> None:
        """Learn in the background what new tokens are offered, until cancelled.

        Of each plan one is asked, since its others are offered the same.
        """
        while True:
            await self._came.wait()
            self._came.clear()
            known = {_plan(token) for token in self._state.pool.tokens if token.id in self._state.models.offered}
            await self._ask({_plan(token): token for token in self._usable() if _plan(token) not in known}.values())

    def poke(self) -> None:
        """Tokens were added."""
        self._came.set()

    def refused(self, model: str, chat: bool) -> None:
        """Every token that was asked in a turn has refused this upstream model.

        It is marked where it was there before, or somebody has said that it is; anything else is a slip of the pen.

        Args:
            model: upstream's name of it.
            chat: the turn was one on chat/completions, where the user's names are of use.
        """
        table = self._state.models
        if model in table.withdrawn or not is_name(model):
            return
        if table.is_offered(model):
            # Upstream contradicts itself, or its list is an old one.
            self._asking.start(self._ask_again(model), "models after a refusal")
            return
        if table.is_listed(model) or (chat and table.was_there(model)):
            self._withdraw(model)
        if chat and not table.offered:
            # For what to use instead.
            self._asking.start(self._ask(self._usable()), "models after a refusal")

    def served(self, model: str) -> None:
        """A turn with this upstream model is being answered."""
        table = self._state.models
        if is_name(model):
            self._note(replace(table.with_former(model), withdrawn=table.withdrawn - {model}))

    async def close(self) -> None:
        """Ask no more."""
        await self._asking.close()

    async def _keep(self, aliases: tuple[ModelAlias, ...]) -> None:
        await self._state.store.set_setting(MODELS, aliases_to_stored(aliases) if aliases else None)
        self._replace(replace(self._state.models, aliases=aliases))

    async def _ask(self, tokens: Iterable[Token], *, at_once: bool = False) -> None:
        # Each is noted as it comes: one that is slow keeps no other waiting.
        await asyncio.gather(*(self._ask_for(token, at_once=at_once) for token in tokens))

    async def _ask_for(self, token: Token, *, at_once: bool) -> None:
        opened = self._state.secrets.get(token.id)
        found = None if opened is None else await self.lists.offered(token, opened, at_once=at_once)
        if found is None or self._state.pool.get(token.id) is None:
            return
        table = self._state.models
        self._note(table.with_offered({**table.offered, token.id: found}))

    async def _ask_again(self, model: str) -> None:
        await self._ask(self._usable())
        table = self._state.models
        if model not in table.withdrawn and not table.is_offered(model):
            self._withdraw(model)

    def _withdraw(self, model: str) -> None:
        table = self._state.models
        if len(table.withdrawn) < _MOST_WITHDRAWN:
            _log.info("upstream no longer serves the model %s", model)
            self._note(replace(table, withdrawn=table.withdrawn | {model}))

    def _note(self, table: ModelTable) -> None:
        """Take up what turns and lists have told, of the tokens that are here, and write it down."""
        for token_id in table.offered:
            if self._state.pool.get(token_id) is None:
                table = table.without_token(token_id)
        if table != self._state.models:
            self._replace(table)
            self._state.tasks.start(self._save(), "models")

    async def _save(self) -> None:
        """Write down what turns and lists have told, the newest when several wait."""
        table = self._state.models
        wanted = {
            OFFERED: offered_to_stored(table.offered),
            WITHDRAWN: models_to_stored(sorted(table.withdrawn)),
            FORMER: models_to_stored(table.former),
        }
        changes = {key: text for key, text in wanted.items() if self._saved.get(key) != text}
        self._saved |= changes
        try:
            if changes:
                await self._state.store.set_settings(changes)
        except WaystationError as error:
            self._saved = {}
            _log.warning("what is known of models could not be written down: %s", error.code)

    def _replace(self, table: ModelTable) -> None:
        if table != self._state.models:
            self._state.models = table
            self._state.changed()

    def _usable(self) -> list[Token]:
        pool, opened = self._state.pool, self._state.secrets
        return [token for token in pool.tokens if pool.unusable(token) is None and token.id in opened]


def _plan(token: Token) -> tuple[str, str]:
    """Of API keys each is of its own kind: projects may use different models."""
    return token.kind.value, token.plan if token.plan is not None else token.id
