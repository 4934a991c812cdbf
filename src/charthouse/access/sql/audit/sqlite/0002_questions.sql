-- What the questions to the audit follow: time, a person in time, and the few rows that are no plain looking.
-- Nothing is ever deleted from these tables: no statement of the program does, and `charthouse check` would tell.

DROP INDEX audit_event_actor;
CREATE INDEX audit_event_actor ON audit_event (actor, at, id);
CREATE INDEX audit_event_at ON audit_event (at, id);
CREATE INDEX audit_event_failed ON audit_event (at, id) WHERE outcome <> 'ok';
CREATE INDEX audit_event_rare ON audit_event (at, id) WHERE interaction NOT IN ('read', 'vread', 'search', 'history');
