"""Points: pure decisions about what is earned, used and owed."""
