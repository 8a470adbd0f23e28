"""The tray icon of an application as other programs see it: StatusNotifierItem and its menu over D-Bus.

Sources: org.kde.StatusNotifierItem and com.canonical.dbusmenu, as Qt 6 exports them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.low_level import MessageType

from tests.support.waiting import wait_for

WATCHER = DBusAddress("/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierWatcher")
ITEM_INTERFACE = "org.kde.StatusNotifierItem"
MENU_INTERFACE = "com.canonical.dbusmenu"
# A healthy application answers in milliseconds; a busy machine may take some seconds.
ANSWER_TIMEOUT = 10.0


@dataclass(frozen=True)
class MenuEntry:
    """One entry of a tray menu. ``checked`` is None for an entry without a tick."""

    id: int
    label: str
    enabled: bool
    visible: bool
    separator: bool
    checked: bool | None
    children: tuple["MenuEntry", ...]


class Bus:
    """A connection to one session bus; every call has a time limit."""

    def __init__(self, address: str) -> None:
        self._connection: DBusConnection = open_dbus_connection(bus=address, auth_timeout=ANSWER_TIMEOUT)

    def close(self) -> None:
        self._connection.close()

    def call(self, address: DBusAddress, method: str, signature: str = "", body: tuple[Any, ...] = ()) -> Any:
        """Call a method and give the body of its answer. Raises DBusErrorResponse where it refuses."""
        message = new_method_call(address, method, signature or None, body)
        reply = self._connection.send_and_get_reply(message, timeout=ANSWER_TIMEOUT)
        if reply.header.message_type is MessageType.error:
            raise DBusErrorResponse(reply)
        return reply.body

    def property(self, address: DBusAddress, name: str) -> Any:
        """One property of an object, without its variant's wrapping."""
        properties = DBusAddress(address.object_path, address.bus_name, "org.freedesktop.DBus.Properties")
        return self.call(properties, "Get", "ss", (address.interface, name))[0][1]

    def has_owner(self, name: str) -> bool:
        """Whether some program holds this well-known name."""
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        return bool(self.call(bus, "NameHasOwner", "s", (name,))[0])


def has_tray_host(bus: Bus) -> bool:
    """Whether a tray is there that shows StatusNotifierItems: what Qt asks too."""
    return bus.has_owner(WATCHER.bus_name or "") and bool(bus.property(WATCHER, "IsStatusNotifierHostRegistered"))


def tray_items(bus: Bus) -> list[DBusAddress]:
    """The icons that are registered now."""
    items = []
    for name in bus.property(WATCHER, "RegisteredStatusNotifierItems"):
        owner, slash, path = name.partition("/")
        items.append(DBusAddress(slash + path or "/StatusNotifierItem", owner, ITEM_INTERFACE))
    return items


