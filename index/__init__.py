"""Documents become numbered paragraphs and sentences, then vectors and terms, then passages. Knows nothing of chat."""
