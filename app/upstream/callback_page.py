"""What the browser shows after a sign-in: one small page in two languages, without scripts and without anything
from elsewhere."""

from __future__ import annotations

from typing import Final

#: Heading and text, Chinese first, then English; by what happened.
_TEXTS: Final = {
    "received": (
        ("登录已确认", "驿站正在完成登录，可以关闭此页面了。"),
        ("Sign-in received", "Waystation is finishing it. You can close this page."),
    ),
    "refused": (
        ("登录未完成", "账号服务没有同意这次登录，原因请到驿站里查看。可以关闭此页面了。"),
        ("Sign-in did not work", "The account service refused it; Waystation says why. You can close this page."),
    ),
    "wrong_state": (
        ("这不是当前的登录", "此页面来自另一次登录，已被忽略。请使用驿站最近一次打开的登录页面。"),
        (
            "This is not the current sign-in",
            "This page belongs to another sign-in and was ignored. Use the page that Waystation opened last.",
        ),
    ),
    "cancelled": (
        ("登录已取消", "可以关闭此页面了。"),
        ("Sign-in cancelled", "You can close this page."),
    ),
}

_FRAME: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.6 system-ui, sans-serif; }}
main {{ max-width: 30rem; padding: 2rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .25rem; }}
section + section {{ margin-top: 1.75rem; opacity: .75; }}
section + section h1 {{ font-size: 1.1rem; }}
p {{ margin: 0; }}
</style>
</head>
<body>
<main>
<section>
<h1>{title}</h1>
<p>{text}</p>
</section>
<section lang="en">
<h1>{title_en}</h1>
<p>{text_en}</p>
</section>
</main>
</body>
</html>
"""

#: The address of the page holds the code: it is neither kept nor told to anybody, and nothing can be loaded into it.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(what: str) -> str:
    """The page for `received`, `refused`, `wrong_state` or `cancelled`."""
    (title, text), (title_en, text_en) = _TEXTS[what]
    return _FRAME.format(title=title, text=text, title_en=title_en, text_en=text_en)
