"""Everything that speaks to OpenAI: where it is, how requests are sent there, and what its refusals mean."""
