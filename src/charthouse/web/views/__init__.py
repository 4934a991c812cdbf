"""One file per screen: load through the gate, hand trees to pure functions, fill a template."""
