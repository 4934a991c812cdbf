"""The database engine: connections, named SQL, migrations, the one writer thread."""
