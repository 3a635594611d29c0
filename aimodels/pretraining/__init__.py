"""Continued pre-training of an encoder: masked-language-model training on texts without targets."""
