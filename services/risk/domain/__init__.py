"""Pure decisions about suspicion: features, rules, alerts. Standard library and the kernel only."""
