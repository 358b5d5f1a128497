"""reminders, leaves and the offices' calendars"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mark",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_bundle_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle")),
        sa.UniqueConstraint("person_id", "day", "nth", name=op.f("uq_bundle_person_id_day_nth")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bundle_state"), "bundle", ["state"], unique=False)
    op.create_table(
        "calendar_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_calendar_link_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_link_token_hash")),
    )
    op.create_index(
        op.f("ix_calendar_link_person_id"), "calendar_link", ["person_id"], unique=False
    )
    op.create_table(
        "reminder_settings",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_reminder_settings_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reminder_settings")),
    )
    op.create_table(
        "office_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohort.id"], name=op.f("fk_office_days_cohort_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_office_days_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_days")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_office_days_cohort_id"), "office_days", ["cohort_id"], unique=False)
    op.create_table(
        "agenda",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("look_on", sa.Date(), nullable=True),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["membership.id"], name=op.f("fk_agenda_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_agenda")),
    )
    op.create_index(op.f("ix_agenda_look_on"), "agenda", ["look_on"], unique=False)
    op.create_table(
        "leave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["membership.id"], name=op.f("fk_leave_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_leave_member_id"), "leave", ["member_id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("learner_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=80), nullable=False),
        sa.Column("about", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundle.id"], name=op.f("fk_reminder_bundle_id")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["membership.id"], name=op.f("fk_reminder_learner_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminder_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "person_id",
            "learner_id",
            "rule",
            "period",
            name=op.f("uq_reminder_person_id_learner_id_rule_period"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reminder_bundle_id"), "reminder", ["bundle_id"], unique=False)
    op.create_index(op.f("ix_reminder_learner_id"), "reminder", ["learner_id"], unique=False)
    op.create_index(
        op.f("ix_reminder_person_id_told_on"), "reminder", ["person_id", "told_on"], unique=False
    )
    op.create_index(
        op.f("ix_reminder_state_due_at"), "reminder", ["state", "due_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_reminder_state_due_at"), table_name="reminder")
    op.drop_index(op.f("ix_reminder_person_id_told_on"), table_name="reminder")
    op.drop_index(op.f("ix_reminder_learner_id"), table_name="reminder")
    op.drop_index(op.f("ix_reminder_bundle_id"), table_name="reminder")
    op.drop_table("reminder")
    op.drop_index(op.f("ix_leave_member_id"), table_name="leave")
    op.drop_table("leave")
    op.drop_index(op.f("ix_agenda_look_on"), table_name="agenda")
    op.drop_table("agenda")
    op.drop_index(op.f("ix_office_days_cohort_id"), table_name="office_days")
    op.drop_table("office_days")
    op.drop_table("reminder_settings")
    op.drop_index(op.f("ix_calendar_link_person_id"), table_name="calendar_link")
    op.drop_table("calendar_link")
    op.drop_index(op.f("ix_bundle_state"), table_name="bundle")
    op.drop_table("bundle")
    op.drop_table("mark")
