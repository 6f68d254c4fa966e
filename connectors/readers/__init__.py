"""The transports rows come by."""
