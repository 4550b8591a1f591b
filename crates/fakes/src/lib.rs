//! The fake world: what stands in for SMTP servers and the like in the demo and in tests
