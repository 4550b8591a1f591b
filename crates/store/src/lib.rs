//! SQL: recipients and effects
