"""The gateway: who may enter, which turn goes where, the relay, and the control channel."""
