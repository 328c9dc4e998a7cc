"""Neural networks: their cards, the store, what runs them, and how they are tried before they are used."""
