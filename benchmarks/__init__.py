"""Figures that are measured, never guessed: each module prints one JSON object on its last line."""
