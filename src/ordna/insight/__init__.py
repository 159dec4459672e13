"""Pure analysis of the journal: what really happened, measured against the flow."""
