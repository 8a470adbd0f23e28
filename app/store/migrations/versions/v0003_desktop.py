"""What the desktop shows: pins and totals of sessions, tokens removed for now, whence a license was last used.

It names plain SQL types only, so that it stays as it is whatever `app.store.schema` becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and the index by which a session's turns are found, and count up the turns there are."""
    op.add_column("tokens", sa.Column("removed_at", sa.Double))
    op.add_column("licenses", sa.Column("last_peer", sa.Text))
    op.add_column("licenses", sa.Column("last_client", sa.Text))
    op.add_column("sessions", sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("client", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("sessions", sa.Column("model", sa.Text))
    for name in ("input_tokens", "cached_tokens", "output_tokens"):
        op.add_column("sessions", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_turns_session_id_started_at", "turns", ["session_id", "started_at"])
    # What the turns that are still there tell. As floating point: a sum of integers fails beyond 64 bits.
    for name in ("input_tokens", "cached_tokens", "output_tokens"):
        total = f"coalesce(sum(CAST({name} AS DOUBLE PRECISION)), 0)"
        bounded = f"CAST(CASE WHEN {total} > 9e18 THEN 9e18 ELSE {total} END AS BIGINT)"
        op.execute(f"UPDATE sessions SET {name} = (SELECT {bounded} FROM turns WHERE session_id = sessions.id)")  # noqa: S608
    for name in ("client", "model"):
        last = f"SELECT {name} FROM turns WHERE session_id = sessions.id ORDER BY started_at DESC LIMIT 1"  # noqa: S608
        known = "EXISTS (SELECT 1 FROM turns WHERE session_id = sessions.id)"
        op.execute(f"UPDATE sessions SET {name} = ({last}) WHERE {known}")  # noqa: S608
