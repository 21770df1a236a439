"""How the reader's weights are made: questions -> token states -> a torch module -> reader.npz. Nothing of it is used in serving."""
