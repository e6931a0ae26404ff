"""Seeds -> synthetic graphs whose relevant edges are known, and models trained on them."""
