"""templates of summaries

The templates that offices have put in the place of ours for the annual summary. Rows are only
added.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision: str | None = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "summary_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("put_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_summary_template_cohort_id")
        ),
        sa.ForeignKeyConstraint(
            ["put_by"], ["person.id"], name=op.f("fk_summary_template_put_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_template")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_summary_template_cohort_id"), "summary_template", ["cohort_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("summary_template")
