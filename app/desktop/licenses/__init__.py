"""The parts of the page "Licenses": its dialogs and the card of one license."""
