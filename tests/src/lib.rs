//! What the end-to-end tests share: a site beside a real Cyrus, and somebody who follows its streams.

mod beside;
mod follower;

pub use beside::{Beside, Form, Plan};
pub use follower::{Follower, Told};
