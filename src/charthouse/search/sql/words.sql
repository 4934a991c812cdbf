-- Conditions on the words of a resource, and how their index follows what is written.

-- Only of resources whose present version the index has reached.
-- name: words_probe
({row}.seq <= (SELECT m.seq FROM word_mark m) AND EXISTS (
    SELECT 1 FROM word_index w WHERE w.word_index MATCH ? AND w.rowid = {row}.key
))

-- name: words_met
({row}.seq <= (SELECT m.seq FROM word_mark m) AND {row}.key IN (
    SELECT w.rowid FROM word_index w WHERE w.word_index MATCH ?
))

-- name: count_words
SELECT count(*) FROM (SELECT 1 FROM word_index w WHERE w.word_index MATCH ? LIMIT ?) n;

-- name: mark
SELECT seq FROM word_mark;

-- name: begin_mark
INSERT INTO word_mark (id, seq) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- name: move_mark
UPDATE word_mark SET seq = ? WHERE seq < ?;

-- The newest version, and the number up to which no further one can appear.
-- name: reached
SELECT coalesce(max(seq), 0), coalesce(max(seq), 0) FROM version;

-- Whether there are versions after a number whose words are wanted and not there.
-- name: is_behind
SELECT EXISTS (SELECT 1 FROM version v WHERE v.seq > ?);

-- The next versions: number, resource, whether its words are wanted, and the body, which a deletion has not.
-- name: following
SELECT v.seq, v.key, r.seq = v.seq, CASE WHEN r.seq = v.seq THEN v.body END
FROM version v CROSS JOIN resource r ON r.key = v.key
WHERE v.seq > ? ORDER BY v.seq LIMIT ?;

-- One process at a time.
-- name: take_turn
SELECT 1;

-- name: drop_words
DELETE FROM word_index WHERE rowid = ?;

-- name: add_words
INSERT INTO word_index (rowid, content, narrative) VALUES (?, ?, ?);

-- name: mark_too_high
SELECT m.seq FROM word_mark m WHERE m.seq > (SELECT coalesce(max(v.seq), 0) FROM version v);

-- name: without_words
SELECT t.name, r.id FROM resource r JOIN type t ON t.id = r.type
WHERE r.version > 0 AND r.deleted = 0 AND r.seq <= (SELECT m.seq FROM word_mark m)
    AND NOT EXISTS (SELECT 1 FROM word_index_docsize d WHERE d.id = r.key)
LIMIT 20;

-- name: stray_words
SELECT d.id FROM word_index_docsize d LEFT JOIN resource r ON r.key = d.id
WHERE r.key IS NULL OR (r.deleted = 1 AND r.seq <= (SELECT m.seq FROM word_mark m)) LIMIT 20;

-- The newest of the resources that the index has reached.
-- name: newest
SELECT r.key, t.name, r.id, v.body FROM version v CROSS JOIN resource r ON r.key = v.key JOIN type t ON t.id = r.type
WHERE v.seq <= (SELECT m.seq FROM word_mark m) AND r.seq = v.seq AND r.deleted = 0
ORDER BY v.seq DESC LIMIT ?;

-- name: has_words
SELECT 1 FROM word_index w WHERE w.word_index MATCH ? AND w.rowid = ?;
