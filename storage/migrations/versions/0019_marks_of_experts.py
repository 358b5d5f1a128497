"""marks of experts

What each expert of a committee says of a learner, and the office's openings of it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision: str | None = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expert_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("expert_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["expert_id"], ["membership.id"], name=op.f("fk_expert_mark_expert_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["membership.id"], name=op.f("fk_expert_mark_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_mark")),
        sa.UniqueConstraint(
            *("student_id", "stage", "expert_id", "version"),
            name=op.f("uq_expert_mark_student_id_stage_expert_id_version"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_expert_mark_expert_id"), "expert_mark", ["expert_id"])
    op.create_table(
        "expert_mark_reopening",
        sa.Column("mark_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("reopened_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mark_id"], ["expert_mark.id"], name=op.f("fk_expert_mark_reopening_mark_id")
        ),
        sa.ForeignKeyConstraint(
            ["reopened_by"],
            ["person.id"],
            name=op.f("fk_expert_mark_reopening_reopened_by"),
        ),
        sa.PrimaryKeyConstraint("mark_id", name=op.f("pk_expert_mark_reopening")),
    )


def downgrade() -> None:
    op.drop_table("expert_mark_reopening")
    op.drop_table("expert_mark")
