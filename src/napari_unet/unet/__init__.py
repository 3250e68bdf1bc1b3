"""The network, its losses, augmentation and file format."""
