"""The conversation as pure steps: a state and a signal in, a state and actions out."""
