//! Configuration, telemetry, drain, admin HTTP and backoff
