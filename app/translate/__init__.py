"""Chat Completions <-> Responses, event by event: pure functions and one state machine, without I/O or a clock."""
