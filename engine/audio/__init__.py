"""Bytes and arrays in, values out: the line's code, levels, voice and the end of a turn."""
