-- name: quick_check
SELECT 'ok';
