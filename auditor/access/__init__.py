"""Who can do what: members, roles and the grants that join them."""
