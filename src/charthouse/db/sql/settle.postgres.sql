-- After a bulk load: what PostgreSQL would do by itself a while later. Until then its plans rest on empty tables, and
-- reading an index alone means a look at every row's page. The slot is filled with a name that the server quoted.

-- Tables that nobody ever looked at, or of which more than a tenth moved since; of partitions the whole.
-- name: moved
SELECT DISTINCT format('%I', coalesce(w.relname, c.relname))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
LEFT JOIN pg_class w ON w.oid = h.inhparent
WHERE c.relkind = 'r' AND (c.reltuples < 0 OR s.n_mod_since_analyze > 1000 + s.n_live_tup / 10);

-- name: every
SELECT format('%I', c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition;

-- name: look
VACUUM (ANALYZE) {table};
