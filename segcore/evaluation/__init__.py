"""How right and how steady a recipe's masks are."""
