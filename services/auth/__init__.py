"""auth: who somebody is, what they may do, and the keys under which things are kept secret."""
