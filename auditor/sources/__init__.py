"""Where assets come from. Every source yields lines of Cloud Asset Inventory JSON; `detect` tells which is which."""
