"""What the tests of storage share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage import migrate

NEXT_VERSION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    with op.batch_alter_table("person") as person:
        person.alter_column("name", type_=sa.String(80))
        person.add_column(sa.Column("nickname", sa.String(20), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("person") as person:
        person.drop_column("nickname")
        person.alter_column("name", type_=sa.String(60))
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A later version of the program, whose next step rebuilds a table that others refer to."""
    revision = migrate.head()
    scripts = tmp_path / "later"
    shutil.copytree(Path(migrate.__file__).parent / "migrations", scripts)
    (scripts / "versions" / "9999_next.py").write_text(NEXT_VERSION.format(head=revision))
    monkeypatch.setattr(migrate, "_SCRIPTS", str(scripts))
    return "9999"
