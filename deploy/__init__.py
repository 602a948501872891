"""How SigmaSight is put on a machine: the bootstrap step, the embedded stack and the demo."""
