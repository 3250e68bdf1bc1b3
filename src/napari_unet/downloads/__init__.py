"""Known data sets and other addresses: offered with size and licence, downloaded, unpacked."""
