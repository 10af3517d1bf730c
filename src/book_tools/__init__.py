"""What the book's pages are made with: interactive figures, the claims ledger, the plot style."""
