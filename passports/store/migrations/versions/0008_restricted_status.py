"""Status and log leaves of restricted credentials and certificates."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('restricted_credential', schema=None) as batch_op:
        batch_op.add_column(sa.Column('credential_id', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('log_index', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('status_list_id', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('status_list_index', sa.Integer(), nullable=True))
        batch_op.create_index(
            batch_op.f('ix_restricted_credential_credential_id'), ['credential_id'], unique=False
        )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('log_index', sa.BigInteger(), nullable=True))
    with op.batch_alter_table('status_list', schema=None) as batch_op:
        batch_op.add_column(sa.Column('token', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('token_of', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('status_list', schema=None) as batch_op:
        batch_op.drop_column('token_of')
        batch_op.drop_column('token')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_column('log_index')
    with op.batch_alter_table('restricted_credential', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_restricted_credential_credential_id'))
        batch_op.drop_column('status_list_index')
        batch_op.drop_column('status_list_id')
        batch_op.drop_column('log_index')
        batch_op.drop_column('credential_id')
