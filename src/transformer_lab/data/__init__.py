"""What a model is trained on: corpora, generated phrases and tasks, tokens, batches."""
