"""What attributions say: shares of features, what makes up gaps between groups, proxies, and whether it holds."""
