"""Everything that is known of one request, as a text with headings; never what was said in it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QColor

from app.core.turn import TurnRow
from app.desktop import formats, turn_words
from app.desktop.design import space
from app.desktop.models.turns import TurnTable

# Characters of half a SHA-256, on a line of its own.
_HALF = 32
# Room around what stands in a cell.
_CELL = f"padding: 2px {space.M}px 2px 0;"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: its name, and what it is. Of fixed width is what is compared by its characters."""

    name: str
    text: str
    fixed: bool = False


def _way(row: TurnRow, known: TurnTable) -> list[Fact]:
    client = " · ".join(part for part in (row.client, row.peer) if part)
    facts = [
        Fact(QCoreApplication.translate("RequestText", "Time"), formats.full_moment(row.started_at)),
        Fact(QCoreApplication.translate("RequestText", "Client"), client or formats.NOTHING),
        Fact(QCoreApplication.translate("RequestText", "License"), known.license_label(row.license_id)),
        Fact(QCoreApplication.translate("RequestText", "Session"), known.session_name(row.session_id)),
        Fact(QCoreApplication.translate("RequestText", "Endpoint"), _endpoint(row)),
        Fact(QCoreApplication.translate("RequestText", "Model"), turn_words.model(row)),
        Fact(QCoreApplication.translate("RequestText", "Token"), known.token_label(row.token_id)),
    ]
    reason = turn_words.reason(row.note) if row.token_id is not None else ""
    if reason:
        facts.append(Fact(QCoreApplication.translate("RequestText", "Why this token"), reason))
    for number, tried in enumerate(row.attempts, 1):
        name = QCoreApplication.translate("RequestText", "Try {number}").format(number=formats.count(number))
        facts.append(Fact(name, turn_words.attempt(tried, known.token_label(tried.token_id))))
    if row.waited_ms is not None:
        facts.append(Fact(QCoreApplication.translate("RequestText", "Waited"), formats.duration(row.waited_ms)))
    return facts


def _body(row: TurnRow) -> list[Fact]:
    sizes = QLocale()
    facts = [
        Fact(QCoreApplication.translate("RequestText", "First byte"), formats.duration(row.first_byte_ms)),
        Fact(QCoreApplication.translate("RequestText", "Total"), formats.duration(row.total_ms)),
        Fact(
            QCoreApplication.translate("RequestText", "Size"),
            QCoreApplication.translate("RequestText", "{request} sent, {response} answered").format(
                request=sizes.formattedDataSize(row.request_bytes, 1),
                response=sizes.formattedDataSize(row.response_bytes, 1),
            ),
        ),
        Fact(QCoreApplication.translate("RequestText", "Tokens"), _usage(row)),
        Fact(QCoreApplication.translate("RequestText", "Body"), turn_words.body_in_full(row)),
    ]
    facts += [Fact("", f"• {turn_words.edit(name)}") for name in row.edits]
    received = QCoreApplication.translate("RequestText", "SHA-256 received")
    facts.append(Fact(received, row.request_sha256 or formats.NOTHING, fixed=True))
    sent = QCoreApplication.translate("RequestText", "SHA-256 sent")
    facts.append(Fact(sent, row.sent_sha256 or formats.NOTHING, fixed=True))
    return facts


def _endpoint(row: TurnRow) -> str:
    streamed = QCoreApplication.translate("RequestText", "streamed")
    return f"{row.endpoint} · {streamed}" if row.stream else row.endpoint


def _usage(row: TurnRow) -> str:
    if row.usage is None:
        return QCoreApplication.translate("RequestText", "upstream did not say")
    said = QCoreApplication.translate(
        "RequestText", "{input} read ({cached} from the cache), {output} written ({reasoning} reasoning)"
    )
    return said.format(
        input=formats.count(row.usage.input_tokens),
        cached=formats.count(row.usage.cached_tokens),
        output=formats.count(row.usage.output_tokens),
        reasoning=formats.count(row.usage.reasoning_tokens),
    )


def as_html(row: TurnRow, known: TurnTable, *, quiet: QColor, fixed: str, beside: bool) -> str:
    """The text as Qt's rich text.

    Args:
        row: the request.
        known: names.
        quiet: the colour of what is beside the main thing.
        fixed: the family of a font whose characters are equally wide.
        beside: whether there is room for two columns.
    """
    explanation = turn_words.explanation(row)
    code = row.error if row.error and row.error != row.outcome.value else ""
    parts = []
    if explanation:
        said = QCoreApplication.translate("RequestText", "Code: {code}").format(code=code) if code else ""
        below = f"<br>{_soft(said, quiet)}" if said else ""
        parts.append(f"<p style='margin-top: 0px; margin-bottom: {space.S}px;'>{escape(explanation)}{below}</p>")
    way, body = (_table(facts, quiet, fixed) for facts in (_way(row, known), _body(row)))
    if beside:
        halves = "".join(f"<td width='50%'>{half}</td>" for half in (way, body))
        style = f"width='100%' cellspacing='0' cellpadding='0' style='margin-top: {space.S}px;'"
        parts.append(f"<table {style}><tr>{halves}</tr></table>")
    else:
        parts += [way, body]
    return "".join(parts)


def _table(facts: list[Fact], quiet: QColor, fixed: str) -> str:
    rows = []
    for fact in facts:
        family = f'font-family: "{escape(fixed)}";' if fact.fixed else ""
        # A hash has no place at which it could be wrapped.
        halves = (fact.text[:_HALF], fact.text[_HALF:]) if fact.fixed else (fact.text,)
        text = "<br>".join(escape(half) for half in halves if half)
        name = f"<td style='{_CELL} white-space: nowrap;'>{_soft(fact.name, quiet)}</td>"
        rows.append(f"<tr>{name}<td style='{_CELL} {family}'>{text}</td></tr>")
    return f"<table cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"


def _soft(text: str, quiet: QColor) -> str:
    return f"<span style='color: {quiet.name()};'>{escape(text)}</span>" if text else ""