class Tray:
    """The one icon on a session's tray."""

    def __init__(self, bus: Bus, item: DBusAddress) -> None:
        self._bus = bus
        self._item = item

    @classmethod
    def wait(cls, bus: Bus, timeout: float) -> "Tray":
        """The icon, as soon as it is there. Raises AssertionError for none in time, or for more than one."""
        items = wait_for(lambda: tray_items(bus), "a tray icon", timeout)
        if len(items) > 1:
            raise AssertionError(f"more than one tray icon: {items}")
        return cls(bus, items[0])

    def property(self, name: str) -> Any:
        """A property of the item, such as Title, Status, IconName, ToolTip."""
        return self._bus.property(self._item, name)

    def activate(self) -> None:
        """What a left click does."""
        self._bus.call(self._item, "Activate", "ii", (0, 0))

    def icon_name(self) -> str:
        return str(self.property("IconName"))

    def pixmap(self) -> tuple[int, int, bytes]:
        """The largest picture of the icon: width, height, and ARGB bytes in network order."""
        pixmaps = self.property("IconPixmap")
        if not pixmaps:
            raise AssertionError("the tray icon has no picture")
        width, height, pixels = max(pixmaps, key=lambda pixmap: pixmap[0] * pixmap[1])
        return width, height, bytes(pixels)

    def menu(self) -> tuple[MenuEntry, ...]:
        """The visible entries, each menu told first that it is about to be shown, as a host does."""
        menu = DBusAddress(self.property("Menu"), self._item.bus_name, MENU_INTERFACE)
        self._about_to_show(menu, 0)
        layout = self._layout(menu)
        submenus = _submenu_ids(layout)
        for entry_id in submenus:
            self._about_to_show(menu, entry_id)
        return _visible(self._layout(menu) if submenus else layout)

    def click(self, *labels: str) -> None:
        """Choose the entry these labels lead to. Raises AssertionError where it is absent or disabled."""
        entry = find_entry(self.menu(), labels)
        if not entry.enabled:
            raise AssertionError(f"{' > '.join(labels)} is disabled")
        menu = DBusAddress(self.property("Menu"), self._item.bus_name, MENU_INTERFACE)
        now = int(time.time()) & 0xFFFFFFFF
        self._bus.call(menu, "Event", "isvu", (entry.id, "clicked", ("i", 0), now))

    def _about_to_show(self, menu: DBusAddress, entry_id: int) -> None:
        self._bus.call(menu, "AboutToShow", "i", (entry_id,))

    def _layout(self, menu: DBusAddress) -> tuple[MenuEntry, ...]:
        _revision, root = self._bus.call(menu, "GetLayout", "iias", (0, -1, []))
        return _entry(root).children


def find_entry(entries: Sequence[MenuEntry], labels: Sequence[str]) -> MenuEntry:
    """The entry that a path of labels leads to. Raises AssertionError that shows the whole menu."""
    level, found = entries, None
    for label in labels:
        matches = [entry for entry in level if entry.label == label]
        if len(matches) != 1:
            raise AssertionError(f"{len(matches)} entries {label!r} in the menu:\n{menu_text(entries)}")
        found = matches[0]
        level = found.children
    if found is None:
        raise AssertionError("no label was given")
    return found


def menu_text(entries: Sequence[MenuEntry], indent: str = "") -> str:
    """A menu as text: ticks in brackets, disabled entries in parentheses."""
    lines = []
    for entry in entries:
        tick = "" if entry.checked is None else "[x] " if entry.checked else "[ ] "
        label = "---" if entry.separator else entry.label if entry.enabled else f"({entry.label})"
        lines.append(f"{indent}{tick}{label}")
        if entry.children:
            lines.append(menu_text(entry.children, indent + "    "))
    return "\n".join(lines)


def _entry(raw: tuple[int, dict[str, tuple[str, Any]], list[tuple[str, Any]]]) -> MenuEntry:
    entry_id, properties, children = raw
    values = {name: value for name, (_signature, value) in properties.items()}
    ticked = values.get("toggle-state") == 1 if values.get("toggle-type") else None
    return MenuEntry(
        id=entry_id,
        label=_plain(str(values.get("label", ""))),
        enabled=bool(values.get("enabled", True)),
        visible=bool(values.get("visible", True)),
        separator=values.get("type") == "separator",
        checked=ticked,
        children=tuple(_entry(child) for _signature, child in children),
    )


def _plain(label: str) -> str:
    """A label without the underscore of its access key; a doubled underscore is a real one."""
    return "_".join(part.replace("_", "") for part in label.split("__"))


def _visible(entries: Sequence[MenuEntry]) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(e.id, e.label, e.enabled, e.visible, e.separator, e.checked, _visible(e.children))
        for e in entries
        if e.visible
    )


def _submenu_ids(entries: Sequence[MenuEntry]) -> list[int]:
    ids = []
    for entry in entries:
        if entry.children:
            ids += [entry.id, *_submenu_ids(entry.children)]
    return ids
