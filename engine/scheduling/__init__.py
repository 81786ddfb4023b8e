"""When a call takes place, whether it may, and what the candidate is told about it. Values only; time is handed in."""
