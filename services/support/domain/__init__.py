"""Cases: pure decisions about who may say and do what in them."""
