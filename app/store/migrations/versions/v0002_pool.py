"""What a pool of tokens needs: order, spares and ways of their own, health, owners, attempts, bounds of licenses.

It names plain SQL types only, so that it stays as it is whatever `app.store.schema` becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns, a table, and the index by which the use of a license is counted."""
    op.add_column("tokens", sa.Column("position", sa.Integer, nullable=False, server_default="0"))
    op.add_column("tokens", sa.Column("spare", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("tokens", sa.Column("proxy", sa.Text))
    op.add_column("tokens", sa.Column("follows", sa.Text))
    op.add_column("tokens", sa.Column("sign_in_needed", sa.Text))
    op.add_column("tokens", sa.Column("refreshed_at", sa.Double))
    # The order in which they were shown before there were positions.
    op.execute(
        "UPDATE tokens SET position = (SELECT count(*) FROM tokens AS other WHERE other.created_at < tokens.created_at"
        " OR (other.created_at = tokens.created_at AND other.id < tokens.id))"
    )
    op.create_table(
        "token_health",
        sa.Column("token_id", sa.Text, nullable=False),
        sa.Column("quota", sa.Text),
        sa.Column("rest", sa.Text),
        sa.PrimaryKeyConstraint("token_id", name="pk_token_health"),
    )
    op.add_column("licenses", sa.Column("expires_at", sa.Double))
    op.add_column("licenses", sa.Column("daily_tokens", sa.BigInteger))
    op.add_column("sessions", sa.Column("lent_at", sa.Double))
    op.add_column("sessions", sa.Column("moves", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("owners", sa.Text))
    op.add_column("turns", sa.Column("attempts", sa.Text))
    op.add_column("turns", sa.Column("waited_ms", sa.Double))
    # Whatever the former index found, this one finds too.
    op.drop_index("ix_turns_started_at", "turns")
    op.create_index(
        "ix_turns_started_at_license_id_input_tokens_output_tokens",
        "turns",
        ["started_at", "license_id", "input_tokens", "output_tokens"],
    )
