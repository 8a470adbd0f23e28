"""Pictures of every page, dialog, state and menu, for people who look at them and for the documentation."""
