"""One file per vendor or local engine; selection.py decides who is used."""
