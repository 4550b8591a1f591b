//! Real processes and assertions for tests
