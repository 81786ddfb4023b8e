"""How answers are judged: rubric, evidence, scores, report. Values only."""
