-- What the search index holds. `generation` moves with the search parameters that a clinic adds, and every writer
-- looks at it; `extraction` is the number of steps (`store.index.steps`) by which the program's own are indexed.
CREATE TABLE index_state (generation BIGINT NOT NULL, extraction INTEGER NOT NULL);
INSERT INTO index_state (generation, extraction) VALUES (0, 0);

-- Search parameters whose index is not complete yet, by the name under which their rows lie; `*` is everything anew.
CREATE TABLE indexing (
    type INTEGER NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    mark BIGINT NOT NULL,  -- resources with a key up to this are done; -1 where it has not begun
    stop BIGINT NOT NULL,  -- the last key that there was when it began; later ones are indexed as they are written
    done BIGINT NOT NULL,  -- how many resources that is
    PRIMARY KEY (type, code)
);
