"""The pages on which a person signs in to the simulated service. There are no passwords: a click is enough."""

from collections.abc import Iterable
from html import escape

from app.practice.accounts import PracticeAccount

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:3em auto;padding:0 1em}"
    "li{margin:.6em 0}small{color:#666}input,select,button{font:inherit;margin:.3em 0}"
)
_NOTE = "Practice: nobody here is real, and no password is needed. 练习环境：账号都是虚构的，无需密码。"


def choose_account(rows: Iterable[tuple[PracticeAccount, str]], decline: str) -> str:
    """Return the page that lists accounts, each with the link that signs in as it; ``decline`` is a link too."""
    items = "".join(
        f'<li><a href="{escape(link)}">{escape(account.email)}</a> <small>{escape(_about(account))}</small></li>'
        for account, link in rows
    )
    return _page(
        "Sign in · 登录",
        f"<p>Choose an account. 请选择账号。</p><ul>{items}</ul>"
        f'<p><a href="{escape(decline)}">Do not sign in · 不登录</a></p>',
    )


def enter_code(accounts: Iterable[PracticeAccount], user_code: str = "", problem: str = "") -> str:
    """Return the page on which a person enters a device's code."""
    options = "".join(
        f'<option value="{index}">{escape(account.email)}, {escape(_about(account))}</option>'
        for index, account in enumerate(accounts)
    )
    warning = f"<p><strong>{escape(problem)}</strong></p>" if problem else ""
    return _page(
        "Sign in a device · 登录设备",
        f'{warning}<form method="post" action="/codex/device">'
        f'<p><label>Code · 代码<br><input name="user_code" value="{escape(user_code)}" autofocus required></label></p>'
        f'<p><label>Account · 账号<br><select name="account">{options}</select></label></p>'
        '<p><button name="decision" value="approve">Approve · 批准</button> '
        '<button name="decision" value="deny">Deny · 拒绝</button></p></form>',
    )


def message(text: str) -> str:
    """Return a page that only says something."""
    return _page("Practice · 练习", f"<p>{escape(text)}</p>")


def _about(account: PracticeAccount) -> str:
    return f"{account.plan} · {account.label} · {account.account_id[:8]}"


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}<p><small>{_NOTE}</small></p></body></html>"
    )
