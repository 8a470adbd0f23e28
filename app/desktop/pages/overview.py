"""The page "Overview": whether it runs, how to connect, what is left, and what went on."""

from __future__ import annotations

from collections.abc import Callable

from app.desktop.adding import Adding
from app.desktop.design import space
from app.desktop.first_steps import Mark, Step, is_newcomer, marks
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.overview_activity import ActivityCard
from app.desktop.pages.overview_connection import ConnectionCard
from app.desktop.pages.overview_quota import QuotaCard
from app.desktop.pages.overview_steps import StepsCard
from app.desktop.pages.overview_updates import UpdatesCard
from app.desktop.place import Place
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.page_frame import PageFrame
from app.gateway.snapshot import GatewaySnapshot, RunState
from app.platform.shells import Shell

# From this width on, two cards have room beside each other.
_WIDE = 760


class OverviewPage(PageFrame):
    """The gateway at a glance.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        copy_address: copies the address and says so.
        go: turns to another page.
        adding: adds tokens from files and from the clipboard.
        sign_in: begins a sign-in for a new token.
        chosen_shell: what the user has chosen for set-up texts.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        copy_address: Callable[[str], None],
        go: Callable[[Place], None],
        *,
        adding: Adding,
        sign_in: Callable[[], None],
        chosen_shell: Callable[[], Shell],
    ) -> None:
        super().__init__(self.tr("Overview"), scrolls=True)
        self.updates = UpdatesCard(icons, operations)
        self.connection = ConnectionCard(icons, operations, copy_address, chosen_shell)
        self.steps = StepsCard(
            icons,
            operations,
            adding=adding,
            sign_in=sign_in,
            chosen_shell=chosen_shell,
            open_set_up=lambda: go(Place.SET_UP),
        )
        self.activity = ActivityCard(operations)
        self.quota = QuotaCard(lambda: go(Place.TOKENS))
        self.body.addWidget(self.updates)
        self.body.addWidget(self.connection)
        self.body.addWidget(self.steps)
        beside = FoldingRow(space.M, _WIDE)
        beside.line.addWidget(self.activity, 1)
        beside.line.addWidget(self.quota, 1)
        self.body.addWidget(beside)
        self.body.addStretch(1)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show this; `now` is in Unix seconds."""
        self.updates.show_snapshot(snapshot)
        self.connection.show_snapshot(snapshot, now)
        newcomer = is_newcomer(snapshot)
        self.steps.setVisible(newcomer)
        if newcomer:
            self.steps.show_snapshot(snapshot)
        self.quota.setVisible(bool(snapshot.tokens))
        self.quota.show_snapshot(snapshot, now)
        # A newcomer has nothing to count.
        self.activity.setVisible(bool(snapshot.turns) or not newcomer)
        if not self.activity.isHidden():
            self.activity.show_snapshot(snapshot, now)

    def says(self, snapshot: GatewaySnapshot) -> set[str]:
        """The keys of notices that need not stand above: the page itself says what is wrong and what to do."""
        said = set()
        if not snapshot.tokens:
            said.add("no_token")
        if is_newcomer(snapshot) and marks(snapshot)[Step.GATEWAY] is Mark.ACTIVE and snapshot.state is RunState.FAILED:
            said.add("gateway")
        return said
