//! The slow path: alarm mail
