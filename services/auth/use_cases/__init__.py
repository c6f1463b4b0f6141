"""What auth does that takes more than one decision: secrets, log-in, enrolment, questions."""
