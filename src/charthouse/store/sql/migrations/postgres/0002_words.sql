-- The words of resources, for searches that look through text. Nothing is kept here until the first such search:
-- then the index follows the versions, up to the mark. The words come folded and with their places, so that no
-- text search configuration has a say; those of the narrative have the weight A.
CREATE TABLE word_index (
    key BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,      -- the version whose words these are
    words TSVECTOR NOT NULL   -- empty for a deletion
);
CREATE INDEX word_value ON word_index USING gin (words);

-- Without a row the words are not in use. Every version up to `seq` is there, and some of the later ones.
CREATE TABLE word_mark (id INTEGER PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL);
