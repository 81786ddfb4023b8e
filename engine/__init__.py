"""What the product knows: audio, conversation, questions, grading. No Flask, no Twilio, no HTTP."""
