"""evaluations, what ends upon them, and the offices' changes to their stages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["person.id"], name=op.f("fk_stage_change_changed_by")
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_stage_change_cohort_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_change")),
    )
    op.create_index(op.f("ix_stage_change_cohort_id"), "stage_change", ["cohort_id"])
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("side", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["membership.id"], name=op.f("fk_evaluation_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint(
            "student_id", "stage", "side", name=op.f("uq_evaluation_student_id_stage_side")
        ),
    )
    op.create_table(
        "evaluation_version",
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("signed_by", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluation.id"],
            name=op.f("fk_evaluation_version_evaluation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["membership.id"], name=op.f("fk_evaluation_version_signed_by")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "version", name=op.f("pk_evaluation_version")),
    )
    op.create_table(
        "reopening",
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("reopened_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.id"], name=op.f("fk_reopening_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["reopened_by"], ["person.id"], name=op.f("fk_reopening_reopened_by")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "version", name=op.f("pk_reopening")),
    )
    op.create_table(
        "exit_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("objection_days", sa.Integer(), nullable=False),
        sa.Column("objections_until", sa.Date(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.id"], name=op.f("fk_exit_case_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["membership.id"], name=op.f("fk_exit_case_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exit_case")),
    )
    op.create_index(op.f("ix_exit_case_state"), "exit_case", ["state"])
    op.create_index(op.f("ix_exit_case_student_id"), "exit_case", ["student_id"])
    op.create_table(
        "exit_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["exit_case.id"], name=op.f("fk_exit_step_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_exit_step_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exit_step")),
    )
    op.create_index(op.f("ix_exit_step_case_id"), "exit_step", ["case_id"])


def downgrade() -> None:
    op.drop_table("exit_step")
    op.drop_table("exit_case")
    op.drop_table("reopening")
    op.drop_table("evaluation_version")
    op.drop_table("evaluation")
    op.drop_table("stage_change")
