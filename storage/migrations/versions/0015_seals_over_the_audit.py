"""seals over the audit

A chain of hashes over what is on the audit, and rows that the database lets nobody change: only
the words of a reason may give way to their hash. Each reason that is there gets a salt.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels = None
depends_on = None

KEPT = ("id", "at", "person_id", "account_id", "verb", "object", "object_id", "version", "refused")
SAID = "audit rows and seals are only ever added"


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column(
            "marks",
            sa.JSON(none_as_null=True).with_variant(
                sa.dialects.postgresql.JSONB(none_as_null=True), "postgresql"
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    op.execute(
        "UPDATE audit SET detail = json_set(detail, '$.salt', lower(hex(randomblob(16)))) "
        "WHERE json_extract(detail, '$.reason') IS NOT NULL"
    )
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in KEPT)
    op.execute(
        "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit WHEN NOT ("
        f"{same} AND json_extract(OLD.detail, '$.reason') IS NOT NULL "
        "AND json_extract(NEW.detail, '$.reason') IS NULL "
        "AND json_remove(OLD.detail, '$.reason', '$.salt') "
        "IS json_remove(NEW.detail, '$.reason_hash')) "
        f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    )
    for table, act in (("audit", "DELETE"), ("audit_seal", "UPDATE"), ("audit_seal", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "UPDATE audit SET detail = detail || jsonb_build_object("
        "'salt', replace(CAST(gen_random_uuid() AS text), '-', '')) "
        "WHERE jsonb_exists(detail, 'reason')"
    )
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{SAID}'; END $$"
    )
    op.execute(
        "CREATE FUNCTION audit_only_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF to_jsonb(NEW) - 'detail' = to_jsonb(OLD) - 'detail' "
        "AND jsonb_exists(OLD.detail, 'reason') AND NOT jsonb_exists(NEW.detail, 'reason') "
        "AND OLD.detail - 'reason' - 'salt' = NEW.detail - 'reason_hash' "
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{SAID}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_only_words()"
    )
    for table, acts in (("audit", "DELETE OR TRUNCATE"), ("audit_seal", "UPDATE OR DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE {acts} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("audit_unchanged", "audit_no_delete"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER audit_unchanged ON audit")
        op.execute("DROP TRIGGER audit_only_added ON audit")
    op.drop_table("audit_seal")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_refuse()")
        op.execute("DROP FUNCTION audit_only_words()")
