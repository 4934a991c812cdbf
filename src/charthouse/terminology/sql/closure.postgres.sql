-- name: version
SELECT version FROM term_closure WHERE name = ? FOR UPDATE
