"""Pretrained encoders of BERT's shape: where they are, what their files say, their weights. Without TensorFlow."""
