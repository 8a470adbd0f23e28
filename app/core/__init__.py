"""The product's words as plain data and rules: no Qt, no aiohttp, no SQL, no clock of its own."""
