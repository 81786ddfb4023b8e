"""PostgreSQL: tables, owner-scoped repositories, units of work."""
