-- Schemas of a bench in a PostgreSQL database. The slot is filled with a name that the bench itself made.

-- name: make_schema
CREATE SCHEMA IF NOT EXISTS "{schema}";

-- name: drop_schema
DROP SCHEMA IF EXISTS "{schema}" CASCADE;

-- name: size
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ? AND c.relkind IN ('r', 'p');
