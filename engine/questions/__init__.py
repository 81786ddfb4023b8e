"""What is asked: the bank of questions and the choice of the next one."""
