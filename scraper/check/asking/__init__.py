"""What is to be checked: arguments, lists and TOML files become targets."""
