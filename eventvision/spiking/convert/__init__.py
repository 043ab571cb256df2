"""Networks from and to other forms: ReLU networks, NIR, ONNX."""
