"""What is shown of the changes in Codex's files."""

from app.platform.codex_config_diff import masked_env_diff

OURS = "ws-" + "k" * 32


def test_a_secret_that_takes_anothers_place_is_a_change_though_both_are_masked() -> None:
    shown = masked_env_diff(f"A=1\nWAYSTATION_LICENSE={OURS}\n".encode(), b"A=1\nWAYSTATION_LICENSE=other\n", "")
    assert shown.splitlines()[3:] == [" A=…", "-WAYSTATION_LICENSE=…", "+WAYSTATION_LICENSE=…"]


def test_no_value_is_shown_whatever_its_line_begins_with() -> None:
    before = "".join(f"{start}SECRET=hidden\n" for start in ("", "+", "++", "-", "@@", "export "))
    shown = masked_env_diff(before.encode(), None, "")
    assert shown.count("SECRET=…") == 6
    assert "hidden" not in shown


def test_where_nothing_changes_nothing_is_shown() -> None:
    assert masked_env_diff(b"A=1\n", b"A=1\n", "") == ""
