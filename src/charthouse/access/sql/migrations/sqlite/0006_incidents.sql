-- Privacy incidents and breaches (45 CFR 164.400-414). Rows are added and never changed: what holds is the last of
-- its kind, and all before it is the history.

CREATE TABLE incident (
    id INTEGER PRIMARY KEY,      -- the number people say
    name TEXT NOT NULL UNIQUE,   -- random; what addresses of pages hold
    opened INTEGER NOT NULL,     -- milliseconds since 1970
    actor INTEGER NOT NULL REFERENCES account (id),
    source TEXT NOT NULL         -- where it was noticed
);

-- Everything that was written down about an incident, in order: facts, assessments, notes, delays, notices, letters.
CREATE TABLE incident_entry (
    id INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id),
    body TEXT NOT NULL           -- JSON, by kind
);
CREATE INDEX incident_entry_kind ON incident_entry (incident, kind, id);

-- Who was affected: the last row of a patient says whether they are on the list, and where they live.
CREATE TABLE incident_person (
    id INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    patient INTEGER NOT NULL,    -- resource.key
    change TEXT NOT NULL CHECK (change IN ('added', 'removed', 'located')),
    region TEXT NOT NULL,        -- postal code of a state or territory, empty where unknown
    source TEXT NOT NULL,        -- audit, or hand
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id)
);
CREATE INDEX incident_person_patient ON incident_person (incident, patient, id);

-- What became of each person's letter.
CREATE TABLE incident_mail (
    id INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (id),
    patient INTEGER NOT NULL,
    status TEXT NOT NULL,
    day TEXT NOT NULL,           -- YYYY-MM-DD
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id)
);
CREATE INDEX incident_mail_patient ON incident_mail (incident, patient, id);

-- Duties of a state that the clinic added; the last row of a name holds.
CREATE TABLE incident_rule (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id)
);

-- The letter as the clinic words it; the last row holds.
CREATE TABLE incident_template (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES account (id)
);

-- The history is kept by the database itself, too.
CREATE TRIGGER incident_no_update BEFORE UPDATE ON incident BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_no_delete BEFORE DELETE ON incident BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_entry_no_update BEFORE UPDATE ON incident_entry BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_entry_no_delete BEFORE DELETE ON incident_entry BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_person_no_update BEFORE UPDATE ON incident_person BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_person_no_delete BEFORE DELETE ON incident_person BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_mail_no_update BEFORE UPDATE ON incident_mail BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_mail_no_delete BEFORE DELETE ON incident_mail BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_rule_no_update BEFORE UPDATE ON incident_rule BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_rule_no_delete BEFORE DELETE ON incident_rule BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_template_no_update BEFORE UPDATE ON incident_template BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
CREATE TRIGGER incident_template_no_delete BEFORE DELETE ON incident_template BEGIN SELECT RAISE(ABORT, 'incidents are only added to'); END;
