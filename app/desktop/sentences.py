"""The English sentences of errors, as far as they are more than their code says, so that they can be translated."""

from __future__ import annotations

import re

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.desktop.translation import translated

# Sentences that share a code but say different things to do.
BY_SENTENCE: tuple[object, ...] = (
    QT_TRANSLATE_NOOP("Sentences", "This is not an API key: give the key alone, such as sk-…."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This is not a ChatGPT access token: it must have three parts with dots between, as in Codex's auth.json.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences", "This access token does not name its ChatGPT account; sign in again and use the new one."
    ),
    QT_TRANSLATE_NOOP("Sentences", "This file is not JSON. Choose Codex's auth.json (usually ~/.codex/auth.json)."),
    QT_TRANSLATE_NOOP("Sentences", "This file is not Codex's auth.json: it holds no object."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "This is not an address for Codex: expected http://<ip>:<port>/codex/v1."),
    QT_TRANSLATE_NOOP("Sentences", "This address or license has a character that no shell text can carry safely."),
    QT_TRANSLATE_NOOP("Sentences", "A license key has 8 to 200 characters out of A-Z a-z 0-9 . _ ~ + / = and -."),
    QT_TRANSLATE_NOOP("Sentences", "This file holds a refresh token alone, and no access token."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This login is a personal access token of Codex, which cannot be shared with other programs. Sign in instead: "
        "waystation token sign-in",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This login is an agent identity of Codex, which belongs to that one program. Sign in instead: waystation "
        "token sign-in",
    ),
    QT_TRANSLATE_NOOP("Sentences", "This login is for Amazon Bedrock, which Waystation does not speak to."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This file names a ChatGPT login but does not hold it: Codex keeps it elsewhere, such as in the system's "
        "keyring. Sign in instead: waystation token sign-in",
    ),
    QT_TRANSLATE_NOOP("Sentences", "This is an access token, not a refresh token. Add it as an access token."),
    QT_TRANSLATE_NOOP("Sentences", "This is an API key, not a refresh token. Add it as an API key."),
    QT_TRANSLATE_NOOP("Sentences", "This is not a refresh token: give it alone, as it stands in Codex's auth.json."),
    QT_TRANSLATE_NOOP(
        "Sentences", "Only a file with a ChatGPT login in it can be followed; import this without following."
    ),
    QT_TRANSLATE_NOOP("Sentences", "The sign-in service gave no access token for this refresh token. Sign in instead."),
    QT_TRANSLATE_NOOP("Sentences", "This file is no backup of Waystation."),
    QT_TRANSLATE_NOOP("Sentences", "WAYSTATION_STRICT fixes strict pass-through; change it there."),
    # New versions.
    QT_TRANSLATE_NOOP("Sentences", "Practice stays on this computer, so it asks nobody for new versions."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This build of Waystation knows of no release feed. Enter one in the settings, or in WAYSTATION_RELEASE_FEED.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "The release feed is an http or https address, without a user name or a fragment."),
    # Signing in.
    QT_TRANSLATE_NOOP("Sentences", "The sign-in was cancelled."),
    QT_TRANSLATE_NOOP("Sentences", "The sign-in was cancelled: another program asked for its port."),
    QT_TRANSLATE_NOOP("Sentences", "Another sign-in was begun in its place."),
    QT_TRANSLATE_NOOP("Sentences", "This sign-in is over. Begin a new one."),
    QT_TRANSLATE_NOOP("Sentences", "This sign-in does not wait for an address."),
    QT_TRANSLATE_NOOP("Sentences", "An API key has no sign-in; add a new key instead."),
    QT_TRANSLATE_NOOP("Sentences", "The sign-in worked, but what it gave does not name a ChatGPT account. Try again."),
    QT_TRANSLATE_NOOP("Sentences", "The code was not used in time. Start the sign-in again."),
    QT_TRANSLATE_NOOP("Sentences", "The sign-in did not work in the browser. Try again."),
    QT_TRANSLATE_NOOP(
        "Sentences", "This address belongs to another sign-in. Use the sign-in page that Waystation gave you last."
    ),
    # Proxies.
    QT_TRANSLATE_NOOP(
        "Sentences",
        "Begin the proxy with http://, https://, socks5:// or socks5h://, such as http://127.0.0.1:7890; or write "
        "direct for none.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "The proxy must not contain blanks; write it such as http://127.0.0.1:7890."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This is not the address of a proxy. Write it such as http://127.0.0.1:7890 or "
        "socks5://user:password@host:1080; in the password, write @ as %40, / as %2F, : as %3A and # as %23.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "The proxy needs a port: write it such as http://127.0.0.1:7890."),
    QT_TRANSLATE_NOOP(
        "Sentences", "User name and password of a SOCKS proxy are plain ASCII of at most 255 characters each."
    ),
    QT_TRANSLATE_NOOP("Sentences", "This token cannot be opened now, so nothing can be sealed with it."),
)

# Sentences with values in them. Values whose names begin with `_` are words of English that a translation leaves out.
TEMPLATES: tuple[object, ...] = (
    QT_TRANSLATE_NOOP("Templates", "This holds more than {number} logins; import them in parts."),
    QT_TRANSLATE_NOOP("Templates", "{_what} is for one login, and here are {number}. Import them without it."),
    QT_TRANSLATE_NOOP("Templates", "A token's name has 1 to {number} characters."),
    QT_TRANSLATE_NOOP("Templates", "{proxy} is Waystation itself. Give the address of a proxy program."),
    QT_TRANSLATE_NOOP("Templates", "{label} cannot serve now: {_reason}."),
    # Names of models.
    QT_TRANSLATE_NOOP("Templates", "A model's name has 1 to {number} characters and no spaces."),
    QT_TRANSLATE_NOOP("Templates", "Say which model {name} stands for: 1 to {number} characters, no spaces."),
    QT_TRANSLATE_NOOP("Templates", "{name} would stand for itself; name another model, or an effort."),
    QT_TRANSLATE_NOOP("Templates", "There are {number} names of your own already; remove one first."),
    QT_TRANSLATE_NOOP("Templates", "These names would stand for each other: {names}."),
    # Signing in.
    QT_TRANSLATE_NOOP("Templates", "Nobody came back from the browser in {number} minutes. Start the sign-in again."),
    QT_TRANSLATE_NOOP("Templates", "Paste the whole address that the browser shows after the sign-in: {example}"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "This is the address that starts the sign-in. Open it in a browser, sign in, and paste the address that the "
        "browser shows after that: {example}",
    ),
    QT_TRANSLATE_NOOP("Templates", "{host} does not offer sign-in by device code. Sign in with the browser."),
    QT_TRANSLATE_NOOP("Templates", "The sign-in was refused in the browser. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The code is too old. Start the sign-in again. ({code})"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "Codex is not enabled for this workspace. Ask its administrator, or choose another workspace. ({code})",
    ),
    QT_TRANSLATE_NOOP("Templates", "The sign-in did not work in the browser. Try again. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The login is no longer valid. Sign in again. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The login is too old. Sign in again. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The login was revoked or signed out. Sign in again. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The login was ended. Sign in again. ({code})"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "The login's refresh token was already used by another program, such as a Codex CLI that shares it. Sign in "
        "again, and give each program a sign-in of its own. ({code})",
    ),
    QT_TRANSLATE_NOOP("Templates", "The account is deactivated. Look at the account at chatgpt.com. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The account is suspended. Look at the account at chatgpt.com. ({code})"),
    QT_TRANSLATE_NOOP("Templates", "The account was deleted. ({code})"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "{host} does not serve the country or region that this connection comes from. The network or the proxy is the "
        "cause, not the account: the connection went without a proxy. Use another proxy, or another network.",
    ),
    QT_TRANSLATE_NOOP(
        "Templates",
        "{host} does not serve the country or region that this connection comes from. The network or the proxy is the "
        "cause, not the account: the connection went through the proxy {proxy}. Use another proxy, or another network.",
    ),
    QT_TRANSLATE_NOOP(
        "Templates",
        "Cloudflare, which stands before {host}, refused this connection ({status}); it went without a proxy. Wait a "
        "moment, or use another proxy or network.",
    ),
    QT_TRANSLATE_NOOP(
        "Templates",
        "Cloudflare, which stands before {host}, refused this connection ({status}); it went through the proxy "
        "{proxy}. Wait a moment, or use another proxy or network.",
    ),
    QT_TRANSLATE_NOOP(
        "Templates",
        "What came in place of an answer of {host} cannot be understood; the connection went {_way}. A page of the "
        "network (a Wi-Fi login, a company's filter) or the proxy may stand between.",
    ),
    QT_TRANSLATE_NOOP("Templates", "{host} asks to wait before the next {_what}."),
    QT_TRANSLATE_NOOP("Templates", "{host} has trouble of its own ({status}). Try again in a while."),
    QT_TRANSLATE_NOOP("Templates", "{host} refused the {_what} ({reason}). Try again; if it stays so, sign in again."),
    # The way to upstream.
    QT_TRANSLATE_NOOP("Templates", "Waystation cannot reach the proxy {proxy} ({_reason}).{_advice}"),
    QT_TRANSLATE_NOOP("Templates", "Waystation cannot find the address of the proxy {proxy}.{_advice}"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "The proxy {proxy} does not let Waystation through to {host}: it wants the right user name and password. "
        "{_advice}",
    ),
    QT_TRANSLATE_NOOP("Templates", "The proxy {proxy} does not let Waystation through to {host}: {_why}. {_advice}"),
    QT_TRANSLATE_NOOP(
        "Templates",
        "Waystation cannot find the address of {host}: check this computer's network connection and DNS.",
    ),
    QT_TRANSLATE_NOOP(
        "Templates",
        "The certificate that came from {_way} is not trusted. Check this computer's clock, and whether a proxy or "
        "virus scanner opens encrypted connections.",
    ),
    QT_TRANSLATE_NOOP("Templates", "The connection to {_way} was closed without an answer."),
)

# What the command line advises in English, and what the window has for it.
_ADVICE = (
    (" Sign in instead: waystation token sign-in", " Sign in instead: “Add token” on the page Tokens."),
    ("; a new one is made by: waystation license rotate ", "; “Rotate…” makes a new one."),
    (" Make another one: waystation license create", " Make another one."),
    (" (`waystation key replace`)", ""),
)
# Commands, options, and the variable whose values the window has buttons for.
_COMMAND = re.compile(r"\bwaystation [a-z]+\b|(?<!\S)--[a-z]|\bSet WAYSTATION_KEY_STORE=")
_VALUE = re.compile(r"\{(\w+)\}")


def by_template(message: str) -> str | None:
    """The translation of a sentence that fits one of the templates; None: none fits, or nothing is translated."""
    for source in TEMPLATES:
        found = _pattern(str(source)).fullmatch(message)
        text = translated("Templates", str(source)) if found else None
        if found and text is not None:
            return text.format_map(found.groupdict())
    return None


def in_window(message: str) -> str | None:
    """An English sentence without commands of the command line; None: it is about nothing else."""
    for command, advice in _ADVICE:
        before, found, after = message.partition(command)
        if found:
            # An id after the command goes with it.
            message = before + advice + (after if after.startswith(" ") else "")
    return None if _COMMAND.search(message) else message


def _pattern(template: str) -> re.Pattern[str]:
    # Every second part is the name of a value.
    parts = _VALUE.split(template)
    texts = (f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(texts))
