"""A programme's versions: changes that one proposes and another approves, each from a date on."""
