-- What PostgreSQL says in other words. A resource is found by the words of its present version only.

-- name: words_probe
EXISTS (
    SELECT 1 FROM word_index w WHERE w.key = {row}.key AND w.seq = {row}.seq AND w.words @@ ?::tsquery OFFSET 0
)

-- name: words_met
({row}.key, {row}.seq) IN (SELECT w.key, w.seq FROM word_index w WHERE w.words @@ ?::tsquery)

-- name: reached
SELECT coalesce((SELECT max(seq) FROM version), 0), coalesce((SELECT low FROM block ORDER BY id DESC LIMIT 1), 0);

-- name: is_behind
SELECT EXISTS (
    SELECT 1 FROM version v JOIN resource r ON r.key = v.key AND r.seq = v.seq
    LEFT JOIN word_index w ON w.key = v.key
    WHERE v.seq > ? AND coalesce(w.seq, 0) < v.seq
);

-- Only those that are wanted: the mark may stay behind them for a while (see `block` in the store's migrations).
-- name: following
SELECT v.seq, v.key, true, v.body
FROM version v JOIN resource r ON r.key = v.key AND r.seq = v.seq LEFT JOIN word_index w ON w.key = v.key
WHERE v.seq > ? AND coalesce(w.seq, 0) < v.seq ORDER BY v.seq LIMIT ?;

-- name: take_turn
SELECT pg_advisory_xact_lock(7210035);

-- name: add_words
INSERT INTO word_index (key, seq, words) SELECT n.key, n.seq, n.words::tsvector
FROM unnest(?::bigint[], ?::bigint[], ?::text[]) AS n (key, seq, words)
ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, words = excluded.words WHERE word_index.seq < excluded.seq;

-- name: mark_too_high
SELECT m.seq FROM word_mark m WHERE m.seq > (SELECT last_value FROM version_seq);

-- name: without_words
SELECT t.name, r.id FROM resource r JOIN type t ON t.id = r.type
WHERE r.version > 0 AND r.deleted = 0 AND r.seq <= (SELECT m.seq FROM word_mark m)
    AND NOT EXISTS (SELECT 1 FROM word_index w WHERE w.key = r.key AND w.seq = r.seq)
LIMIT 20;

-- name: stray_words
SELECT w.key FROM word_index w LEFT JOIN resource r ON r.key = w.key
WHERE r.key IS NULL OR w.seq > r.seq OR (r.deleted = 1 AND w.seq = r.seq AND length(w.words) > 0) LIMIT 20;

-- name: has_words
SELECT 1 FROM word_index w WHERE w.words @@ ?::tsquery AND w.key = ?;

-- name: newest
SELECT r.key, t.name, r.id, v.body
FROM version v JOIN resource r ON r.key = v.key AND r.seq = v.seq JOIN type t ON t.id = r.type
JOIN word_index w ON w.key = r.key AND w.seq = r.seq
WHERE r.deleted = 0 ORDER BY v.seq DESC LIMIT ?;
