-- The words of resources, for searches that look through text. Nothing is kept here until the first such search:
-- then the index follows the versions in the order in which they were written, up to the mark.
-- The words come folded and parted by spaces, so the tokenizer has nothing to decide; `_` stands for a word left out.
CREATE VIRTUAL TABLE word_index USING fts5 (
    content, narrative, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '_'"
);

-- Without a row the words are not in use. `seq` is the version up to which they are there.
CREATE TABLE word_mark (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);
