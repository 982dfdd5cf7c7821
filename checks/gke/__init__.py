"""Google Kubernetes Engine: who reaches the control plane, who acts as a node, and how clusters are kept up."""
