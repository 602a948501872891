"""What every service's Alembic `env.py` does."""

from alembic import context
from sqlmodel import MetaData


def run_migrations(metadata: MetaData) -> None:
    """The whole of a service's Alembic `env.py`: migrate on the connection the bootstrap step hands
    over.

    The version table lives in the service's own schema, so eight migration histories share one
    database.
    """
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=metadata.schema,
        include_schemas=True,
        include_name=lambda name, kind, _: kind != "schema" or name == metadata.schema,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
