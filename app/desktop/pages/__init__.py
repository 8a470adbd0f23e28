"""The parts of the window, each in a module of its own."""
