"""New versions: the feed is asked once a day where the user has agreed, and whenever the user says so; nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app import __version__
from app.core.errors import InvalidInput, WaystationError
from app.core.release import Release, checked_feed, is_news, newest
from app.core.release_memory import (
    Consent,
    ReleaseMemory,
    by_clock,
    memory_from_stored,
    memory_to_stored,
    next_question,
    of_feed,
)
from app.core.release_version import Version, read_version
from app.gateway.state import GatewayState
from app.gateway.tasks import TaskSet
from app.upstream.release_feed import NoReleases, ReleaseFeed, ReleaseFeedUnreachable

#: Starting shall not be slowed down by it. In seconds, like the others.
FIRST_S = 20.0
#: After a question that did not leave this computer, or whose answer could not be kept.
AGAIN_S = 3600.0
#: How often the clock is looked at: it may jump, and the computer may sleep.
LOOK_S = 300.0

_log = logging.getLogger(__name__)


class ReleaseDesk:
    """The user's commands about new versions, and the daily question.

    Args:
        state: of the gateway.
        feed: asks.
        default_feed: that this build brings; "": none, until the user names one; None: this instance asks nobody,
            whatever the user says, as in practice.
        running: the version of this program.
    """

    def __init__(
        self, state: GatewayState, feed: ReleaseFeed, default_feed: str | None, running: str = __version__
    ) -> None:
        self._state = state
        self._feed = feed
        self._default = default_feed
        self._running = _version(running)
        self._memory = ReleaseMemory()
        self._asking = asyncio.Lock()
        # The feed that is being asked; the user may name another one meanwhile.
        self._asked: str | None = None
        # What one change has read must still hold when it is written down.
        self._changing = asyncio.Lock()
        self._poked = asyncio.Event()
        self._tasks = TaskSet()
        self._watching = False
        #: Why the last question brought nothing; since the gateway was opened.
        self.failure: WaystationError | None = None

    @property
    def allowed(self) -> bool:
        """Whether this instance may ask at all."""
        return self._default is not None

    @property
    def memory(self) -> ReleaseMemory:
        """What is remembered; its `feed` is the one in use."""
        return self._memory

    @property
    def asking(self) -> bool:
        """Whether the feed is being asked now."""
        return self._asked is not None and self._asked == self._memory.feed

    @property
    def news(self) -> Release | None:
        """What is newer than this program, if anything is; also if the user has skipped it."""
        return self._memory.newest if is_news(self._memory.newest, self._running) else None

    @property
    def skipped(self) -> bool:
        """Whether the user does not want to hear of `news`."""
        news, skipped = self.news, read_version(self._memory.skipped or "")
        return news is not None and skipped is not None and read_version(news.version) == skipped

    def restore(self, stored: Mapping[str, str]) -> None:
        """Take up what was remembered."""
        self._memory = self._for_feed(memory_from_stored(stored))

    def watch(self) -> None:
        """Somebody would see what is found: ask by itself from now on, as far as the user has agreed."""
        if self.allowed and not self._watching:
            self._watching = True
            self._tasks.start(self._run(), "release feed")

    async def close(self) -> None:
        """Ask no more; a question that runs is given up."""
        await self._tasks.close()

    async def agree(self, agreed: bool) -> None:
        """The user's answer to whether the feed may be asked once a day.

        Raises:
            DataUnusable: it cannot be written; nothing was changed.
        """
        await self._keep(consent=Consent.AGREED if agreed else Consent.REFUSED)
        self._poked.set()

    async def choose_feed(self, address: str | None) -> None:
        """Use another feed; None: the one that this build brings.

        Raises:
            InvalidInput: it is no address; nothing was changed.
            DataUnusable: it cannot be written; nothing was changed.
        """
        own = checked_feed(address) if address is not None and address.strip() else None
        before = self._memory.feed
        await self._keep(own_feed=own)
        if self._memory.feed != before:
            self.failure = None
            self._state.changed()
        self._poked.set()

    async def skip(self, version: str | None) -> None:
        """Do not speak of this version any more; None: speak of whichever is the newest.

        Raises:
            InvalidInput: it is no version.
            DataUnusable: it cannot be written; nothing was changed.
        """
        if version is not None and read_version(version) is None:
            raise InvalidInput("This is not a version.")
        await self._keep(skipped=version)

    async def ask(self) -> None:
        """Ask the feed now; who comes while it is being asked waits for the same answer.

        Raises:
            InvalidInput: there is nobody to ask.
            ReleaseFeedUnreachable, ReleaseFeedRefused: it told nothing.
            DataUnusable: the answer cannot be written.
        """
        if not self.allowed:
            raise InvalidInput("Practice stays on this computer, so it asks nobody for new versions.")
        shares = self.asking
        async with self._asking:
            if not shares:
                await self._question()
            elif self.failure is not None:
                raise self.failure

    async def _question(self, *, by_itself: bool = False) -> None:
        """Ask whichever feed is in use; `by_itself`: only as long as the user agrees to that."""
        feed = self._memory.feed
        if feed is None:
            raise InvalidInput(
                "This build of Waystation knows of no release feed. Enter one in the settings, or in "
                "WAYSTATION_RELEASE_FEED."
            )
        self._asked = feed
        self._state.changed()
        try:
            await self._ask(feed, by_itself)
            if self._memory.feed == feed:
                self.failure = None
        except WaystationError as error:
            if self._memory.feed == feed:
                self.failure = error
            raise
        finally:
            self._asked = None
            self._state.changed()

    async def _ask(self, feed: str, by_itself: bool) -> None:
        before = self._memory.asked_at
        # Before it is asked: a program that ends meanwhile has asked all the same.
        if not await self._note(feed, asked_at=self._state.clock.now()):
            return
        if by_itself and self._memory.consent is not Consent.AGREED:
            return
        try:
            releases = await self._feed.ask(feed)
        except NoReleases:
            # What it told of before was withdrawn.
            await self._note(feed, newest=None)
            raise
        except ReleaseFeedUnreachable as error:
            if not error.sent:
                await self._note(feed, asked_at=before)
            raise
        await self._note(feed, answered_at=self._state.clock.now(), newest=newest(releases, self._running))

    async def _run(self) -> None:
        pause = FIRST_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._poked.wait()
            self._poked.clear()
            pause = await self._look()

    async def _look(self) -> float:
        """Ask if it is time to; returns when to look again, in seconds from now."""
        now = self._state.clock.now()
        try:
            right = by_clock(self._memory, now)
            if right != self._memory:
                await self._keep(asked_at=right.asked_at, answered_at=right.answered_at)
            # A click that is being answered is the question of this day.
            async with self._asking:
                due = next_question(self._memory, now)
                if due is not None and due <= now:
                    await self._question(by_itself=True)
        except WaystationError as error:
            _log.info("the release feed: %s", error.code)
            return AGAIN_S
        return LOOK_S

    async def _keep(self, **changes: Any) -> None:
        """Remember these, by field of `ReleaseMemory`. Raises DataUnusable: nothing was changed."""
        async with self._changing:
            await self._write(changes)

    async def _note(self, feed: str, **changes: Any) -> bool:
        """As `_keep`, if this feed is still in use; False: another was named, of which this is not said."""
        async with self._changing:
            if self._memory.feed != feed:
                return False
            await self._write(changes)
        return True

    async def _write(self, changes: Mapping[str, Any]) -> None:
        memory = self._for_feed(replace(self._memory, **changes))
        await self._state.store.set_settings(memory_to_stored(memory))
        self._memory = memory
        self._state.changed()

    def _for_feed(self, memory: ReleaseMemory) -> ReleaseMemory:
        return of_feed(memory, (memory.own_feed or self._default or None) if self.allowed else None)


def _version(text: str) -> Version:
    version = read_version(text)
    if version is None:
        raise ValueError(f"the program's own version {text!r} cannot be read")
    return version
