//! The fast path: event streams of modseqs
