//! Takes notifications from Cyrus, spools them and publishes them to the bus
