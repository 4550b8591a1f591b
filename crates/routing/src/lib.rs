//! The split: what is fast, what is slow, and who is told
