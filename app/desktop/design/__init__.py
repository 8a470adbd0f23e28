"""The design system: room, text sizes, colours, light and dark. Every widget takes its looks from here."""
