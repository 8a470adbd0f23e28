"""What keeps a full store as fast as an empty one: counts of turns, and indexes for what is asked for.

It names plain SQL types only, so that it stays as it is whatever `app.store.schema` becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAMES = ("input_tokens", "cached_tokens", "output_tokens")
# As floating point: a sum of integers fails beyond 64 bits.
_TURNS = "coalesce(license_id, ''), count(*), sum(CASE WHEN outcome IN ('failed', 'refused') THEN 1 ELSE 0 END), "
_TURNS += ", ".join(f"coalesce(sum(CAST({name} AS DOUBLE PRECISION)), 0)" for name in _NAMES) + " FROM turns"
_QUARTERS = "license_id, sum(turns), sum(failed), " + ", ".join(f"sum({name})" for name in _NAMES)
_QUARTERS += " FROM turn_counts WHERE seconds = 900"


def upgrade() -> None:
    """Add the counts of the turns that are there, and indexes; what the former index counted, the counts tell."""
    op.create_table(
        "turn_counts",
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("license_id", sa.Text, nullable=False),
        sa.Column("turns", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.Double, nullable=False),
        sa.Column("cached_tokens", sa.Double, nullable=False),
        sa.Column("output_tokens", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("seconds", "start", "license_id", name="pk_turn_counts"),
        sqlite_with_rowid=False,
    )
    started = "started_at", _TURNS
    summed = "start", _QUARTERS
    for seconds, (at, sums) in ((900, started), (86_400, summed)):
        # Whole numbers, also where a cast rounds.
        place = f"CAST({at} / {seconds}.0 AS BIGINT)"
        begin = f"{seconds} * ({place} - CASE WHEN {place} > {at} / {seconds}.0 THEN 1 ELSE 0 END)"
        op.execute(
            "INSERT INTO turn_counts (seconds, start, license_id, turns, failed, input_tokens, cached_tokens,"
            f" output_tokens) SELECT {seconds}, {begin}, {sums} GROUP BY 2, 3"
        )
    op.drop_index("ix_turns_started_at_license_id_input_tokens_output_tokens", "turns")
    op.create_index("ix_turns_started_at", "turns", ["started_at"])
    op.create_index(
        "ix_sessions_pinned",
        "sessions",
        ["pinned"],
        sqlite_where=sa.text("pinned = 1"),
        postgresql_where=sa.text("pinned"),
    )
