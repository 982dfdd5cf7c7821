"""VPC networks, firewalls, load balancers and DNS: what the internet reaches, and what is recorded of it."""
