"""Identifiers, roles, authorisations, transfers, sessions."""

import json

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('operator_identifier',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('scheme', sa.String(length=16), nullable=False),
    sa.Column('value', sa.String(length=256), nullable=False),
    sa.Column('recorded_by', sa.String(length=64), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('verified_by', sa.String(length=64), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verification', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_operator_identifier_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'scheme', 'value', name=op.f('pk_operator_identifier'))
    )
    op.create_table('authorisation',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.String(length=64), nullable=True),
    sa.Column('revocation_reason', sa.String(), nullable=True),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_authorisation_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'id', name=op.f('pk_authorisation'))
    )
    op.create_table('act',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('acted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_act_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'sequence', name=op.f('pk_act'))
    )
    op.create_table('transfer',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('taker_id', sa.String(length=64), nullable=False),
    sa.Column('offered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('offer', sa.LargeBinary(), nullable=False),
    sa.Column('acceptance', sa.LargeBinary(), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=64), nullable=True),
    sa.Column('end_reason', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_transfer_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'id', name=op.f('pk_transfer'))
    )
    op.create_table('session',
    sa.Column('operator_id', sa.String(length=64), nullable=False),
    sa.Column('secret_sha256', sa.String(length=64), nullable=False),
    sa.Column('api_key_id', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_session_operator')),
    sa.PrimaryKeyConstraint('operator_id', 'secret_sha256', name=op.f('pk_session'))
    )
    with op.batch_alter_table('operator_identifier', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_operator_identifier_scheme_value'), ['scheme', 'value'], unique=True)
    with op.batch_alter_table('authorisation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_authorisation_agent_id'), ['agent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_authorisation_id'), ['id'], unique=False)
    with op.batch_alter_table('transfer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_transfer_taker_id'), ['taker_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_transfer_id'), ['id'], unique=False)
    with op.batch_alter_table('api_key', schema=None) as batch_op:
        batch_op.add_column(sa.Column('actions', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('replaced_by', sa.String(length=64), nullable=True))
    _keep_known_glns()


def _keep_known_glns() -> None:
    # Until now a GLN stood in the operator's document alone; of two with the same the older keeps it.
    operators = sa.table('operator', sa.column('id'), sa.column('created_at'), sa.column('document'))
    identifiers = sa.table('operator_identifier', *map(sa.column, ('operator_id', 'scheme', 'value', 'recorded_by', 'recorded_at')))
    connection = op.get_bind()
    seen = set()
    for row in connection.execute(sa.select(operators).order_by(operators.c.created_at, operators.c.id)).fetchall():
        gln = json.loads(bytes(row.document)).get('gln')
        if gln and gln not in seen:
            seen.add(gln)
            connection.execute(identifiers.insert().values(operator_id=row.id, scheme='gln', value=gln, recorded_by=row.id, recorded_at=row.created_at))


def downgrade() -> None:
    with op.batch_alter_table('api_key', schema=None) as batch_op:
        batch_op.drop_column('replaced_by')
        batch_op.drop_column('actions')
    for table in ('session', 'transfer', 'act', 'authorisation', 'operator_identifier'):
        op.drop_table(table)
