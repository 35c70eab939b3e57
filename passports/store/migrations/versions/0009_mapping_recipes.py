"""Mapping recipes of bulk registration, and who holds which GS1 company prefix."""

import json

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mapping_recipe',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_mapping_recipe_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'name', 'version', name=op.f('pk_mapping_recipe'))
    )
    op.create_table('gs1_prefix',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('prefix', sa.String(length=12), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_gs1_prefix_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'prefix', name=op.f('pk_gs1_prefix'))
    )
    with op.batch_alter_table('gs1_prefix', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_gs1_prefix_prefix'), ['prefix'], unique=False)
    _copy_prefixes()


def _copy_prefixes() -> None:
    # Operators registered their prefixes in their records so far; what overlaps stays as it was.
    moment = sa.DateTime(timezone=True)
    operator = sa.table('operator', sa.column('id', sa.String), sa.column('created_at', moment),
                        sa.column('document', sa.LargeBinary))
    held = sa.table('gs1_prefix', sa.column('operator_id', sa.String), sa.column('prefix', sa.String),
                    sa.column('registered_at', moment))
    rows = [
        {'operator_id': row.id, 'prefix': prefix, 'registered_at': row.created_at}
        for row in op.get_bind().execute(sa.select(operator))
        for prefix in dict.fromkeys(json.loads(bytes(row.document)).get('gs1_prefixes', []))
    ]
    if rows:
        op.bulk_insert(held, rows)


def downgrade() -> None:
    op.drop_table('gs1_prefix')
    op.drop_table('mapping_recipe')
