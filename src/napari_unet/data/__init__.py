"""Reading images and masks, pairing them, and dividing them by patient. No torch here."""
