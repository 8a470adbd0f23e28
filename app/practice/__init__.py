"""A simulated upstream: the ChatGPT Codex backend, the OpenAI Responses API and the sign-in service on one port.

Newcomers see the whole program work on it without an account; tests and benchmarks use the same
server. Nothing here reaches the network, and no model is behind it. Importing this package loads
nothing: import :mod:`app.practice.server` for the server, :mod:`app.practice.accounts` for the
made-up accounts and :mod:`app.practice.script` to make it misbehave.
"""
