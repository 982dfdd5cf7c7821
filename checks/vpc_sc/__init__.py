"""VPC Service Controls: perimeters around data, the rules that open them, and the access levels that they trust."""
