"""The pages of the window, each made when somebody turns to it or when there is time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget

from app.desktop.place import Place
from app.desktop.widgets.page_frame import Page

_P = TypeVar("_P", bound=Page)

# Between two pages that are made ahead, in milliseconds; to make one takes 5 to 20.
_PAUSE_MS = 150


class PageStack(QStackedWidget):
    """Shows one page at a time.

    To make all of them at once would keep the window back at the start, and the streams whenever the window is made
    anew in another language. A window that is only in the tray needs none but the first.

    Args:
        makers: of the pages, by place.
    """

    def __init__(self, makers: Mapping[Place, Callable[[], Page]]) -> None:
        super().__init__()
        self._makers = makers
        self.made: dict[Place, Page] = {}
        self._ahead = QTimer(self)
        self._ahead.setInterval(_PAUSE_MS)
        self._ahead.timeout.connect(self._on_ahead)

    def page(self, place: Place) -> Page:
        """The page there; made if nobody has asked for it before."""
        page = self.made.get(place)
        if page is None:
            page = self.made[place] = self._makers[place]()
            self.addWidget(page)
        return page

    def turn_to(self, place: Place) -> None:
        """Show this page."""
        self.setCurrentWidget(self.page(place))

    def make_ahead(self) -> None:
        """Make the others one after the other, with pauses."""
        if len(self.made) < len(self._makers):
            self._ahead.start()

    def _on_ahead(self) -> None:
        missing = next((place for place in self._makers if place not in self.made), None)
        if missing is None:
            self._ahead.stop()
        else:
            self.page(missing)


class Pages(Mapping[Place, tuple[Page, str]]):
    """All pages with their titles; whoever looks at one has it made.

    Args:
        stack: that holds them.
        titles: by place, in the order of the sidebar.
    """

    def __init__(self, stack: PageStack, titles: Mapping[Place, str]) -> None:
        self._stack = stack
        self.titles = titles

    def __getitem__(self, place: Place) -> tuple[Page, str]:
        return self._stack.page(place), self.titles[place]

    def __iter__(self) -> Iterator[Place]:
        return iter(self.titles)

    def __len__(self) -> int:
        return len(self.titles)


class HasPages(Protocol):
    """A window."""

    pages: Pages


class PageAt(Generic[_P]):
    """An attribute of a window: the page of one place; whoever looks at it has it made.

    Args:
        place: of the page.
        kind: its class.
    """

    def __init__(self, place: Place, kind: type[_P]) -> None:
        self._place = place
        self._kind = kind

    def __get__(self, window: HasPages, _owner: type) -> _P:
        page, _title = window.pages[self._place]
        if not isinstance(page, self._kind):
            raise TypeError(f"{self._place} is no {self._kind.__name__}")
        return page
