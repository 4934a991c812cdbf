"""Exchange with other systems: each folder one wire format or one way of moving many records."""
